import type { IssuedCertificate, Revocation } from "@capstan/api";
import type { Certificate, LeafHolder, Pod } from "./leaf-holder.ts";

type ReissueState = NonNullable<NonNullable<Revocation["status"]>["reissue"]>["state"];

export type ReissueDecision =
  | { readonly do: "tell"; readonly state: ReissueState; readonly message: string; readonly againMs?: number }
  | { readonly do: "renew"; readonly certificate: Certificate }
  /** The leaf is replaced, and the condition that asked for it is still there: it goes. */
  | { readonly do: "take back"; readonly certificate: Certificate }
  | { readonly do: "evict"; readonly pod: Pod };

/** Reason of the Issuing condition that asks cert-manager to renew. */
export const renewalReason = "CapstanReissue";

/** Message of that condition, from which is read again what was renewed. */
export function renewalMessage(asker: string, { status }: Certificate): string {
  return `${asker} asks for a re-issue of revision ${status?.revision ?? 0}`;
}

const revisionInMessage = /revision ([0-9]+)$/;

const csiDriver = "csi.cert-manager.io";
const pollMs = 5_000;
/** As long as cert-manager itself waits after a first failure. */
const afterFailureMs = 3_600_000;

/** Nobody can use it any more. */
export function hasEnded({ spec }: IssuedCertificate, now: number): boolean {
  return Date.parse(spec.notAfter) <= now;
}

/**
 * Decides what a re-issue needs next. It is told nothing of what was done before: what holds the leaf says it all.
 *
 * @param holder what the record's request belonged to, read live; undefined when it is gone or another of its name
 * @param now milliseconds since 1970
 */
export function decideReissue(input: {
  readonly reason: Revocation["spec"]["reason"];
  readonly record: IssuedCertificate;
  readonly holder: LeafHolder | undefined;
  readonly now: number;
}): ReissueDecision {
  const { record, holder } = input;
  const { owner } = record.spec;
  if (owner === undefined) {
    return impossible("its request belonged to no Certificate and to no pod; whoever asked for it must ask anew");
  }
  if (holder === undefined) return done(`${owner.kind} ${owner.name} is gone, and its leaf with it`);
  return holder.kind === "Certificate" ? decideCertificate(input, holder.object) : decidePod(holder.object);
}

function decideCertificate(
  { reason, record, now }: { readonly reason: string; readonly record: IssuedCertificate; readonly now: number },
  certificate: Certificate,
): ReissueDecision {
  const { name, deletionTimestamp } = certificate.metadata;
  const place = `Certificate ${name}`;
  const issuing = certificate.status?.conditions?.find(({ type }) => type === "Issuing");
  if (deletionTimestamp !== undefined) return done(`${place} is being deleted`);
  if (!holds(certificate, record)) {
    if (issuing?.status !== "True" || issuing.reason !== renewalReason) return done(`${place} holds another leaf`);
    // cert-manager tells the times of the new leaf apart from its revision, and ends without one where Issuing is gone before.
    const before = Number(revisionInMessage.exec(issuing.message ?? "")?.[1] ?? -1);
    if ((certificate.status?.revision ?? 0) <= before) return beingRenewed(place);
    // With its feature ServerSideApply a condition of ours outlives the renewal, and would bring the next.
    return { do: "take back", certificate };
  }
  if (reason === "keyCompromise" && certificate.spec?.privateKey?.rotationPolicy === "Never") {
    return impossible(
      `${place} would get a leaf for the same key (spec.privateKey.rotationPolicy: Never); set it to Always and renew it`,
    );
  }
  if (issuing?.status === "True") {
    return beingRenewed(place);
  }
  const failedAt = Date.parse(certificate.status?.lastFailureTime ?? "");
  if (failedAt + afterFailureMs > now) {
    const message = `${place} could not be renewed: ${issuing?.message ?? "cert-manager does not say why"}`;
    return { do: "tell", state: "Waiting", message, againMs: failedAt + afterFailureMs - now };
  }
  return { do: "renew", certificate };
}

/** cert-manager keeps the times of the leaf in status; two leaves of one Certificate begin at different times. */
function holds({ status }: Certificate, { spec }: IssuedCertificate): boolean {
  const isSame = (one: string | undefined, other: string): boolean => Date.parse(one ?? "") === Date.parse(other);
  return isSame(status?.notBefore, spec.notBefore) && isSame(status?.notAfter, spec.notAfter);
}

function decidePod(pod: Pod): ReissueDecision {
  const { name, deletionTimestamp, ownerReferences = [] } = pod.metadata;
  if (deletionTimestamp !== undefined) {
    return { do: "tell", state: "Requested", message: `Pod ${name} is ending`, againMs: pollMs };
  }
  // The reference to the pod came with the request, so whoever may make requests can name any pod of the namespace.
  if (pod.spec?.volumes?.some(({ csi }) => csi?.driver === csiDriver) !== true) {
    return impossible(`Pod ${name} has no volume of ${csiDriver}`);
  }
  if (!ownerReferences.some(({ controller }) => controller === true)) {
    return impossible(`nothing would start Pod ${name} again; delete it when you can do without it`);
  }
  return { do: "evict", pod };
}

function beingRenewed(place: string): ReissueDecision {
  return { do: "tell", state: "Requested", message: `${place} is being renewed`, againMs: pollMs };
}

function done(message: string): ReissueDecision {
  return { do: "tell", state: "Done", message };
}

function impossible(message: string): ReissueDecision {
  return { do: "tell", state: "Impossible", message };
}
