import {
  apiVersion,
  authorityLabel,
  type CertificateAuthority,
  certificateAuthorityResource,
  DurationError,
  type IssuedCertificate,
  issuedCertificateResource,
  parseDuration,
} from "@capstan/api";
import {
  type CertificationRequest,
  checkCertificationRequest,
  chooseValidity,
  formatName,
  issueLeaf,
  prepareLeaf,
  type RandomBytes,
  type Validity,
} from "@capstan/ca-core";
import {
  formatTime,
  isAlreadyExists,
  isOutcomeUnknown,
  type KubeClient,
  type KubeObject,
  type Logger,
} from "@capstan/kube";
import { decide, type GrantedLeaf, type PolicyViolation } from "@capstan/policy";
import { type CertificateRequest, issuerKindOf } from "../requests/certificate-request.ts";
import type { Issuer } from "../requests/decide-request.ts";
import { issuerResourceOf } from "../issuers/issuer-kinds.ts";
import { NotYet } from "../requests/not-yet.ts";
import { hashRequest } from "../requests/request-hash.ts";
import type { KeyRing, SigningKey } from "./key-ring.ts";
import type { MarkKeeper } from "./mark-keeper.ts";

/** A user name longer than this is cut in the ledger. */
const maxRequesterLength = 512;

export interface SignerOptions {
  readonly client: KubeClient;
  /** Where the ledger is. */
  readonly namespace: string;
  readonly keys: KeyRing;
  readonly marks: MarkKeeper;
  readonly now: () => Date;
  readonly random: RandomBytes;
  readonly log: Logger;
}

export interface SigningQuestion {
  readonly request: CertificateRequest;
  readonly issuer: Issuer;
  readonly authority: CertificateAuthority;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

export type SigningAnswer =
  | {
      readonly ok: true;
      readonly certificate: string;
      readonly ca: string;
      readonly serial: string;
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly violations: readonly PolicyViolation[] }
  /** A record of this request exists that may not be handed out. */
  | { readonly ok: false; readonly refusal: string };

/**
 * From an approved request to a leaf that is in the ledger.
 *
 * Strict parse and policy, then the mark, the signature and its second reading, a live read of what was decided on, and
 * the ledger record, whose create is atomic: of two answers to one request only the recorded one is ever handed out.
 *
 * @throws {NotYet} for what may heal
 */
export async function signRequest(
  options: SignerOptions,
  question: SigningQuestion,
  signal: AbortSignal,
): Promise<SigningAnswer> {
  const { request, authority } = question;
  const granted = grant(question);
  if (!granted.ok) return granted;
  const { client, namespace, keys, marks, now, random, log } = options;
  const signingKey = await keys.activeKey(authority, now(), signal);
  const validity = validityOf(granted.leaf, question, signingKey, now());
  const prepared = prepareLeaf({
    root: signingKey.root,
    subject: granted.leaf.subject,
    subjectAlternativeNames: granted.leaf.subjectAlternativeNames,
    publicKeySpki: granted.parsed.publicKey.spki,
    usages: granted.leaf.usages,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    maxLifetimeMs: parseDuration(authority.spec.maxLeafDuration),
    random,
  });
  await marks.raise({
    authority: authority.metadata.name,
    generation: signingKey.generation,
    notAfter: validity.notAfter,
    rootNotAfter: signingKey.root.notAfter,
  });
  const { uid } = request.metadata;
  const subject = formatName(granted.leaf.subject);
  const audit = {
    audit: true,
    serial: prepared.serial,
    subject,
    uid,
    authority: authority.metadata.name,
    generation: signingKey.generation,
  };
  log.info(audit, "signing a leaf");
  const leaf = await issueLeaf({ ticket: prepared.ticket, signer: signingKey.key });
  await assertUnchanged(client, question, signingKey, signal);
  const record = recordOf({ question, granted, signingKey, leaf, subject, namespace });
  const stored = await store(client, record, signal);
  const refusal = refusalOf(stored, record, authority, now());
  if (refusal !== undefined) return { ok: false, refusal };
  log.info({ ...audit, serial: stored.spec.serial }, "recorded a leaf");
  const notes = [
    ...granted.leaf.notes,
    ...(validity.clampedTo === "root" ? ["The leaf ends with its root, earlier than asked for"] : []),
  ];
  return { ok: true, certificate: stored.spec.certificate, ca: signingKey.root.pem, serial: stored.spec.serial, notes };
}

type Granted = { readonly ok: true; readonly leaf: GrantedLeaf; readonly parsed: CertificationRequest };

function grant({
  request,
  issuer,
  authority,
  namespaceLabels,
}: SigningQuestion): Granted | { readonly ok: false; readonly violations: readonly PolicyViolation[] } {
  const { spec, metadata } = request;
  const parsed = checkCertificationRequest(new Uint8Array(Buffer.from(spec.request, "base64")));
  if (!parsed.ok) return parsed;
  const duration = readDuration(spec.duration);
  const decision = decide({
    request: parsed.value,
    asked: {
      usages: spec.usages ?? [],
      isCa: spec.isCA === true,
      durationMs: duration.ms,
    },
    requester: { namespace: metadata.namespace ?? "", namespaceLabels },
    issuer: { kind: issuerKindOf(request) ?? "CapstanIssuer", spec: issuer.spec },
    authority: authority.spec,
  });
  const violations = [
    ...(duration.violation === undefined ? [] : [duration.violation]),
    ...(decision.ok ? [] : decision.violations),
  ];
  if (violations.length > 0 || !decision.ok) return { ok: false, violations };
  return { ok: true, leaf: decision.value, parsed: parsed.value };
}

function readDuration(text: string | undefined): { readonly ms?: number; readonly violation?: PolicyViolation } {
  if (text === undefined) return {};
  try {
    return { ms: parseDuration(text) };
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return { violation: { code: "ERR_POLICY_DURATION", field: "spec.duration", rule: error.message } };
  }
}

function validityOf(
  leaf: GrantedLeaf,
  { authority, issuer }: SigningQuestion,
  { root, generation }: SigningKey,
  now: Date,
): Extract<Validity, { readonly ok: true }> {
  const maxMs = parseDuration(authority.spec.maxLeafDuration);
  const validity = chooseValidity({
    now,
    requestedMs: leaf.durationMs,
    maxMs,
    overMaximum: issuer.spec.overMaximum,
    root,
  });
  if (validity.ok) return validity;
  // The policy has already held the duration to its bounds: what is left has to do with the root, and heals.
  throw new NotYet(`CertificateAuthority ${authority.metadata.name}, generation ${generation}: ${validity.reason}`);
}

/** Reads issuer and authority live: what was decided on must still stand when the leaf is released. */
async function assertUnchanged(
  client: KubeClient,
  { issuer, authority, request }: SigningQuestion,
  { generation }: SigningKey,
  signal: AbortSignal,
): Promise<void> {
  const kind = issuerKindOf(request);
  if (kind === undefined) throw new NotYet("the request's issuer is not one of ours");
  const { name, namespace } = issuer.metadata;
  const [liveIssuer, liveAuthority] = await Promise.all([
    client.getOrUndefined(
      issuerResourceOf(kind),
      { name, ...(namespace === undefined ? {} : { namespace }) },
      { signal },
    ),
    client.getOrUndefined<CertificateAuthority>(
      certificateAuthorityResource,
      { name: authority.metadata.name },
      { signal },
    ),
  ]);
  if (!isSame(liveIssuer, issuer)) throw new NotYet(`${kind} ${name} changed meanwhile`);
  if (!isSame(liveAuthority, authority))
    throw new NotYet(`CertificateAuthority ${authority.metadata.name} changed meanwhile`);
  if (liveAuthority?.status?.activeGeneration !== generation)
    throw new NotYet(`CertificateAuthority ${authority.metadata.name} has another active generation meanwhile`);
}

function isSame(live: KubeObject | undefined, decidedOn: Pick<KubeObject, "metadata">): boolean {
  return (
    live !== undefined &&
    live.metadata.deletionTimestamp === undefined &&
    live.metadata.uid === decidedOn.metadata.uid &&
    live.metadata.generation === decidedOn.metadata.generation
  );
}

function recordOf(input: {
  readonly question: SigningQuestion;
  readonly granted: Granted;
  readonly signingKey: SigningKey;
  readonly leaf: Awaited<ReturnType<typeof issueLeaf>>;
  readonly subject: string;
  readonly namespace: string;
}): IssuedCertificate {
  const { question, granted, signingKey, leaf, subject, namespace } = input;
  const { request, issuer, authority } = question;
  const { uid, name, namespace: requestNamespace } = request.metadata;
  const names = (kind: string): string[] =>
    granted.leaf.subjectAlternativeNames.filter((one) => one.kind === kind).map(({ value }) => value);
  const commonName = granted.leaf.subject.find(({ type }) => type === "CN")?.value;
  const [dnsNames, uris] = [names("DNS"), names("URI")];
  if (uid === undefined || requestNamespace === undefined)
    throw new TypeError("a request from the API server has a uid and a namespace");
  return {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: { name: uid, namespace, labels: { [authorityLabel]: authority.metadata.name } },
    spec: {
      serial: leaf.serial,
      subject,
      ...(commonName === undefined ? {} : { commonName }),
      ...(dnsNames.length === 0 ? {} : { dnsNames }),
      ...(uris.length === 0 ? {} : { uris }),
      notBefore: formatTime(leaf.notBefore.getTime()),
      notAfter: formatTime(leaf.notAfter.getTime()),
      authority: authority.metadata.name,
      generation: signingKey.generation,
      purpose: "Workload",
      issuerKind: issuer.kind,
      issuerName: issuer.metadata.name,
      issuerGeneration: issuer.metadata.generation ?? 0,
      requestNamespace,
      requestName: name,
      requestHash: hashRequest(request),
      requester: (request.spec.username ?? "").slice(0, maxRequesterLength),
      publicKeySha256: granted.parsed.publicKey.sha256,
      certificate: leaf.pem,
    },
  };
}

/** Creates the record, or returns the one that is there: a lost answer and a second replica look the same. */
async function store(client: KubeClient, record: IssuedCertificate, signal: AbortSignal): Promise<IssuedCertificate> {
  const { name, namespace = "" } = record.metadata;
  try {
    return await client.create<IssuedCertificate>(issuedCertificateResource, record, { signal });
  } catch (error) {
    if (!isAlreadyExists(error) && !isOutcomeUnknown(error)) throw error;
    const stored = await client.getOrUndefined<IssuedCertificate>(
      issuedCertificateResource,
      { namespace, name },
      { signal },
    );
    if (stored === undefined) throw error;
    return stored;
  }
}

/** Why an existing record may not be handed out; undefined when it may. */
export function refusalOf(
  stored: IssuedCertificate,
  asked: IssuedCertificate,
  authority: CertificateAuthority,
  now: Date,
): string | undefined {
  const record = `ledger record ${stored.metadata.name}`;
  if (stored.spec.requestHash !== asked.spec.requestHash) return `${record} was made for another request`;
  if (Date.parse(stored.spec.notAfter) <= now.getTime())
    return `${record} holds a certificate that has expired; ask anew`;
  if (stored.status?.revoked !== undefined) return `${record} holds a certificate that was revoked; ask anew`;
  const phase = authority.status?.generations?.find(({ number }) => number === stored.spec.generation)?.phase;
  if (stored.spec.authority !== authority.metadata.name || (phase !== "Active" && phase !== "Draining")) {
    return `${record} holds a certificate of generation ${stored.spec.generation}, which is no longer trusted; ask anew`;
  }
  return undefined;
}
