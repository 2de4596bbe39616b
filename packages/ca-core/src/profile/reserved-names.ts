import { createHash } from "node:crypto";

/** Whom Capstan issues leaves to for its own needs. */
export type OwnLeafRole = "publisher" | "canary" | "crl";

/**
 * What every own name ends in. It has no other character than AWS takes in a source identity (`[\w+=,.@-]`) and in
 * session tags, and no host, service account or namespace name can hold an `@`.
 */
const SUFFIX = "@capstan";
const MAX_COMMON_NAME = 61;

/**
 * The common name of one of Capstan's own leaves: `<role>.<ca>@capstan`, e.g. for the role's trust policy. The name of a
 * CA that is too long is replaced by the first 32 hex digits of its SHA-256: never cut, since cut names meet.
 *
 * @example
 * ownCommonName("canary", "fleet") // "canary.fleet@capstan"
 */
export function ownCommonName(role: OwnLeafRole, caName: string): string {
  const name = `${role}.${caName}${SUFFIX}`;
  if (name.length <= MAX_COMMON_NAME) return name;
  const digest = createHash("sha256").update(caName).digest("hex").slice(0, 32);
  return `${role}.${digest}${SUFFIX}`;
}

/**
 * Whether a name's value is kept for Capstan's own leaves. Upper case counts too, since IAM has conditions that ignore
 * case; so do full-width letters and the like, which profile General would let pass.
 *
 * @example
 * isReservedName("publisher.fleet@capstan") // true
 */
export function isReservedName(value: string): boolean {
  return value.normalize("NFKC").trimEnd().toLowerCase().endsWith(SUFFIX);
}
