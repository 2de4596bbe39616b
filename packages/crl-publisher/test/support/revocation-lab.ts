import {
  apiVersion,
  type CertificateAuthority,
  crlKeys,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  type RevocationList,
  revocationListResource,
  revocationResource,
} from "@capstan/api";
import { issueLeaf, ownCommonName, parseCrlNumber, prepareLeaf } from "@capstan/ca-core";
import { createLogger, type ReconcileResult } from "@capstan/kube";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import type { Generation } from "../../src/authority/generation-store.ts";
import { type ConfigMap, configMapResource } from "../../src/crl/config-map.ts";
import { KnownRoots } from "../../src/revocations/known-roots.ts";
import { Readings } from "../../src/revocations/readings.ts";
import { revocationReconciler } from "../../src/revocations/reconcile-revocation.ts";
import { RevocationRoom } from "../../src/revocations/revocation-room.ts";
import { after, authority, day, minute, now, ownNamespace } from "./objects.ts";

/** The reconciler of Revocations with an API server; its caches are what the server holds at each look. */
export class RevocationLab implements AsyncDisposable {
  readonly server: ApiServer;
  readonly readings = new Readings();
  readonly authorities: ObjectStore<CertificateAuthority> = new ObjectStore();
  /** Generations whose next CRL was asked for. */
  readonly noticed: string[] = [];
  /** What was counted. */
  readonly outcomes: string[] = [];
  now: Date = now;
  readonly #lists = new ObjectStore<RevocationList>();
  readonly #records = new ObjectStore<IssuedCertificate>({
    authority: ({ spec }) => [spec.authority],
    serial: ({ spec }) => [spec.serial],
  });
  readonly #revocations = new ObjectStore<Revocation>();
  readonly #look: ReturnType<typeof revocationReconciler>;

  private constructor(server: ApiServer) {
    this.server = server;
    this.authorities.set(authority());
    const { client } = server;
    this.#look = revocationReconciler({
      client,
      namespace: ownNamespace,
      revocations: this.#revocations,
      authorities: this.authorities,
      lists: this.#lists,
      records: this.#records,
      roots: new KnownRoots({ client, namespace: ownNamespace, lists: this.#lists }),
      room: new RevocationRoom({ records: this.#records, now: () => this.now }),
      pace: { noticed: (name, generation) => this.noticed.push(`${name}-${generation}`) },
      readings: this.readings,
      onOutcome: (reason) => this.outcomes.push(reason),
      now: () => this.now,
      log: createLogger({ program: "test", level: "silent" }),
    });
  }

  static async start(): Promise<RevocationLab> {
    return new RevocationLab(await ApiServer.start());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }

  /** One look at a Revocation as it is stored, or as it is given when it is new. */
  async reconcile(wish: Revocation): Promise<{ readonly stored: Revocation; readonly result: ReconcileResult }> {
    const ref = { namespace: wish.metadata.namespace ?? "", name: wish.metadata.name };
    if (this.server.read(revocationResource, ref) === undefined) this.server.put(revocationResource, wish);
    this.observe();
    const result = await this.#look(`${ref.namespace}/${ref.name}`, new AbortController().signal);
    return { stored: this.server.read(revocationResource, ref) as Revocation, result: result ?? {} };
  }

  /** Each condition as type, status and reason, after one look. */
  async said(wish: Revocation): Promise<readonly string[]> {
    const { stored } = await this.reconcile(wish);
    return (stored.status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  }

  observe(): void {
    for (const list of this.server.all(revocationListResource) as readonly RevocationList[]) this.#lists.set(list);
    for (const wish of this.server.all(revocationResource) as readonly Revocation[]) this.#revocations.set(wish);
    for (const one of this.ledger) if (one.status?.revoked !== undefined) this.#records.set(one);
  }

  get ledger(): readonly IssuedCertificate[] {
    return this.server.all(issuedCertificateResource) as readonly IssuedCertificate[];
  }

  get revoked(): readonly string[] {
    const marked = this.ledger.filter(({ status }) => status?.revoked !== undefined);
    return marked.map(({ metadata }) => metadata.name).toSorted();
  }

  list(name = "fleet-1"): RevocationList {
    return this.server.read(revocationListResource, { namespace: ownNamespace, name }) as RevocationList;
  }

  /** A generation that has published: its list, and its root beside its CRL. */
  publish({ number, root }: Generation, authorityName = "fleet", change: Partial<RevocationList["spec"]> = {}): void {
    const metadata = { name: `${authorityName}-${number}`, namespace: ownNamespace };
    const spec = { authority: authorityName, generation: number, crlNumber: 7, ...change };
    this.server.put(revocationListResource, { apiVersion, kind: "RevocationList", metadata, spec });
    const map: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { [crlKeys.root]: root.pem } };
    this.server.put(configMapResource, map);
  }

  /** What the authority's reconciler does with marked records: they stand in the list. */
  listMarked(name = "fleet-1"): void {
    const { generation } = this.list(name).spec;
    const marked = this.ledger.filter(({ spec, status }) => spec.generation === generation && status !== undefined);
    const entries = marked.map(({ spec, status }) => {
      const code = status?.revoked?.reason === "keyCompromise" ? 1 : 4;
      return `${spec.serial} ${now.getTime() / 1_000} ${code} ${Math.floor(Date.parse(spec.notAfter) / 1_000)} 0`;
    });
    const list = this.list(name);
    const thisUpdate = now.toISOString();
    const published = { number: 9, entries: 1, thisUpdate, nextUpdate: thisUpdate, sha256: "0".repeat(64) };
    const spec = { ...list.spec, entries, actors: ["bob"] };
    this.server.put(revocationListResource, { ...list, spec, status: { published } });
  }

  /** An anchor was read back with a CRL of everything in a list. */
  readBack(anchor: string, name = "fleet-1"): void {
    const { spec } = this.list(name);
    const serials = new Set((spec.entries ?? []).map((entry) => entry.split(" ")[0] ?? ""));
    const crl = { number: parseCrlNumber(String(spec.crlNumber)), serials };
    this.readings.record({
      authority: spec.authority,
      anchor,
      generation: spec.generation,
      crl,
      at: this.now.getTime(),
    });
  }
}

/** A leaf of the generation that no ledger knows. */
export async function unknownLeaf(
  { root, key }: Generation,
  notAfter: Date = after(day),
): Promise<{ readonly serial: string; readonly pem: string }> {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { ticket } = prepareLeaf({
    root,
    subject: [{ type: "CN", value: ownCommonName("canary", "fleet") }],
    subjectAlternativeNames: [],
    publicKeySpki: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    usages: ["digital signature", "client auth"],
    notBefore: after(-minute),
    notAfter,
    maxLifetimeMs: 2 * day,
    isOwnLeaf: true,
    random: randomBytes,
  });
  return issueLeaf({ ticket, signer: key });
}
