import type { IssuedCertificate } from "@capstan/api";
import type { LeafReplacements, ReplacementOrder } from "./leaf-replacements.ts";
import type { Told } from "./replace-leaf.ts";

export interface ReissueRoundOptions extends Pick<ReplacementOrder, "reason" | "asker" | "isAdministrators"> {
  readonly replacements: LeafReplacements;
  readonly onOver: () => void;
}

interface Waiting {
  readonly record: IssuedCertificate;
  readonly obstacle?: string;
}

/** The re-issue of many leaves, and how far it has come. */
export class ReissueRound implements ReplacementOrder {
  readonly reason: ReplacementOrder["reason"];
  readonly asker: string;
  readonly isAdministrators: boolean;
  readonly #replacements: LeafReplacements;
  readonly #onOver: () => void;
  /** By record, until it is replaced or needs a person. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #added = new Set<string>();
  readonly #impossible: string[] = [];
  #replaced = 0;
  #goesOn = false;

  constructor({ reason, asker, isAdministrators, replacements, onOver }: ReissueRoundOptions) {
    this.reason = reason;
    this.asker = asker;
    this.isAdministrators = isAdministrators;
    this.#replacements = replacements;
    this.#onOver = onOver;
  }

  /** How many leaves it was ever told of. */
  get leaves(): number {
    return this.#added.size;
  }

  get replaced(): number {
    return this.#replaced;
  }

  /** Why leaves cannot be replaced by anything but a person, each with its namespace. */
  get impossible(): readonly string[] {
    return this.#impossible;
  }

  /** What is in the way of leaves that are tried again, each with its namespace. */
  get obstacles(): readonly string[] {
    return [...this.#waiting.values()].flatMap(({ record, obstacle }) =>
      obstacle === undefined ? [] : [inNamespace(record, obstacle)],
    );
  }

  /** Whether everything was replaced that can be. */
  get isOver(): boolean {
    return this.#waiting.size === 0;
  }

  /** Whether nothing is left but what has something in its way. */
  get isStuck(): boolean {
    return !this.isOver && [...this.#waiting.values()].every(({ obstacle }) => obstacle !== undefined);
  }

  /** Nothing when the record is known already. */
  add(record: IssuedCertificate): void {
    const { name } = record.metadata;
    if (this.#added.has(name)) return;
    this.#added.add(name);
    // Of its bytes most are the certificate.
    const kept = { ...record, spec: { ...record.spec, certificate: "" } };
    this.#waiting.set(name, { record: kept });
    if (this.#goesOn) this.#replacements.want(kept, this);
  }

  /** Has the leaves replaced; before it nothing is done. */
  goOn(): void {
    if (this.#goesOn) return;
    this.#goesOn = true;
    for (const { record } of this.#waiting.values()) this.#replacements.want(record, this);
  }

  stop(): void {
    this.#goesOn = false;
    this.#replacements.withdraw(this.#waiting.keys(), this);
  }

  told(record: IssuedCertificate, { state, message }: Told): void {
    const { name } = record.metadata;
    const isFinal = state === "Done" || state === "Impossible";
    if (!isFinal) {
      this.#waiting.set(name, { record, ...(state === "Waiting" ? { obstacle: message } : {}) });
      return;
    }
    this.#waiting.delete(name);
    if (state === "Done") this.#replaced += 1;
    else this.#impossible.push(inNamespace(record, message));
    if (this.isOver) this.#onOver();
  }
}

function inNamespace({ spec }: IssuedCertificate, message: string): string {
  return `${spec.requestNamespace ?? ""}: ${message}`;
}

/** What people are told of the leaves that are not replaced, with an example of each kind. */
export function describeRest({ impossible, obstacles }: ReissueRound): string {
  const part = (all: readonly string[], what: string): string =>
    all[0] === undefined ? "" : `; ${all.length} ${what}, one of them in namespace ${all[0]}`;
  return `${part(impossible, "need a person")}${part(obstacles, "wait")}`;
}
