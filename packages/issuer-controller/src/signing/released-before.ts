import { createHash } from "node:crypto";
import { issuedCertificateResource, namesLabel } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import type { ReleasedNames } from "@capstan/policy";
import type { Issuance } from "./issuance.ts";

/**
 * Value of the label by which the ledger finds what an issuer has released before: 40 hex digits over the issuer, the
 * requester's namespace and every name, in any order.
 */
export function namesLabelOf(
  { issuer, attested }: Pick<Issuance, "issuer" | "attested">,
  { subject, subjectAlternativeNames }: ReleasedNames,
): string {
  const names = [
    ...subject.map(({ type, value }) => ["subject", type, value]),
    ...subjectAlternativeNames.map(({ kind, value }) => ["name", kind, value]),
  ].map((name) => JSON.stringify(name));
  const of = [issuer.kind, issuer.namespace ?? null, issuer.name, attested.namespace ?? null, names.toSorted()];
  return createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 40);
}

/**
 * Whether the ledger holds a leaf that this issuer released to this namespace with just these names. One question at a
 * time: whoever sends many requests that are refused must not keep the API server busy.
 */
export class ReleasedBefore {
  readonly #client: KubeClient;
  readonly #namespace: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: { readonly client: KubeClient; readonly namespace: string }) {
    this.#client = options.client;
    this.#namespace = options.namespace;
  }

  /** @throws {KubeApiError} {KubeConnectionError} when the ledger did not say */
  async ask(issuance: Issuance, names: ReleasedNames, signal: AbortSignal): Promise<boolean> {
    const labelSelector = `${namesLabel}=${namesLabelOf(issuance, names)}`;
    const list = async (): Promise<boolean> => {
      const options = { namespace: this.#namespace, labelSelector, limit: 1, signal };
      return (await this.#client.list(issuedCertificateResource, options)).items.length > 0;
    };
    const turn = this.#turn.then(list, list);
    this.#turn = turn;
    return turn;
  }
}
