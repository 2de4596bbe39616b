export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

/**
 * The PEM blocks in a text, in order (RFC 7468). Text between blocks is explanatory and skipped, as OpenSSL writes it.
 * Undefined when a block is malformed: a begin without its end, another label at the end, or a body that is not base64.
 */
export function readPem(text: string): readonly PemBlock[] | undefined {
  const blocks: PemBlock[] = [];
  let label: string | undefined;
  let body = "";
  for (const line of text.split(/\r?\n/)) {
    const begin = /^-----BEGIN ([A-Z0-9 ]+)-----$/.exec(line);
    const end = /^-----END ([A-Z0-9 ]+)-----$/.exec(line);
    if (begin !== null && label !== undefined) return undefined;
    if (end !== null && end[1] !== label) return undefined;
    if (begin?.[1] !== undefined) {
      label = begin[1];
      body = "";
    } else if (end !== null && label !== undefined) {
      const der = decodeBase64(body);
      if (der === undefined) return undefined;
      blocks.push({ label, der });
      label = undefined;
    } else if (label !== undefined) {
      body += line;
    }
  }
  return label === undefined ? blocks : undefined;
}

/** The same PEM as somebody else may store it. */
export function rewritten(text: string, how: "verbatim" | "trailing-newline" | "crlf"): string {
  if (how === "crlf") return text.replace(/\r?\n/g, "\r\n");
  return how === "trailing-newline" ? `${text}\n` : text;
}

/** Standard base64 with its padding, on one line; undefined for anything else, and for nothing. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text === "" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, "base64"));
}
