import type { DerErrorCode, PemErrorCode } from "./errors.ts";

/** Stable: users, tests and metrics refer to these; a code is never given a second meaning. */
export type ViolationCode =
  | DerErrorCode
  | PemErrorCode
  | "ERR_CSR_VERSION"
  | "ERR_CSR_ATTRIBUTE_DUPLICATE"
  | "ERR_CSR_ATTRIBUTE_VALUES"
  | "ERR_CSR_EXTENSIONS_EMPTY"
  | "ERR_CSR_EXTENSION_DUPLICATE"
  | "ERR_CSR_EXTENSION_UNKNOWN"
  | "ERR_CSR_BASIC_CONSTRAINTS"
  | "ERR_CSR_KEY_USAGE"
  | "ERR_CSR_EXTENDED_KEY_USAGE"
  | "ERR_KEY_ALGORITHM"
  | "ERR_KEY_ENCODING"
  | "ERR_KEY_RSA_SIZE"
  | "ERR_KEY_RSA_EXPONENT"
  | "ERR_KEY_RSA_EVEN"
  | "ERR_KEY_RSA_SMALL_FACTOR"
  | "ERR_KEY_RSA_ROCA"
  | "ERR_KEY_RSA_CLOSE_PRIMES"
  | "ERR_KEY_EC_CURVE"
  | "ERR_KEY_EC_POINT"
  | "ERR_KEY_ED25519"
  | "ERR_KEY_RSA_PRIME"
  | "ERR_KEY_BLOCKED"
  | "ERR_SIGNATURE_ALGORITHM"
  | "ERR_SIGNATURE_KEY_MISMATCH"
  | "ERR_SIGNATURE_ENCODING"
  | "ERR_SIGNATURE_INVALID"
  | "ERR_NAME_EMPTY"
  | "ERR_NAME_COUNT"
  | "ERR_NAME_TYPE"
  | "ERR_NAME_DUPLICATE"
  | "ERR_NAME_MULTI_VALUED"
  | "ERR_NAME_STRING_TYPE"
  | "ERR_NAME_STRING"
  | "ERR_NAME_CHARACTER"
  | "ERR_NAME_LENGTH"
  | "ERR_NAME_COUNTRY"
  | "ERR_NAME_RESERVED"
  | "ERR_NAME_ISSUER"
  | "ERR_SAN_EMPTY"
  | "ERR_SAN_KIND"
  | "ERR_SAN_CHARACTER"
  | "ERR_SAN_DUPLICATE"
  | "ERR_SAN_DNS"
  | "ERR_SAN_URI"
  | "ERR_SAN_EMAIL"
  | "ERR_SAN_IP"
  | "ERR_SAN_OTHER_NAME"
  | "ERR_USAGE_COUNT"
  | "ERR_USAGE_UNKNOWN"
  | "ERR_USAGE_NOT_ALLOWED"
  | "ERR_USAGE_KEY"
  | "ERR_USAGE_INCONSISTENT"
  | "ERR_CA_NOT_ALLOWED"
  | "ERR_CA_PATH_LENGTH"
  | "ERR_CRL_PROFILE"
  | "ERR_CRL_ISSUER"
  | "ERR_CRL_AUTHORITY_KEY"
  | "ERR_CRL_SIGNATURE"
  | "ERR_CRL_NUMBER_NOT_HIGHER"
  | "ERR_CRL_THIS_UPDATE"
  | "ERR_CRL_NEXT_UPDATE"
  | "ERR_CRL_ENTRY_VANISHED"
  | "ERR_CRL_ENTRY_COUNT"
  | "ERR_CRL_ENTRY_TIME"
  | "ERR_CRL_ENTRY_ROOT"
  | "ERR_CRL_SIZE"
  | "ERR_CRL_SECOND_READER";

/** One broken rule, in words for the person who can cure it. Holds no key material; quoted values are escaped and cut. */
export interface Violation {
  readonly code: ViolationCode;
  /** Where, as the user wrote it: "spec.request: subject.OU", "spec.usages[1]". */
  readonly field: string;
  /** What the rule is, and how it was broken. */
  readonly rule: string;
  /** What to change, where that is known. */
  readonly cure?: string;
}

/** Either the value, or every violation found: never both, never an empty list. */
export type CheckResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violations: readonly [Violation, ...Violation[]] };

/** More lines than anybody reads: a hostile request can break a rule hundreds of times. */
const MAX_LINES = 20;

/**
 * One line per violation: field, rule, cure, code; at most 20, and then how many more there are.
 *
 * @example
 * formatViolations([{ code: "ERR_NAME_EMPTY", field: "spec.request: subject", rule: "the subject is empty" }]);
 * // "spec.request: subject: the subject is empty (ERR_NAME_EMPTY)"
 */
export function formatViolations(violations: readonly (Omit<Violation, "code"> & { readonly code: string })[]): string {
  const lines = violations
    .slice(0, MAX_LINES)
    .map(({ code, field, rule, cure }) => `${field}: ${rule}${cure === undefined ? "" : `; ${cure}`} (${code})`);
  const more = violations.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}

/** A CheckResult from what was found. `value` is only asked for when nothing was. */
export function resultOf<T>(violations: readonly Violation[], value: () => T): CheckResult<T> {
  const [first, ...rest] = violations;
  return first === undefined ? { ok: true, value: value() } : { ok: false, violations: [first, ...rest] };
}
