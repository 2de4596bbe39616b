import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConfigMap } from "../../src/crl/publish-crl.ts";
import { listen, publishedApp } from "../../src/server/serve-published.ts";
import { newGeneration, wanted } from "../support/generation.ts";

const generation = await newGeneration();
const { crl } = await wanted(generation, 5, ["4f1c"]);
const labels = (published: string) => ({ "capstan.dev/authority": "fleet", "capstan.dev/published": published });

let maps: readonly ConfigMap[] = [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "fleet-1", namespace: "capstan-system", labels: labels("crl") },
    data: { "crl.pem": crl.pem },
    binaryData: { "crl.der": Buffer.from(crl.der).toString("base64") },
  },
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "fleet-bundle", namespace: "capstan-system", labels: labels("bundle") },
    data: { "bundle.pem": generation.root.pem },
  },
];

let server: Server;
let address: AddressInfo;

beforeAll(async () => {
  ({ server, address } = await listen(publishedApp({ list: () => maps }), { host: "127.0.0.1", port: 0 }));
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
  ["/bundle.pem", "application/x-pem-file", Buffer.from(generation.root.pem)],
  ["/bundle/fleet.pem", "application/x-pem-file", Buffer.from(generation.root.pem)],
])("%s-is-served-with-its-type-and-whole", async (path, contentType, bytes) => {
  const answer = await ask(path);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, contentType]);
  expect(answer.headers.get("content-length")).toBe(String(bytes.length));
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
});

test("openssl-reads-what-is-served", async () => {
  const der = Buffer.from(await (await ask("/crl/fleet-1.crl")).arrayBuffer());
  const read = execFileSync("openssl", ["crl", "-inform", "DER", "-noout", "-crlnumber"], {
    input: der,
    encoding: "utf8",
  });
  expect(read).toMatch(/^crlNumber=0x0?5\n$/i);
});

test("a-head-has-the-headers-of-a-get-and-no-body", async () => {
  const [head, get] = [await ask("/crl/fleet-1.crl", { method: "HEAD" }), await ask("/crl/fleet-1.crl")];
  expect(head.status).toBe(200);
  for (const name of ["content-type", "content-length", "etag", "cache-control"]) {
    expect.soft(head.headers.get(name), name).toBe(get.headers.get(name));
  }
  expect((await head.arrayBuffer()).byteLength).toBe(0);
});

test("answers-say-how-long-they-keep-and-nothing-of-the-server", async () => {
  const { headers } = await ask("/crl/fleet-1.crl");
  expect(headers.get("cache-control")).toBe("public, max-age=60");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-powered-by")).toBeNull();
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
  const again = listen(publishedApp({ list: () => maps }), { host: "127.0.0.1", port: address.port });
  await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
});
