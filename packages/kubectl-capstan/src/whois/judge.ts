import type { IssuedCertificate } from "@capstan/api";
import type { SerialHex } from "@capstan/ca-core";
import { formatTime } from "../output/human-time.ts";
import { type PresentedCertificate, readPresentedCertificate } from "../presented-certificate.ts";
import type { Clue } from "./clue.ts";
import { contradictions } from "./contradictions.ts";
import type { Judgement, Knowledge } from "./judgement.ts";
import { whyForeign } from "./read-serial.ts";

type Ruling = Pick<Judgement, "verdict" | "evidence">;

/** A certificate is valid through the second of its notAfter (RFC 5280, 4.1.2.5). */
const lastSecondMs = 1000;

/** Decides whose a serial number is. Changes and reads nothing. */
export function judge(clue: Clue, knowledge: Knowledge): Judgement {
  const serial = clue.serials.find((one) => knowledge.records.has(one)) ?? clue.serials[0];
  const records = knowledge.records.get(serial) ?? [];
  const [first, ...others] = records;
  if (first === undefined) {
    const ruling =
      clue.certificate === undefined
        ? judgeAbsent(clue, serial, knowledge)
        : judgeUnrecorded(clue.certificate, knowledge);
    return { clue, serial, record: undefined, isImitated: false, ...ruling };
  }
  const twins =
    others.length === 0 ? [] : [`${records.length} records of different generations have this serial number`];
  const equal = clue.certificate === undefined ? first : recordOfBytes(clue.certificate, records);
  const record = equal ?? first;
  const recorded = readPresentedCertificate(record.spec.certificate, `icert/${record.metadata.name}`);
  const against =
    equal === undefined && clue.certificate !== undefined
      ? differences(clue.certificate, { recorded, name: record.metadata.name, knowledge })
      : contradictions(clue, recorded, record);
  return {
    clue,
    serial,
    record,
    isImitated: against.length > 0 && (clue.certificate === undefined || equal === undefined),
    verdict: against.length === 0 ? "Issued" : "Forged",
    evidence: [...(against.length === 0 ? agreements(clue, record) : against), ...twins],
  };
}

/** What of a clue was found to agree with the record. */
function agreements({ certificate, session }: Clue, { metadata }: IssuedCertificate): readonly string[] {
  const where = `ledger record ${metadata.name}`;
  if (certificate !== undefined) return [`${where} holds exactly this certificate`];
  return [
    session === undefined
      ? `${where} has this serial number`
      : `${where} has this serial number, and nothing of the session contradicts it`,
  ];
}

function recordOfBytes(
  certificate: PresentedCertificate,
  records: readonly IssuedCertificate[],
): IssuedCertificate | undefined {
  return records.find(
    ({ metadata, spec }) =>
      readPresentedCertificate(spec.certificate, `icert/${metadata.name}`).sha256 === certificate.sha256,
  );
}

/** How a certificate differs from the one in the record that has its serial number. */
function differences(
  certificate: PresentedCertificate,
  {
    recorded,
    name,
    knowledge,
  }: { readonly recorded: PresentedCertificate; readonly name: string; readonly knowledge: Knowledge },
): readonly string[] {
  return [
    `ledger record ${name} has this serial number and another certificate: SHA-256 ${recorded.sha256}, this one's is ${certificate.sha256}`,
    ...(certificate.subject === recorded.subject
      ? []
      : [`its subject is ${quoted(certificate.subject)}, the record's ${quoted(recorded.subject)}`]),
    ...(certificate.issuer === recorded.issuer
      ? []
      : [`its issuer is ${quoted(certificate.issuer)}, the record's ${quoted(recorded.issuer)}`]),
    signatureFact(certificate, knowledge),
  ];
}

/** A certificate that no record has: its signature tells whether it is ours, its end whether the record may be gone. */
function judgeUnrecorded(certificate: PresentedCertificate, knowledge: Knowledge): Ruling {
  const { roots, issuerNames, now, retention } = knowledge;
  const signature = signatureFact(certificate, knowledge);
  const isSigned = roots?.some((root) => certificate.isSignedBy(root.certificate));
  const isNamed =
    roots === undefined
      ? (certificate.issuerValues["CN"] ?? []).some((name) => issuerNames?.has(name) !== false)
      : roots.some((root) => certificate.isNamedBy(root.certificate));
  if (isSigned !== true && !isNamed) return { verdict: "NeverIssued", evidence: [signature] };
  if (isSigned === false) return { verdict: "Forged", evidence: [signature] };
  const end = certificate.notAfter + lastSecondMs;
  const isOld = end <= recordsSince(knowledge);
  const evidence = [signature, recordFact(certificate, knowledge)];
  // Anybody can write our name: without the root it may be ours or not.
  if (isSigned === undefined) return { verdict: "Unknown", evidence };
  if (isOld) return { verdict: "OlderThanRecords", evidence };
  // Only the record of a valid certificate is never pruned.
  return { verdict: end > now || retention.isKnown ? "Unrecorded" : "Unknown", evidence };
}

/** What it says of a certificate that no record has its serial number. */
function recordFact({ notAfter }: PresentedCertificate, knowledge: Knowledge): string {
  const end = formatTime(notAfter);
  if (notAfter + lastSecondMs > knowledge.now) {
    return `no record has its serial number, though it is valid until ${end}: the record of a valid certificate goes only by a restore of a backup from before it`;
  }
  return notAfter + lastSecondMs <= recordsSince(knowledge)
    ? `it expired at ${end}; ${reachOf(knowledge)}`
    : `no record has its serial number, and it expired at ${end}; ${reachOf(knowledge)}`;
}

/** In milliseconds since 1970. */
function recordsSince({ now, retention }: Knowledge): number {
  return now - retention.milliseconds;
}

/** How far the records reach back, and when less. */
function reachOf(knowledge: Knowledge): string {
  const { retention } = knowledge;
  const reach = `the records hold what was valid after ${formatTime(recordsSince(knowledge))}`;
  const since = retention.isKnown ? reach : `${reach} if the issuer controller's --ledger-retention is its default`;
  return `${since}, and less after the event LedgerFull or a restore from a backup`;
}

function signatureFact(certificate: PresentedCertificate, { roots }: Knowledge): string {
  const issuer = quoted(certificate.issuer);
  if (roots === undefined)
    return `its issuer is ${issuer}; the signature was not checked, since you may not read the roots`;
  const signer = roots.find((root) => certificate.isSignedBy(root.certificate));
  if (signer !== undefined) return `it is signed by the key of generation ${signer.generation} of ${signer.authority}`;
  const named = roots.find((root) => certificate.isNamedBy(root.certificate));
  if (named === undefined) return `its issuer is ${issuer}, which is none of our roots`;
  return `it names generation ${named.generation} of ${named.authority} as its issuer, whose key has not signed it`;
}

/** A serial number that no record has, and no certificate at hand. */
function judgeAbsent({ session }: Clue, serial: SerialHex, knowledge: Knowledge): Ruling {
  const { bornAt, issuerNames } = knowledge;
  const foreign = whyForeign(serial);
  if (foreign !== undefined) return { verdict: "NeverIssued", evidence: [foreign] };
  const issuer = session?.tags["x509Issuer/CN"];
  if (issuer !== undefined && issuerNames?.has(issuer) === false) {
    return {
      verdict: "NeverIssued",
      evidence: [`the session's certificate was issued by ${quoted(issuer)}, which is none of our authorities`],
    };
  }
  const either = "it was never issued by us, or its record is gone";
  if (session?.openedAt === undefined) {
    return {
      verdict: "Unknown",
      evidence: [`no record has this serial number: ${either}; ${reachOf(knowledge)}`],
    };
  }
  const opened = `the session was opened at ${formatTime(session.openedAt)}`;
  if (bornAt !== undefined && session.openedAt < bornAt) {
    return {
      verdict: "NeverIssued",
      evidence: [`${opened}, before our first authority began at ${formatTime(bornAt)}`],
    };
  }
  if (session.openedAt > recordsSince(knowledge)) {
    return {
      verdict: "Unknown",
      evidence: [`${opened}, and no record has its serial number: ${either}; ${reachOf(knowledge)}`],
    };
  }
  return { verdict: "OlderThanRecords", evidence: [`${opened}; ${reachOf(knowledge)}`] };
}

function quoted(text: string): string {
  return text === "" ? "empty" : JSON.stringify(text);
}
