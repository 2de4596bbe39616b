import type { CertificateAuthority } from "@capstan/api";
import { exportUnencryptedPrivateKey } from "@capstan/ca-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IssuerBroken, NotYet } from "../../src/requests/not-yet.ts";
import { KeyRing } from "../../src/signing/key-ring.ts";
import { ApiServer } from "../support/api-server.ts";
import { after, authority, base64, day, keySecret, newGeneration, now, ownNamespace } from "../support/objects.ts";
import { secretResource } from "../support/world.ts";

const first = await newGeneration();
const second = await newGeneration(2);
const stranger = await newGeneration();
const signal = new AbortController().signal;

let server: ApiServer;
let keys: KeyRing;

beforeEach(async () => {
  server = await ApiServer.start();
  keys = new KeyRing({ client: server.client, namespace: ownNamespace });
});

afterEach(() => server[Symbol.asyncDispose]());

const secret = (data: Record<string, string>) => ({ ...keySecret(first), data });

describe("nothing signs", () => {
  const crt = base64(first.root.pem);
  const key = base64(exportUnencryptedPrivateKey(first.key));

  test.each<[fact: string, authority: CertificateAuthority, message: string]>([
    ["without-an-active-generation", authority([]), "no active generation"],
    [
      "with-an-active-generation-that-status-does-not-describe",
      { ...authority([first]), status: { activeGeneration: 1 } },
      "does not say which root generation 1 has",
    ],
  ])("%s", async (_fact, owner, message) => {
    server.put(secretResource, keySecret(first));
    const outcome = keys.activeKey(owner, now, signal);
    await expect(outcome).rejects.toBeInstanceOf(NotYet);
    await expect(outcome).rejects.toThrow(message);
  });

  test.each<[fact: string, authority: CertificateAuthority, data: Record<string, string> | undefined, message: string]>(
    [
      ["without-the-secret", authority([first]), undefined, "is missing"],
      ["without-the-certificate", authority([first]), { "tls.key": key }, "is missing"],
      ["without-the-key", authority([first]), { "tls.crt": crt }, "is missing"],
      [
        "with-a-root-that-is-not-the-one-in-status",
        authority([first]),
        keySecret(stranger).data,
        "is not the one in its trust anchors",
      ],
      [
        "with-a-key-of-another-root",
        authority([first]),
        { "tls.crt": crt, "tls.key": keySecret(stranger).data["tls.key"] ?? "" },
        "generation 1: ",
      ],
      [
        "with-a-certificate-that-cannot-be-read",
        authority([first]),
        { "tls.crt": base64("x"), "tls.key": key },
        "cannot be used",
      ],
      [
        "with-a-key-that-cannot-be-read",
        authority([first]),
        { "tls.crt": crt, "tls.key": base64("x") },
        "cannot be used",
      ],
    ],
  )("%s", async (_fact, owner, data, message) => {
    if (data !== undefined) server.put(secretResource, secret(data));
    const outcome = keys.activeKey(owner, now, signal);
    await expect(outcome).rejects.toBeInstanceOf(IssuerBroken);
    await expect(outcome).rejects.toThrow(message);
  });

  test.each<[fact: string, time: Date]>([
    ["after-the-root-has-expired", after(366 * day)],
    ["before-the-root-is-valid", after(-day)],
  ])("%s", async (_fact, time) => {
    server.put(secretResource, keySecret(first));
    await expect(keys.activeKey(authority([first]), time, signal)).rejects.toBeInstanceOf(IssuerBroken);
  });

  test("when-the-api-server-fails-which-is-no-answer-about-the-key", async () => {
    server.next("GET", /secrets/, { refuse: 403, reason: "Forbidden" });
    await expect(keys.activeKey(authority([first]), now, signal)).rejects.toMatchObject({ code: 403 });
  });

  test("and-no-error-holds-key-material", async () => {
    const bad = exportUnencryptedPrivateKey(first.key).replace("BEGIN PRIVATE", "BEGIN RSA PRIVATE");
    server.put(secretResource, secret({ "tls.crt": crt, "tls.key": base64(bad) }));
    const error = await keys.activeKey(authority([first]), now, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IssuerBroken);
    expect(JSON.stringify([(error as Error).message, (error as Error).cause])).not.toContain(bad.split("\n")[1]);
  });
});

test("the-active-generations-key-signs-and-is-read-once", async () => {
  server.put(secretResource, keySecret(first));
  server.put(secretResource, keySecret(second));
  const owner = authority([first, second]);
  const signing = await keys.activeKey(owner, now, signal);
  await keys.activeKey(owner, now, signal);
  expect(signing).toMatchObject({ generation: 2, root: { sha256: second.root.sha256 } });
  expect(server.calls.map(({ path }) => path.split("/").at(-1))).toEqual(["fleet-2"]);
});

test("a-key-that-was-read-ahead-is-not-read-again", async () => {
  server.put(secretResource, keySecret(first));
  await keys.preload(authority([first]), signal);
  await keys.activeKey(authority([first]), now, signal);
  expect(server.calls).toHaveLength(1);
});

test("reading-ahead-tells-nobody-what-is-missing", async () => {
  await expect(keys.preload(authority([first]), signal)).resolves.toBeUndefined();
  await expect(keys.preload(authority([]), signal)).resolves.toBeUndefined();
});

test("a-restored-secret-heals", async () => {
  await expect(keys.activeKey(authority([first]), now, signal)).rejects.toThrow("is missing");
  server.put(secretResource, keySecret(first));
  await expect(keys.activeKey(authority([first]), now, signal)).resolves.toMatchObject({ generation: 1 });
});

test("the-root-of-a-draining-generation-is-found", async () => {
  server.put(secretResource, keySecret(first));
  await expect(keys.root(authority([first, second]), 1, signal)).resolves.toMatchObject({ sha256: first.root.sha256 });
});

test("a-ring-keeps-roots-apart-that-have-the-same-place", async () => {
  server.put(secretResource, keySecret(first));
  await keys.activeKey(authority([first]), now, signal);
  server.put(secretResource, keySecret(stranger));
  await expect(keys.activeKey(authority([stranger]), now, signal)).resolves.toMatchObject({
    root: { sha256: stranger.root.sha256 },
  });
});
