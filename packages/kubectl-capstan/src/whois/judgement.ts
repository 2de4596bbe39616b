import type { IssuedCertificate } from "@capstan/api";
import type { SerialHex } from "@capstan/ca-core";
import type { PresentedCertificate } from "../presented-certificate.ts";
import type { Clue } from "./clue.ts";

/**
 * What the records say to a clue.
 *
 * - Issued: the ledger has it, and nothing contradicts the record.
 * - Forged: it claims to be one of ours, and contradicts the record or our roots.
 * - Unrecorded: it carries the signature of a key of ours, and the ledger, which should have it, has not.
 * - OlderThanRecords: from before what the ledger still holds.
 * - NeverIssued: not one of ours. That nobody recorded it is no proof: a record can go before its time.
 * - Unknown: not in the ledger, and nothing tells whether its record is gone, or whether the signature of a certificate is ours.
 */
export type Verdict = "Issued" | "Forged" | "Unrecorded" | "OlderThanRecords" | "NeverIssued" | "Unknown";

export interface Judgement {
  readonly clue: Clue;
  readonly verdict: Verdict;
  readonly serial: SerialHex;
  /** The ledger's record with this serial number, also when the clue contradicts it. */
  readonly record: IssuedCertificate | undefined;
  /** The record is of the certificate that was imitated, not of the one that was presented. */
  readonly isImitated: boolean;
  /** What the verdict is based on, a fact each. */
  readonly evidence: readonly string[];
}

/** A root of ours with the generation that it belongs to. */
export interface KnownRoot {
  readonly authority: string;
  readonly generation: number;
  readonly certificate: PresentedCertificate;
}

export interface Retention {
  readonly milliseconds: number;
  /** False when it is the default that is taken for granted: nobody has said it, and it may not be read. */
  readonly isKnown: boolean;
}

/** What is known about our own certificates. */
export interface Knowledge {
  readonly records: ReadonlyMap<SerialHex, readonly IssuedCertificate[]>;
  /** When the records were read: milliseconds since 1970. */
  readonly now: number;
  /** How long records are kept after their certificates' ends, unless the ledger is full or was restored. */
  readonly retention: Retention;
  /** When the first generation began; undefined when that may not be read. Milliseconds since 1970. */
  readonly bornAt: number | undefined;
  /** Common names of the authorities; undefined when they may not be read. */
  readonly issuerNames: ReadonlySet<string> | undefined;
  /** Undefined when they may not be read. */
  readonly roots: readonly KnownRoot[] | undefined;
}
