import { apiVersion, type Revocation } from "@capstan/api";
import type { NewObject } from "@capstan/kube";
import { conditionOf, isTrue } from "../conditions.ts";
import { printable } from "../output/printable.ts";
import type { Leaf } from "./leaf.ts";

export type RevocationReason = Revocation["spec"]["reason"];

const reasons: Readonly<Record<RevocationReason, true>> = {
  unspecified: true,
  keyCompromise: true,
  superseded: true,
  cessationOfOperation: true,
  privilegeWithdrawn: true,
};

/** What `--reason` can be: reasons of RFC 5280, 5.3.1 that fit an end-entity certificate. */
export const revocationReasonNames: readonly string[] = Object.keys(reasons);

export function isRevocationReason(text: string | undefined): text is RevocationReason {
  return text !== undefined && Object.hasOwn(reasons, text);
}

/** The object to create. The API server completes its name. */
export function newRevocation(options: {
  readonly leaf: Leaf;
  readonly namespace: string;
  readonly reason: RevocationReason;
  readonly reissue: boolean;
  readonly requestedBy: string;
}): NewObject<Revocation> {
  const { leaf, namespace, reason, reissue, requestedBy } = options;
  return {
    apiVersion,
    kind: "Revocation",
    metadata: { generateName: `${leaf.shortName}-`, namespace },
    spec: { target: leaf.target, reason, ...(reissue ? { reissue } : {}), requestedBy },
  };
}

/** Refused for good: the publisher does not look at it again. */
export function isRefused(revocation: Revocation): boolean {
  return conditionOf(revocation, "Accepted")?.status === "False";
}

/** Some trust anchor does not have it yet, and will. */
export function isUnpublished(revocation: Revocation): boolean {
  return !isTrue(revocation, "Published") && !isRefused(revocation);
}

/** A Revocation in the same namespace that already does what is asked: creating another one would change nothing. */
export function findEqualRevocation(
  revocations: readonly Revocation[],
  leaf: Leaf,
  { reissue }: { readonly reissue: boolean },
): Revocation | undefined {
  const { issuedCertificate, publicKeySha256 } = leaf.target;
  const serial = leaf.target.certificate === undefined ? leaf.target.serial : leaf.serial;
  // One for a service account reaches what was issued before it was made: the next one reaches more.
  const isOfLeaf = ({ spec, status }: Revocation): boolean =>
    (serial !== undefined && (spec.target.serial === serial || status?.serial === serial)) ||
    (publicKeySha256 !== undefined && spec.target.publicKeySha256 === publicKeySha256) ||
    (issuedCertificate !== undefined &&
      (spec.target.issuedCertificate === issuedCertificate || status?.issuedCertificate === issuedCertificate));
  const equal = revocations.filter(
    (revocation) => isOfLeaf(revocation) && !isRefused(revocation) && isAsked(revocation, reissue),
  );
  // Of several the one that is furthest on.
  return (
    equal.find((revocation) => isTrue(revocation, "Published")) ??
    equal.find((revocation) => isTrue(revocation, "Accepted")) ??
    equal[0]
  );
}

/** Whether it does what is asked about the re-issue: one that does more is fine. */
export function isAsked({ spec }: Revocation, reissue: boolean): boolean {
  return !reissue || spec.reissue === true;
}

export type RevocationOutcome = "published" | "refused" | "waiting";

export function outcomeOf(revocation: Revocation): RevocationOutcome {
  if (isRefused(revocation)) return "refused";
  return isTrue(revocation, "Published") ? "published" : "waiting";
}

/** What is said of a Revocation that the publisher has written into the ledger and nothing else yet. */
export const recordedLine = "recorded in the ledger; the next CRL will name it";

/** What a Revocation's status says now, one fact a line; the same facts always give the same lines. */
export function progressOf(revocation: Revocation): readonly string[] {
  const accepted = conditionOf(revocation, "Accepted");
  const published = conditionOf(revocation, "Published");
  const lines = [
    ...(accepted === undefined ? [] : [conditionLine("Accepted", accepted)]),
    // The publisher found the leaf, and says nothing more until a CRL names it.
    ...(accepted === undefined && revocation.status?.serial !== undefined ? [recordedLine] : []),
    ...(revocation.status?.anchors ?? []).map(({ name, published, crlNumber, message }) => {
      const crl = crlNumber === undefined ? "" : `CRL ${crlNumber} `;
      if (published) return `trust anchor ${name}: ${crl}read back`;
      return `trust anchor ${name}: waiting${message === undefined || message === "" ? "" : `: ${message}`}`;
    }),
    ...reissueLines(revocation.status?.reissue),
    // While anchors are waiting, theirs are the better words.
    ...(published === undefined || published.status !== "True" ? [] : [conditionLine("Published", published)]),
  ];
  return lines.map(printable);
}

function conditionLine(
  type: string,
  { status, reason, message }: { readonly status: string; readonly reason: string; readonly message?: string },
): string {
  const state = status === "True" ? type : `${type}=${status}, ${reason}`;
  return message === undefined || message === "" ? state : `${state}: ${message}`;
}

function reissueLines(reissue: NonNullable<Revocation["status"]>["reissue"]): readonly string[] {
  if (reissue === undefined) return [];
  const { state, owner, message, certificates, replaced, impossible = 0 } = reissue;
  const count = certificates === undefined ? "" : ` (${replaced ?? 0} of ${certificates}, ${impossible} impossible)`;
  const first = owner === undefined ? `${state}${count}` : `${owner} ${state}`;
  const parts = [first, message].filter((part) => (part ?? "") !== "");
  return [`re-issue: ${parts.join(": ")}`];
}
