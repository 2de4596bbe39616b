import { type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import { isAlreadyExists, isOutcomeUnknown, type KubeClient } from "@capstan/kube";
import { LedgerRoom } from "../ledger/ledger-room.ts";

/**
 * The ledger, as far as issuing needs it: one record for each request's uid, whose create is atomic.
 *
 * It is asked before anything is signed only about requests that may have a record: those that a controller before this
 * one may have worked on, and those whose record was made here and has not been answered with yet. So a leaf costs one
 * call of the ledger, its create, and a request that was recorded is never signed for again.
 */
export class Ledger {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #room: LedgerRoom;
  readonly #doubtful = new Set<string>();

  /** Without `room` the ledger takes any number of records. */
  constructor(options: { readonly client: KubeClient; readonly namespace: string; readonly room?: LedgerRoom }) {
    this.#client = options.client;
    this.#namespace = options.namespace;
    this.#room = options.room ?? new LedgerRoom({ limit: Number.POSITIVE_INFINITY });
  }

  /** Why it takes no record now, so that nothing may be signed; undefined when it does. */
  get refusal(): string | undefined {
    return this.#room.refusal;
  }

  /** These uids may have records. */
  doubt(uids: Iterable<string>): void {
    for (const uid of uids) this.#doubtful.add(uid);
  }

  /** The record of a uid that may have one, read live: it may have been revoked since it was made. */
  async find(uid: string, signal: AbortSignal): Promise<IssuedCertificate | undefined> {
    if (!this.#doubtful.has(uid)) return undefined;
    const stored = await this.#read(uid, signal);
    if (stored === undefined) this.#doubtful.delete(uid);
    return stored;
  }

  /**
   * Creates the record, or returns the one that is there: a lost answer and a second replica look the same.
   *
   * @throws KubeApiError, KubeConnectionError when there is none and none could be made
   */
  async create(record: IssuedCertificate, signal: AbortSignal): Promise<IssuedCertificate> {
    const { name } = record.metadata;
    // Before the call: whatever becomes of it, the next try asks first.
    this.#doubtful.add(name);
    try {
      const created = await this.#client.create<IssuedCertificate>(issuedCertificateResource, record, { signal });
      this.#room.recorded();
      return created;
    } catch (error) {
      if (!isAlreadyExists(error) && !isOutcomeUnknown(error)) throw error;
      const stored = await this.#read(name, signal);
      if (stored === undefined) throw error;
      return stored;
    }
  }

  /** The request is final or gone: nobody will ask about it again. */
  forget(uid: string): void {
    this.#doubtful.delete(uid);
  }

  #read(name: string, signal: AbortSignal): Promise<IssuedCertificate | undefined> {
    const ref = { namespace: this.#namespace, name };
    return this.#client.getOrUndefined<IssuedCertificate>(issuedCertificateResource, ref, { signal });
  }
}
