import type { NameAttribute } from "@capstan/ca-core";
import { oidOfAttribute, shortNameOf } from "./attribute-types.ts";

/**
 * Reads a distinguished name as text (RFC 4514), its RDNs in the order of the text; undefined for what is none. Without the
 * form `#hex` of values, which names no value that a person could read.
 *
 * @example parseName("CN=web.demo,OU=a+OU=b") // [[CN], [OU, OU]]
 */
export function parseName(text: string): readonly (readonly NameAttribute[])[] | undefined {
  if (text === "") return [];
  const rdns = split(text, ",").map((rdn) => split(rdn, "+").map(parseAttribute));
  return rdns.every(isComplete) ? rdns : undefined;
}

function isComplete(rdn: (NameAttribute | undefined)[]): rdn is NameAttribute[] {
  return rdn.every((attribute) => attribute !== undefined);
}

/** At separators that no backslash stands before, unless that is escaped itself. */
function split(text: string, separator: "," | "+"): readonly string[] {
  const parts = [""];
  for (const [token] of text.matchAll(/\\.|[^\\]|\\$/gsu)) {
    if (token === separator) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts;
}

function parseAttribute(text: string): NameAttribute | undefined {
  const equals = text.indexOf("=");
  const written = text.slice(0, Math.max(equals, 0)).trim();
  const raw = text.slice(equals + 1);
  if (!/^([A-Za-z]+|\d+(\.\d+)+)$/.test(written) || raw.startsWith("#")) return undefined;
  const oid = oidOfAttribute(written);
  return { type: shortNameOf(oid), oid, value: unescape(raw) };
}

/** RFC 4514, 2.4: an escaped character, or a control character as two hex digits. */
function unescape(value: string): string {
  return value.replaceAll(/\\([0-9a-f]{2}|.)/gsu, (_, escaped: string) =>
    /^[0-9a-f]{2}$/.test(escaped) ? String.fromCodePoint(Number.parseInt(escaped, 16)) : escaped,
  );
}
