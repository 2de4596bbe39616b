import { type AuditEvent, genesis, hashLine, isRecorded, type SignatureIntent } from "./audit-chain.ts";

export type AuditFaultCode =
  /** Lines are missing. */
  | "ERR_AUDIT_GAP"
  /** A line stands where an earlier one was seen already: moved or added. */
  | "ERR_AUDIT_ORDER"
  /** The line before was changed after this one was written. */
  | "ERR_AUDIT_EDITED"
  /** The chain's beginning is not there: an older file of the log, or cut off. */
  | "ERR_AUDIT_HEADLESS"
  /** Marked as an audit line, and not one that any version of the log wrote. */
  | "ERR_AUDIT_LINE";

export interface AuditFault {
  readonly code: AuditFaultCode;
  /** Line of the input, from 1. */
  readonly line: number;
  readonly chain: string;
  readonly message: string;
}

export interface ReadChain {
  readonly chain: string;
  /** "" when the beginning is not there. */
  readonly program: string;
  readonly version: string;
  /** RFC 3339, of the first and the last line. */
  readonly from: string;
  readonly to: string;
  readonly lines: number;
  /** False after a crash, while the program runs, or when the end was cut off: the chain alone cannot tell. */
  readonly ended: boolean;
}

export interface ReadSignature extends SignatureIntent {
  /** chain/sequence of the line before it. */
  readonly line: string;
  /** RFC 3339. */
  readonly at: string;
  /** unknown: the line after it is not there, so it may or may not have been made. */
  readonly outcome: "signed" | "failed" | "unknown";
  /** Of what was signed, when it was. */
  readonly sha256?: string;
}

export interface AuditReading {
  readonly chains: readonly ReadChain[];
  /** Of certificates, CRLs and probes, in the order of their lines. */
  readonly signatures: readonly ReadSignature[];
  readonly faults: readonly AuditFault[];
  /** Lines of something else: standard output may be collected together with the program's log. */
  readonly otherLines: number;
}

interface Chain {
  program: string;
  version: string;
  readonly from: string;
  to: string;
  lines: number;
  ended: boolean;
  /** Sequence number and `previous` that the next line should have. */
  next: number;
  previous: string;
}

type ParsedLine = {
  readonly chain: string;
  readonly sequence: number;
  readonly previous: string;
  readonly time: string;
} & (AuditEvent | { readonly event: "start"; readonly program: string; readonly version: string });

/**
 * Reads an audit log line by line and checks its chains. Chains may be interleaved, as when replicas share a collector;
 * lines that are no audit lines are passed over. Memory grows with the number of signatures, not with the log.
 *
 * What it cannot see: lines cut off at a chain's end, or a chain written anew by somebody who could write the whole
 * file. `compareWithLedger` sees most of that.
 *
 * @example
 * const reader = new AuditReader();
 * for await (const line of createInterface({ input: createReadStream("/var/log/capstan/audit.log") })) reader.read(line);
 * const { faults, signatures } = reader.finish();
 */
export class AuditReader {
  readonly #chains = new Map<string, Chain>();
  readonly #signatures = new Map<string, ReadSignature>();
  readonly #faults: AuditFault[] = [];
  #line = 0;
  #otherLines = 0;

  /** One line, without its line feed. */
  read(line: string): void {
    this.#line += 1;
    const value = parseJson(line);
    if (value?.["audit"] !== true) {
      this.#otherLines += 1;
      return;
    }
    const parsed = parseLine(value);
    if (parsed === undefined) {
      this.#fault("ERR_AUDIT_LINE", textOf(value["chain"]), "marked as an audit line, but not written by this log");
      return;
    }
    const chain = this.#chainOf(parsed);
    this.#checkLink(chain, parsed);
    chain.lines += 1;
    chain.to = parsed.time;
    chain.next = parsed.sequence + 1;
    chain.previous = hashLine(line);
    this.#take(chain, parsed);
  }

  /** What was read. */
  finish(): AuditReading {
    return {
      chains: [...this.#chains].map(([chain, { program, version, from, to, lines, ended }]) => ({
        chain,
        program,
        version,
        from,
        to,
        lines,
        ended,
      })),
      signatures: [...this.#signatures.values()],
      faults: this.#faults,
      otherLines: this.#otherLines,
    };
  }

  #chainOf({ chain: id, sequence, previous, time }: ParsedLine): Chain {
    const known = this.#chains.get(id);
    if (known !== undefined) return known;
    const headless = sequence > 0;
    if (headless) {
      this.#fault("ERR_AUDIT_HEADLESS", id, `begins with line ${sequence}: read it together with the file before`);
    }
    const chain = {
      program: "",
      version: "",
      from: time,
      to: time,
      lines: 0,
      ended: false,
      next: sequence,
      previous: headless ? previous : genesis,
    };
    this.#chains.set(id, chain);
    return chain;
  }

  #checkLink({ next, previous }: Chain, line: ParsedLine): void {
    if (line.sequence > next) {
      const count = line.sequence - next;
      this.#fault("ERR_AUDIT_GAP", line.chain, `${count} lines are missing before line ${line.sequence} of the chain`);
    } else if (line.sequence < next) {
      this.#fault(
        "ERR_AUDIT_ORDER",
        line.chain,
        `line ${line.sequence} of the chain stands where line ${next} should: moved, or there twice`,
      );
    } else if (line.previous !== previous) {
      this.#fault(
        "ERR_AUDIT_EDITED",
        line.chain,
        `line ${line.sequence - 1} of the chain is not the one that line ${line.sequence} was written after`,
      );
    }
  }

  #take(chain: Chain, line: ParsedLine): void {
    switch (line.event) {
      case "start":
        chain.program = line.program;
        chain.version = line.version;
        break;
      case "signing": {
        const name = `${line.chain}/${line.sequence}`;
        this.#signatures.set(name, { ...line.signature, line: name, at: line.time, outcome: "unknown" });
        break;
      }
      case "signed":
      case "failed": {
        const signature = this.#signatures.get(line.of);
        if (signature === undefined) {
          this.#fault("ERR_AUDIT_GAP", line.chain, `the line before signature ${line.of} is missing`);
          break;
        }
        const outcome =
          line.event === "signed"
            ? ({ outcome: "signed", sha256: line.sha256 } as const)
            : ({ outcome: "failed" } as const);
        this.#signatures.set(line.of, { ...signature, ...outcome });
        break;
      }
      case "end":
        chain.ended = true;
        break;
    }
  }

  #fault(code: AuditFaultCode, chain: string, message: string): void {
    this.#faults.push({ code, line: this.#line, chain, message: `line ${this.#line}: ${message}` });
  }
}

function parseJson(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function parseLine(value: Readonly<Record<string, unknown>>): ParsedLine | undefined {
  const { chain, sequence, previous, time } = value;
  const hasHead =
    typeof chain === "string" &&
    Number.isSafeInteger(sequence) &&
    (sequence as number) >= 0 &&
    typeof previous === "string" &&
    typeof time === "string";
  if (!hasHead || hasBody.get(textOf(value["event"]))?.(value) !== true) return undefined;
  return value as unknown as ParsedLine;
}

const hasBody: ReadonlyMap<string, (value: Readonly<Record<string, unknown>>) => boolean> = new Map([
  [
    "start",
    ({ sequence, program, version }: Readonly<Record<string, unknown>>) =>
      sequence === 0 && typeof program === "string" && typeof version === "string",
  ],
  ["signing", ({ signature }: Readonly<Record<string, unknown>>) => isIntent(signature)],
  [
    "signed",
    ({ of, sha256 }: Readonly<Record<string, unknown>>) => typeof of === "string" && typeof sha256 === "string",
  ],
  ["failed", ({ of, code }: Readonly<Record<string, unknown>>) => typeof of === "string" && typeof code === "string"],
  ["end", () => true],
]);

function isIntent(value: unknown): value is SignatureIntent {
  if (typeof value !== "object" || value === null) return false;
  const { purpose, authority, generation } = value as Readonly<Record<string, unknown>>;
  return (
    Object.hasOwn(isRecorded, textOf(purpose)) && typeof authority === "string" && Number.isSafeInteger(generation)
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
