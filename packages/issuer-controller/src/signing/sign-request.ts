import {
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
import { isAlreadyExists, isOutcomeUnknown, type KubeClient, type KubeObject, type Logger } from "@capstan/kube";
import { decide, type GrantedLeaf, type PolicyViolation } from "@capstan/policy";
import { type CertificateRequest, issuerKindOf } from "../requests/certificate-request.ts";
import type { Issuer } from "../requests/decide-request.ts";
import { issuerResourceOf } from "../issuers/issuer-kinds.ts";
import { NotYet } from "../requests/not-yet.ts";
import type { KeyRing, SigningKey } from "./key-ring.ts";
import { checkLedgerSize, type LedgerViolation, recordOf, refusalOf } from "./ledger-record.ts";
import type { MarkKeeper } from "./mark-keeper.ts";

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

export type RequestViolation = PolicyViolation | LedgerViolation;

export type SigningAnswer =
  | {
      readonly ok: true;
      readonly certificate: string;
      readonly ca: string;
      readonly serial: string;
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly violations: readonly RequestViolation[] }
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
  const audit = {
    audit: true,
    serial: prepared.serial,
    subject: formatName(granted.leaf.subject),
    uid,
    authority: authority.metadata.name,
    generation: signingKey.generation,
  };
  log.info(audit, "signing a leaf");
  const leaf = await issueLeaf({ ticket: prepared.ticket, signer: signingKey.key });
  await assertUnchanged(client, question, signingKey, signal);
  const record = recordOf({
    request,
    issuer: question.issuer,
    authority: authority.metadata.name,
    generation: signingKey.generation,
    granted: granted.leaf,
    publicKey: granted.parsed.publicKey,
    leaf,
    namespace,
  });
  const stored = await store(client, record, signal);
  const refusal = refusalOf(stored, record, authority, now());
  if (refusal !== undefined) return { ok: false, refusal };
  log.info({ ...audit, serial: stored.spec.serial }, "recorded a leaf");
  const notes = [
    ...granted.leaf.notes,
    ...(validity.clampedTo === "root" ? ["The leaf ends with its root, earlier than asked for"] : []),
  ];
  // An earlier try may have been recorded by the generation before.
  const root = await keys.root(authority, stored.spec.generation, signal);
  return { ok: true, certificate: stored.spec.certificate, ca: root.pem, serial: stored.spec.serial, notes };
}

type Granted = { readonly ok: true; readonly leaf: GrantedLeaf; readonly parsed: CertificationRequest };

function grant({
  request,
  issuer,
  authority,
  namespaceLabels,
}: SigningQuestion): Granted | { readonly ok: false; readonly violations: readonly RequestViolation[] } {
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
  const violations: readonly RequestViolation[] = [
    ...(duration.violation === undefined ? [] : [duration.violation]),
    ...(decision.ok ? checkLedgerSize(decision.value) : decision.violations),
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
