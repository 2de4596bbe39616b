import { type IssuerRef, issuerIdOf } from "./issuer-kinds.ts";

/** What attempts to sign have found out about issuers, until the next look at each. */
export class BrokenIssuers {
  readonly #messages = new Map<string, string>();
  readonly #onReport: (issuer: IssuerRef) => void;

  constructor(onReport: (issuer: IssuerRef) => void) {
    this.#onReport = onReport;
  }

  report(issuer: IssuerRef, message: string): void {
    this.#messages.set(issuerIdOf(issuer), message);
    this.#onReport(issuer);
  }

  /** The last report, once. */
  take(issuer: IssuerRef): string | undefined {
    const id = issuerIdOf(issuer);
    const message = this.#messages.get(id);
    this.#messages.delete(id);
    return message;
  }
}
