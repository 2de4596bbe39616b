import type { CertificationRequest } from "../csr/certification-request.ts";
import { isCaKeyAlgorithm, KEY_ALGORITHM_NAMES } from "../keys/algorithms.ts";
import { quote } from "../lib/quote.ts";
import type { Violation } from "../violation.ts";
import { checkSubject } from "./check-name.ts";
import { checkSubjectAlternativeNames } from "./check-san.ts";
import { DEFAULT_USAGES, extendedKeyUsageOids, isUsage, keyUsageBits, type Usage } from "./usages.ts";

/** Usages that leaves may have unless the CertificateAuthority says otherwise. */
export const ROLES_ANYWHERE_USAGES: readonly Usage[] = [
  "digital signature",
  "key encipherment",
  "client auth",
  "server auth",
];

/** Usages that no setting can allow: each would make a leaf more than an end entity. */
const NEVER: readonly Usage[] = ["cert sign", "crl sign", "any", "ocsp signing"];

export interface ProfileQuestion {
  readonly request: CertificationRequest;
  /** `spec.usages` of the CertificateRequest; absent or empty means cert-manager's default. */
  readonly usages?: readonly string[];
  /** `spec.isCA` of the CertificateRequest. */
  readonly isCa?: boolean;
  /** The usages that CertificateAuthority and issuer allow; the profile's default when absent. */
  readonly allowedUsages?: readonly Usage[];
}

/**
 * What a leaf of profile RolesAnywhere may hold: exactly what AWS IAM Roles Anywhere accepts and maps into session tags
 * (AWS: "Trust model in IAM Roles Anywhere"). Returns every violation; an empty list means that the request fits.
 */
export function checkAgainstProfile(question: ProfileQuestion): readonly Violation[] {
  const { request } = question;
  return [
    ...checkSubject(request),
    ...checkSubjectAlternativeNames(request.subjectAlternativeNames),
    ...checkKey(request),
    ...checkNotCa(question),
    ...checkUsages(question),
  ];
}

/** `spec.usages` as this package knows them, or cert-manager's default. For requests that the profile let pass. */
export function usagesOf(names: readonly string[] | undefined): readonly Usage[] {
  return names === undefined || names.length === 0 ? DEFAULT_USAGES : names.filter(isUsage);
}

function checkKey({ publicKey: { algorithm } }: CertificationRequest): Violation[] {
  if (isCaKeyAlgorithm(algorithm)) return [];
  const rule = `keys of type ${algorithm} are not accepted by IAM Roles Anywhere`;
  const cure = `use one of ${KEY_ALGORITHM_NAMES.join(", ")} (privateKey.algorithm and privateKey.size of a Certificate)`;
  return [{ code: "ERR_KEY_ALGORITHM", field: "spec.request: public key", rule, cure }];
}

function checkNotCa({ request, isCa }: ProfileQuestion): Violation[] {
  const rule = "a CA certificate under a trust anchor could make AWS credentials at will";
  const violations: Violation[] = [];
  if (isCa === true) violations.push({ code: "ERR_CA_NOT_ALLOWED", field: "spec.isCA", rule });
  if (request.requested.ca === true) {
    violations.push({ code: "ERR_CA_NOT_ALLOWED", field: "spec.request: basicConstraints", rule });
  }
  return violations;
}

function checkUsages({ request, usages, allowedUsages = ROLES_ANYWHERE_USAGES }: ProfileQuestion): Violation[] {
  const asked: [field: string, name: string][] = [
    ...(usages ?? []).map((name, index): [string, string] => [`spec.usages[${index}]`, name]),
    ...(request.requested.keyUsages ?? []).map((name): [string, string] => ["spec.request: keyUsage", name]),
    ...(request.requested.extendedKeyUsages ?? []).map((name): [string, string] => [
      "spec.request: extendedKeyUsage",
      name,
    ]),
  ];
  // digitalSignature is in every leaf, so asking for it is always fine.
  const allowed = allowedUsages.filter((name) => !NEVER.includes(name));
  const allowedBits = new Set([0, ...keyUsageBits(allowed)]);
  const allowedOids = new Set(extendedKeyUsageOids(allowed));
  return asked.flatMap(([field, name]): Violation[] => {
    if (!isUsage(name)) {
      return [{ code: "ERR_USAGE_UNKNOWN", field, rule: `${quote(name)} is no usage that cert-manager knows` }];
    }
    const fits = keyUsageBits([name]).every((bit) => allowedBits.has(bit));
    if (fits && extendedKeyUsageOids([name]).every((oid) => allowedOids.has(oid))) return [];
    const rule = `the usage ${quote(name)} is not among the allowed ones: ${allowed.join(", ")}`;
    return [{ code: "ERR_USAGE_NOT_ALLOWED", field, rule }];
  });
}
