import type { AuditReading, LedgerComparison, LedgerLeaf, ReadSignature } from "@capstan/kube";

/**
 * What does not agree between audit log and ledger.
 *
 * - LogFault: lines were changed, dropped, added, moved, or the beginning of a chain is not there.
 * - NeverReleased: signed, and in no record: a crash leaves such, and so does a thief of the process.
 * - WithoutLine: in the ledger, and no line tells of it: signed elsewhere with the same key, or cut off from the log.
 * - Differing: the ledger holds other bytes than those that were signed.
 * - SerialTwice: one serial number of one generation on several signatures or records.
 */
export type FindingKind = "LogFault" | "NeverReleased" | "WithoutLine" | "Differing" | "SerialTwice";

/** One line of the report. Texts are "" where there is nothing to say. */
export interface Finding {
  readonly finding: FindingKind;
  readonly authority: string;
  readonly generation: number | "";
  readonly serial: string;
  readonly subject: string;
  /** RFC 3339: of the signature, or of the record. */
  readonly at: string;
  /** Name of the ledger's record, there or missing. */
  readonly record: string;
  /** Chain/sequence of the line. */
  readonly line: string;
  readonly requestedBy: string;
  readonly message: string;
}

export const findingColumns: readonly (keyof Finding)[] = [
  "finding",
  "authority",
  "generation",
  "serial",
  "subject",
  "at",
  "record",
  "line",
  "requestedBy",
  "message",
];

const nothing = {
  authority: "",
  generation: "",
  serial: "",
  subject: "",
  at: "",
  record: "",
  line: "",
  requestedBy: "",
} as const;

/** All findings, the log's own first: what was found with a broken log is to be read with that in mind. */
export function findingsOf(reading: AuditReading, comparison: LedgerComparison): readonly Finding[] {
  return [
    ...reading.faults.map(({ code, chain, message }): Finding => ({
      ...nothing,
      finding: "LogFault",
      line: chain,
      message: `${code}: ${message}`,
    })),
    ...comparison.withoutLine.map((leaf) => ofLeaf("WithoutLine", leaf, withoutLineText(leaf, reading))),
    ...comparison.differing.map((leaf) =>
      ofLeaf("Differing", leaf, "the certificate in the record is not the one that was signed"),
    ),
    ...comparison.neverReleased.map((signature) =>
      ofSignature(
        signature,
        signature.outcome === "signed"
          ? "signed, and in no record of the ledger"
          : "perhaps signed (the line after it is missing), and in no record of the ledger",
      ),
    ),
    ...comparison.serialsTwice.map(ofSerial),
  ];
}

/** The end of a chain can be cut off without a trace, so what is newer than the log is a finding all the same. */
function withoutLineText({ createdAt }: LedgerLeaf, { chains }: AuditReading): string {
  const last = chains
    .map(({ to }) => to)
    .toSorted()
    .at(-1);
  return last !== undefined && createdAt.getTime() > Date.parse(last)
    ? `newer than the last line of the log, ${last}: export the log anew; if it is whole, its end was cut off`
    : "no line of the log tells of this signature";
}

function ofLeaf(
  finding: FindingKind,
  { name, authority, generation, serial, createdAt }: LedgerLeaf,
  message: string,
): Finding {
  const at = `${createdAt.toISOString().slice(0, 19)}Z`;
  return { ...nothing, finding, authority, generation, serial, at, record: name, message };
}

function ofSignature(signature: ReadSignature, message: string): Finding {
  const { authority, generation, serial = "", subject = "", at, record = "", line, requester = "" } = signature;
  const finding = "NeverReleased";
  return { finding, authority, generation, serial, subject, at, record, line, requestedBy: requester, message };
}

/** `authority-generation serial`, as the comparison names them. */
function ofSerial(name: string): Finding {
  const [, authority = "", generation = "", serial = ""] = /^(.*)-(\d+) ([0-9a-f]*)$/.exec(name) ?? [];
  return {
    ...nothing,
    finding: "SerialTwice",
    authority,
    generation: Number(generation),
    serial,
    message: "several signatures or records have this serial number",
  };
}

/** Whether a finding is of what was asked about; the log's own faults always are. `since` in milliseconds since 1970. */
export function isAskedAbout(
  { finding, authority, at }: Finding,
  asked: { readonly authority: string | undefined; readonly since: number | undefined },
): boolean {
  if (finding === "LogFault") return true;
  if (asked.authority !== undefined && authority !== asked.authority) return false;
  return asked.since === undefined || at === "" || Date.parse(at) >= asked.since;
}
