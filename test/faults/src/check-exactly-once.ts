import { createHash, X509Certificate } from "node:crypto";
import type { IssuedCertificate } from "@capstan/api";
import { compareWithLedger, type LedgerComparison, type LedgerLeaf, type ReadSignature } from "@capstan/kube";
import type { Evidence } from "./evidence.ts";
import { type CertificateRequest, requestNamespace } from "./requests.ts";

/** What one rule found. */
export interface Finding {
  /** A sentence that is true when nothing was found. */
  readonly rule: string;
  /** How many things it looked at. */
  readonly looked: number;
  readonly faults: readonly string[];
}

/** What was seen beside the rules. */
export interface Counts {
  readonly requests: number;
  readonly records: number;
  readonly auditLogs: number;
  readonly signatures: number;
  /** Signatures whose leaf is in the ledger. */
  readonly recorded: number;
  /** Signatures of leaves that nobody was given: their process died, or another's record was first. */
  readonly neverReleased: number;
  /** Of these, such that the process died before it could say whether the signature was made. */
  readonly unknown: number;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly counts: Counts;
}

/** Holds what is known after a run to what "exactly once" means. */
export function checkExactlyOnce(evidence: Evidence): Verdict {
  const scene = prepare(evidence);
  const findings = rules.map(([rule, check]) => ({ rule, ...check(scene) }));
  const { audit, requests, records } = evidence;
  const { comparison, leafSignatures } = scene;
  return {
    findings,
    counts: {
      requests: requests.length,
      records: records.length,
      auditLogs: audit.chains.length,
      signatures: leafSignatures.length,
      recorded: comparison.matched,
      neverReleased: comparison.neverReleased.length,
      unknown: comparison.neverReleased.filter(({ outcome }) => outcome === "unknown").length,
    },
  };
}

/** The last time that a Date can hold. */
const endOfTime = new Date(8_640_000_000_000_000);

interface Scene extends Evidence {
  readonly answers: ReadonlyMap<string, Answer>;
  readonly comparison: LedgerComparison;
  /** Of leaves, that did not fail. */
  readonly leafSignatures: readonly ReadSignature[];
}

interface Answer {
  readonly uid: string;
  readonly reason: string;
  readonly message: string;
  /** PEM, "" without one. */
  readonly certificate: string;
}

type Rule = (scene: Scene) => Omit<Finding, "rule">;

const rules: readonly (readonly [string, Rule])[] = [
  ["Each request ended Issued with a certificate", everyRequestIssued],
  ["Each certificate has the name and the key of its request", namesAndKeysFit],
  ["Each request has one ledger record, with the bytes of its certificate", oneRecordEach],
  ["No ledger record of a workload is of anything but a request", noStrangeRecords],
  ["No serial was used twice, neither in the ledger nor in the audit logs", noSerialTwice],
  ["No chain of an audit log has a gap or was changed", chainsWhole],
  ["Each record was signed between two lines of an audit log, with the same bytes", recordsSigned],
  ["Each signature is a record, or its leaf was never released", signaturesAccountedFor],
  ["Each generation's mark is at or after every end that it signed", marksHigh],
  ["No replica signed before it knew of a mark at or after the leaf's end", markedBeforeSigned],
  ["Nothing was handed out before its replica knew that the ledger holds it", recordedBeforeReleased],
  ["No request was handed two certificates", oneReleaseEach],
];

function prepare(evidence: Evidence): Scene {
  const answers = evidence.requests.map((request) => [request.metadata.name, answerOf(request)] as const);
  return {
    ...evidence,
    answers: new Map(answers),
    // Nothing runs any more, so nothing is in flight, and nothing has been pruned.
    comparison: compareWithLedger({
      reading: evidence.audit,
      leaves: evidence.records.map(leafOf),
      now: endOfTime,
      retentionMs: Number.POSITIVE_INFINITY,
      graceMs: 0,
    }),
    leafSignatures: evidence.audit.signatures.filter(
      ({ purpose, outcome }) => (purpose === "Leaf" || purpose === "OwnLeaf") && outcome !== "failed",
    ),
  };
}

function answerOf({ metadata, status }: CertificateRequest): Answer {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return {
    uid: metadata.uid ?? "",
    reason: ready?.reason ?? "none",
    message: ready?.message ?? "",
    certificate: Buffer.from(status?.certificate ?? "", "base64").toString("utf8"),
  };
}

function leafOf({ metadata, spec }: IssuedCertificate): LedgerLeaf {
  return {
    name: metadata.name,
    authority: spec.authority,
    generation: spec.generation,
    serial: spec.serial,
    sha256: sha256(new X509Certificate(spec.certificate).raw),
    createdAt: new Date(metadata.creationTimestamp ?? 0),
  };
}

function everyRequestIssued({ planned, answers }: Scene): Omit<Finding, "rule"> {
  const faults = planned.flatMap(({ name }) => {
    const answer = answers.get(name);
    if (answer === undefined) return [`${name}: is not there`];
    if (answer.reason !== "Issued") return [`${name}: ${answer.reason}: ${answer.message}`];
    return answer.certificate === "" ? [`${name}: Issued without a certificate`] : [];
  });
  return { looked: planned.length, faults };
}

function namesAndKeysFit({ planned, answers }: Scene): Omit<Finding, "rule"> {
  const issued = planned.filter(({ name }) => (answers.get(name)?.certificate ?? "") !== "");
  const faults = issued.flatMap(({ name, commonName, keySha256 }) => {
    const { subject, publicKey } = new X509Certificate(answers.get(name)?.certificate ?? "");
    if (subject !== `CN=${commonName}`) return [`${name}: the subject is ${subject}`];
    const key = sha256(publicKey.export({ type: "spki", format: "der" }));
    return key === keySha256 ? [] : [`${name}: the key is not the request's`];
  });
  return { looked: issued.length, faults };
}

function oneRecordEach({ planned, answers, records }: Scene): Omit<Finding, "rule"> {
  const byRequest = Map.groupBy(records, ({ spec }) => `${spec.requestNamespace ?? ""}/${spec.requestName ?? ""}`);
  const faults = planned.flatMap(({ name }) => {
    const own = byRequest.get(`${requestNamespace}/${name}`) ?? [];
    const [record] = own;
    if (record === undefined) return [`${name}: has no record`];
    if (own.length > 1) return [`${name}: has ${own.length} records`];
    const { uid, certificate } = answers.get(name) ?? { uid: "", certificate: "" };
    if (record.metadata.name !== uid) return [`${name}: record ${record.metadata.name} is not named by its uid`];
    return record.spec.certificate === certificate ? [] : [`${name}: certificate and record ${uid} differ`];
  });
  return { looked: planned.length, faults };
}

function noStrangeRecords({ planned, records }: Scene): Omit<Finding, "rule"> {
  const names = new Set(planned.map(({ name }) => name));
  const strange = records.filter(
    ({ spec }) =>
      spec.purpose === "Workload" && (spec.requestNamespace !== requestNamespace || !names.has(spec.requestName ?? "")),
  );
  return { looked: records.length, faults: strange.map(({ metadata }) => `record ${metadata.name}`) };
}

function noSerialTwice({ comparison, leafSignatures, records }: Scene): Omit<Finding, "rule"> {
  return { looked: leafSignatures.length + records.length, faults: comparison.serialsTwice };
}

function chainsWhole({ audit }: Scene): Omit<Finding, "rule"> {
  return {
    looked: audit.chains.length,
    faults: audit.faults.map(({ chain, message }) => `chain ${chain}: ${message}`),
  };
}

function recordsSigned({ comparison, records }: Scene): Omit<Finding, "rule"> {
  const { withoutLine, differing, beforeLog, matched } = comparison;
  const faults = [
    ...withoutLine.map(({ name }) => `record ${name}: no line tells of its signature`),
    ...differing.map(({ name }) => `record ${name}: other bytes were signed`),
  ];
  const missing = records.length - matched - withoutLine.length - differing.length;
  if (missing !== 0 || beforeLog !== 0) faults.push(`${missing} records are not accounted for`);
  return { looked: records.length, faults };
}

function signaturesAccountedFor({ comparison, leafSignatures, answers, crossings }: Scene): Omit<Finding, "rule"> {
  const handedOut = [...[...answers.values()].map(({ certificate }) => certificate), ...released(crossings)];
  const serials = new Set(handedOut.filter((pem) => pem !== "").map(serialOf));
  const escaped = comparison.neverReleased.filter(({ serial }) => serials.has(serial ?? ""));
  const faults = escaped.map(
    ({ line, serial }) => `${line}: serial ${serial ?? ""} is in no record and was handed out`,
  );
  const sum = comparison.matched + comparison.differing.length + comparison.neverReleased.length;
  if (sum !== leafSignatures.length) faults.push(`${leafSignatures.length - sum} signatures are not accounted for`);
  return { looked: leafSignatures.length, faults };
}

function marksHigh({ leafSignatures, marks }: Scene): Omit<Finding, "rule"> {
  const ends = new Map(
    marks.map(({ spec }) => [`${spec.authority}-${spec.generation}`, Date.parse(spec.notAfter)] as const),
  );
  const faults = leafSignatures.flatMap(({ line, authority, generation, notAfter }) => {
    const mark = ends.get(`${authority}-${generation}`);
    const isCovered = mark !== undefined && notAfter !== undefined && Date.parse(notAfter) <= mark;
    return isCovered ? [] : [`${line}: ends ${notAfter ?? "?"}, after the mark of ${authority}-${generation}`];
  });
  return { looked: leafSignatures.length, faults };
}

/** The proxies and the replicas share a clock. The publisher's own leaves pass no proxy. */
function markedBeforeSigned({ leafSignatures, markings }: Scene): Omit<Finding, "rule"> {
  const known = Map.groupBy(markings, ({ authority, generation }) => `${authority}-${generation}`);
  const requested = leafSignatures.filter(({ purpose }) => purpose === "Leaf");
  const faults = requested.flatMap(({ line, authority, generation, at, notAfter = "" }) => {
    const isKnown = known
      .get(`${authority}-${generation}`)
      ?.some((marking) => marking.at <= new Date(at) && marking.notAfter >= new Date(notAfter));
    return isKnown === true ? [] : [`${line}: ends ${notAfter}, and no mark was known to reach it`];
  });
  return { looked: requested.length, faults };
}

function recordedBeforeReleased({ crossings }: Scene): Omit<Finding, "rule"> {
  const recorded = new Set<string>();
  const faults: string[] = [];
  let looked = 0;
  for (const { what, of, certificate } of crossings) {
    if (what === "recorded") recorded.add(certificate);
    else {
      looked += 1;
      if (!recorded.has(certificate)) faults.push(`${of}: was handed serial ${serialOf(certificate)} without a record`);
    }
  }
  return { looked, faults };
}

function oneReleaseEach({ crossings }: Scene): Omit<Finding, "rule"> {
  const byRequest = Map.groupBy(
    crossings.filter(({ what }) => what === "released"),
    ({ of }) => of,
  );
  const faults = [...byRequest].flatMap(([name, those]) => {
    const { size } = new Set(those.map(({ certificate }) => certificate));
    return size === 1 ? [] : [`${name}: was handed ${size} certificates`];
  });
  return { looked: byRequest.size, faults };
}

function released(crossings: Evidence["crossings"]): readonly string[] {
  return crossings.filter(({ what }) => what === "released").map(({ certificate }) => certificate);
}

/** As the ledger and the audit log write it: lower-case hex. */
function serialOf(pem: string): string {
  return new X509Certificate(pem).serialNumber.toLowerCase();
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
