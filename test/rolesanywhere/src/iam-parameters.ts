import { ServiceError } from "./errors.ts";
import { type Form, readMembers } from "./iam-query.ts";
import { PolicyError } from "./policy-document.ts";
import type { Role } from "./roles.ts";
import { parseTrustPolicy } from "./trust-policy.ts";

const MAX_TAGS = 50;
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; white space does not count. */
const MAX_TRUST_POLICY = 2048;
export const MAX_INLINE_POLICIES = 10_240;

export function roleName(form: Form): string {
  const name = form.get("RoleName") ?? "";
  if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64 and satisfy regular expression pattern: [\\w+=,.@-]+`,
    );
  }
  return name;
}

export function policyName(form: Form): string {
  const name = form.get("PolicyName") ?? "";
  if (!/^[\w+=,.@-]{1,128}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+`,
    );
  }
  return name;
}

export function readTrustPolicy(document: string): Pick<Role, "trustPolicy" | "trustPolicyJson"> {
  if (sizeOf(document) > MAX_TRUST_POLICY) {
    throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${MAX_TRUST_POLICY}`);
  }
  const trustPolicy = readPolicyJson(document, (policy) => parseTrustPolicy(policy, "AssumeRolePolicyDocument"));
  return { trustPolicy, trustPolicyJson: document };
}

export function readPolicyJson<T>(document: string, read: (policy: unknown) => T): T {
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    throw new ServiceError("MalformedPolicyDocument", 400, "This policy contains invalid Json");
  }
  try {
    return read(policy);
  } catch (error) {
    if (error instanceof PolicyError) throw new ServiceError("MalformedPolicyDocument", 400, error.message);
    throw error;
  }
}

/** The tags of a role with those given. */
export function readTags(form: Form, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const given = readMembers(form, "Tags").map(({ Key = "", Value = "" }) => [Key, Value] as const);
  const pattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
  const odd = given.find(
    ([key, value]) => key === "" || key.length > 128 || value.length > 256 || !pattern.test(key + value),
  );
  if (odd !== undefined) throw invalid(`Tag '${odd[0]}' has a key or value that is not allowed.`, "InvalidInput");
  // Keys are told apart without regard to case.
  const kept = [...before].filter(([key]) => !given.some(([other]) => other.toLowerCase() === key.toLowerCase()));
  const tags = new Map([...kept, ...given]);
  if (tags.size > MAX_TAGS) throw limitExceeded(`Cannot exceed quota for TagsPerRole: ${MAX_TAGS}`);
  return tags;
}

export function sizeOf(policy: string): number {
  return policy.replace(/\s/g, "").length;
}

export function limitExceeded(message: string): ServiceError {
  return new ServiceError("LimitExceeded", 409, message);
}

export function invalid(message: string, code = "ValidationError"): ServiceError {
  return new ServiceError(code, 400, message);
}
