import type { Random } from "./random.ts";

/** An attribute with the string type that it is written in: the universal tag's number. */
export interface PlannedAttribute {
  /** Dotted object identifier. */
  readonly type: string;
  readonly tag: number;
  readonly value: string;
}

/** RDNs in order, each with its attributes. */
export type PlannedSubject = readonly (readonly PlannedAttribute[])[];

export const UTF8_STRING = 12;
export const PRINTABLE_STRING = 19;
export const IA5_STRING = 22;

/** Attribute types by what openssl calls them. */
export const ATTRIBUTES = {
  CN: "2.5.4.3",
  serialNumber: "2.5.4.5",
  C: "2.5.4.6",
  L: "2.5.4.7",
  ST: "2.5.4.8",
  O: "2.5.4.10",
  OU: "2.5.4.11",
} as const;

export type AttributeName = keyof typeof ATTRIBUTES;

/** PrintableString where the value fits into it (X.680, 41.4), else UTF8String. */
export function attribute(name: AttributeName, value: string): PlannedAttribute {
  const tag = /^[A-Za-z0-9 '()+,\-./:=?]+$/.test(value) ? PRINTABLE_STRING : UTF8_STRING;
  return { type: ATTRIBUTES[name], tag, value };
}

const EDGE = "ABCXYZabcxyz0189_.:=+@-";
const INNER = `${EDGE} `;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A value that AWS maps into a session tag: no spaces at its ends nor side by side. */
export function taggableValue(random: Random, maxLength: number): string {
  const length = random.oneIn(4) ? maxLength : random.between(1, maxLength);
  const text =
    random.text(EDGE, 1) + random.text(INNER, Math.max(0, length - 2)) + random.text(EDGE, length > 1 ? 1 : 0);
  return text.replaceAll(/ {2,}/g, (run) => "-".repeat(run.length));
}

const MAX_LENGTH: { readonly [name in AttributeName]?: number } = { CN: 61, O: 64, OU: 64, ST: 64, L: 64 };

/** At least one of the six attributes that AWS maps, each once, in any order. */
export function taggableSubject(random: Random): PlannedSubject {
  const names = random.some(["CN", "O", "OU", "C", "ST", "L"] as const);
  return (names.length === 0 ? (["CN"] as const) : names).map((name) => {
    const maxLength = MAX_LENGTH[name];
    return [attribute(name, maxLength === undefined ? random.text(LETTERS, 2) : taggableValue(random, maxLength))];
  });
}

/** The subject in OpenSSL's oldest form, which is what X509_print puts into its text. */
export function opensslTextOf(subject: PlannedSubject): string {
  const line = subject
    .map((rdn) => rdn.map(({ type, value }) => `${opensslNameOf(type)}=${escapeOctets(value)}`).join("+"))
    .map((rdn) => `/${rdn}`)
    .join("");
  // It takes a slash for a separator where one or two capital letters and `=` follow.
  return line.slice(1).replaceAll(/\/(?=[A-Z]{1,2}=)/g, ", ");
}

export function opensslNameOf(type: string): string {
  return Object.entries(ATTRIBUTES).find(([, oid]) => oid === type)?.[0] ?? type;
}

function escapeOctets(value: string): string {
  return [...Buffer.from(value, "utf8")].map(escapeOctet).join("");
}

function escapeOctet(octet: number): string {
  const character = String.fromCharCode(octet);
  if (octet < 0x20 || octet > 0x7e) return `\\x${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  return character === "+" || character === "/" ? `\\${character}` : character;
}
