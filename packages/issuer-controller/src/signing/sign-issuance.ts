import {
  type CertificateAuthority,
  certificateAuthorityResource,
  type IssuedCertificate,
  parseDuration,
} from "@capstan/api";
import {
  CaError,
  chooseValidity,
  formatName,
  issueLeaf,
  type Leaf,
  prepareLeaf,
  type PreparedLeaf,
  type RandomBytes,
  type Validity,
} from "@capstan/ca-core";
import {
  type AuditLog,
  AuditLogError,
  formatTime,
  isInvalid,
  KubeApiError,
  type KubeObject,
  type Logger,
} from "@capstan/kube";
import { type CelEvaluator, limitOf, type QuotaBook, webhookFaults } from "@capstan/policy";
import { issuerResourceOf } from "../issuers/issuer-kinds.ts";
import { IssuerBroken, NotYet } from "../requests/not-yet.ts";
import { assertNotFrozen } from "./assert-not-frozen.ts";
import type { BlockedKeys } from "./blocked-keys.ts";
import { type Grant, grant, type SigningQuestion } from "./grant.ts";
import { hashIssuance, type Issuance } from "./issuance.ts";
import type { KeyRing, SigningKey } from "./key-ring.ts";
import type { Ledger } from "./ledger.ts";
import { recordOf, refusalOf } from "./ledger-record.ts";
import type { MarkKeeper } from "./mark-keeper.ts";
import { quotaLabelOf } from "./quota-records.ts";
import type { AskedLeaf } from "./released-before.ts";
import type { RequestViolation } from "./request-violation.ts";
import type { SharedReads } from "./shared-reads.ts";

export interface SignerOptions {
  /** Where the ledger is. */
  readonly namespace: string;
  readonly ledger: Ledger;
  readonly reads: SharedReads;
  readonly keys: KeyRing;
  readonly marks: MarkKeeper;
  readonly blockedKeys: Pick<BlockedKeys, "isBlocked">;
  readonly audit: AuditLog;
  readonly quotas: QuotaBook;
  readonly cel: CelEvaluator;
  readonly now: () => Date;
  readonly random: RandomBytes;
  readonly log: Logger;
}

export type SigningAnswer =
  | {
      readonly ok: true;
      readonly certificate: string;
      readonly ca: string;
      readonly serial: string;
      readonly notes: readonly string[];
    }
  /** It can never be signed as it is. */
  | { readonly ok: false; readonly violations: readonly RequestViolation[]; readonly asked?: AskedLeaf }
  /** A record of this request exists that may not be handed out, or there can be none. */
  | { readonly ok: false; readonly refusal: string };

/**
 * From an approved request to a leaf that is in the ledger.
 *
 * A record that the request may have already is all that it gets. Else: strict parse and policy, then the mark, the audit
 * line, the signature and its second reading, a live read of what was decided on, and the ledger record, whose create is
 * atomic: of two answers to one request only the recorded one is ever handed out.
 *
 * @throws {NotYet} for what may heal
 * @throws {IssuerBroken} when the issuer has turned out unable to sign
 */
export async function signIssuance(
  options: SignerOptions,
  question: SigningQuestion,
  signal: AbortSignal,
): Promise<SigningAnswer> {
  const { authority, issuance } = question;
  const { ledger, keys, marks, now } = options;
  assertNotFrozen(authority);
  const recorded = await ledger.find(issuance.uid, signal);
  if (recorded !== undefined) return release(options, question, { stored: recorded, notes: [] }, signal);
  if (ledger.refusal !== undefined) throw new NotYet(ledger.refusal, { isPatient: true });

  assertWebhooks(question);
  const signingKey = await keys.activeKey(authority, now(), signal);
  const isBlockedKey = (sha256: string): boolean =>
    options.blockedKeys.isBlocked(sha256, question.issuance.attested.namespace);
  const granted = await grant(question, signingKey.root, options.cel, isBlockedKey);
  if (!granted.ok) return granted;
  const { leaf: allowed } = granted.value;
  const validity = validityOf(allowed.durationMs, question, signingKey, now());
  const prepared = plan(options, question, signingKey, granted.value, validity);
  if (!prepared.ok) return prepared;
  const quota = await takeFromQuota(options, question, signal);
  await marks.raise({
    authority: authority.metadata.name,
    generation: signingKey.generation,
    notAfter: validity.notAfter,
    rootNotAfter: signingKey.root.notAfter,
    maxLeafMs: parseDuration(authority.spec.maxLeafDuration),
    profile: allowed.profile,
  });
  const signed = await sign(options, question, signingKey, granted.value, prepared.value);
  if (!signed.ok) return signed;
  await assertUnchanged(options.reads, question, signingKey);
  // Whoever blocks a key reads the ledger after this look: what is recorded later was not blocked.
  if (isBlockedKey(granted.value.parsed.publicKey.sha256)) throw new NotYet("the public key was revoked meanwhile");
  const record = recordOf({
    issuance,
    issuer: question.issuer,
    authority: authority.metadata.name,
    generation: signingKey.generation,
    granted: allowed,
    publicKey: granted.value.parsed.publicKey,
    leaf: signed.value,
    quota: quota?.label,
    namespace: options.namespace,
  });
  const stored = await ledger.create(record, signal).catch((error: unknown) => {
    // It would be refused again, and each try would sign another leaf that nobody gets.
    if (isInvalid(error)) return error;
    throw error;
  });
  quota?.settle();
  if (stored instanceof KubeApiError) return refuseUnrecorded(options, issuance, stored);
  const notes = [
    ...allowed.notes,
    ...(validity.clampedTo === "root" ? ["The leaf ends with its root, earlier than asked for"] : []),
  ];
  return release(options, question, { stored, notes }, signal);
}

function refuseUnrecorded({ log }: SignerOptions, { uid }: Issuance, error: KubeApiError): SigningAnswer {
  log.error({ uid, err: error }, "the API server refuses a ledger record");
  return {
    ok: false,
    refusal: `the API server refuses the ledger record of this request, so its certificate is handed to nobody: ${error.message}`,
  };
}

/** Without cert-manager's webhooks nobody knows who made a CertificateRequest: until they are back, nobody is refused either. */
function assertWebhooks({ issuance, webhooks }: SigningQuestion): void {
  const faults = issuance.requestKind === "CertificateRequest" ? webhookFaults(webhooks) : [];
  if (faults.length > 0) throw new NotYet(faults.join("; "), { isPatient: true });
}

/** Takes a certificate out of the issuer's quota, if it has one. `label` is for its record, `settle` says that it was issued. */
async function takeFromQuota(
  { quotas, now }: SignerOptions,
  { issuance, issuer }: SigningQuestion,
  signal: AbortSignal,
): Promise<{ readonly label: string; readonly settle: () => void } | undefined> {
  const limit = limitOf(issuer.spec);
  if (limit === undefined) return undefined;
  const owner = { issuer: issuer.metadata.uid ?? "", namespace: issuance.attested.namespace ?? "", limit };
  const taker = { ...owner, request: issuance.uid };
  const waitMs = await quotas.take(taker, signal);
  if (waitMs === 0) return { label: quotaLabelOf(owner, now().getTime()), settle: () => quotas.settle(taker) };
  const { certificates, per } = issuer.spec.quota?.perNamespace ?? {};
  throw new NotYet(
    `the quota of ${issuance.issuer.kind} ${issuance.issuer.name}, ${certificates ?? 0} certificates in ${per ?? ""} for each namespace, is used up`,
    { isPatient: true, retryAfterMs: waitMs },
  );
}

/** Hands out what the ledger holds, if it may be. */
async function release(
  { keys, now, log }: SignerOptions,
  { issuance, authority }: SigningQuestion,
  { stored, notes }: { readonly stored: IssuedCertificate; readonly notes: readonly string[] },
  signal: AbortSignal,
): Promise<SigningAnswer> {
  const refusal = refusalOf(stored, hashIssuance(issuance), authority, now());
  if (refusal !== undefined) return { ok: false, refusal };
  const { serial, certificate, generation } = stored.spec;
  log.info({ uid: issuance.uid, serial, authority: authority.metadata.name, generation }, "recorded a leaf");
  // An earlier try may have been recorded by the generation before.
  const root = await keys.root(authority, generation, signal);
  return { ok: true, certificate, ca: root.pem, serial, notes };
}

type Made<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violations: readonly RequestViolation[] };

function plan(
  { random }: SignerOptions,
  { authority }: SigningQuestion,
  { root }: SigningKey,
  { leaf, parsed }: Grant,
  { notBefore, notAfter }: Pick<PreparedLeaf, "notBefore" | "notAfter">,
): Made<PreparedLeaf> {
  const { durationMs: _asked, notes: _notes, ...granted } = leaf;
  try {
    const value = prepareLeaf({
      ...granted,
      root,
      publicKeySpki: parsed.publicKey.spki,
      notBefore,
      notAfter,
      maxLifetimeMs: parseDuration(authority.spec.maxLeafDuration),
      random,
    });
    return { ok: true, value };
  } catch (error) {
    const violation = leafViolation(error);
    if (violation === undefined) throw error;
    return { ok: false, violations: [violation] };
  }
}

/**
 * A leaf that cannot be made as it was asked for and granted: asking again gives the same. After the signature too, since
 * what one request brings about must stop neither the issuer nor be signed again and again.
 */
function leafViolation(error: unknown): RequestViolation | undefined {
  if (!(error instanceof CaError)) return undefined;
  const { code, message } = error;
  if (code !== "ERR_LEAF_LINT" && code !== "ERR_LEAF_INPUT" && code !== "ERR_LEAF_READ_BACK") return undefined;
  return { code, field: "spec.request", rule: message };
}

async function sign(
  { audit }: SignerOptions,
  { issuance, authority }: SigningQuestion,
  { generation, key }: SigningKey,
  { leaf: { subject } }: Grant,
  { ticket, serial, notAfter }: PreparedLeaf,
): Promise<Made<Leaf>> {
  const { uid, attested, name, requester } = issuance;
  const intent = {
    purpose: "Leaf",
    authority: authority.metadata.name,
    generation,
    serial,
    subject: formatName(subject),
    notAfter: formatTime(notAfter.getTime()),
    record: uid,
    request: issuance.requestKind === "CertificateRequest" ? `${attested.namespace ?? ""}/${name}` : name,
    requester: requester.username,
  } as const;
  const place = `CertificateAuthority ${authority.metadata.name}, generation ${generation}`;
  try {
    const value = await audit.sign(
      intent,
      () => issueLeaf({ ticket, signer: key }),
      ({ der }) => der,
    );
    return { ok: true, value };
  } catch (error) {
    const violation = leafViolation(error);
    if (violation !== undefined) return { ok: false, violations: [violation] };
    if (error instanceof AuditLogError) throw new IssuerBroken(error.message, { cause: error });
    if (!(error instanceof CaError)) throw error;
    throw new IssuerBroken(`${place}: ${error.message}`, { cause: error });
  }
}

function validityOf(
  requestedMs: number,
  { authority, issuer }: SigningQuestion,
  { root, generation }: SigningKey,
  now: Date,
): Extract<Validity, { readonly ok: true }> {
  const maxMs = parseDuration(authority.spec.maxLeafDuration);
  const validity = chooseValidity({ now, requestedMs, maxMs, overMaximum: issuer.spec.overMaximum, root });
  if (validity.ok) return validity;
  // The policy has already held the duration to its bounds: what is left has to do with the root, and heals.
  throw new NotYet(`CertificateAuthority ${authority.metadata.name}, generation ${generation}: ${validity.reason}`);
}

/**
 * Reads issuer and authority live: what was decided on must still stand when the leaf is released.
 *
 * It is also what lets the publisher put a root into a trust anchor. A leaf of profile General is released only when the
 * authority that was read here has no anchors. Its mark was raised before this read (`MarkedLeaf.profile`), so before the
 * anchors came, and the publisher reads the mark after it has seen the anchors: it sees the end of every such leaf that is
 * ever released, and what raises the mark later is never released (`crl-publisher`, `rotation/general-leaves.ts`).
 */
async function assertUnchanged(
  reads: SharedReads,
  { issuance, issuer, authority }: SigningQuestion,
  { generation }: SigningKey,
): Promise<void> {
  const { kind, name, namespace } = issuance.issuer;
  const authorityName = authority.metadata.name;
  const [liveIssuer, liveAuthority] = await Promise.all([
    reads.read(issuerResourceOf(kind), { name, namespace }),
    reads.read<CertificateAuthority>(certificateAuthorityResource, { name: authorityName }),
  ]);
  if (!isSame(liveIssuer, issuer)) throw new NotYet(`${kind} ${name} changed meanwhile`);
  if (!isSame(liveAuthority, authority)) throw new NotYet(`CertificateAuthority ${authorityName} changed meanwhile`);
  if (liveAuthority !== undefined) assertNotFrozen(liveAuthority);
  if (liveAuthority?.status?.activeGeneration !== generation)
    throw new NotYet(`CertificateAuthority ${authorityName} has another active generation meanwhile`);
}

function isSame(live: KubeObject | undefined, decidedOn: Pick<KubeObject, "metadata">): boolean {
  return (
    live !== undefined &&
    live.metadata.deletionTimestamp === undefined &&
    live.metadata.uid === decidedOn.metadata.uid &&
    live.metadata.generation === decidedOn.metadata.generation
  );
}
