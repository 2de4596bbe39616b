import { describe, expect, test } from "vitest";
import { collection, forbidden, startApiServer } from "./api-server.ts";
import { record } from "./objects.ts";
import { run } from "./run.ts";

const ledger = "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates";

function issued(name: string, creationTimestamp: string): { readonly metadata: ReturnType<typeof record>["metadata"] } {
  return { metadata: { name, namespace: "capstan-system", creationTimestamp } };
}

const valid = record();
const expired = record(
  { serial: "0b", notAfter: "2026-11-22T09:00:00Z", requestName: "web-0" },
  issued("b", "2026-11-21T09:00:00Z"),
);
const revoked = record(
  { serial: "0c", subject: "CN=api.demo", dnsNames: ["api.demo.svc"], uris: ["spiffe://example.org/ns/demo/sa/api"] },
  {
    ...issued("c", "2026-11-22T09:00:00Z"),
    status: {
      revoked: {
        at: "2026-11-22T09:30:00Z",
        reason: "keyCompromise",
        revocation: "demo/api-xxxxx",
        requestedBy: "bob",
      },
    },
  },
);
const sentinel = record(
  { serial: "0d", subject: "CN=capstan-sentinel", purpose: "CrlSentinel" },
  issued("d", "2026-11-22T09:59:00Z"),
);
const all = collection(expired, valid, revoked, sentinel);

describe("list", () => {
  test("newest first, each with its state, sentinels hidden", async () => {
    await using server = await startApiServer({ [ledger]: all });
    const ended = await run(["list", "-A"], { server });
    expect({ code: ended.code, err: ended.err }).toEqual({ code: 0, err: "" });
    expect(ended.out).toMatchInlineSnapshot(`
      "SERIAL                             SUBJECT                      NAMESPACE   NOT AFTER              EXPIRES           STATE                     REQUEST
      0c                                 CN=api.demo                  demo        2026-11-23T08:00:00Z   22h left          revoked (keyCompromise)   web-1
      4f1c09ab5566778899aabbccddeeff01   CN=web.demo,O=Example Corp   demo        2026-11-23T08:00:00Z   22h left          valid                     web-1
      0b                                 CN=web.demo,O=Example Corp   demo        2026-11-22T09:00:00Z   expired 60m ago   expired                   web-0
      "
    `);
  });

  test("wide", async () => {
    await using server = await startApiServer({ [ledger]: collection(revoked) });
    expect((await run(["list", "-A", "-o", "wide"], { server })).out).toMatchInlineSnapshot(`
      "SERIAL   SUBJECT       NAMESPACE   NOT AFTER              EXPIRES    STATE                     REQUEST   CA      GENERATION   ISSUER                       REQUESTER                                         REVOKED BY   RECORD   ISSUED
      0c       CN=api.demo   demo        2026-11-23T08:00:00Z   22h left   revoked (keyCompromise)   web-1     fleet   1            CapstanClusterIssuer/fleet   system:serviceaccount:cert-manager:cert-manager   bob          c        60m ago
      "
    `);
  });

  test.each([
    ["the context's namespace", ["list"], { fieldSelector: "spec.requestNamespace=demo", limit: "500" }],
    ["a namespace", ["list", "-n", "shop"], { fieldSelector: "spec.requestNamespace=shop", limit: "500" }],
    ["all namespaces", ["list", "-A"], { limit: "500" }],
    [
      "a serial as openssl prints it",
      ["list", "--serial", "00:4F:1C"],
      { fieldSelector: "spec.requestNamespace=demo,spec.serial=4f1c", limit: "500" },
    ],
    [
      "a serial in all namespaces",
      ["list", "-A", "--serial=0x4f1c"],
      { fieldSelector: "spec.serial=4f1c", limit: "500" },
    ],
  ])("lets the API server select %s", async (_, argv, query) => {
    await using server = await startApiServer({ [ledger]: all });
    await run(argv, { server });
    expect(server.requests.map((request) => request.query)).toEqual([query]);
  });

  test.each([
    ["subject, in any case", ["--subject", "WEB.demo"], ["0a8f5c6e-1111-4222-8333-444455556666", "b"]],
    ["DNS name", ["--subject", "api.demo.svc"], ["c"]],
    ["URI", ["--subject", "sa/api"], ["c"]],
    ["nothing that fits", ["--subject", "*"], []],
    ["everything, sentinels too", ["--all"], ["d", "c", "0a8f5c6e-1111-4222-8333-444455556666", "b"]],
  ])("selects by %s", async (_, flags, names) => {
    await using server = await startApiServer({ [ledger]: all });
    const { out } = await run(["list", "-A", "-o", "name", ...flags], { server });
    expect(out).toBe(names.map((name) => `issuedcertificate.capstan.dev/${name}\n`).join(""));
  });

  test("json holds the objects themselves", async () => {
    await using server = await startApiServer({ [ledger]: collection(revoked) });
    const { out } = await run(["list", "-o", "json"], { server });
    expect((JSON.parse(out) as { items: unknown }).items).toEqual([revoked]);
  });

  test("none is no failure, and says where it looked", async () => {
    await using server = await startApiServer({ [ledger]: collection(sentinel) });
    expect(await run(["list"], { server })).toEqual({
      code: 0,
      out: "",
      err: "No certificates found of namespace demo; -A looks in all.\n",
    });
    expect(await run(["list", "-A"], { server })).toEqual({ code: 0, out: "", err: "No certificates found.\n" });
  });

  test("reads another ledger's namespace when told", async () => {
    await using server = await startApiServer({ [ledger.replace("capstan-system", "pki")]: collection(valid) });
    const { code } = await run(["list", "--capstan-namespace", "pki"], { server });
    expect(code).toBe(0);
  });

  test("without the right to the ledger it names the right", async () => {
    await using server = await startApiServer({
      [ledger]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system"),
    });
    const { code, out, err } = await run(["list"], { server });
    expect({ code, out, hint: err.split("\n")[1] }).toEqual({
      code: 1,
      out: "",
      hint: "Missing right: list issuedcertificates.capstan.dev in namespace capstan-system. Granted by ClusterRole capstan-operator or capstan-viewer.",
    });
  });
});
