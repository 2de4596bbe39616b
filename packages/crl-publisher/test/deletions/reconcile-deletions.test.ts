import {
  type CertificateAuthority,
  certificateAuthorityResource,
  type IssuedCertificate,
  issuedCertificateResource,
} from "@capstan/api";
import { createLogger, type EventInput, type KubeObject } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { findOrphans } from "../../src/deletions/find-orphans.ts";
import { deletionsKey, deletionsReconciler, lookEveryMs } from "../../src/deletions/reconcile-deletions.ts";
import { RevocationRoom, shares } from "../../src/revocations/revocation-room.ts";
import { newGeneration } from "../support/generation.ts";
import { after, authority, now, ownNamespace, record, revokedAt } from "../support/objects.ts";

const generation = await newGeneration();
const pods = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true } as const;
const certificates = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificates",
  kind: "Certificate",
  namespaced: true,
} as const;

let server: ApiServer;
let events: EventInput[];
let noticed: string[];
let records: ObjectStore<IssuedCertificate>;
let look: () => Promise<number | undefined>;

beforeEach(async () => {
  server = await ApiServer.start();
  events = [];
  noticed = [];
  records = new ObjectStore({ authority: ({ spec }) => [spec.authority] });
  server.put(certificateAuthorityResource, authority({ spec: { revocation: { onDeletion: true } } }));
  look = begin();
});

afterEach(() => server[Symbol.asyncDispose]());

/** As a process that begins to lead. */
function begin(): () => Promise<number | undefined> {
  const { client } = server;
  const reconcile = deletionsReconciler({
    client,
    namespace: ownNamespace,
    authorities: { list: () => server.all(certificateAuthorityResource) as readonly CertificateAuthority[] },
    roots: {
      of: () =>
        Promise.resolve({ ...generation, authority: "fleet", generation: 1, serial: "01" } as unknown as Awaited<
          ReturnType<Parameters<typeof deletionsReconciler>[0]["roots"]["of"]>
        >),
    },
    room: new RevocationRoom({ records, now: () => now }),
    pace: { noticed: (name, number) => noticed.push(`${name}-${number}`) },
    events: { record: (event) => events.push(event) },
    now: () => now,
    log: createLogger({ program: "test", level: "silent" }),
  });
  return async () => (await reconcile(deletionsKey, new AbortController().signal))?.requeueAfterMs;
}

type Owner = NonNullable<IssuedCertificate["spec"]["owner"]>;
const certificate: Owner = { kind: "Certificate", name: "web", uid: "c-1" };
const pod: Owner = { kind: "Pod", name: "web-0", uid: "p-1" };

function issued(name: string, owner: Owner | undefined, change: Partial<IssuedCertificate["spec"]> = {}): void {
  const spec = { serial: `4f${server.calls.length}`, ...(owner === undefined ? {} : { owner }), ...change };
  server.put(issuedCertificateResource, record({ name, spec }));
}

function there(type: typeof pods | typeof certificates, name: string, uid: string, namespace = "demo"): void {
  server.put(type, { apiVersion: "any", kind: type.kind, metadata: { name, namespace, uid } } satisfies KubeObject);
}

const revoked = (): readonly string[] =>
  (server.all(issuedCertificateResource) as readonly IssuedCertificate[])
    .filter(({ status }) => status?.revoked !== undefined)
    .map(({ metadata }) => metadata.name);

describe("a leaf is revoked", () => {
  test.each<[fact: string, owner: Owner, revocation: string]>([
    ["of-a-certificate-that-is-gone", certificate, "deletion of Certificate demo/web"],
    ["of-a-pod-that-is-gone", pod, "deletion of Pod demo/web-0"],
  ])("%s-at-the-second-look", async (_fact, owner, revocation) => {
    issued("one", owner);
    expect(await look()).toBe(lookEveryMs);
    expect(revoked()).toEqual([]);
    await look();
    expect((server.all(issuedCertificateResource) as readonly IssuedCertificate[])[0]?.status).toEqual({
      revoked: {
        at: "2026-11-22T03:00:00Z",
        reason: "cessationOfOperation",
        revocation,
        requestedBy: "capstan-crl-publisher (deletion)",
      },
    });
    expect(noticed).toEqual(["fleet-1"]);
  });

  test("of-a-pod-though-another-one-has-its-name", async () => {
    issued("one", pod);
    there(pods, "web-0", "p-2");
    await look();
    await look();
    expect(revoked()).toEqual(["one"]);
  });

  test("also-when-it-was-deleted-while-nobody-looked", async () => {
    issued("one", certificate);
    there(certificates, "web", "c-1");
    await look();
    server.remove(certificates, { namespace: "demo", name: "web" });
    look = begin();
    await look();
    await look();
    expect(revoked()).toEqual(["one"]);
  });
});

describe("a leaf stays", () => {
  test.each<[fact: string, before: () => void]>([
    ["while-its-certificate-is-there", () => (issued("one", certificate), there(certificates, "web", "c-1"))],
    [
      "when-its-certificate-was-made-again-under-the-same-name",
      () => (issued("one", certificate), there(certificates, "web", "c-2")),
    ],
    ["while-its-pod-is-there", () => (issued("one", pod), there(pods, "web-0", "p-1"))],
    ["that-names-no-owner", () => issued("one", undefined)],
    ["that-has-expired", () => issued("one", pod, { notAfter: after(-1).toISOString() })],
    ["of-an-authority-that-does-not-ask-for-it", () => issued("one", pod, { authority: "other" })],
  ])("%s", async (_fact, before) => {
    before();
    await look();
    await look();
    expect([revoked(), noticed]).toEqual([[], []]);
  });

  test("whose-certificate-is-back-at-the-second-look", async () => {
    issued("one", certificate);
    await look();
    there(certificates, "web", "c-2");
    await look();
    server.remove(certificates, { namespace: "demo", name: "web" });
    await look();
    expect(revoked()).toEqual([]);
  });

  test("that-somebody-else-revokes-at-the-same-time-with-his-reason", async () => {
    issued("one", pod);
    await look();
    server.next("PATCH", /issuedcertificates/, (somebody) => {
      const [one] = somebody.all(issuedCertificateResource) as readonly IssuedCertificate[];
      if (one !== undefined)
        somebody.put(issuedCertificateResource, { ...one, status: revokedAt(now, "keyCompromise") ?? {} });
    });
    await look();
    const [one] = server.all(issuedCertificateResource) as readonly IssuedCertificate[];
    expect(one?.status).toEqual(revokedAt(now, "keyCompromise"));
  });

  test.each<[fact: string, method: RegExp, code: number]>([
    ["when-certificates-cannot-be-listed", /certificates$/, 500],
    ["when-pods-cannot-be-listed", /pods$/, 503],
  ])("%s", async (_fact, path, code) => {
    issued("one", pod);
    issued("two", certificate);
    await look();
    server.next("GET", path, { refuse: code, reason: "InternalError" });
    await expect(look()).rejects.toMatchObject({ code });
    expect(revoked()).toEqual([]);
  });

  test.each<[fact: string, code: number, reason: string]>([
    ["without-the-right-to-look-and-an-event-says-what-to-apply", 403, "Forbidden"],
    ["without-cert-manager", 404, "NotFound"],
  ])("%s", async (_fact, code, reason) => {
    issued("one", certificate);
    await look();
    server.next("GET", /cert-manager.io\/v1\/certificates$/, { refuse: code, reason });
    expect(await look()).toBe(lookEveryMs);
    expect([revoked(), events.map((event) => event.reason)]).toEqual([[], ["DeletionsUnseen"]]);
    expect(events[0]?.note).toContain("deploy/manifests/revoke-on-deletion.yaml");
  });

  test("when-deletions-have-used-up-their-part-of-the-crl", async () => {
    for (let index = 0; index < 6_300 * shares.deletion.other.ofNamespace; index += 1) {
      records.set(record({ name: `r-${index}`, spec: { serial: `${index}` }, status: revokedAt(now) }));
    }
    issued("one", pod);
    await look();
    await look();
    expect(revoked()).toEqual([]);
  });
});

test("nothing-is-asked-of-the-api-server-when-no-authority-wants-it", async () => {
  server.put(certificateAuthorityResource, authority());
  issued("one", pod);
  const { length } = server.calls;
  expect(await look()).toBeUndefined();
  expect(server.calls).toHaveLength(length);
});

test("an-owner-of-another-namespace-is-not-the-owner", () => {
  const one = record({ spec: { owner: certificate } });
  const living = { certificates: new Set(["other/web"]), pods: new Set<string>() };
  expect(findOrphans([one], living, now.getTime())).toEqual([one]);
});
