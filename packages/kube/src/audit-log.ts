import { createHash, randomUUID } from "node:crypto";
import { AuditChain, type AuditEvent, type SignatureIntent } from "./audit-chain.ts";
import { type AuditSink, openFileSink, openStdoutSink } from "./audit-sink.ts";
import type { Setting } from "./settings.ts";

/** A line could not be written, so nothing may be signed. */
export class AuditLogError extends Error {
  override readonly name = "AuditLogError";
  readonly code = "ERR_AUDIT_LOG";
}

/** The setting of every program that signs. */
export const auditLogSetting: Setting<string | undefined> = {
  flag: "audit-log",
  description:
    "File to which a line is appended and synced to disk before and after each signature. Left out: standard output, where nothing else is written; how long it lasts is then up to whoever collects it.",
  parse: (text) => {
    if (text === undefined) return undefined;
    if (!text.startsWith("/")) throw new Error(`${JSON.stringify(text)} is not an absolute path`);
    return text;
  },
};

export interface AuditLogOptions {
  /** A file; undefined for standard output. */
  readonly path: string | undefined;
  /** `program/version`, as in {@link ProgramContext}. */
  readonly userAgent: string;
  readonly now?: () => Date;
  /** A new name for each chain. */
  readonly newId?: () => string;
  /** Told of each signature that was made or that failed; not of one that was not begun, since its first line was not written. */
  readonly onSignature?: (signature: SignatureIntent, result: SignatureResult) => void;
  /** Where lines go instead of `path`. */
  readonly openSink?: () => Promise<AuditSink>;
}

/** What became of a signature that was begun. */
export type SignatureResult = "Signed" | "Failed";

interface Waiting {
  readonly event: AuditEvent;
  readonly resolve: (line: string) => void;
  readonly reject: (error: AuditLogError) => void;
}

/**
 * Opens the log and writes the first line of its chain, so that a log that cannot be written is known before anything is
 * to be signed.
 *
 * @throws {AuditLogError}
 */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const log = new AuditLog(options);
  await log.start();
  return log;
}

/**
 * The audit log of a program that signs: a line before and a line after each signature of any kind.
 *
 * A line counts as written once it is synced to disk (for standard output: once it is handed over). Lines that wait
 * while another write is on its way share the next one, so signing side by side costs one sync for many.
 *
 * What cannot be written is an {@link AuditLogError}, and then nothing is signed. The next line tries anew, with a new
 * chain, since nobody knows how much of the old one is there: a disk that was full heals without a restart.
 *
 * @example
 * const audit = await openAuditLog({ path: settings.auditLog, userAgent });
 * const leaf = await audit.sign({ purpose: "Leaf", authority, generation, serial }, () => issueLeaf(…), ({ der }) => der);
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #open: () => Promise<AuditSink>;
  readonly #waiting: Waiting[] = [];
  #target: { readonly sink: AuditSink; readonly chain: AuditChain } | undefined;
  #isWriting = false;
  #problem: string | undefined;
  #isClosed = false;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    const { path } = options;
    this.#open = options.openSink ?? (path === undefined ? openStdoutSink : () => openFileSink(path));
  }

  /** Why nothing can be signed now; undefined when the last write went well. For the readiness check. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Signs between two lines: the first is written before `act` begins, the second before its result is returned.
   *
   * @param bytesOf what was signed, in DER with its signature; the second line holds its SHA-256
   * @throws {AuditLogError} when a line cannot be written: before the signature nothing was signed, after it the result
   *   must not leave the process, and does not leave this function
   */
  async sign<T>(
    signature: SignatureIntent,
    act: () => T | Promise<T>,
    bytesOf: (signed: Awaited<T>) => Uint8Array,
  ): Promise<Awaited<T>> {
    const of = await this.#append({ event: "signing", signature });
    let signed: Awaited<T>;
    try {
      signed = await act();
    } catch (error) {
      // Its own failure is in `problem`: what the signature failed with matters more to the caller.
      await this.#append({ event: "failed", of, code: codeOf(error) }).catch(() => {});
      this.#options.onSignature?.(signature, "Failed");
      throw error;
    }
    this.#options.onSignature?.(signature, "Signed");
    await this.#append({ event: "signed", of, sha256: sha256(bytesOf(signed)) });
    return signed;
  }

  /** Writes the first line of the chain. */
  async start(): Promise<void> {
    await this.#write([]);
    if (this.#problem !== undefined) throw new AuditLogError(this.#problem);
  }

  /** Ends the chain with a line that says so: a chain without it was cut off, by a crash or by somebody. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#target !== undefined) await this.#append({ event: "end" });
    this.#isClosed = true;
    await this.#target?.sink.close();
  }

  #append(event: AuditEvent): Promise<string> {
    if (this.#isClosed) return Promise.reject(new AuditLogError("the audit log is closed"));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting.push({ event, resolve, reject });
    if (!this.#isWriting) void this.#writeAll();
    return promise;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0));
    this.#isWriting = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      let text = "";
      if (this.#target === undefined) {
        const [program = "", version = ""] = this.#options.userAgent.split("/");
        const { newId = randomUUID, now = () => new Date() } = this.#options;
        this.#target = { sink: await this.#open(), chain: new AuditChain({ id: newId(), program, version, now }) };
        text = `${this.#target.chain.start()}\n`;
      }
      const { sink, chain } = this.#target;
      const names = batch.map(({ event }) => {
        const name = chain.next;
        text += `${chain.line(event)}\n`;
        return name;
      });
      await sink.write(text);
      this.#problem = undefined;
      for (const [index, { resolve }] of batch.entries()) resolve(names[index] ?? "");
    } catch (error) {
      await this.#giveUp(error, batch);
    }
  }

  async #giveUp(error: unknown, batch: readonly Waiting[]): Promise<void> {
    const where = this.#options.path ?? "standard output";
    this.#problem = `the audit log ${where} cannot be written, so nothing is signed: ${error instanceof Error ? error.message : String(error)}`;
    const { sink } = this.#target ?? {};
    this.#target = undefined;
    for (const { reject } of batch) reject(new AuditLogError(this.#problem, { cause: error }));
    await sink?.close().catch(() => {}); // It is broken already.
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Codes are ours or the system's; a message may quote what was sent. */
function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" || typeof code === "number" ? String(code) : "ERR_UNKNOWN";
}
