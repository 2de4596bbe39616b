import { PemError } from "../errors.ts";

export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

export interface PemOptions {
  /** Labels that are accepted, e.g. ["CERTIFICATE"]. */
  readonly labels: readonly string[];
  /** Bound of the whole text, in bytes. */
  readonly maxBytes: number;
}

const LINE_LENGTH = 64;
/** Longer than RFC 7468 writes (64) and MIME allows (76) is not PEM. */
const MAX_LINE_LENGTH = 76;

/**
 * Reads exactly one PEM block: one of the given labels, base64 in its canonical form, no headers, nothing before or
 * after; a final newline is optional, and all newlines are alike. Time is linear in the input, which is bounded first.
 *
 * @throws PemError
 *
 * @example
 * decodePem(requestPem, { labels: ["CERTIFICATE REQUEST"], maxBytes: 16_384 }).label // "CERTIFICATE REQUEST"
 */
export function decodePem(input: Uint8Array | string, options: PemOptions): PemBlock {
  const blocks = decodePemBundle(input, options);
  const [block] = blocks;
  if (block === undefined) throw new PemError("ERR_PEM_BEGIN", "the text is empty");
  if (blocks.length > 1) throw new PemError("ERR_PEM_TRAILING", `${blocks.length} PEM blocks where one is expected`);
  return block;
}

/**
 * As decodePem, for any number of blocks directly one after another: a bundle of roots.
 *
 * @example
 * decodePemBundle(root.pem + root.pem, { labels: ["CERTIFICATE"], maxBytes: 65_536 }).length // 2
 */
export function decodePemBundle(input: Uint8Array | string, options: PemOptions): PemBlock[] {
  const text = boundedAscii(input, options.maxBytes);
  if (text.length === 0) return [];
  const hasCr = text.includes("\r");
  const lines = text.split(hasCr ? "\r\n" : "\n");
  if (hasCr && lines.some((line) => line.includes("\n") || line.includes("\r"))) {
    throw new PemError("ERR_PEM_NEWLINE", "newlines must be all LF or all CRLF");
  }
  if (lines.at(-1) === "") lines.pop();
  const blocks: PemBlock[] = [];
  for (let at = 0; at < lines.length;) {
    const label = readBegin(lines[at] ?? "", at, options.labels);
    const end = lines.indexOf(`-----END ${label}-----`, at + 1);
    if (end === -1) throw new PemError("ERR_PEM_END", `the line "-----END ${label}-----" is missing`);
    blocks.push({ label, der: decodeBody(lines.slice(at + 1, end), at + 2) });
    at = end + 1;
  }
  return blocks;
}

/**
 * RFC 7468: lines of 64 characters, LF, a final newline.
 *
 * @example
 * encodePem("CERTIFICATE", root.der) === root.pem // true
 */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("base64");
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += LINE_LENGTH) lines.push(base64.slice(at, at + LINE_LENGTH));
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function boundedAscii(input: Uint8Array | string, maxBytes: number): string {
  if (input.length > maxBytes) {
    throw new PemError("ERR_PEM_SIZE", `${input.length} bytes of PEM, at most ${maxBytes} are accepted`);
  }
  const text = typeof input === "string" ? input : Buffer.from(input).toString("latin1");
  const strange = text.search(/[^\r\n -~]/);
  if (strange !== -1) throw new PemError("ERR_PEM_CHARACTER", `byte ${strange}: not a character of PEM text`);
  return text;
}

function readBegin(line: string, index: number, labels: readonly string[]): string {
  const label = /^-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----$/.exec(line)?.[1];
  if (label === undefined) {
    throw index === 0
      ? new PemError("ERR_PEM_BEGIN", `the text must begin with "-----BEGIN ${labels[0]}-----"`)
      : new PemError("ERR_PEM_TRAILING", `line ${index + 1}: only PEM blocks may stand here`);
  }
  if (!labels.includes(label)) {
    throw new PemError("ERR_PEM_LABEL", `the PEM label must be ${labels.map((known) => `"${known}"`).join(" or ")}`);
  }
  return label;
}

function decodeBody(lines: readonly string[], firstLine: number): Uint8Array {
  const base64 = lines.join("");
  const der = Buffer.from(base64, "base64");
  // Decoding ignores faults; that the same text comes back excludes other characters, padding inside, missing padding
  // and stray bits.
  const isCanonical = base64.length > 0 && der.toString("base64") === base64;
  if (isCanonical && lines.every(hasLineLength)) return new Uint8Array(der);
  const broken = lines.findIndex((line) => !hasLineLength(line) || /[^A-Za-z0-9+/=]/.test(line));
  throw new PemError(
    "ERR_PEM_BASE64",
    broken === -1
      ? "the base64 is not in its canonical form (RFC 4648, 3.5)"
      : `line ${firstLine + broken}: must be 1 to ${MAX_LINE_LENGTH} base64 characters`,
  );
}

function hasLineLength(line: string): boolean {
  return line.length > 0 && line.length <= MAX_LINE_LENGTH;
}
