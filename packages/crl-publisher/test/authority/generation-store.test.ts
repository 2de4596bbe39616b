import { type CertificateAuthority, generationMarkResource, revocationListResource } from "@capstan/api";
import { readRoot } from "@capstan/ca-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import {
  type FoundGeneration,
  type Generation,
  GenerationStore,
  secretResource,
} from "../../src/authority/generation-store.ts";
import { MemoryAudit } from "../support/audit.ts";
import { base64, keySecret, newGeneration } from "../support/generation.ts";
import { authority, now, ownNamespace } from "../support/objects.ts";

const existing = await newGeneration();
const stranger = await newGeneration();
const signal = new AbortController().signal;
const ref = { namespace: ownNamespace, name: "fleet-1" };

let server: ApiServer;
let audit: MemoryAudit;
let store: GenerationStore;

beforeEach(async () => {
  server = await ApiServer.start();
  audit = new MemoryAudit();
  store = newStore();
});

afterEach(() => server[Symbol.asyncDispose]());

/** As after a restart. */
function newStore(): GenerationStore {
  return new GenerationStore({ client: server.client, namespace: ownNamespace, audit: audit.log, now: () => now });
}

/** Makes generation 1, and reads what is stored. */
async function make(by: GenerationStore, owner: CertificateAuthority): Promise<Generation> {
  await by.make(owner, 1, signal);
  return present(await by.find(owner, 1, signal));
}

function present(found: FoundGeneration): Generation {
  if (found.is !== "Present") throw new Error(found.is === "Missing" ? "there is none" : found.message);
  return found.generation;
}

function knowing(fingerprint: string): CertificateAuthority {
  return authority({ status: { activeGeneration: 1, generations: [{ number: 1, phase: "Active", fingerprint }] } });
}

const mark = (notAfter: string) => ({
  apiVersion: "capstan.dev/v1alpha1",
  kind: "GenerationMark",
  metadata: ref,
  spec: { authority: "fleet", generation: 1, notAfter },
});

const issuance = (caCertificates: { readonly maxPathLength: number }): CertificateAuthority["spec"]["issuance"] => ({
  ...authority().spec.issuance,
  caCertificates,
});

const secrets = (): readonly unknown[] => server.all(secretResource);

describe("a new generation", () => {
  test("is-in-the-audit-log-with-the-fingerprint-of-its-root", async () => {
    const { root } = await make(store, authority());
    expect(audit.signatures()).toMatchObject([
      { purpose: "Root", authority: "fleet", generation: 1, outcome: "signed", sha256: root.sha256 },
    ]);
  });

  test("is-not-made-when-the-audit-log-cannot-be-written", async () => {
    audit.isFull = true;
    await expect(make(store, authority())).rejects.toMatchObject({ code: "ERR_AUDIT_LOG" });
    expect(secrets()).toEqual([]);
  });

  test("is-one-immutable-secret-with-key-root-and-fingerprint", async () => {
    const { root, key, number } = await make(store, authority());
    expect(number).toBe(1);
    expect(Buffer.from(root.spki).equals(key.publicKeySpki)).toBe(true);
    expect(secrets()).toMatchObject([
      {
        metadata: {
          name: "fleet-1",
          annotations: { "capstan.dev/root-sha256": root.sha256 },
          labels: { "capstan.dev/authority": "fleet" },
        },
        type: "kubernetes.io/tls",
        immutable: true,
        data: { "tls.crt": base64(root.pem), "tls.key": expect.any(String) },
      },
    ]);
    expect(secrets()[0]).not.toHaveProperty("metadata.ownerReferences");
  });

  test("is-valid-from-five-minutes-ago-for-just-its-duration", async () => {
    const { root } = await make(store, authority());
    expect(root).toMatchObject({
      generation: 1,
      algorithm: "ECDSA-P256",
      notBefore: new Date("2026-11-22T02:55:00Z"),
      notAfter: new Date("2027-11-22T02:54:59Z"),
    });
  });

  test.each<[fact: string, spec: Partial<CertificateAuthority["spec"]>, pathLength: number]>([
    ["none-with-trust-anchors", {}, 0],
    ["none-without-trust-anchors", { trustAnchors: [] }, 0],
    ["one-below-it-for-ca-certificates", { trustAnchors: [], issuance: issuance({ maxPathLength: 0 }) }, 1],
    ["as-many-as-ca-certificates-may-have-and-one", { trustAnchors: [], issuance: issuance({ maxPathLength: 2 }) }, 3],
    ["none-with-trust-anchors-whatever-is-allowed", { issuance: issuance({ maxPathLength: 2 }) }, 0],
  ])("has-room-for-cas-%s", async (_fact, spec, pathLength) => {
    const changed = authority({ spec });
    expect((await make(store, changed)).root.pathLength).toBe(pathLength);
    expect(present(await newStore().find(changed, 1, signal)).root.pathLength).toBe(pathLength);
  });

  test("with-cas-below-it-is-refused-once-there-are-trust-anchors", async () => {
    await make(store, authority({ spec: { trustAnchors: [], issuance: issuance({ maxPathLength: 0 }) } }));
    expect(await newStore().find(authority(), 1, signal)).toMatchObject({
      is: "Unusable",
      message: expect.stringMatching(/pathLen must be 0.*or remove spec.trustAnchors if it was made without any$/),
    });
  });

  test("is-taken-apart-once-and-looked-for-each-time", async () => {
    const made = await make(store, authority());
    expect(present(await store.find(authority(), 1, signal))).toBe(made);
    server.remove(secretResource, ref);
    expect(await store.find(authority(), 1, signal)).toEqual({ is: "Missing" });
  });

  test("has-a-mark-that-says-that-nothing-was-signed-and-an-empty-list", async () => {
    await make(store, authority());
    expect(server.read(generationMarkResource, ref)).toMatchObject({ spec: { notAfter: "2026-11-22T02:55:00Z" } });
    expect(server.read(revocationListResource, ref)).toMatchObject({ spec: { crlNumber: 0 } });
  });

  test("is-the-same-after-a-restart", async () => {
    const made = await make(store, authority());
    const read = present(await newStore().find(knowing(made.root.sha256), 1, signal));
    expect(read.root.sha256).toBe(made.root.sha256);
    expect(secrets()).toHaveLength(1);
  });
});

describe("two publishers make one generation", () => {
  test("the-other-was-first", async () => {
    server.next("POST", /secrets/, (somebody) => void somebody.put(secretResource, keySecret(existing)));
    const taken = await make(store, authority());
    expect(taken.root.sha256).toBe(existing.root.sha256);
    expect(secrets()).toHaveLength(1);
  });

  test("at-once", async () => {
    const [one, other] = await Promise.all([make(store, authority()), make(newStore(), authority())]);
    expect(one.root.sha256).toBe(other.root.sha256);
    expect(secrets()).toHaveLength(1);
  });

  test("cut-off-after-the-create", async () => {
    server.next("POST", /secrets/, "lose the answer");
    await expect(make(store, authority())).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    const { root } = present(await newStore().find(authority(), 1, signal));
    const [secret] = secrets() as readonly { readonly data: { readonly "tls.crt": string } }[];
    expect(readRoot(Buffer.from(secret?.data["tls.crt"] ?? "", "base64").toString()).sha256).toBe(root.sha256);
  });
});

describe("a Secret is of no use", () => {
  const data = keySecret(existing).data;
  const withData = (change: Record<string, string>) => ({ ...keySecret(existing), data: change });

  test.each<[fact: string, secret: ReturnType<typeof keySecret>, owner: CertificateAuthority, message: string]>([
    [
      "with-another-root-than-status-says",
      keySecret(stranger),
      knowing(existing.root.sha256),
      `Secret fleet-1 holds the root ${stranger.root.sha256}, but generation 1 is ${existing.root.sha256}; restore the Secret from a backup`,
    ],
    [
      "with-the-key-of-another-root",
      withData({ ...data, "tls.key": keySecret(stranger).data["tls.key"] ?? "" }),
      authority(),
      "Secret fleet-1 holds a key that is not its root's; restore it from a backup",
    ],
    [
      "without-a-key",
      withData({ "tls.crt": data["tls.crt"] ?? "" }),
      authority(),
      "Secret fleet-1 has no tls.key; restore it from a backup",
    ],
    [
      "without-a-root",
      withData({ "tls.key": data["tls.key"] ?? "" }),
      authority(),
      "Secret fleet-1 has no tls.crt; restore it from a backup",
    ],
    [
      "with-a-root-that-cannot-be-read",
      withData({ ...data, "tls.crt": base64("x") }),
      authority(),
      "Secret fleet-1 cannot be read",
    ],
    [
      "with-a-key-that-cannot-be-read",
      withData({ ...data, "tls.key": base64("x") }),
      authority(),
      "Secret fleet-1 cannot be read",
    ],
  ])("%s", async (_fact, secret, owner, message) => {
    server.put(secretResource, secret);
    const found = await store.find(owner, 1, signal);
    expect(found).toMatchObject({ is: "Unusable", message: expect.stringContaining(message) });
    expect(server.writes).toEqual([]);
  });

  test("an-api-server-that-fails-to-answer-is-not-a-missing-key", async () => {
    server.next("GET", /secrets/, { refuse: 500, reason: "InternalError" });
    await expect(store.find(authority(), 1, signal)).rejects.toMatchObject({ code: 500 });
  });

  test("a-restored-secret-is-taken", async () => {
    const owner = knowing(existing.root.sha256);
    expect(await store.find(owner, 1, signal)).toEqual({ is: "Missing" });
    server.put(secretResource, keySecret(existing));
    expect(present(await store.find(owner, 1, signal)).number).toBe(1);
  });
});

describe("a key that is destroyed", () => {
  test("is-gone-and-that-it-is-gone-already-is-no-fault", async () => {
    await make(store, authority());
    await store.destroy("fleet", 1, signal);
    await store.destroy("fleet", 1, signal);
    expect(secrets()).toEqual([]);
    expect(await store.find(authority(), 1, signal)).toEqual({ is: "Missing" });
  });
});

describe("a generation's records", () => {
  const markOf = (): unknown => server.read(generationMarkResource, ref);

  test("begin-with-nothing-signed-and-nothing-listed", async () => {
    await store.ensureRecords(authority(), existing, signal);
    expect(markOf()).toMatchObject({ spec: { authority: "fleet", generation: 1, notAfter: "2026-11-22T02:00:00Z" } });
    expect(server.read(revocationListResource, ref)).toMatchObject({
      spec: { authority: "fleet", generation: 1, crlNumber: 0 },
    });
  });

  test("that-exist-are-left-as-they-are", async () => {
    server.put(generationMarkResource, mark("2026-12-24T00:00:00Z"));
    const list = { ...mark(""), kind: "RevocationList", spec: { authority: "fleet", generation: 1, crlNumber: 17 } };
    server.put(revocationListResource, list);
    await store.ensureRecords(knowing(existing.root.sha256), existing, signal);
    expect(markOf()).toMatchObject({ spec: { notAfter: "2026-12-24T00:00:00Z" } });
    expect(server.read(revocationListResource, ref)).toMatchObject({ spec: { crlNumber: 17 } });
  });

  test("cut-off-between-them-are-completed", async () => {
    server.next("POST", /revocationlists/, { refuse: 500, reason: "InternalError" });
    await expect(store.ensureRecords(authority(), existing, signal)).rejects.toMatchObject({ code: 500 });
    await store.ensureRecords(authority(), existing, signal);
    expect([server.all(generationMarkResource).length, server.all(revocationListResource).length]).toEqual([1, 1]);
  });
});
