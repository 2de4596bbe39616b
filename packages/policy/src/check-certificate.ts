import { DurationError, parseDuration } from "@capstan/api";
import type { CertificationRequest } from "@capstan/ca-core";
import { defaultProxies } from "./attest-requester.ts";
import type { CelEvaluator } from "./cel/cel-evaluator.ts";
import { namesOfCertificate, type CertificateNames, type CertificateSpec } from "./certificate-names.ts";
import type { PolicyDecision } from "./decide.ts";
import { decideFully, type RequestQuestion } from "./decide-fully.ts";
import { emptyRequest } from "./empty-request.ts";
import type { PolicyViolation } from "./policy-violation.ts";

export interface CertificateQuestion extends Pick<
  RequestQuestion,
  "issuer" | "authority" | "root" | "isBlockedKey" | "namespaceLabels" | "webhooks"
> {
  /** A cert-manager Certificate, as far as it counts here. */
  readonly certificate: { readonly metadata: { readonly namespace: string }; readonly spec: CertificateSpec };
}

/** cert-manager asks for this when a Certificate names no duration. */
const defaultDurationMs = 7_776_000_000;

/**
 * Would this Certificate pass? A dry run of what cert-manager would ask for in its name and what the issuer would say, with
 * violations in the Certificate's own fields. Says nothing of quotas, approval, and whether the authority is ready.
 *
 * @example
 * const decision = await checkCertificate({ certificate, issuer, authority, namespaceLabels, webhooks }, evaluator);
 * console.log(decision.ok ? "it would be issued" : formatViolations(decision.violations));
 */
export async function checkCertificate(
  { certificate, ...rest }: CertificateQuestion,
  evaluator: CelEvaluator,
): Promise<PolicyDecision> {
  const { metadata, spec } = certificate;
  const names = namesOfCertificate(spec);
  const duration = readDuration(spec.duration);
  const key = readKey(spec.privateKey);
  if (names === undefined) {
    const rule = "it is no distinguished name (RFC 4514)";
    return { ok: false, violations: [{ code: "ERR_NAME_STRING", field: "spec.literalSubject", rule }] };
  }
  const own = [
    ...("violation" in duration ? [duration.violation] : []),
    ...("violation" in key ? [key.violation] : []),
    ...(spec.nameConstraints === undefined ? [] : [nameConstraints]),
  ];
  const decision = await decideFully(
    {
      ...rest,
      request: {
        ...emptyRequest,
        ...names,
        ...("algorithm" in key ? { publicKey: { ...emptyRequest.publicKey, algorithm: key.algorithm } } : {}),
        requested: spec.isCA === true ? { ca: true } : {},
      },
      asked: {
        usages: spec.usages ?? [],
        isCa: spec.isCA === true,
        durationMs: "durationMs" in duration ? duration.durationMs : undefined,
      },
      maker: certManager,
      place: { kind: "CertificateRequest", namespace: metadata.namespace, annotations: madeForCertificate },
    },
    evaluator,
  );
  const [first, ...others] = [
    ...own,
    ...(decision.ok ? [] : decision.violations.map((one) => inCertificate(one, names))),
  ];
  if (first === undefined) return decision;
  return {
    ok: false,
    violations: [first, ...others.filter((one, index) => !isTwin(one, [first, ...others.slice(0, index)]))],
  };
}

const [certManagerName = ""] = defaultProxies;
const certManager = {
  username: certManagerName,
  groups: ["system:serviceaccounts", "system:serviceaccounts:cert-manager"],
};
const madeForCertificate = { "cert-manager.io/certificate-name": "" };

const nameConstraints: PolicyViolation = {
  code: "ERR_CSR_EXTENSION_UNKNOWN",
  field: "spec.nameConstraints",
  rule: "this extension cannot be requested",
  cure: "leave it out",
};

function readDuration(
  text: string | undefined,
): { readonly durationMs: number } | { readonly violation: PolicyViolation } {
  if (text === undefined) return { durationMs: defaultDurationMs };
  try {
    return { durationMs: parseDuration(text) };
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return { violation: { code: "ERR_POLICY_DURATION", field: "spec.duration", rule: error.message } };
  }
}

/** cert-manager's algorithms and sizes, the first of each its default. */
const keys: Readonly<Record<string, { readonly [size: number]: CertificationRequest["publicKey"]["algorithm"] }>> = {
  RSA: { 2048: "RSA-2048", 3072: "RSA-3072", 4096: "RSA-4096" },
  ECDSA: { 256: "ECDSA-P256", 384: "ECDSA-P384" },
  Ed25519: { 0: "Ed25519" },
};
const defaultSizes: Readonly<Record<string, number>> = { RSA: 2048, ECDSA: 256 };

function readKey({
  algorithm = "RSA",
  size = defaultSizes[algorithm] ?? 0,
}: NonNullable<CertificateSpec["privateKey"]> = {}):
  | { readonly algorithm: CertificationRequest["publicKey"]["algorithm"] }
  | { readonly violation: PolicyViolation } {
  const sizes = (Object.hasOwn(keys, algorithm) ? keys[algorithm] : undefined) ?? {};
  // cert-manager has no sizes of Ed25519, and ignores one.
  const found = sizes[algorithm === "Ed25519" ? 0 : size];
  if (found !== undefined) return { algorithm: found };
  const all = Object.values(keys).flatMap((one) => Object.values(one));
  return {
    violation: {
      code: "ERR_KEY_ALGORITHM",
      field: "spec.privateKey",
      rule: `keys of type ${algorithm} with size ${size} are not accepted`,
      cure: `use one of ${all.join(", ")}`,
    },
  };
}

/** Places in the request, and the fields of a Certificate that they come from. */
const fields: Readonly<Record<string, string>> = {
  "spec.request: subject": "spec.commonName",
  "spec.request: subjectAltName": "spec",
  "spec.request: public key": "spec.privateKey",
  "spec.request: basicConstraints": "spec.isCA",
};

function inCertificate(violation: PolicyViolation, names: CertificateNames): PolicyViolation {
  const { field } = violation;
  const [, index] = /^spec\.request: subjectAltName\[(\d+)\]$/.exec(field) ?? [];
  const [, type] = /^spec\.request: subject\.(.+)$/.exec(field) ?? [];
  const own =
    (index === undefined ? undefined : names.alternativeNameFields[Number(index)]) ??
    (type === undefined
      ? undefined
      : (names.subjectFields.get(type) ?? (type === "CN" ? "spec.commonName" : "spec.subject")));
  return { ...violation, field: own ?? fields[field] ?? field };
}

/** isCA stands in the Certificate once, and in its request twice. */
function isTwin(violation: PolicyViolation, earlier: readonly PolicyViolation[]): boolean {
  return earlier.some(
    ({ code, field, rule }) => code === violation.code && field === violation.field && rule === violation.rule,
  );
}
