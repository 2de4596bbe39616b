import { formatDuration, parseDuration } from "@capstan/api";
import { checkCertificationRequest, formatName, type NameAttribute } from "@capstan/ca-core";
import {
  checkCertificate,
  type CelEvaluator,
  decideFully,
  type GrantedLeaf,
  type PolicyDecision,
  type PolicyViolation,
  type RequestMaker,
  validateIssuerFully,
} from "@capstan/policy";
import type { Asked } from "./asked.ts";
import { lintGranted, standInKey } from "./lint-granted.ts";
import { sessionAttributes } from "./session-attributes.ts";
import type { Surroundings } from "./surroundings.ts";

/** What came of one thing that asks for a leaf. Printed as it is by `-o json` and `-o yaml`. */
export interface CheckReport {
  readonly asked: string;
  readonly namespace?: string;
  readonly issuer: string;
  readonly authority: string;
  readonly verdict: "Accepted" | "Refused";
  readonly violations: readonly PolicyViolation[];
  /** What would be issued. */
  readonly leaf?: {
    readonly subject: string;
    readonly alternativeNames: readonly string[];
    readonly duration: string;
    readonly usages: readonly string[];
    readonly isCA: boolean;
    readonly notes: readonly string[];
  };
  /** What AWS would make of the leaf; absent where no trust anchor holds its root. */
  readonly aws?: {
    readonly sourceIdentity?: string;
    /** `aws:PrincipalTag/…` */
    readonly sessionTags: Readonly<Record<string, string>>;
  };
  /** What was taken for granted, since it was not given or may not be read. */
  readonly assumed: readonly string[];
}

export interface CheckOptions {
  readonly evaluator: CelEvaluator;
  readonly now: Date;
  /** Who is taken for the maker of a request that does not name one. */
  readonly requester: () => Promise<RequestMaker>;
}

/**
 * Would it be issued, and would AWS take the leaf? Every rule of the issuer, its authority and the profile, then the lint of
 * the whole certificate, then what AWS would map into session tags.
 */
export async function checkAsked(
  asked: Asked,
  surroundings: Surroundings,
  options: CheckOptions,
): Promise<CheckReport> {
  const { issuer, authority, root } = surroundings;
  const { namespace } = asked;
  const decided = await decideAsked(asked, surroundings, options);
  const violations = [...(await issuerViolations(surroundings, options.evaluator)), ...decided.violations];
  const granted = decided.granted;
  const publicKeySpki = decided.publicKeySpki ?? (await standInKey(decided.keyAlgorithm));
  const linted =
    granted === undefined
      ? []
      : lintGranted(granted, {
          publicKeySpki,
          root,
          now: options.now,
          maxLifetimeMs: parseDuration(authority.spec.maxLeafDuration),
        });
  const all = [...violations, ...linted];
  return {
    asked: asked.label,
    ...(namespace === undefined ? {} : { namespace }),
    issuer: `${issuer.kind}/${asked.issuer.name}`,
    authority: authority.name,
    verdict: all.length === 0 ? "Accepted" : "Refused",
    violations: all,
    ...(granted === undefined ? {} : { leaf: describeLeaf(granted) }),
    ...(granted === undefined || !isForAws(surroundings) ? {} : { aws: describeSession(granted, surroundings) }),
    assumed: surroundings.assumed,
  };
}

interface Decided {
  readonly violations: readonly PolicyViolation[];
  readonly granted?: GrantedLeaf;
  readonly publicKeySpki?: Uint8Array;
  readonly keyAlgorithm: string;
}

async function decideAsked(asked: Asked, surroundings: Surroundings, options: CheckOptions): Promise<Decided> {
  const { issuer, authority, root, labels, webhooks, isBlockedKey } = surroundings;
  const { evaluator } = options;
  const question = { issuer, authority: authority.spec, root, namespaceLabels: () => labels, webhooks, isBlockedKey };
  if (asked.via === "Certificate") {
    const certificate = { metadata: { namespace: asked.namespace }, spec: asked.spec };
    const { algorithm = "RSA", size = 2048 } = asked.spec.privateKey ?? {};
    const keyAlgorithm =
      algorithm === "ECDSA"
        ? size === 384
          ? "ECDSA-P384"
          : "ECDSA-P256"
        : algorithm === "RSA"
          ? `RSA-${size}`
          : algorithm;
    return { ...outcome(await checkCertificate({ ...question, certificate }, evaluator)), keyAlgorithm };
  }
  const request = checkCertificationRequest(asked.csr);
  if (!request.ok) return { violations: [...request.violations, ...asked.faults], keyAlgorithm: "" };
  const { namespace = "" } = asked;
  const decision = await decideFully(
    {
      ...question,
      request: request.value,
      asked: { durationMs: asked.durationMs, usages: asked.usages, isCa: asked.isCa },
      maker: asked.maker ?? (await options.requester()),
      place:
        asked.via === "CertificateRequest"
          ? { kind: asked.via, namespace, annotations: asked.annotations }
          : { kind: asked.via, issuerNamespace: asked.issuer.namespace },
    },
    evaluator,
  );
  const { violations, ...granted } = outcome(decision);
  const { algorithm, spki } = request.value.publicKey;
  return {
    ...(asked.faults.length > 0 ? {} : granted),
    violations: [...asked.faults, ...violations],
    publicKeySpki: spki,
    keyAlgorithm: algorithm,
  };
}

function outcome(decision: PolicyDecision): Pick<Decided, "violations" | "granted"> {
  return decision.ok ? { violations: [], granted: decision.value } : { violations: decision.violations };
}

/** What keeps the issuer from issuing anything. */
async function issuerViolations(
  { issuer, authority, webhooks }: Surroundings,
  evaluator: CelEvaluator,
): Promise<readonly PolicyViolation[]> {
  const faults = await validateIssuerFully({ issuer, authority: authority.spec, webhooks }, evaluator);
  const own = faults.map((fault) => ({ ...fault, field: `${issuer.kind}: ${fault.field}` }));
  const { ready } = issuer;
  if (ready === undefined || ready.status === "True" || own.length > 0) return own;
  const rule = `it is not Ready: ${ready.reason}: ${ready.message ?? ""}`;
  return [{ code: "ERR_POLICY_SETTING", field: issuer.kind, rule, cure: "kubectl capstan doctor finds out why" }];
}

function describeLeaf(granted: GrantedLeaf): NonNullable<CheckReport["leaf"]> {
  return {
    subject: formatName(granted.subject),
    alternativeNames: granted.subjectAlternativeNames.map(({ kind, value }) => `${kind}:${value}`),
    duration: formatDuration(granted.durationMs),
    usages: granted.usages,
    isCA: granted.isCa,
    notes: granted.notes,
  };
}

/** Without trust anchors nothing of it reaches AWS. */
function isForAws({ authority, issuer }: Surroundings): boolean {
  return issuer.spec.profile === "RolesAnywhere" && (authority.spec.trustAnchors ?? []).length > 0;
}

function describeSession(granted: GrantedLeaf, { authority, root }: Surroundings): NonNullable<CheckReport["aws"]> {
  const { sourceIdentity, tags } = sessionAttributes({
    subject: granted.subject,
    issuer: root?.subject ?? issuerOf(authority.spec.subject),
    alternativeNames: granted.subjectAlternativeNames,
  });
  return { ...(sourceIdentity === undefined ? {} : { sourceIdentity }), sessionTags: Object.fromEntries(tags) };
}

/** Every root has this name, and a serialNumber of its own, which no trust policy should look at. */
function issuerOf({
  commonName,
  organization,
  organizationalUnit,
}: Surroundings["authority"]["spec"]["subject"]): readonly Pick<NameAttribute, "type" | "value">[] {
  return [
    { type: "CN", value: commonName },
    ...(organization === undefined ? [] : [{ type: "O", value: organization }]),
    ...(organizationalUnit === undefined ? [] : [{ type: "OU", value: organizationalUnit }]),
  ];
}
