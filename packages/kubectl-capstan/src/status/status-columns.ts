import type { CertificateAuthority, Condition, Revocation } from "@capstan/api";
import { conditionOf } from "../conditions.ts";
import { formatAgo, formatDay, formatLeft } from "../output/human-time.ts";
import type { Cell, Column } from "../output/table.ts";
import type { Issuer } from "./read-status.ts";

type AuthorityStatus = NonNullable<CertificateAuthority["status"]>;
type Generation = NonNullable<AuthorityStatus["generations"]>[number];
type TrustAnchor = NonNullable<AuthorityStatus["trustAnchors"]>[number];

/** Enough of a SHA-256 to tell two roots apart by eye. */
const shortFingerprint = 16;

export function generationColumns(now: number): readonly Column<Generation>[] {
  return [
    { title: "NUMBER", cell: ({ number }) => String(number) },
    { title: "PHASE", cell: ({ phase }) => phase },
    { title: "ROOT ENDS", cell: ({ notAfter }) => dayWithTimeLeft(notAfter, now) },
    { title: "FINGERPRINT", cell: ({ fingerprint }) => fingerprint?.slice(0, shortFingerprint) ?? "" },
    { title: "CRL", cell: ({ crl }) => text(crl?.number) },
    { title: "CRL MADE", cell: ({ crl }) => formatAgo(crl?.thisUpdate, now) },
    { title: "NEXT UPDATE", cell: ({ crl }) => dayWithTimeLeft(crl?.nextUpdate, now) },
    { title: "ENTRIES", cell: ({ crl }) => text(crl?.entries) },
    { title: "SHA-256 OF ROOT", isWide: true, cell: ({ fingerprint }) => fingerprint ?? "" },
  ];
}

/** `generations` say whose a fingerprint in a bundle is. */
export function trustAnchorColumns(now: number, generations: readonly Generation[]): readonly Column<TrustAnchor>[] {
  return [
    { title: "NAME", cell: ({ name }) => name },
    { title: "JOINED", cell: ({ joined }) => (joined ? { text: "yes", tone: "good" } : { text: "no", tone: "bad" }) },
    { title: "BUNDLE", cell: ({ bundle = [] }) => bundle.map((root) => ownerOf(root, generations)).join(",") },
    {
      title: "GENERATION:CRL",
      cell: ({ crls = [] }) => crls.map(({ generation, number }) => `${generation}:${number}`).join(","),
    },
    { title: "READ BACK", cell: ({ readAt }) => formatAgo(readAt, now) },
    { title: "ARN", cell: ({ arn }) => arn ?? "" },
    { title: "MESSAGE", cell: ({ message }) => message ?? "" },
  ];
}

export const issuerColumns: readonly Column<Issuer>[] = [
  { title: "KIND", cell: ({ kind }) => kind },
  { title: "NAMESPACE", cell: ({ metadata }) => metadata.namespace ?? "" },
  { title: "NAME", cell: ({ metadata }) => metadata.name },
  { title: "CA", cell: ({ spec }) => spec.caRef.name },
  { title: "READY", cell: (issuer) => statusCell(conditionOf(issuer, "Ready")) },
  { title: "REASON", cell: (issuer) => conditionOf(issuer, "Ready")?.reason ?? "" },
  { title: "MESSAGE", cell: (issuer) => conditionOf(issuer, "Ready")?.message ?? "" },
];

export function revocationColumns(now: number): readonly Column<Revocation>[] {
  return [
    { title: "NAMESPACE", cell: ({ metadata }) => metadata.namespace ?? "" },
    { title: "NAME", cell: ({ metadata }) => metadata.name },
    { title: "SERIAL", cell: serialOf },
    { title: "REASON", cell: ({ spec }) => spec.reason },
    { title: "ACCEPTED", cell: (revocation) => statusCell(conditionOf(revocation, "Accepted")) },
    {
      title: "WAITING FOR",
      cell: ({ status }) =>
        (status?.anchors ?? []).flatMap(({ name, published }) => (published ? [] : [name])).join(","),
    },
    { title: "AGE", cell: ({ metadata }) => formatAgo(metadata.creationTimestamp, now).replace(" ago", "") },
    { title: "MESSAGE", cell: (revocation) => conditionOf(revocation, "Published")?.message ?? "" },
    { title: "REQUESTED BY", isWide: true, cell: ({ spec }) => spec.requestedBy },
  ];
}

/** Before a Revocation of a ledger record is looked at, the record's name must do. */
function serialOf({ spec: { target }, status }: Revocation): string {
  return status?.serial ?? target.serial ?? `icert/${target.issuedCertificate ?? ""}`;
}

/** A condition's status; one that nobody has set is Unknown. */
export function statusCell(condition: Condition | undefined): Cell {
  if (condition?.status === "True") return { text: "True", tone: "good" };
  return { text: condition?.status ?? "Unknown", tone: "bad" };
}

/** `2027-11-22 (365d left)`, or "" when the time is not known. */
export function dayWithTimeLeft(time: string | undefined, now: number): Cell {
  const day = formatDay(time);
  if (day === "") return "";
  const text = `${day} (${formatLeft(time, now)})`;
  return Date.parse(time ?? "") > now ? text : { text, tone: "bad" };
}

function ownerOf(fingerprint: string, generations: readonly Generation[]): string {
  const generation = generations.find((known) => known.fingerprint === fingerprint);
  return generation === undefined ? `unknown ${fingerprint.slice(0, shortFingerprint)}` : String(generation.number);
}

function text(number: number | undefined): string {
  return number === undefined ? "" : String(number);
}
