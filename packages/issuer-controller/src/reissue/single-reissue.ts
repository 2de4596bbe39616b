import type { IssuedCertificate } from "@capstan/api";
import type { LeafReplacements, ReplacementOrder } from "./leaf-replacements.ts";
import type { Told } from "./replace-leaf.ts";

export interface SingleReissueOptions extends Pick<ReplacementOrder, "reason" | "asker" | "isAdministrators"> {
  readonly replacements: LeafReplacements;
  /** There is something new to tell. */
  readonly onNews: () => void;
}

/** The re-issue of one leaf, and how it goes. */
export class SingleReissue implements ReplacementOrder {
  readonly reason: ReplacementOrder["reason"];
  readonly asker: string;
  readonly isAdministrators: boolean;
  readonly #replacements: LeafReplacements;
  readonly #onNews: () => void;
  #record: IssuedCertificate | undefined;
  #last: Told | undefined;

  constructor({ reason, asker, isAdministrators, replacements, onNews }: SingleReissueOptions) {
    this.reason = reason;
    this.asker = asker;
    this.isAdministrators = isAdministrators;
    this.#replacements = replacements;
    this.#onNews = onNews;
  }

  /** Undefined before it has begun. */
  get record(): IssuedCertificate | undefined {
    return this.#record;
  }

  /** How it goes; undefined before its turn has come. */
  get last(): Told | undefined {
    return this.#last;
  }

  begin(record: IssuedCertificate): void {
    this.#record = record;
    this.#replacements.want(record, this);
  }

  stop(): void {
    if (this.#record !== undefined) this.#replacements.withdraw([this.#record.metadata.name], this);
  }

  told(_record: IssuedCertificate, told: Told): void {
    const isNew = this.#last?.state !== told.state || this.#last.message !== told.message;
    this.#last = told;
    if (isNew) this.#onNews();
  }
}
