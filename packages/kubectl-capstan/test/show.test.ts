import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { collection, forbidden, object, type Route, startApiServer } from "./api-server.ts";
import { recordOf, type TestAuthority, testAuthority, type TestLeaf, testLeaf } from "./authority.ts";
import { base64 } from "./certificates.ts";
import { authority as authorityObject, condition, healthy, revocation } from "./objects.ts";
import { run } from "./run.ts";
import { keyUsagesOf } from "../src/show/key-usages.ts";
import { readPresentedCertificate } from "../src/presented-certificate.ts";

const ledger = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates";

let fleet: TestAuthority;
let leaf: TestLeaf;

beforeAll(async () => {
  fleet = await testAuthority();
  leaf = await testLeaf(fleet, {
    subject: [
      { type: "O", value: "Example Corp" },
      { type: "CN", value: "web.demo" },
    ],
    subjectAlternativeNames: [
      { kind: "DNS", value: "web.demo.svc" },
      { kind: "URI", value: "spiffe://example.org/ns/demo/sa/web" },
    ],
    usages: ["digital signature", "key encipherment", "client auth", "server auth"],
  });
});

const revoked = {
  at: "2026-11-22T09:30:00Z",
  reason: "keyCompromise" as const,
  revocation: "demo/web-x",
  requestedBy: "alice",
};

function routes(
  record: ReturnType<typeof recordOf>,
  more: Readonly<Record<string, Route>> = {},
): Readonly<Record<string, Route>> {
  return {
    [`GET ${ledger}`]: collection(record),
    [`GET ${ledger}/${record.metadata.name}`]: object(record),
    "GET /apis/capstan.dev/v1alpha1/certificateauthorities/fleet": object(authorityObject(healthy)),
    ...more,
  };
}

/** Serial numbers, keys and digests differ from run to run. */
function stable(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{64}\b/g, "DIGEST").replaceAll(leaf.serial, "SERIAL");
}

interface Shown {
  readonly trustAnchors?: readonly { readonly name: string; readonly state: string }[];
  readonly record?: object;
  readonly revoked?: { readonly published?: boolean };
}

async function showJson(
  argv: readonly string[],
  served: Readonly<Record<string, Route>>,
): Promise<{ readonly code: number; readonly err: string; readonly shown: Shown }> {
  await using server = await startApiServer(served);
  const { code, out, err } = await run(["show", ...argv, "-o", "json"], { server });
  return { code, err, shown: out === "" ? {} : (JSON.parse(out) as Shown) };
}

describe("show", () => {
  test("a leaf in words", async () => {
    await using server = await startApiServer(routes(recordOf(leaf)));
    const { code, out, err } = await run(["show", leaf.serial.toUpperCase()], { server });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(stable(out)).toMatchInlineSnapshot(`
      "Certificate
        Serial:   SERIAL
        Subject:  O=Example Corp,CN=web.demo
        DNS:      web.demo.svc
        URI:      spiffe://example.org/ns/demo/sa/web
        Issuer:   CN=Example Fleet CA,serialNumber=1
        Valid:    2026-11-22T09:00:00Z to 2026-11-23T10:00:00Z (24h left)
        Key:      ECDSA-P256, SHA-256 DIGEST
        Usages:   digital signature, client auth, server auth
        SHA-256:  DIGEST

      In AWS
        Session name:             SERIAL
        Source identity:          CN=web.demo
        x509Subject/O:            Example Corp
        x509Subject/CN:           web.demo
        x509Issuer/CN:            Example Fleet CA
        x509Issuer/serialNumber:  1
        x509SAN/DNS:              web.demo.svc
        x509SAN/URI:              spiffe://example.org/ns/demo/sa/web

      Request
        Namespace:     demo
        Made for:      Certificate/web
        Request:       CertificateRequest/web-1
        Requested by:  system:serviceaccount:cert-manager:cert-manager
        Issuer:        CapstanClusterIssuer/fleet
        Authority:     fleet, generation 1
        Record:        icert/record-SERIAL

      Revocation
        Revoked:  no

      TRUST ANCHOR   STATE        CRL   READ
      prod           accepts it   17    12s ago
      "
    `);
  });

  test("openssl reads the same usages and names", () => {
    const text = execFileSync("openssl", ["x509", "-noout", "-text"], { input: leaf.pem, encoding: "utf8" });
    const certificate = readPresentedCertificate(leaf.pem, "leaf");
    expect(keyUsagesOf(certificate.x509.raw)).toEqual(["digital signature"]);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/DNS:web\.demo\.svc, URI:spiffe:\/\/example\.org\/ns\/demo\/sa\/web\n/);
    expect(certificate.alternativeNames).toEqual([
      { kind: "DNS", value: "web.demo.svc" },
      { kind: "URI", value: "spiffe://example.org/ns/demo/sa/web" },
    ]);
  });

  test.each<[string, (target: TestLeaf) => string, Readonly<Record<string, Route>>]>([
    ["its record", ({ serial }) => `icert/record-${serial}`, {}],
    ["a Secret", () => "secret/web-tls", {}],
    ["a CertificateRequest", () => "cr/web-1", {}],
  ])("by %s", async (_, targetOf) => {
    const { code, err, shown } = await showJson(
      [targetOf(leaf)],
      routes(recordOf(leaf), {
        "GET /api/v1/namespaces/demo/secrets/web-tls": object({
          metadata: { name: "web-tls" },
          data: { "tls.crt": base64(leaf.pem) },
        }),
        "GET /api/v1/namespaces/demo/pods": collection(
          ...["web-1", "web-2"].map((name) => ({
            metadata: { name },
            spec: { volumes: [{ secret: { secretName: "web-tls" } }] },
          })),
        ),
        "GET /apis/cert-manager.io/v1/namespaces/demo/certificaterequests": collection({
          metadata: { name: "web-1" },
          status: { certificate: base64(leaf.pem) },
        }),
      }),
    );
    expect({ code, err, shown }).toMatchObject({
      code: 0,
      err: "",
      shown: { record: { name: `record-${leaf.serial}` } },
    });
  });

  const anchors = (prod: boolean) => ({
    anchors: [{ name: "prod", published: prod }],
    conditions: [condition("Accepted", "True", "Recorded")],
  });
  const withRevocation = (prod: boolean): Readonly<Record<string, Route>> => ({
    "GET /apis/capstan.dev/v1alpha1/namespaces/demo/revocations/web-x": object(revocation("web-x", {}, anchors(prod))),
  });
  const [generation] = healthy.generations ?? [];
  const [anchor] = healthy.trustAnchors ?? [];
  const withoutRoot = {
    "GET /apis/capstan.dev/v1alpha1/certificateauthorities/fleet": object(
      authorityObject({
        ...healthy,
        ...(generation === undefined ? {} : { generations: [generation] }),
        trustAnchors: [{ name: "prod", joined: false, ...anchor, bundle: [] }],
      }),
    ),
  };

  test.each<
    [string, Parameters<typeof recordOf>[1], Parameters<typeof recordOf>[2], Readonly<Record<string, Route>>, string]
  >([
    ["a leaf that is valid", {}, {}, {}, "Accepts"],
    ["one that has expired", { notAfter: "2026-11-22T09:59:59Z" }, {}, {}, "Refuses"],
    ["one whose root it does not hold", {}, {}, withoutRoot, "DoesNotTrustItsRoot"],
    ["one that is revoked and not there yet", {}, { status: { revoked } }, withRevocation(false), "Revoking"],
    ["one that is revoked there", {}, { status: { revoked } }, withRevocation(true), "Refuses"],
    ["one whose Revocation is gone", {}, { status: { revoked } }, {}, "Unknown"],
  ])("what a trust anchor makes of %s", async (_, spec, more, served, state) => {
    const { shown } = await showJson([leaf.serial], routes({ ...recordOf(leaf, spec), ...more }, served));
    expect(shown.trustAnchors).toMatchObject([{ name: "prod", state, crlNumber: 17 }]);
  });

  test("a tenant sees what the Secret holds", async () => {
    await using server = await startApiServer({
      [`GET ${ledger}`]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system"),
      "GET /api/v1/namespaces/demo/pods": collection(),
      "GET /api/v1/namespaces/demo/secrets/web-tls": object({
        metadata: { name: "web-tls" },
        data: { "tls.crt": base64(leaf.pem), "tls.key": base64("a key") },
      }),
    });
    const { code, out } = await run(["show", "secret/web-tls"], { server });
    expect(code).toBe(0);
    expect(out).toContain("not known: you may not read the ledger");
    expect(out).not.toContain("a key");
  });

  test("another certificate with a recorded serial number is not taken for the record's", async () => {
    const imitator = await testAuthority();
    const twin = await testLeaf(imitator, { random: () => new Uint8Array(Buffer.from(leaf.serial, "hex")) });
    const { err, shown } = await showJson(["secret/web-tls"], {
      ...routes(recordOf(leaf)),
      "GET /api/v1/namespaces/demo/pods": collection(),
      "GET /api/v1/namespaces/demo/secrets/web-tls": object({
        metadata: { name: "web-tls" },
        data: { "tls.crt": base64(twin.pem) },
      }),
    });
    expect(shown.record).toBeUndefined();
    expect(err).toBe(
      "note: the ledger of namespace capstan-system has no such certificate: Capstan did not issue it, or it expired and was pruned\n",
    );
  });

  test.each<[string, Readonly<Record<string, Route>>, number, string]>([
    [
      "4f1c",
      { [`GET ${ledger}`]: collection() },
      1,
      "error: 4f1c is not in the ledger: Capstan did not issue it, or it expired and was pruned; whois tells more",
    ],
    [
      "4f1c",
      { [`GET ${ledger}`]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system") },
      1,
      "error: 4f1c: you may not read the ledger; name the Certificate, CertificateRequest or Secret that holds it",
    ],
    ["pod/web", {}, 2, 'error: "pod/web" may mean several certificates: list shows them, and show one of them'],
    ["web", {}, 2, 'error: serial "web": not a hexadecimal number above zero, as in 4f1c… or 4F:1C:…'],
  ])("refuses %s", async (target, served, code, line) => {
    await using server = await startApiServer(served);
    const ended = await run(["show", target], { server });
    expect({ code: ended.code, line: ended.err.split("\n")[0] }).toEqual({ code, line });
  });
});

describe("key usages", () => {
  const extension = (hex: string): Uint8Array => new Uint8Array(Buffer.from(`300c0603551d0f${hex}`, "hex"));
  test.each<[string, string, readonly string[]]>([
    ["critical", "0101ff0404030205a0", ["digital signature", "key encipherment"]],
    ["not critical", "0404030205a0", ["digital signature", "key encipherment"]],
    ["of two octets", "0101ff04050303070080", ["decipher only"]],
    ["of a CA", "0101ff040403020106", ["cert sign", "crl sign"]],
    ["cut off", "0101ff0404", []],
    ["of another type", "0101ff0404020205a0", []],
    ["absent", "", []],
  ])("%s", (_, hex, usages) => {
    expect(keyUsagesOf(extension(hex))).toEqual(usages);
  });
});
