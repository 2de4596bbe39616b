import { createHash } from "node:crypto";

/**
 * What a private key of an authority can sign. OwnLeaf: a leaf of Capstan's own, that no request asked for. Probe: bytes
 * that show that the key works and are nothing else.
 */
export type SignaturePurpose = "Leaf" | "OwnLeaf" | "Root" | "CRL" | "Probe";

/**
 * Whether a ledger record must follow the signature: a leaf that is in nobody's ledger can be revoked by nobody who does
 * not hold it.
 */
export const isRecorded: Readonly<Record<SignaturePurpose, boolean>> = {
  Leaf: true,
  OwnLeaf: true,
  Root: false,
  CRL: false,
  Probe: false,
};

/** What is about to be signed. A closed list: no key, token or request body has a place in it. */
export interface SignatureIntent {
  readonly purpose: SignaturePurpose;
  readonly authority: string;
  readonly generation: number;
  /** Of a certificate: its serial number, lower-case hex. */
  readonly serial?: string;
  /** Of a certificate: its subject as in RFC 4514, and its end, RFC 3339. */
  readonly subject?: string;
  readonly notAfter?: string;
  /** Of a CRL. */
  readonly crlNumber?: number;
  /** The ledger record that is to follow. */
  readonly record?: string;
  /** namespace/name of what asked for it. */
  readonly request?: string;
  /** User name that the API server recorded on the request. */
  readonly requester?: string;
}

export type AuditEvent =
  | { readonly event: "signing"; readonly signature: SignatureIntent }
  /** SHA-256 of what was signed, its signature included, in DER. `of` names the line before it: chain/sequence. */
  | { readonly event: "signed"; readonly of: string; readonly sha256: string }
  /** Nothing was signed. */
  | { readonly event: "failed"; readonly of: string; readonly code: string }
  | { readonly event: "end" };

/** `previous` of a chain's first line. */
export const genesis: string = "0".repeat(64);

const maxTextLength = 1024;

/**
 * The lines of one process start. Each is a JSON object that holds the SHA-256 of the line before it, so that a line
 * cannot be changed, dropped, added or moved without every later one showing it.
 *
 * It shows what was done to the log by those who cannot write it anew from there to its end: keep a copy elsewhere.
 *
 * @example
 * const chain = new AuditChain({ id: "6f1c…", program: "capstan-issuer-controller", version: "0.1.0", now: () => new Date() });
 * chain.start(); // {"audit":true,"chain":"6f1c…","sequence":0,"previous":"000…","time":"…","event":"start",…}
 */
export class AuditChain {
  readonly #options: AuditChainOptions;
  #sequence = 0;
  #previous: string = genesis;

  constructor(options: AuditChainOptions) {
    this.#options = options;
  }

  /** Names the next line: chain/sequence. */
  get next(): string {
    return `${this.#options.id}/${this.#sequence}`;
  }

  /** The first line, without its line feed. */
  start(): string {
    if (this.#sequence > 0) throw new TypeError("an audit chain starts once");
    const { program, version } = this.#options;
    return this.#line({ event: "start", program, version });
  }

  /** The line of an event, without its line feed. */
  line(event: AuditEvent): string {
    if (this.#sequence === 0) throw new TypeError("an audit chain begins with its start line");
    return this.#line(event);
  }

  #line(fields: Readonly<Record<string, unknown>>): string {
    const head = {
      audit: true,
      chain: this.#options.id,
      sequence: this.#sequence,
      previous: this.#previous,
      time: this.#options.now().toISOString(),
    };
    const line = JSON.stringify({ ...head, ...fields }, (_, value: unknown) =>
      typeof value === "string" ? cut(value) : value,
    );
    this.#sequence += 1;
    this.#previous = hashLine(line);
    return line;
  }
}

export interface AuditChainOptions {
  /** Unique to this start. */
  readonly id: string;
  readonly program: string;
  readonly version: string;
  readonly now: () => Date;
}

/** SHA-256 of a line without its line feed, lower-case hex. */
export function hashLine(line: string): string {
  return createHash("sha256").update(line, "utf8").digest("hex");
}

/** What was cut ends with an ellipsis. Names of others come in here, of any length and with any character. */
function cut(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength - 1)}…`;
}
