import type { CertificationRequest } from "../csr/certification-request.ts";
import type { Root } from "../root/root.ts";
import type { Violation } from "../violation.ts";
import { checkCa } from "./check-ca.ts";
import { checkSubject } from "./check-name.ts";
import { checkSubjectAlternativeNames } from "./check-san.ts";
import { checkUsages } from "./check-usages.ts";
import { PROFILES, type Profile, type ProfileName } from "./profiles.ts";
import type { Usage } from "./usages.ts";

export interface ProfileQuestion {
  /** Default: RolesAnywhere, the stricter one. */
  readonly profile?: ProfileName;
  readonly request: CertificationRequest;
  /** `spec.usages` of the CertificateRequest; absent or empty means cert-manager's default. */
  readonly usages?: readonly string[];
  /** `spec.isCA` of the CertificateRequest. */
  readonly isCa?: boolean;
  /** The usages that CertificateAuthority and issuer allow; the profile's default when absent. */
  readonly allowedUsages?: readonly Usage[];
  /** Whether the issuer makes CA certificates at all. Default: no. RolesAnywhere has none whatever it says. */
  readonly allowCa?: boolean;
  /** The root that would sign: no CA certificate may reach deeper than it allows, and no leaf may have its name. */
  readonly root?: Pick<Root, "subject" | "pathLength">;
  /**
   * Whether a public key, named by the SHA-256 of its SubjectPublicKeyInfo (lower-case hex), is blocked: revoked as
   * compromised, or on a list such as that of Debian's broken generator of 2008 (CVE-2008-0166), which is too large to be
   * shipped here. Default: none is.
   */
  readonly isBlockedKey?: (sha256OfSpki: string) => boolean;
}

/**
 * Holds a checked request to a profile: what its leaf may hold, whoever asks. Pure. Returns every violation, each with
 * code, field, rule and, where known, cure; an empty list means that the request fits.
 *
 * @example
 * const violations = checkAgainstProfile({ profile: "General", request, usages: ["client auth", "digital signature"] });
 * if (violations.length > 0) console.error(formatViolations(violations));
 */
export function checkAgainstProfile(question: ProfileQuestion): readonly Violation[] {
  const { request, root } = question;
  const profile = PROFILES[question.profile ?? "RolesAnywhere"];
  return [
    ...checkSubject(profile.subject, request, root?.subject),
    ...checkSubjectAlternativeNames(profile, request.subjectAlternativeNames),
    ...checkKey(profile, question),
    ...checkCa(profile, question),
    ...checkUsages(profile, question),
  ];
}

function checkKey(profile: Profile, { request: { publicKey }, isBlockedKey }: ProfileQuestion): Violation[] {
  const field = "spec.request: public key";
  const violations: Violation[] = [];
  if (!profile.keyAlgorithms.includes(publicKey.algorithm)) {
    const rule = `keys of type ${publicKey.algorithm} are not accepted by IAM Roles Anywhere`;
    const cure = `use one of ${profile.keyAlgorithms.join(", ")} (privateKey.algorithm and privateKey.size of a Certificate)`;
    violations.push({ code: "ERR_KEY_ALGORITHM", field, rule, cure });
  }
  if (isBlockedKey?.(publicKey.sha256) === true) {
    const rule = `the key with SHA-256 ${publicKey.sha256} is blocked`;
    violations.push({ code: "ERR_KEY_BLOCKED", field, rule, cure: "make a new key: rotationPolicy Always" });
  }
  return violations;
}
