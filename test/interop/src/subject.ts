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
  SN: "2.5.4.4",
  serialNumber: "2.5.4.5",
  C: "2.5.4.6",
  L: "2.5.4.7",
  ST: "2.5.4.8",
  street: "2.5.4.9",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  title: "2.5.4.12",
  postalCode: "2.5.4.17",
  GN: "2.5.4.42",
  UID: "0.9.2342.19200300.100.1.1",
  DC: "0.9.2342.19200300.100.1.25",
  emailAddress: "1.2.840.113549.1.9.1",
  // Of the arc for examples (RFC 5612): openssl has no name for it.
  "1.3.6.1.4.1.32473.1": "1.3.6.1.4.1.32473.1",
} as const;

export type AttributeName = keyof typeof ATTRIBUTES;

/** What a PrintableString may hold (X.680, 41.4). */
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]+$/;

/** In the shorter string type where the value fits into it. */
export function attribute(name: AttributeName, value: string): PlannedAttribute {
  return shortest({ type: ATTRIBUTES[name], tag: UTF8_STRING, value });
}

/** PrintableString where the value fits, else UTF8String. */
export function shortest({ type, value }: PlannedAttribute): PlannedAttribute {
  return { type, tag: PRINTABLE.test(value) ? PRINTABLE_STRING : UTF8_STRING, value };
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

/** At least one of the six attributes that AWS maps, each once, in any order, in either string type. */
export function taggableSubject(random: Random): PlannedSubject {
  const names = random.some(["CN", "O", "OU", "C", "ST", "L"] as const);
  return (names.length === 0 ? (["CN"] as const) : names).map((name) => {
    const maxLength = MAX_LENGTH[name];
    const value = maxLength === undefined ? random.text(LETTERS, 2) : taggableValue(random, maxLength);
    const short = attribute(name, value);
    return [random.oneIn(2) ? short : { ...short, tag: UTF8_STRING }];
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
