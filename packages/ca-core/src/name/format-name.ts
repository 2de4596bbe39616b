import type { NameAttribute } from "./attribute-types.ts";

/**
 * A distinguished name as text (RFC 4514, but in the order of the certificate, as kubectl and openssl show names).
 *
 * @example formatName([{ type: "CN", value: "web.demo" }, { type: "O", value: "A+B" }]) // "CN=web.demo,O=A\\+B"
 */
export function formatName(name: readonly Pick<NameAttribute, "type" | "value">[]): string {
  return name.map(({ type, value }) => `${type}=${escapeValue(value)}`).join(",");
}

/** RFC 4514, 2.4; control characters as hex pairs. */
function escapeValue(value: string): string {
  return value
    .replaceAll(/[",+;<>\\=]/g, String.raw`\$&`)
    .replaceAll(/\p{Cc}/gu, (character) => `\\${(character.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`)
    .replace(/^[ #]/, String.raw`\$&`)
    .replace(/ $/, String.raw`\ `);
}
