import { describe, expect, test } from "vitest";
import type { ConfigMap } from "../../src/crl/config-map.ts";
import { findPublished } from "../../src/server/published-files.ts";

function map(
  name: string,
  published: "crl" | "bundle" | undefined,
  content: Partial<ConfigMap>,
  authority = "fleet",
): ConfigMap {
  const labels = {
    "capstan.dev/authority": authority,
    ...(published === undefined ? {} : { "capstan.dev/published": published }),
  };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "capstan-system", labels }, ...content };
}

const maps = [
  map("other-bundle", "bundle", { data: { "bundle.pem": "other root\n" } }, "other"),
  map("fleet-1", "crl", {
    data: { "crl.pem": "crl in pem" },
    binaryData: { "crl.der": Buffer.from([1, 2, 3]).toString("base64") },
  }),
  map("fleet-bundle", "bundle", { data: { "bundle.pem": "fleet root\n" } }),
  map(
    "secret-1",
    undefined,
    { data: { "crl.pem": "private", "bundle.pem": "private" }, binaryData: { "crl.der": "AAAA" } },
    "secret",
  ),
  map("half-1", "crl", { data: {} }),
  map("broken-1", "crl", { data: { "root.pem": "no certificate" } }),
];

function body(path: string): string | undefined {
  const file = findPublished(maps, path);
  return file === undefined ? undefined : Buffer.from(file.body).toString("latin1");
}

test.each<[path: string, content: string, contentType: string]>([
  ["/crl/fleet-1.crl", "\u0001\u0002\u0003", "application/pkix-crl"],
  ["/crl/fleet-1.pem", "crl in pem", "application/x-pem-file"],
  ["/bundle/fleet.pem", "fleet root\n", "application/x-pem-file"],
  ["/bundle/other.pem", "other root\n", "application/x-pem-file"],
  ["/bundle.pem", "fleet root\nother root\n", "application/x-pem-file"],
])("%s-is-published", (path, content, contentType) => {
  expect([body(path), findPublished(maps, path)?.contentType]).toEqual([content, contentType]);
});

describe("nothing is published at", () => {
  test.each([
    "/",
    "",
    "/crl",
    "/crl/",
    "/crl/.crl",
    "/crl/fleet-2.crl",
    "/crl/fleet-1",
    "/crl/fleet-1.CRL",
    "/crl/fleet-1.crl/",
    "/crl/fleet-1.crl\n",
    "//crl/fleet-1.crl",
    "/x/crl/fleet-1.crl",
    "/crl/../crl/fleet-1.crl",
    "/crl/..%2fcrl%2ffleet-1.crl",
    "/crl/%66leet-1.crl",
    "/crl/fleet-1%00.crl",
    "/crl/-fleet-1.crl",
    "/crl/fleet-bundle.pem",
    "/crl/secret-1.crl",
    "/crl/secret-1.pem",
    "/crl/half-1.crl",
    "/crl/half-1.pem",
    "/root/half-1.cer",
    "/root/half-1.pem",
    "/root/broken-1.cer",
    "/root/secret-1.pem",
    "/root/fleet-1.key",
    "/root/fleet-bundle.pem",
    "/bundle/secret.pem",
    "/bundle/fleet-bundle.pem",
    "/bundle/nobody.pem",
    "/bundle",
    "/etc/passwd",
  ])("%j", (path) => {
    expect(findPublished(maps, path)).toBeUndefined();
  });
});

test("a-bundle-of-nothing-is-nothing", () => {
  expect(findPublished([], "/bundle.pem")).toBeUndefined();
});

test("a-bundle-is-the-same-whatever-order-the-cache-has", () => {
  expect(findPublished(maps.toReversed(), "/bundle.pem")).toEqual(findPublished(maps, "/bundle.pem"));
});

test("etags-are-strong-and-tell-bytes-apart", () => {
  const tag = (path: string): string => findPublished(maps, path)?.etag ?? "";
  expect(tag("/crl/fleet-1.crl")).toMatch(/^"[0-9a-f]{32}"$/);
  expect(new Set(["/crl/fleet-1.crl", "/crl/fleet-1.pem", "/bundle.pem", "/bundle/fleet.pem"].map(tag)).size).toBe(4);
});
