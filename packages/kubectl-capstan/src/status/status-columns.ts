import type { AuthorityOperation, CertificateAuthority, Condition, GenerationMark, Revocation } from "@capstan/api";
import { conditionOf } from "../conditions.ts";
import { formatAgo, formatDay, formatLeft } from "../output/human-time.ts";
import type { Cell, Column } from "../output/table.ts";
import type { Attention } from "./attention.ts";
import { nextOf } from "./generation-dates.ts";
import type { Issuer } from "./read-status.ts";

type AuthorityStatus = NonNullable<CertificateAuthority["status"]>;
type Generation = NonNullable<AuthorityStatus["generations"]>[number];
type TrustAnchor = NonNullable<AuthorityStatus["trustAnchors"]>[number];

/** Enough of a SHA-256 to tell two roots apart by eye. */
const shortFingerprint = 16;

/** What the CRD's RevocationList takes; AWS takes about as many. */
const mostEntries = 6500;

export function generationColumns(
  authority: CertificateAuthority,
  marks: readonly GenerationMark[],
  now: number,
): readonly Column<Generation>[] {
  return [
    { title: "NUMBER", cell: ({ number }) => String(number) },
    { title: "PHASE", cell: phaseCell },
    { title: "SINCE", cell: ({ phaseSince }) => formatAgo(phaseSince, now) },
    { title: "NEXT", cell: (generation) => nextOf(generation, authority, marks, now) },
    { title: "ROOT ENDS", cell: ({ notAfter }) => dayWithTimeLeft(notAfter, now) },
    { title: "FINGERPRINT", cell: ({ fingerprint }) => fingerprint?.slice(0, shortFingerprint) ?? "" },
    { title: "CRL", cell: ({ crl }) => text(crl?.number) },
    { title: "CRL MADE", cell: ({ crl }) => formatAgo(crl?.thisUpdate, now) },
    { title: "NEXT UPDATE", cell: ({ crl }) => dayWithTimeLeft(crl?.nextUpdate, now) },
    { title: "ENTRIES", cell: ({ crl }) => text(crl?.entries) },
    {
      title: "FULL",
      cell: ({ crl }) => (crl === undefined ? "" : `${Math.ceil((100 * crl.entries) / mostEntries)}%`),
    },
    { title: "SHA-256 OF ROOT", isWide: true, cell: ({ fingerprint }) => fingerprint ?? "" },
  ];
}

export function trustAnchorColumns(authority: CertificateAuthority, now: number): readonly Column<TrustAnchor>[] {
  const generations = authority.status?.generations ?? [];
  const specOf = (name: string) => authority.spec.trustAnchors?.find((known) => known.name === name);
  return [
    { title: "NAME", cell: ({ name }) => name },
    { title: "JOINED", cell: ({ joined }) => (joined ? { text: "yes", tone: "good" } : { text: "no", tone: "bad" }) },
    { title: "STATE", cell: (anchor) => stateCell(anchor, specOf(anchor.name)?.ignore === true) },
    { title: "BUNDLE", cell: ({ bundle = [] }) => bundle.map((root) => ownerOf(root, generations)).join(",") },
    { title: "ROOTS IN SYNC", cell: (anchor) => syncCell(missingRoots(anchor, generations)) },
    {
      title: "GENERATION:CRL",
      cell: ({ crls = [] }) => crls.map(({ generation, number }) => `${generation}:${number}`).join(","),
    },
    { title: "CRLS IN SYNC", cell: (anchor) => syncCell(crlsBehind(anchor, generations)) },
    { title: "CANARY", cell: ({ name }) => (specOf(name)?.canary === undefined ? "none" : "set") },
    { title: "READ BACK", cell: ({ readAt }) => formatAgo(readAt, now) },
    { title: "ARN", cell: ({ arn }) => arn ?? "" },
    { title: "MESSAGE", cell: ({ message }) => message ?? "" },
  ];
}

const inUse: ReadonlySet<Generation["phase"]> = new Set(["Published", "Active", "Draining"]);

/** Generations whose root an anchor should hold, and does not. */
function missingRoots({ bundle = [] }: TrustAnchor, generations: readonly Generation[]): readonly string[] {
  return generations
    .filter(({ phase, compromised }) => inUse.has(phase) && compromised !== true)
    .filter(({ fingerprint }) => fingerprint === undefined || !bundle.includes(fingerprint))
    .map(({ number }) => String(number));
}

/** Generations of whose newest CRL an anchor does not know. */
function crlsBehind({ bundle = [], crls = [] }: TrustAnchor, generations: readonly Generation[]): readonly string[] {
  return generations
    .filter(({ fingerprint }) => fingerprint !== undefined && bundle.includes(fingerprint))
    .filter(
      ({ number, crl }) => crl !== undefined && crls.find((held) => held.generation === number)?.number !== crl.number,
    )
    .map(({ number }) => String(number));
}

function syncCell(lacking: readonly string[]): Cell {
  if (lacking.length === 0) return { text: "yes", tone: "good" };
  return { text: `no: ${lacking.join(",")}`, tone: "bad" };
}

function stateCell({ state }: TrustAnchor, isIgnored: boolean): Cell {
  if (isIgnored) return "ignored";
  if (state === undefined || state === "Present") return state ?? "";
  return { text: state, tone: "bad" };
}

function phaseCell({ phase, compromised, abandoning }: Generation): Cell {
  if (compromised === true) return { text: `${phase}, compromised`, tone: "bad" };
  return abandoning === true && phase !== "Abandoned" ? `${phase}, given up` : phase;
}

const tones: Readonly<Record<Attention["level"], (text: string) => Cell>> = {
  broken: (text) => ({ text, tone: "bad" }),
  waiting: (text) => text,
  notice: (text) => text,
};

export const attentionColumns: readonly Column<Attention>[] = [
  { title: "LEVEL", cell: ({ level }) => tones[level](level) },
  { title: "ABOUT", cell: ({ about }) => about },
  { title: "WHAT", cell: ({ what }) => what },
  { title: "CURE", cell: ({ cure }) => cure ?? "" },
];

export function operationColumns(now: number): readonly Column<AuthorityOperation>[] {
  return [
    { title: "NAME", cell: ({ metadata }) => metadata.name },
    { title: "CA", cell: ({ spec }) => spec.authority },
    { title: "KIND", cell: ({ spec }) => spec.kind },
    { title: "PHASE", cell: ({ status }) => status?.phase ?? "not seen" },
    { title: "AGE", cell: ({ metadata }) => formatAgo(metadata.creationTimestamp, now).replace(" ago", "") },
    { title: "REQUESTED BY", cell: ({ spec }) => spec.requestedBy },
    { title: "MESSAGE", cell: ({ status }) => status?.message ?? "" },
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
