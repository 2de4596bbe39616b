import { execFile, execFileSync, spawnSync } from "node:child_process";
import { connect } from "node:net";
import { X509Certificate } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import type { Express } from "express";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ConfigMap } from "../../src/crl/config-map.ts";
import { listen } from "../../src/server/listen.ts";
import { publishedApp } from "../../src/server/serve-published.ts";
import { newGeneration } from "../support/generation.ts";
import { after, day, now } from "../support/objects.ts";
import { signedCrl } from "../support/signed-crl.ts";

const run = promisify(execFile);
const generation = await newGeneration();
const crl = await signedCrl(generation, 5);
const labels = (published: string) => ({ "capstan.dev/authority": "fleet", "capstan.dev/published": published });

let maps: readonly ConfigMap[] = [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "fleet-1", namespace: "capstan-system", labels: labels("crl") },
    data: { "crl.pem": crl.pem, "root.pem": generation.root.pem },
    binaryData: { "crl.der": Buffer.from(crl.der).toString("base64") },
  },
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "fleet-bundle",
      namespace: "capstan-system",
      labels: labels("bundle"),
      annotations: { "capstan.dev/changed-at": "2026-11-22T01:00:00Z" },
    },
    data: { "bundle.pem": generation.root.pem },
  },
];

let time = now;
let failure: Error | undefined;
const errors: unknown[] = [];
const answers: number[] = [];

const list = (): readonly ConfigMap[] => {
  if (failure !== undefined) throw failure;
  return maps;
};

const app = (): Express =>
  publishedApp({
    configMaps: { list },
    now: () => time,
    onAnswer: (status) => answers.push(status),
    onError: (error) => errors.push(error),
  });

let server: Server;
let address: AddressInfo;

beforeAll(async () => {
  ({ server, address } = await listen(app(), { host: "127.0.0.1", port: 0 }));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${address.port}${path}`, init);
}

/** fetch would ask caches for a new copy, which is another question. */
function conditional(tag: string): Record<string, string> {
  return { "if-none-match": tag, "cache-control": "max-age=0" };
}

/** The answer to bytes that no client library would send. */
async function send(request: string): Promise<string> {
  const socket = connect(address.port, "127.0.0.1");
  socket.end(request.replaceAll("\n", "\r\n"));
  return text(socket);
}

test.each<[path: string, contentType: string, bytes: Uint8Array]>([
  ["/crl/fleet-1.crl", "application/pkix-crl", crl.der],
  ["/crl/fleet-1.pem", "application/x-pem-file", Buffer.from(crl.pem)],
  ["/root/fleet-1.cer", "application/pkix-cert", new X509Certificate(generation.root.pem).raw],
  ["/root/fleet-1.pem", "application/x-pem-file", Buffer.from(generation.root.pem)],
  ["/bundle.pem", "application/x-pem-file", Buffer.from(generation.root.pem)],
  ["/bundle/fleet.pem", "application/x-pem-file", Buffer.from(generation.root.pem)],
])("%s-is-served-with-its-type-and-whole", async (path, contentType, bytes) => {
  const answer = await ask(path);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, contentType]);
  expect(answer.headers.get("content-length")).toBe(String(bytes.length));
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
});

describe("openssl", () => {
  const openssl = async (path: string, ...args: readonly string[]): Promise<string> =>
    execFileSync("openssl", args, {
      input: Buffer.from(await (await ask(path)).arrayBuffer()),
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
    });

  test.each<[path: string, form: string]>([
    ["/crl/fleet-1.crl", "DER"],
    ["/crl/fleet-1.pem", "PEM"],
  ])("reads-the-crl-at-%s", async (path, form) => {
    expect(await openssl(path, "crl", "-inform", form, "-noout", "-crlnumber")).toMatch(/^crlNumber=0x0?5\n$/i);
  });

  test.each<[path: string, form: string]>([
    ["/root/fleet-1.cer", "DER"],
    ["/root/fleet-1.pem", "PEM"],
    ["/bundle.pem", "PEM"],
  ])("reads-the-root-at-%s", async (path, form) => {
    const read = await openssl(path, "x509", "-inform", form, "-noout", "-fingerprint", "-sha256");
    expect(read.split("=").at(-1)?.replaceAll(":", "").trim().toLowerCase()).toBe(generation.root.sha256);
  });

  test("verifies-the-crl-by-the-bundle-that-is-served", async () => {
    const folder = await mkdtemp(join(tmpdir(), "capstan-served-"));
    try {
      await writeFile(join(folder, "bundle.pem"), await (await ask("/bundle.pem")).text());
      const args = ["crl", "-inform", "DER", "-noout", "-CAfile", join(folder, "bundle.pem")];
      const input = Buffer.from(await (await ask("/crl/fleet-1.crl")).arrayBuffer());
      expect(spawnSync("openssl", args, { input, encoding: "utf8" }).stderr).toContain("verify OK");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

test("a-head-has-the-headers-of-a-get-and-no-body", async () => {
  const [head, get] = [await ask("/crl/fleet-1.crl", { method: "HEAD" }), await ask("/crl/fleet-1.crl")];
  expect(head.status).toBe(200);
  for (const name of ["content-type", "content-length", "etag", "cache-control"]) {
    expect.soft(head.headers.get(name), name).toBe(get.headers.get(name));
  }
  expect((await head.arrayBuffer()).byteLength).toBe(0);
});

test.each<[fact: string, path: string, at: Date, expected: string]>([
  ["a-crl-is-kept-a-minute", "/crl/fleet-1.crl", now, "public, max-age=60"],
  ["in-pem-too", "/crl/fleet-1.pem", now, "public, max-age=60"],
  ["but-not-beyond-its-next-update", "/crl/fleet-1.crl", after(30 * day - 7_500), "public, max-age=7"],
  ["and-not-at-all-after-it", "/crl/fleet-1.crl", after(31 * day), "public, max-age=0"],
  ["a-bundle-is-kept-a-minute-whenever", "/bundle.pem", after(31 * day), "public, max-age=60"],
])("%s", async (_fact, path, at, expected) => {
  time = at;
  const answer = await ask(path);
  expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, expected]);
});

afterEach(() => {
  time = now;
  failure = undefined;
});

test.each<[path: string, lastModified: string]>([
  ["/crl/fleet-1.crl", "Sun, 22 Nov 2026 02:59:00 GMT"],
  ["/crl/fleet-1.pem", "Sun, 22 Nov 2026 02:59:00 GMT"],
  ["/root/fleet-1.cer", "Sun, 22 Nov 2026 02:00:00 GMT"],
  ["/bundle/fleet.pem", "Sun, 22 Nov 2026 01:00:00 GMT"],
])("%s-says-when-it-came-to-be", async (path, lastModified) => {
  expect((await ask(path)).headers.get("last-modified")).toBe(lastModified);
});

test("answers-are-no-pages-and-say-nothing-of-the-server", async () => {
  for (const path of ["/crl/fleet-1.crl", "/nothing"]) {
    const { headers } = await ask(path);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
    expect([headers.get("x-powered-by"), headers.get("server")]).toEqual([null, null]);
  }
});

test("a-refusal-is-not-kept", async () => {
  expect((await ask("/crl/fleet-2.crl")).headers.get("cache-control")).toBe("no-store");
});

test("a-fault-of-ours-is-500-without-a-word-of-it-and-the-next-is-served", async () => {
  failure = new Error("secret inner state");
  const answer = await ask("/crl/fleet-1.crl");
  expect([answer.status, await answer.text()]).toEqual([500, "the file cannot be served now\n"]);
  expect(errors).toEqual([failure]);
  failure = undefined;
  expect((await ask("/crl/fleet-1.crl")).status).toBe(200);
});

test("each-answer-is-counted", async () => {
  answers.length = 0;
  for (const path of ["/bundle.pem", "/nothing"]) await (await ask(path)).arrayBuffer();
  await ask("/bundle.pem", { method: "POST" });
  expect(answers).toEqual([200, 404, 405]);
});

describe("a client that has the file already", () => {
  const etag = async (): Promise<string> => (await ask("/crl/fleet-1.crl")).headers.get("etag") ?? "";

  test.each<[fact: string, value: (tag: string) => string, status: number]>([
    ["the-tag", (tag) => tag, 304],
    ["the-tag-among-others", (tag) => `"x", ${tag}`, 304],
    ["the-tag-made-weak-by-a-proxy", (tag) => `W/${tag}`, 304],
    ["anything", () => "*", 304],
    ["another-tag", () => '"0123"', 200],
    ["the-tag-without-quotes", (tag) => tag.replaceAll('"', ""), 200],
  ])("and-names-%s", async (_fact, value, status) => {
    const answer = await ask("/crl/fleet-1.crl", { headers: conditional(value(await etag())) });
    expect(answer.status).toBe(status);
    expect((await answer.arrayBuffer()).byteLength > 0).toBe(status === 200);
  });

  const modifiedSince = (value: string): RequestInit => ({
    headers: { "if-modified-since": value, "cache-control": "max-age=0" },
  });

  test.each<[fact: string, value: string, status: number]>([
    ["its-time", "Sun, 22 Nov 2026 02:59:00 GMT", 304],
    ["a-later-time", "Sun, 22 Nov 2026 03:00:00 GMT", 304],
    ["an-earlier-time", "Sun, 22 Nov 2026 02:58:59 GMT", 200],
    ["no-time", "yesterday", 200],
  ])("and-names-%s", async (_fact, value, status) => {
    expect((await ask("/crl/fleet-1.crl", modifiedSince(value))).status).toBe(status);
  });

  test("and-names-another-tag-and-its-time-gets-it-since-the-tag-counts (RFC 9110, 13.1.3)", async () => {
    const headers = { ...conditional('"other"'), "if-modified-since": "Sun, 22 Nov 2026 02:59:00 GMT" };
    expect((await ask("/crl/fleet-1.crl", { headers })).status).toBe(200);
  });

  test("is-told-so-by-curl", async () => {
    const url = `http://127.0.0.1:${address.port}/crl/fleet-1.crl`;
    const curl = async (...args: readonly string[]): Promise<string> => {
      const { stdout } = await run("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", ...args, url]);
      return stdout;
    };
    expect(await curl()).toBe("200");
    expect(await curl("-z", "Sun, 22 Nov 2026 02:59:00 GMT")).toBe("304");
    expect(await curl("-H", `If-None-Match: ${await etag()}`)).toBe("304");
    expect(await curl("-H", 'If-None-Match: "other"')).toBe("200");
    expect(await curl("--head")).toBe("200");
  });

  test("gets-the-next-one-when-it-changed", async () => {
    const before = maps;
    const [first] = before;
    if (first === undefined) throw new Error("there is no CRL");
    const tag = await etag();
    maps = [{ ...first, binaryData: { "crl.der": "AAAA" } }];
    try {
      const answer = await ask("/crl/fleet-1.crl", { headers: conditional(tag) });
      expect([answer.status, answer.headers.get("etag") === tag]).toEqual([200, false]);
    } finally {
      maps = before;
    }
  });
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s-is-refused-with-what-is-allowed", async (method) => {
  const answer = await ask("/crl/fleet-1.crl", { method });
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

describe("nothing is served at", () => {
  test.each([
    "/",
    "/crl/fleet-2.crl",
    "/crl/%2e%2e/%2e%2e/etc/passwd",
    "/crl/fleet-1.crl%00",
    "/crl/fleet-1%2ecrl",
    "/%",
    "/%ff",
    "/crl/fleet-1.crl/..",
    "/constructor",
    "/__proto__",
  ])("%s", async (path) => {
    const answer = await ask(path);
    expect([answer.status, answer.headers.get("etag")]).toEqual([404, null]);
    expect(await answer.text()).toContain("nothing is published here");
  });

  test.each<[fact: string, target: string]>([
    ["a-path-with-dots-that-no-client-resolved", "/crl/../../../etc/passwd"],
    ["a-path-with-dots-to-a-file-that-there-is", "/x/../crl/fleet-1.crl"],
    ["a-path-with-a-backslash", "/crl\\fleet-1.crl"],
  ])("%s", async (_fact, target) => {
    expect(await send(`GET ${target} HTTP/1.1\nHost: x\nConnection: close\n\n`)).toMatch(/^HTTP\/1\.1 404 /);
  });
});

test("a-query-changes-nothing", async () => {
  expect((await ask("/crl/fleet-1.crl?x=/../secret")).status).toBe(200);
});

test("a-port-that-is-taken-is-an-error-and-no-silence", async () => {
  const again = listen(app(), { host: "127.0.0.1", port: address.port });
  await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
});
