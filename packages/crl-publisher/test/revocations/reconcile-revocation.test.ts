import {
  apiVersion,
  type CertificateAuthority,
  type Condition,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  type RevocationList,
  revocationResource,
} from "@capstan/api";
import { parseCrlNumber } from "@capstan/ca-core";
import { createLogger } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { Readings } from "../../src/revocations/readings.ts";
import { KnownRoots } from "../../src/revocations/known-roots.ts";
import {
  revocationReconciler,
  type RevocationReconcilerOptions,
  unseenOf,
} from "../../src/revocations/reconcile-revocation.ts";
import { RevocationRoom } from "../../src/revocations/revocation-room.ts";
import { after, authority, now, ownNamespace, prod, record, revocation, revokedAt } from "../support/objects.ts";

let server: ApiServer;
let readings: Readings;
let lists: ObjectStore<RevocationList>;
let authorities: ObjectStore<CertificateAuthority>;
let noticed: string[];
let logLines: Record<string, unknown>[];
/** Whether the CRL of a list is stored, too. */
let isStored: boolean;

beforeEach(async () => {
  noticed = [];
  logLines = [];
  isStored = true;
  server = await ApiServer.start();
  readings = new Readings();
  lists = new ObjectStore();
  authorities = new ObjectStore();
  authorities.set(authority());
});

afterEach(() => server[Symbol.asyncDispose]());

function options(revocations: ObjectStore<Revocation>): RevocationReconcilerOptions {
  return {
    client: server.client,
    namespace: ownNamespace,
    revocations,
    authorities,
    lists,
    records: new ObjectStore<IssuedCertificate>({ serial: () => [] }),
    roots: new KnownRoots({ client: server.client, namespace: ownNamespace, lists }),
    room: new RevocationRoom({ records: new ObjectStore<IssuedCertificate>({ authority: () => [] }), now: () => now }),
    pace: { noticed: (authority, generation) => noticed.push(`${authority}-${generation}`) },
    readings,
    now: () => now,
    log: createLogger({
      program: "test",
      to: { write: (line) => void logLines.push(JSON.parse(line) as Record<string, unknown>) },
    }),
  };
}

/** One look at a revocation as it is stored now. */
async function reconcile(wish: Revocation): Promise<Revocation> {
  const revocations = new ObjectStore<Revocation>();
  const ref = { namespace: wish.metadata.namespace ?? "", name: wish.metadata.name };
  revocations.set(
    (server.read(revocationResource, ref) as Revocation | undefined) ?? server.put(revocationResource, wish),
  );
  await revocationReconciler(options(revocations))(`${ref.namespace}/${ref.name}`, new AbortController().signal);
  return server.read(revocationResource, ref) as Revocation;
}

function put(ledgerRecord: IssuedCertificate): void {
  server.put(issuedCertificateResource, ledgerRecord);
}

const ledger = (name = "record-1"): IssuedCertificate =>
  server.read(issuedCertificateResource, { namespace: ownNamespace, name }) as IssuedCertificate;

/** A list with these serials; a reason code may follow one. */
function listed(...serials: readonly string[]): void {
  const thisUpdate = now.toISOString();
  const published = { number: 7, entries: 1, thisUpdate, nextUpdate: thisUpdate, sha256: "0".repeat(64) };
  const end = after(86_400_000).getTime() / 1_000;
  lists.set({
    apiVersion,
    kind: "RevocationList",
    metadata: { name: "fleet-1", namespace: ownNamespace },
    spec: {
      authority: "fleet",
      generation: 1,
      crlNumber: 7,
      actors: ["bob"],
      entries: serials.map((text) => {
        const [serial, reasonCode = "1"] = text.split(" ");
        return `${serial} ${now.getTime() / 1_000} ${reasonCode} ${end} 0`;
      }),
    },
    ...(isStored ? { status: { published } } : {}),
  });
}

function readBack(anchor: string, number: number, ...serials: readonly string[]): void {
  const crl = { number: parseCrlNumber(String(number)), serials: new Set(serials) };
  readings.record({ authority: "fleet", anchor, generation: 1, crl, at: now.getTime() });
}

/** Each condition as type, status and reason. */
function said({ status }: Revocation): readonly string[] {
  return (status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
}

const condition = (type: string, status: "True" | "False"): Condition => ({
  type,
  status,
  reason: "Any",
  lastTransitionTime: "2026-11-20T00:00:00Z",
});

describe("a revocation is refused, and nothing is marked", () => {
  test.each<[fact: string, wish: Revocation, reason: string]>([
    ["unknown-serial", revocation({ target: { serial: "77" } }), "NotYours"],
    ["serial-of-another-namespace", revocation({ namespace: "other" }), "NotYours"],
    [
      "record-of-another-namespace",
      revocation({ namespace: "other", target: { issuedCertificate: "record-1" } }),
      "NotYours",
    ],
    ["unknown-record", revocation({ target: { issuedCertificate: "nobody" } }), "NotYours"],
    [
      "name-that-would-be-another-path",
      revocation({ target: { issuedCertificate: "../secrets/fleet-1" } }),
      "InvalidTarget",
    ],
    ["name-that-cannot-be-one", revocation({ target: { issuedCertificate: "Record_1%" } }), "InvalidTarget"],
    ["no-target", revocation({ target: {} }), "InvalidTarget"],
    ["zero", revocation({ target: { serial: "00:00" } }), "InvalidTarget"],
    ["21-octets", revocation({ target: { serial: "11".repeat(21) } }), "InvalidTarget"],
    ["no-certificate", revocation({ target: { certificate: "a certificate" } }), "InvalidTarget"],
    ["expired", revocation({ target: { issuedCertificate: "expired" } }), "Expired"],
    ["two-of-one-serial", revocation({ namespace: ownNamespace, target: { serial: "5555" } }), "AmbiguousSerial"],
  ])("%s", async (_fact, wish, reason) => {
    put(record());
    put(record({ name: "expired", spec: { serial: "66", notAfter: after(-1_000).toISOString() } }));
    put(record({ name: "twin-1", spec: { serial: "5555" } }));
    put(record({ name: "twin-2", spec: { serial: "5555", requestNamespace: "other" } }));
    expect(said(await reconcile(wish))).toEqual([`Accepted False ${reason}`]);
    expect(server.writes).toEqual([expect.stringContaining("/revocations/")]);
  });

  test("for-good", async () => {
    await reconcile(revocation());
    const calls = server.calls.length;
    put(record());
    expect(said(await reconcile(revocation()))).toEqual(["Accepted False NotYours"]);
    expect(server.calls).toHaveLength(calls);
  });
});

test("the log tells once each of mark, acceptance and publication, with the uid of the Revocation and its CRL", async () => {
  put(record());
  const { metadata } = await reconcile(revocation());
  listed("4f1c");
  await reconcile(revocation());
  readBack("prod", 7, "4f1c");
  for (let looks = 0; looks < 2; looks += 1) await reconcile(revocation());
  const of = { namespace: "demo", name: "web", uid: metadata.uid, serial: "4f1c" };
  expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(logLines.map(({ msg }) => msg)).toEqual([
    "revoked a certificate",
    "accepted a revocation",
    "published a revocation",
  ]);
  expect(logLines).toMatchObject([
    { ...of, record: "record-1" },
    { ...of, authority: "fleet", generation: 1, reason: "Recorded" },
    { ...of, crlNumber: 7 },
  ]);
});

test("the log tells why a revocation is refused", async () => {
  await reconcile(revocation());
  expect(logLines).toMatchObject([{ msg: "refused a revocation", name: "web", reason: "NotYours" }]);
});

describe("a record is marked", () => {
  const revoked = { at: "2026-11-22T03:00:00Z", reason: "keyCompromise", revocation: "demo/web", requestedBy: "bob" };

  test.each<[fact: string, wish: Revocation]>([
    ["by-serial", revocation()],
    ["by-name", revocation({ target: { issuedCertificate: "record-1" } })],
  ])("%s-with-who-when-and-why", async (_fact, wish) => {
    put(record());
    await reconcile(wish);
    expect(ledger().status).toEqual({ revoked });
  });

  test("and-the-revocation-says-whose-it-is-but-nothing-more-yet", async () => {
    put(record());
    expect((await reconcile(revocation())).status).toEqual({
      serial: "4f1c",
      issuedCertificate: "record-1",
      authority: "fleet",
      generation: 1,
      notAfter: record().spec.notAfter.replace(/\.\d+/, ""),
    });
  });

  test("and-the-next-crl-of-its-generation-is-asked-for", async () => {
    put(record());
    await reconcile(revocation());
    expect(noticed).toEqual(["fleet-1"]);
  });

  test("once-and-the-first-time-and-reason-stay", async () => {
    put(record({ status: revokedAt(after(-60_000), "keyCompromise") }));
    await reconcile(revocation());
    expect([ledger().status, noticed]).toEqual([revokedAt(after(-60_000), "keyCompromise"), []]);
  });

  test("as-compromised-with-the-time-and-revoker-of-the-first", async () => {
    put(record({ status: revokedAt(after(-60_000)) }));
    expect(said(await reconcile(revocation()))).toEqual(["Accepted Unknown ReasonRaised"]);
    expect([ledger().status, noticed]).toEqual([revokedAt(after(-60_000), "keyCompromise"), ["fleet-1"]]);
    listed("4f1c");
    expect(said(await reconcile(revocation()))[0]).toBe("Accepted True ReasonRaised");
  });

  test("by-the-first-of-two-at-once", async () => {
    put(record());
    server.next("PATCH", /issuedcertificates/, (somebody) => {
      somebody.put(issuedCertificateResource, record({ status: revokedAt(now, "keyCompromise") }));
    });
    await expect(reconcile(revocation())).rejects.toMatchObject({ code: 409 });
    await reconcile(revocation());
    expect(ledger().status).toEqual(revokedAt(now, "keyCompromise"));
  });

  test("though-the-answer-was-lost", async () => {
    put(record());
    server.next("PATCH", /issuedcertificates/, "lose the answer");
    await expect(reconcile(revocation())).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    listed("4f1c");
    expect(said(await reconcile(revocation()))[0]).toBe("Accepted True Recorded");
    expect(ledger().status).toEqual({ revoked });
  });
});

describe("a revocation is not accepted", () => {
  test.each<[fact: string, before: () => void]>([
    ["without-a-list", () => undefined],
    ["while-the-list-lacks-the-serial", () => listed("4f1d")],
    ["by-a-reading-alone", () => readBack("prod", 7, "4f1c")],
    ["while-the-list-has-it-without-the-key-compromise", () => listed("4f1c 4")],
  ])("%s", async (_fact, before) => {
    put(record({ status: revokedAt(now, "keyCompromise") }));
    before();
    expect(said(await reconcile(revocation()))).toEqual(["Accepted Unknown AlreadyRevoked"]);
  });

  test("when-the-leaf-expired-before-a-crl-named-it", async () => {
    put(record({ spec: { notAfter: after(-1_000).toISOString() }, status: revokedAt(after(-2_000)) }));
    listed();
    expect(said(await reconcile(revocation()))).toEqual(["Accepted False Expired"]);
  });

  test("but-one-that-was-stays-so-when-its-entry-is-pruned", async () => {
    put(record({ spec: { notAfter: after(-1_000).toISOString() }, status: revokedAt(after(-2_000)) }));
    listed();
    const wish = revocation({
      status: { conditions: [condition("Accepted", "True"), condition("Published", "False")] },
    });
    expect(said(await reconcile(wish))).toEqual(["Accepted True Any", "Published False Any"]);
  });

  describe("but-one-that-was-stays-so-while-an-anchor-is-away", () => {
    const accepted = (notAfter: Date): Revocation =>
      revocation({
        status: {
          serial: "4f1c",
          authority: "fleet",
          generation: 1,
          issuedCertificate: "record-1",
          notAfter: notAfter.toISOString(),
          conditions: [condition("Accepted", "True"), condition("Published", "False")],
        },
      });

    test.each<[fact: string, before: () => void]>([
      [
        "and-its-entry-is-pruned",
        () => put(record({ spec: { notAfter: after(-1_000).toISOString() }, status: revokedAt(after(-2_000)) })),
      ],
      ["and-its-record-is-too", () => undefined],
    ])("%s-and-ends-with-its-certificate", async (_fact, before) => {
      before();
      listed();
      const ended = await reconcile(accepted(after(-1_000)));
      expect(said(ended)).toEqual(["Accepted True Any", "Published True Expired"]);
      expect(ended.status?.conditions?.[1]?.message).toBe(
        "The certificate expired before every trust anchor was read back with a CRL that names it; nobody accepts it any more",
      );
      const calls = server.calls.length;
      await reconcile(ended);
      expect(server.calls).toHaveLength(calls);
    });

    test("and-is-neither-refused-nor-published-without-its-record-before-its-certificate-has-ended", async () => {
      listed();
      expect(said(await reconcile(accepted(after(1_000))))).toEqual(["Accepted True Any", "Published False Any"]);
    });

    test("and-is-waited-for-as-long-as-its-entry-is-listed", async () => {
      listed("4f1c");
      expect(said(await reconcile(accepted(after(-1_000))))).toEqual([
        "Accepted True Recorded",
        "Published False WaitingForTrustAnchors",
      ]);
    });
  });

  test("on-a-list-that-cannot-be-read", async () => {
    put(record({ status: revokedAt(now) }));
    listed("4f1c", "broken x");
    await expect(reconcile(revocation())).rejects.toThrow("RevocationList entry 1 cannot be read");
  });
});

describe("an accepted revocation", () => {
  beforeEach(() => {
    const revoked = revokedAt(now, "keyCompromise")?.revoked;
    put(record({ status: revoked === undefined ? {} : { revoked: { ...revoked, revocation: "demo/web" } } }));
    listed("4f1c");
  });

  test.each<[fact: string, anchors: readonly string[], before: () => void, published: string]>([
    ["waits-after-a-restart-until-anchors-are-read-back", ["prod"], () => undefined, "False WaitingForTrustAnchors"],
    [
      "waits-while-the-anchor-has-an-older-crl",
      ["prod"],
      () => readBack("prod", 6, "4f1d"),
      "False WaitingForTrustAnchors",
    ],
    [
      "waits-while-one-of-two-anchors-lacks-it",
      ["prod", "test"],
      () => readBack("prod", 7, "4f1c"),
      "False WaitingForTrustAnchors",
    ],
    [
      "is-published-when-every-anchor-has-it",
      ["prod", "test"],
      () => {
        readBack("prod", 7, "4f1c");
        readBack("test", 8, "4f1c");
      },
      "True ReadBack",
    ],
    ["is-published-at-once-without-anchors", [], () => undefined, "True ReadBack"],
  ])("%s", async (_fact, names, before, published) => {
    authorities.set(authority({ spec: { trustAnchors: names.map((name) => ({ ...prod, name })) } }));
    before();
    expect(said(await reconcile(revocation()))).toEqual(["Accepted True Recorded", `Published ${published}`]);
  });

  test("waits-without-anchors-until-the-crl-is-stored", async () => {
    authorities.set(authority({ spec: { trustAnchors: [] } }));
    isStored = false;
    listed("4f1c");
    expect(said(await reconcile(revocation()))).toEqual([
      "Accepted True Recorded",
      "Published False WaitingForTrustAnchors",
    ]);
    isStored = true;
    listed("4f1c");
    expect(said(await reconcile(revocation()))).toEqual(["Accepted True Recorded", "Published True ReadBack"]);
  });

  test.each<[fact: string, spec: object, bundle: readonly string[] | undefined, published: string]>([
    ["does-not-wait-for-an-anchor-that-is-ignored", { ignore: true }, undefined, "True ReadBack"],
    ["does-not-wait-for-an-anchor-that-was-read-without-the-root", {}, ["b".repeat(64)], "True ReadBack"],
    ["waits-for-an-anchor-that-was-read-with-it", {}, ["a".repeat(64)], "False WaitingForTrustAnchors"],
    ["waits-for-an-anchor-that-was-never-read", {}, undefined, "False WaitingForTrustAnchors"],
    ["does-not-wait-for-an-empty-bundle", {}, [], "True ReadBack"],
  ])("%s", async (_fact, spec, bundle, published) => {
    const status = {
      generations: [{ number: 1, phase: "Active" as const, fingerprint: "a".repeat(64) }],
      trustAnchors: [{ name: "far", joined: false, ...(bundle === undefined ? {} : { bundle: [...bundle] }) }],
    };
    authorities.set(authority({ spec: { trustAnchors: [prod, { ...prod, name: "far", ...spec }] }, status }));
    readBack("prod", 7, "4f1c");
    expect(said(await reconcile(revocation()))).toEqual(["Accepted True Recorded", `Published ${published}`]);
  });

  test("waits-when-nobody-says-where-the-root-is-trusted", async () => {
    authorities.delete("fleet");
    expect(said(await reconcile(revocation()))).toEqual([
      "Accepted True Recorded",
      "Published False WaitingForTrustAnchors",
    ]);
  });

  test("tells-each-anchors-progress-and-why-it-waits", async () => {
    const trustAnchors = ["prod", "test", "far"].map((name) => ({ ...prod, name }));
    const status = { trustAnchors: [{ name: "far", joined: true, message: "AWS is away" }] };
    authorities.set(authority({ spec: { trustAnchors }, status }));
    readBack("prod", 7, "4f1c");
    const { status: progress } = await reconcile(revocation());
    expect(progress).toMatchObject({
      crlNumber: 7,
      anchors: [
        { name: "prod", published: true, crlNumber: 7 },
        { name: "test", published: false, message: "the CRL is on its way" },
        { name: "far", published: false, message: "AWS is away" },
      ],
      conditions: [{ type: "Accepted" }, { type: "Published", message: "Waiting for test, far" }],
    });
  });

  test("tells-that-aws-is-not-seen-to-act-on-the-crl", async () => {
    readings.doubt({ authority: "fleet", anchor: "prod", generation: 1 }, "AWS was not seen to act on it");
    expect((await reconcile(revocation())).status?.anchors).toEqual([
      { name: "prod", published: false, message: "AWS was not seen to act on it" },
    ]);
  });

  test("keeps-the-number-of-the-first-crl-that-named-it", async () => {
    authorities.set(authority({ spec: { trustAnchors: [prod, { ...prod, name: "test" }] } }));
    readBack("prod", 7, "4f1c");
    await reconcile(revocation());
    readBack("prod", 9, "4f1c");
    readBack("test", 9, "4f1c");
    expect((await reconcile(revocation())).status).toMatchObject({ crlNumber: 7 });
  });

  test("once-published-is-not-looked-at-again", async () => {
    readBack("prod", 7, "4f1c");
    await reconcile(revocation());
    const calls = server.calls.length;
    readings.forget("fleet", "prod");
    expect(said(await reconcile(revocation()))).toEqual(["Accepted True Recorded", "Published True ReadBack"]);
    expect(server.calls).toHaveLength(calls);
  });

  test("writes-nothing-while-nothing-moves", async () => {
    await reconcile(revocation());
    const writes = server.writes.length;
    await reconcile(revocation());
    expect(server.writes).toHaveLength(writes);
  });

  test("writes-nothing-because-the-issuer-controller-says-how-the-re-issue-goes", async () => {
    const before = await reconcile(revocation());
    server.put(revocationResource, {
      ...before,
      status: { ...before.status, reissue: { state: "Requested", since: "2026-11-22T04:00:00Z" } },
    });
    const writes = server.writes.length;
    const after = await reconcile(revocation());
    expect(server.writes).toHaveLength(writes);
    expect(after.status?.reissue?.state).toBe("Requested");
  });

  test("of-somebody-elses-wish-is-published-by-the-same-reading", async () => {
    readBack("prod", 7, "4f1c");
    const second = revocation({ name: "again", namespace: ownNamespace });
    expect(said(await reconcile(second))).toEqual(["Accepted True AlreadyRevoked", "Published True ReadBack"]);
  });
});

test("a-crl-waits-for-what-nobody-has-looked-at-and-not-for-what-is-deleted-and-held-by-a-finalizer", () => {
  const unseen = revocation();
  expect(unseenOf(unseen)).toEqual([""]);
  expect(unseenOf({ ...unseen, status: { serial: "4f1c" } })).toEqual([]);
  const metadata = { ...unseen.metadata, finalizers: ["example.com/mine"], deletionTimestamp: now.toISOString() };
  expect(unseenOf({ ...unseen, metadata })).toEqual([]);
});

test("nothing-is-done-for-one-that-is-gone", async () => {
  await revocationReconciler(options(new ObjectStore<Revocation>()))("demo/web", new AbortController().signal);
  expect(server.calls).toEqual([]);
});
