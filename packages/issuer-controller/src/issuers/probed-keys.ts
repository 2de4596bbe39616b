import { IssuerBroken, NotYet } from "../requests/not-yet.ts";

/**
 * What the last probes of authorities' keys have found, for readiness. Only a leader probes, so that a standby has found nothing.
 * One authority whose key is lost is told by its issuers' Ready condition; that none signs is this process's affair.
 */
export class ProbedKeys {
  /** By authority: why its key does not sign, or that it does. */
  readonly #found = new Map<string, string | undefined>();
  readonly #exists: (authority: string) => boolean;

  constructor(exists: (authority: string) => boolean) {
    this.#exists = exists;
  }

  /** Notes how a probe ends, and ends as it does. What could not be found out leaves what was found before. */
  async note(authority: string, probe: Promise<void>): Promise<void> {
    try {
      await probe;
      this.#found.set(authority, undefined);
    } catch (error) {
      if (error instanceof IssuerBroken) this.#found.set(authority, error.message);
      else if (error instanceof NotYet) this.#found.delete(authority);
      throw error;
    }
  }

  /** Why nothing can be signed; undefined as long as one authority's key signs, or none was probed. */
  get problem(): string | undefined {
    const found = [...this.#found].filter(([authority]) => this.#exists(authority)).map(([, why]) => why);
    return found.includes(undefined) ? undefined : found[0];
  }
}
