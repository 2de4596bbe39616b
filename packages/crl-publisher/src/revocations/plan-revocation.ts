import { type IssuedCertificate, type Revocation, revocationReasons } from "@capstan/api";
import type { KnownRoot } from "./known-roots.ts";
import type { LeafTarget } from "./revocation-target.ts";

/** A leaf that is to be in its generation's CRL. */
export interface ReachedLeaf {
  readonly serial: string;
  readonly authority: string;
  readonly generation: number;
  /** RFC 3339. */
  readonly notAfter: string;
  /** The ledger's; absent for a leaf that the ledger does not know. */
  readonly record?: IssuedCertificate;
}

export type RevocationPlan =
  | { readonly do: "refuse"; readonly reason: string; readonly message: string }
  /** Write into the ledger that it is revoked, and why. */
  | { readonly do: "mark"; readonly leaf: ReachedLeaf & { readonly record: IssuedCertificate } }
  /** Write into the ledger that a key compromise is the reason. Time and revoker stay the first ones. */
  | { readonly do: "raise"; readonly leaf: ReachedLeaf & { readonly record: IssuedCertificate } }
  /** Write it into the list itself: there is no record. */
  | { readonly do: "enlist"; readonly leaf: ReachedLeaf }
  /** All is written; `already`: by another Revocation. */
  | { readonly do: "follow"; readonly leaf: ReachedLeaf; readonly already: boolean };

/** `namespace/name`, as the ledger names the Revocation that did it. */
export function idOf({ metadata }: Revocation): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/**
 * Decides what a Revocation of one leaf does. A workload's namespace reaches what the ledger says was issued to it, and
 * hears the same of everything else, whether it exists or not. Capstan's namespace reaches everything, also a leaf that
 * the ledger never saw, with the certificate as proof.
 */
export function planRevocation(input: {
  readonly revocation: Revocation;
  readonly target: LeafTarget;
  /** The ledger's records that the target names: all with the serial, or the one with the name. */
  readonly records: readonly IssuedCertificate[];
  /** Of all generations. Only asked for Capstan's namespace. */
  readonly roots: readonly KnownRoot[];
  readonly ownNamespace: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}): RevocationPlan {
  const { revocation, target, ownNamespace } = input;
  const { namespace = "" } = revocation.metadata;
  if (namespace !== ownNamespace) {
    const own = input.records.filter(({ spec }) => spec.requestNamespace === namespace);
    if (own.length === 0) {
      const message = `no certificate with ${nameOf(target)} was issued to namespace ${namespace}`;
      return refuse("notYours", message);
    }
    return planRecords(own, input);
  }
  if (target.kind === "record") {
    if (input.records.length === 0) return refuse("notFound", `the ledger has no ${nameOf(target)}`);
    return planRecords(input.records, input);
  }
  if (target.kind === "certificate") return planCertificate(target, input);
  if (input.records.length > 0) return planRecords(input.records, input);
  const root = input.roots.find(({ serial }) => serial === target.serial);
  if (root !== undefined) return refuseRoot(root);
  return refuse("unknownSerial", unknownSerial(target));
}

type Input = Parameters<typeof planRevocation>[0];

function planCertificate(
  { certificate }: Extract<LeafTarget, { readonly kind: "certificate" }>,
  input: Input,
): RevocationPlan {
  const { roots, records, now } = input;
  const isOf = ({ certificate: root }: KnownRoot): boolean =>
    root.fingerprint256.replaceAll(":", "").toLowerCase() === certificate.sha256;
  const itself = roots.find(isOf);
  if (itself !== undefined) return refuseRoot(itself);
  const signer = roots.find(({ certificate: root }) => certificate.isSignedBy(root));
  if (signer === undefined) {
    const message = `no generation of any authority here has signed the certificate with serial ${certificate.serial}; its issuer is ${certificate.issuer}`;
    return refuse("otherIssuer", message);
  }
  const { authority, generation } = signer;
  const own = records.filter(({ spec }) => spec.authority === authority && spec.generation === generation);
  if (own.length > 0) return planRecords(own, input);
  const notAfter = certificate.notAfter.toISOString();
  if (certificate.notAfter.getTime() <= now) return refuseExpired(`serial ${certificate.serial}`, notAfter);
  return { do: "enlist", leaf: { serial: certificate.serial, authority, generation, notAfter } };
}

function planRecords(records: readonly IssuedCertificate[], { revocation, target, now }: Input): RevocationPlan {
  const [record, ...others] = records;
  if (record === undefined) throw new TypeError("there is no record to plan for");
  if (others.length > 0) {
    const message = `${records.length} certificates have ${nameOf(target)}; name one by spec.target.issuedCertificate`;
    return refuse("ambiguous", message);
  }
  return planRecord(record, revocation, now, nameOf(target));
}

/** What revoking one record takes. `name` says in a refusal which one is meant. */
export function planRecord(
  record: IssuedCertificate,
  revocation: Revocation,
  now: number,
  name: string,
): RevocationPlan {
  const { serial, authority, generation, notAfter } = record.spec;
  const leaf = { serial, authority, generation, notAfter, record };
  const { revoked } = record.status ?? {};
  const isOver = Date.parse(notAfter) <= now;
  if (revoked !== undefined) {
    const isWorse = revocation.spec.reason === "keyCompromise" && revoked.reason !== "keyCompromise";
    if (isWorse && !isOver) return { do: "raise", leaf };
    return { do: "follow", leaf, already: revoked.revocation !== idOf(revocation) };
  }
  return isOver ? refuseExpired(name, notAfter) : { do: "mark", leaf };
}

function refuse(reason: keyof typeof revocationReasons, message: string): RevocationPlan {
  return { do: "refuse", reason: revocationReasons[reason], message };
}

function refuseExpired(name: string, notAfter: string): RevocationPlan {
  return refuse("expired", `the certificate with ${name} expired at ${notAfter}`);
}

function refuseRoot({ authority, generation }: KnownRoot): RevocationPlan {
  const message = `it is the root of generation ${generation} of ${authority}, which its own CRL cannot revoke; revoke the whole by spec.target.generation`;
  return refuse("ownRoot", message);
}

function nameOf(target: LeafTarget): string {
  if (target.kind === "record") return `IssuedCertificate ${target.name}`;
  return `serial ${target.kind === "serial" ? target.serial : target.certificate.serial}`;
}

/** Digits alone may have been meant in decimal, as some tools print serials. */
function unknownSerial({ serial, typed }: Extract<LeafTarget, { readonly kind: "serial" }>): string {
  const message = `no certificate with serial ${serial} is in the ledger; give the certificate itself by spec.target.certificate, as proof that it is ours`;
  if (!/^[1-9]\d*$/.test(typed)) return message;
  const hex = BigInt(typed).toString(16);
  return `${message}. If it was meant in decimal, write ${hex.length % 2 === 0 ? hex : `0${hex}`}`;
}
