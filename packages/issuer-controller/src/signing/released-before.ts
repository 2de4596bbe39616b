import { createHash } from "node:crypto";
import { askedLabel, issuedCertificateResource } from "@capstan/api";
import type { CertificationRequest } from "@capstan/ca-core";
import type { KubeClient } from "@capstan/kube";
import type { ReleasedNames } from "@capstan/policy";
import type { Issuance } from "./issuance.ts";

/** What the PKCS#10 request asks for. */
export type AskedLeaf = ReleasedNames & { readonly publicKey: Pick<CertificationRequest["publicKey"], "algorithm"> };

/**
 * Value of the label by which the ledger finds what an issuer has released before: 40 hex digits over the issuer, the
 * requester's namespace, every name in any order, and duration, usages, CA flag and kind of key. A renewal asks for all of
 * them anew; whoever asks for something else has changed the request, and nobody the policy.
 */
export function askedLabelOf(
  issuance: Pick<Issuance, "issuer" | "attested" | "durationMs" | "usages" | "isCa">,
  { subject, subjectAlternativeNames, publicKey }: AskedLeaf,
): string {
  const { issuer, attested, durationMs, usages, isCa } = issuance;
  const names = [
    ...subject.map(({ type, value }) => ["subject", type, value]),
    ...subjectAlternativeNames.map(({ kind, value }) => ["name", kind, value]),
  ].map((name) => JSON.stringify(name));
  const from = [issuer.kind, issuer.namespace ?? null, issuer.name, attested.namespace ?? null];
  const of = [from, names.toSorted(), durationMs ?? null, usages, isCa, publicKey.algorithm];
  return createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 40);
}

/**
 * Whether the ledger holds a leaf that this issuer released to this namespace for just this. One question at a
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
  async ask(issuance: Issuance, asked: AskedLeaf, signal: AbortSignal): Promise<boolean> {
    const labelSelector = `${askedLabel}=${askedLabelOf(issuance, asked)}`;
    const list = async (): Promise<boolean> => {
      const options = { namespace: this.#namespace, labelSelector, limit: 1, signal };
      return (await this.#client.list(issuedCertificateResource, options)).items.length > 0;
    };
    const turn = this.#turn.then(list, list);
    this.#turn = turn;
    return turn;
  }
}
