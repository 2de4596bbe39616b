import { execFileSync } from "node:child_process";
import { createHash, randomBytes, randomUUID, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type GenerationMark,
  generationMarkResource,
  type IssuedCertificate,
  issuedCertificateResource,
  type RevocationList,
  revocationListResource,
} from "@capstan/api";
import { parseCrlNumber } from "@capstan/ca-core";
import { createLogger } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import { GenerationStore } from "../../src/authority/generation-store.ts";
import {
  type ConfigMap,
  configMapResource,
  publishCrl,
  readStored,
  type PublishedNow,
  type StoredCrl,
} from "../../src/crl/publish-crl.ts";
import { CrlPace, crlPaceSettings } from "../../src/crl/crl-pace.ts";
import { parseEntries } from "../../src/crl/revocation-entries.ts";
import { MemoryAudit } from "../support/audit.ts";
import { newGeneration } from "../support/generation.ts";
import { after, authority, hour, minute, now, ownNamespace, record, revokedAt } from "../support/objects.ts";

const generation = await newGeneration();
const ref = { namespace: ownNamespace, name: "fleet-1" };
const leaf = record({ status: revokedAt(now) });

let server: ApiServer;
let audit: MemoryAudit;
let time: Date;
let crlNumberInAws: bigint | undefined;
let areAnchorsRead: boolean;
let pace: CrlPace | undefined;

beforeEach(async () => {
  server = await ApiServer.start();
  audit = new MemoryAudit();
  time = now;
  crlNumberInAws = undefined;
  areAnchorsRead = true;
  pace = undefined;
  const store = new GenerationStore({
    client: server.client,
    namespace: ownNamespace,
    audit: audit.log,
    now: () => now,
  });
  await store.ensureRecords(authority(), generation, new AbortController().signal);
});

afterEach(() => server[Symbol.asyncDispose]());

/** One publication of what the ledger holds, with these records of workloads. */
function publish(...workloads: readonly IssuedCertificate[]): Promise<PublishedNow> {
  const own = server.all(issuedCertificateResource) as readonly IssuedCertificate[];
  return publishCrl({
    client: server.client,
    namespace: ownNamespace,
    authority: "fleet",
    generation,
    revoked: [...workloads, ...own.filter(({ status }) => status?.revoked !== undefined)],
    highestReadBack: crlNumberInAws === undefined ? undefined : parseCrlNumber(String(crlNumberInAws)),
    areAnchorsRead,
    pace,
    now: () => time,
    random: randomBytes,
    recordName: randomUUID,
    audit: audit.log,
    log: createLogger({ program: "test", level: "silent" }),
    signal: new AbortController().signal,
  });
}

const list = (): RevocationList => server.read(revocationListResource, ref) as RevocationList;
const stored = (): StoredCrl => readStored(server.read(configMapResource, ref) as ConfigMap);
const sentinels = (): readonly IssuedCertificate[] =>
  server.all(issuedCertificateResource) as readonly IssuedCertificate[];

describe("the first CRL", () => {
  test("names-a-sentinel-of-our-own-so-that-it-is-never-empty", async () => {
    const crl = await publish();
    const [sentinel, ...others] = sentinels();
    expect(others).toEqual([]);
    expect([...crl.serials]).toEqual([sentinel?.spec.serial]);
    expect(sentinel).toMatchObject({
      spec: { purpose: "CrlSentinel", authority: "fleet", generation: 1, notAfter: "2026-11-22T03:09:30Z" },
      status: { revoked: { reason: "cessationOfOperation", requestedBy: "capstan-crl-publisher" } },
    });
    expect(
      new X509Certificate(sentinel?.spec.certificate ?? "").verify(new X509Certificate(generation.root.pem).publicKey),
    ).toBe(true);
  });

  test("raises-the-mark-over-the-sentinel-before-it-is-signed", async () => {
    await publish();
    const mark = server.read(generationMarkResource, ref) as GenerationMark;
    expect(mark.spec.notAfter).toBe("2026-11-22T03:09:30Z");
    const order = server.writes.map((write) => write.split("/").at(-1) ?? "");
    expect(order.indexOf("fleet-1")).toBeLessThan(order.indexOf("issuedcertificates"));
  });

  test("is-stored-as-der-and-pem-and-told-in-the-lists-status", async () => {
    const crl = await publish(leaf);
    const map = server.read(configMapResource, ref) as ConfigMap;
    expect(map.metadata.labels).toEqual({ "capstan.dev/authority": "fleet", "capstan.dev/published": "crl" });
    expect(Buffer.from(map.binaryData?.["crl.der"] ?? "", "base64").equals(crl.der)).toBe(true);
    expect(map.data?.["crl.pem"]).toBe(crl.pem);
    expect(map.data?.["root.pem"]).toBe(generation.root.pem);
    expect(list().status?.capacity).toEqual({
      percent: 1,
      characters: expect.toSatisfy((size: number) => size >= crl.pem.length),
      entries: 3,
      reasons: "Listed",
    });
    expect(list().status?.published).toEqual({
      number: Number(crl.number),
      entries: 2,
      thisUpdate: "2026-11-22T03:00:00Z",
      nextUpdate: "2026-12-22T03:00:00Z",
      sha256: crl.sha256,
    });
  });

  test("is-what-openssl-verifies-and-reads", async () => {
    const crl = await publish(leaf);
    const folder = await mkdtemp(join(tmpdir(), "capstan-crl-"));
    try {
      await writeFile(join(folder, "root.pem"), generation.root.pem);
      await writeFile(join(folder, "sentinel.pem"), sentinels()[0]?.spec.certificate ?? "");
      await writeFile(join(folder, "crl.pem"), crl.pem);
      const openssl = (...args: readonly string[]): string =>
        execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
      expect(openssl("crl", "-in", "crl.pem", "-CAfile", "root.pem", "-noout", "-nextupdate")).toBe(
        "nextUpdate=Dec 22 03:00:00 2026 GMT\n",
      );
      expect(openssl("crl", "-in", "crl.pem", "-noout", "-text")).toContain("Serial Number: 4F1C");
      const verify = ["verify", "-x509_strict", "-crl_check", "-CAfile", "root.pem", "-CRLfile", "crl.pem"];
      const at = ["-attime", String(after(minute).getTime() / 1_000)];
      expect(() => openssl(...verify, ...at, "sentinel.pem")).toThrow("certificate revoked");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the audit log", () => {
  test("tells-of-the-sentinel-and-of-the-crl-with-what-was-signed", async () => {
    const crl = await publish();
    const [sentinel] = sentinels();
    const root = { authority: "fleet", generation: 1, outcome: "signed" };
    expect(audit.signatures()).toMatchObject([
      {
        ...root,
        purpose: "OwnLeaf",
        serial: sentinel?.spec.serial,
        record: sentinel?.metadata.name,
        notAfter: sentinel?.spec.notAfter,
        sha256: createHash("sha256")
          .update(new X509Certificate(sentinel?.spec.certificate ?? "").raw)
          .digest("hex"),
      },
      { ...root, purpose: "CRL", crlNumber: Number(crl.number), sha256: crl.sha256 },
    ]);
  });

  test("that-cannot-be-written-stops-signing-before-anything-is-recorded-or-stored", async () => {
    await publish();
    const map = server.read(configMapResource, ref);
    audit.isFull = true;
    await expect(publish(leaf)).rejects.toMatchObject({ code: "ERR_AUDIT_LOG" });
    expect(server.read(configMapResource, ref)).toEqual(map);
    expect(sentinels()).toHaveLength(1);
    audit.isFull = false;
    expect((await publish(leaf)).serials.has("4f1c")).toBe(true);
  });
});

describe("a CRL that says it all already", () => {
  test("is-handed-out-again-and-nothing-written", async () => {
    const first = await publish(leaf);
    const writes = server.writes.length;
    time = after(59 * minute);
    expect(await publish(leaf)).toEqual(first);
    expect(server.writes).toHaveLength(writes);
  });

  test("completes-the-status-that-was-cut-off", async () => {
    server.next("PATCH", /revocationlists/, "lose the request");
    await expect(publish(leaf)).rejects.toThrow();
    expect(list().status).toBeUndefined();
    const crl = await publish(leaf);
    expect(list().status?.published?.sha256).toBe(crl.sha256);
  });
});

describe("the next CRL", () => {
  test("has-a-higher-number-a-later-time-all-entries-and-a-fresh-sentinel", async () => {
    const first = await publish();
    const next = await publish(leaf);
    expect(next.number).toBeGreaterThan(first.number);
    expect(next.thisUpdate.getTime()).toBeGreaterThan(first.thisUpdate.getTime());
    expect([...next.serials]).toEqual(expect.arrayContaining([...first.serials, "4f1c"]));
    expect(next.serials.size).toBe(3);
  });

  test.each<[fact: string, stored: number, inAws: bigint | undefined, expected: bigint]>([
    ["is-above-what-the-list-reserved", 9_000_000_000_000, undefined, 9_000_000_000_001n],
    ["is-above-what-aws-holds", 0, 9_000_000_000_000n, 9_000_000_000_001n],
    ["is-above-the-clock", 17, 18n, BigInt(now.getTime()) + 1n],
  ])("number %s", async (_fact, reserved, inAws, expected) => {
    server.put(revocationListResource, { ...list(), spec: { ...list().spec, crlNumber: reserved } });
    crlNumberInAws = inAws;
    expect((await publish()).number).toBe(expected);
  });

  test("drops-an-entry-only-after-a-crl-beyond-its-end-had-it", async () => {
    const short = record({ spec: { notAfter: after(hour).toISOString() }, status: revokedAt(now) });
    await publish(short);
    time = after(2 * hour);
    const other = record({ name: "other", spec: { serial: "4f1d" }, status: revokedAt(now) });
    expect((await publish(short, other)).serials.has("4f1c")).toBe(true);
    time = after(3 * hour);
    const third = record({ name: "third", spec: { serial: "4f1e" }, status: revokedAt(now) });
    expect((await publish(short, other, third)).serials.has("4f1c")).toBe(false);
  });

  test("comes-by-itself-after-an-hour", async () => {
    const first = await publish();
    time = after(hour);
    expect((await publish()).number).toBeGreaterThan(first.number);
  });
});

describe("cut off, the next call completes it", () => {
  test.each<[fact: string, method: string, path: RegExp]>([
    ["before-the-mark-is-raised", "PUT", /generationmarks/],
    ["before-the-sentinel-is-recorded", "POST", /issuedcertificates/],
    ["before-the-sentinel-is-marked", "PATCH", /issuedcertificates/],
    ["before-the-number-is-reserved", "PUT", /revocationlists/],
    ["before-the-crl-is-stored", "POST", /configmaps/],
    ["before-the-status-is-told", "PATCH", /revocationlists/],
  ])("%s", async (_fact, method, path) => {
    server.next(method, path, "lose the request");
    await expect(publish(leaf)).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    const reserved = BigInt(list().spec.crlNumber);
    const published = server.read(configMapResource, ref) === undefined ? undefined : stored().number;
    time = after(-minute); // a clock that was set back repeats no number

    const crl = await publish(leaf);
    expect(crl.number > reserved || crl.number === published).toBe(true);
    expect(crl.serials.has("4f1c")).toBe(true);
    expect(crl).toEqual({ ...stored(), capacity: crl.capacity });
    expect(list().status?.published?.sha256).toBe(crl.sha256);
    expect(new Set(parseEntries(list().spec).map(({ serial }) => serial))).toEqual(new Set(crl.serials));
  });

  test.each<[fact: string, method: string, path: RegExp]>([
    ["the-answer-of-the-reservation-was-lost", "PUT", /revocationlists/],
    ["the-answer-of-the-crls-store-was-lost", "POST", /configmaps/],
  ])("%s", async (_fact, method, path) => {
    server.next(method, path, "lose the answer");
    await expect(publish(leaf)).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    expect((await publish(leaf)).serials.has("4f1c")).toBe(true);
  });

  test("again-and-again-with-one-sentinel-in-ten-minutes", async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      server.next("POST", /configmaps/, { refuse: 500, reason: "InternalError" });
      await expect(publish(leaf)).rejects.toMatchObject({ code: 500 });
    }
    const crl = await publish(leaf);
    expect([sentinels().length, crl.serials.size]).toEqual([1, 2]);
    time = after(11 * minute);
    server.next("PUT", /configmaps/, { refuse: 500, reason: "InternalError" });
    const other = record({ name: "other", spec: { serial: "4f1d" }, status: revokedAt(now) });
    await expect(publish(leaf, other)).rejects.toMatchObject({ code: 500 });
    await publish(leaf, other);
    expect(sentinels()).toHaveLength(2);
  });
});

/** Seals the generation: what it signs ends with `until`. */
function seal(until: Date): void {
  const mark = server.read(generationMarkResource, ref) as GenerationMark;
  const spec = { ...mark.spec, notAfter: until.toISOString() };
  server.put(generationMarkResource, { ...mark, spec, status: { sealed: true } });
}

describe("a sealed generation", () => {
  test("that-still-drains-revokes-a-sentinel-within-its-mark", async () => {
    seal(after(5 * minute));
    expect((await publish(leaf)).serials.size).toBe(2);
    expect(sentinels()[0]?.spec.notAfter).toBe("2026-11-22T03:05:00Z");
  });

  test("whose-mark-has-passed-goes-on-publishing-without-one", async () => {
    await publish(leaf);
    seal(now);
    time = after(2 * hour);
    const other = record({ name: "other", spec: { serial: "4f1d" }, status: revokedAt(now) });
    const crl = await publish(leaf, other);
    expect(sentinels()).toHaveLength(1);
    expect(crl.serials.has("4f1d")).toBe(true);
  });

  test("with-nothing-else-left-keeps-its-last-entry-so-that-its-crl-is-not-empty", async () => {
    await publish();
    seal(now);
    const [sentinel] = sentinels();
    for (let hours = 1; hours < 4; hours += 1) {
      time = after(hours * hour);
      expect([...(await publish()).serials]).toEqual([sentinel?.spec.serial]);
    }
  });
});

test("a-reason-that-became-a-key-compromise-is-in-the-next-crl-with-the-first-time-and-revoker", async () => {
  await publish(leaf);
  const worse = record({ status: revokedAt(now, "keyCompromise") });
  const crl = await publish(worse);
  expect([...crl.compromised]).toEqual(["4f1c"]);
  expect(parseEntries(list().spec).find(({ serial }) => serial === "4f1c")).toMatchObject({
    revokedAt: now.getTime() / 1_000,
    reason: "keyCompromise",
    actor: "alice",
  });
  expect((await publish(worse)).number).toBe(crl.number);
});

describe("revocations that come together", () => {
  const others = Array.from({ length: 5 }, (_, index) =>
    record({ name: `other-${index}`, spec: { serial: `4f2${index}` }, status: revokedAt(now) }),
  );

  test("are-collected-into-one-crl-and-the-one-before-is-handed-out-meanwhile", async () => {
    const clock = new ManualClock();
    const woken: string[] = [];
    pace = new CrlPace({ clock, wake: (authority) => woken.push(authority) });
    const first = await publish();
    for (let count = 1; count <= others.length; count += 1) {
      expect((await publish(...others.slice(0, count))).number).toBe(first.number);
    }
    expect(server.all(issuedCertificateResource)).toHaveLength(1);
    clock.advance(crlPaceSettings.spacingMs);
    expect(woken).toEqual(["fleet"]);
    const next = await publish(...others);
    expect([next.number > first.number, next.serials.size]).toEqual([true, 7]);
    expect((await publish(...others)).number).toBe(next.number);
  });

  test.each(["a-crl-is-made", "it-is-seen-that-none-is-needed"])(
    "while-%s-without-them-get-another-one",
    async (meanwhile) => {
      const clock = new ManualClock();
      const woken: string[] = [];
      pace = new CrlPace({ clock, wake: (authority) => woken.push(authority) });
      await publish();
      const needed = meanwhile === "a-crl-is-made" ? others.slice(0, 1) : [];
      for (const _ of needed) pace.noticed("fleet", 1);
      clock.advance(crlPaceSettings.spacingMs);
      woken.length = 0;
      const without = publish(...needed);
      pace.noticed("fleet", 1);
      expect((await without).serials.has("4f21")).toBe(false);
      clock.advance(crlPaceSettings.spacingMs);
      expect(woken).toEqual(["fleet"]);
      expect((await publish(...others)).serials.has("4f21")).toBe(true);
    },
  );

  test("delay-neither-the-first-crl-nor-a-refresh", async () => {
    pace = new CrlPace({ clock: new ManualClock(), wake: () => undefined });
    const first = await publish(...others);
    expect(first.serials.has("4f20")).toBe(true);
    time = after(hour);
    expect((await publish(...others)).number).toBeGreaterThan(first.number);
  });
});

test("a-crl-that-fills-leaves-reasons-out-and-the-list-keeps-them", async () => {
  const fill = (count: number): void => {
    const end = after(hour).getTime() / 1_000;
    const entries = Array.from(
      { length: count },
      (_, index) => `4e${index.toString(16).padStart(30, "0")} ${now.getTime() / 1_000} 1 ${end} 0`,
    );
    server.put(revocationListResource, { ...list(), spec: { ...list().spec, entries, actors: ["alice"] } });
  };
  fill(3_000);
  const before = await publish();
  expect([before.compromised.size, before.capacity.reasons]).toEqual([3_000, "Listed"]);
  fill(4_500);
  const full = await publish();
  expect([full.compromised.size, full.capacity.reasons, full.serials.size]).toEqual([0, "LeftOut", 4_502]);
  expect(parseEntries(list().spec).filter(({ reason }) => reason === "keyCompromise")).toHaveLength(4_500);
  expect((await publish()).number).toBe(full.number);
});

describe("two publishers", () => {
  test("of-which-the-slower-reserves-nothing", async () => {
    server.next("PUT", /revocationlists/, (somebody) => {
      somebody.put(revocationListResource, { ...list(), spec: { ...list().spec, crlNumber: 99 } });
    });
    await expect(publish(leaf)).rejects.toMatchObject({ code: 409, reason: "Conflict" });
    expect([list().spec.crlNumber, server.read(configMapResource, ref)]).toEqual([99, undefined]);
  });

  test("of-which-the-slower-stores-nothing", async () => {
    const first = await publish();
    server.next(
      "PUT",
      /configmaps/,
      (somebody) => void somebody.put(configMapResource, somebody.read(configMapResource, ref) as ConfigMap),
    );
    await expect(publish(leaf)).rejects.toMatchObject({ code: 409 });
    expect(stored().number).toBe(first.number);
  });
});

describe("nothing is signed", () => {
  test("with-a-sealed-mark-that-has-passed-and-nothing-to-list", async () => {
    seal(after(-hour));
    await expect(publish()).rejects.toMatchObject({ code: "ERR_GENERATION_SEALED" });
    expect([sentinels(), list().spec.crlNumber]).toEqual([[], 0]);
  });

  test("from-a-list-that-cannot-be-read-whole", async () => {
    server.put(revocationListResource, { ...list(), spec: { ...list().spec, entries: ["4f1c"], actors: [] } });
    await expect(publish()).rejects.toThrow("RevocationList entry 0 cannot be read");
    expect(server.read(configMapResource, ref)).toBeUndefined();
  });

  test("after-a-stored-crl-that-cannot-be-read", async () => {
    await publish();
    const map = server.read(configMapResource, ref) as ConfigMap;
    server.put(configMapResource, { ...map, binaryData: { "crl.der": "AAAA" } });
    await expect(publish(leaf)).rejects.toThrow();
    expect((server.read(configMapResource, ref) as ConfigMap).binaryData).toEqual({ "crl.der": "AAAA" });
  });

  test("when-an-unexpired-serial-of-the-last-crl-would-vanish", async () => {
    await publish(leaf);
    server.put(revocationListResource, { ...list(), spec: { ...list().spec, entries: [], actors: [] } });
    const other = record({ name: "other", spec: { serial: "4f1d" }, status: revokedAt(now) });
    const before = stored().number;
    await expect(publish(other)).rejects.toMatchObject({
      code: "ERR_CRL_REFUSED",
      message: expect.stringContaining("serial 4f1c is gone"),
    });
    expect(stored().number).toBe(before);
  });
});
