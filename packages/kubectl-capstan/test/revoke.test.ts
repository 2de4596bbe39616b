import type { Revocation } from "@capstan/api";
import { describe, expect, test } from "vitest";
import {
  type ApiServer,
  collection,
  forbidden,
  object,
  type RecordedRequest,
  refusal,
  type Route,
  startApiServer,
} from "./api-server.ts";
import { base64, currentPem, earlierPem, expiredPem } from "./certificates.ts";
import { condition, record, revocation, serial, unseen } from "./objects.ts";
import { run } from "./run.ts";

const ledger = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates";
const revocations = "/apis/capstan.dev/v1alpha1/namespaces/demo/revocations";
const reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/** As the API server answers a create: with a name made from generateName, and a uid. */
const create: Route = ({ body }) => {
  const sent = body as { metadata: { generateName: string } };
  const name = `${sent.metadata.generateName}x7k2p`;
  return { status: 201, body: { ...sent, metadata: { ...sent.metadata, name, uid: `uid-of-${name}` } } };
};

const routes: Readonly<Record<string, Route>> = {
  [`GET ${ledger}`]: collection(record()),
  [`GET ${revocations}`]: collection(),
  [`POST ${revocations}`]: create,
  "GET /api/v1/namespaces/demo/pods": collection(),
  [`POST ${reviews}`]: { status: 201, body: { status: { userInfo: { username: "alice@example.org" } } } },
};

function posted({ requests }: ApiServer): readonly RecordedRequest[] {
  return requests.filter(({ method, path }) => method === "POST" && path.endsWith("/revocations"));
}

const published: Revocation["status"] = {
  serial,
  anchors: [{ name: "prod", published: true, crlNumber: 17 }],
  conditions: [
    condition("Accepted", "True", "Recorded", "in the revocation list of fleet-1"),
    condition("Published", "True", "ReadBack", "1 of 1 trust anchors has it"),
  ],
};

describe("revoke by serial", () => {
  test("creates a Revocation in the caller's own name", async () => {
    await using server = await startApiServer(routes);
    const ended = await run(
      ["revoke", "4F:1C:09:AB:55:66:77:88:99:AA:BB:CC:DD:EE:FF:01", "--yes", "--reason", "keyCompromise"],
      { server },
    );
    expect(posted(server).map(({ query, body }) => ({ query, body }))).toEqual([
      {
        query: {},
        body: {
          apiVersion: "capstan.dev/v1alpha1",
          kind: "Revocation",
          metadata: { generateName: "4f1c09ab-", namespace: "demo" },
          spec: { target: { serial }, reason: "keyCompromise", requestedBy: "alice@example.org" },
        },
      },
    ]);
    expect({ code: ended.code, out: ended.out }).toEqual({
      code: 0,
      out: "revocation.capstan.dev/4f1c09ab-x7k2p created\n",
    });
    expect(ended.err).toMatchInlineSnapshot(`
      "AWS accepts a certificate until its trust anchor has the CRL; run the command again with --wait to see that.
      AWS sessions that are open already are not ended by a CRL: they run on for up to their profile's session duration (1h unless set, at most 12h).
      To end them once it is published, give the role a policy that denies everything where aws:TokenIssueTime is before that moment (IAM console: Revoke active sessions). It ends the role's other sessions too; their workloads open new ones. --end-sessions prints one that ends these alone.
      "
    `);
  });

  test("into the namespace that is named", async () => {
    const path = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/revocations";
    await using server = await startApiServer({ ...routes, [`GET ${path}`]: collection(), [`POST ${path}`]: create });
    const { code } = await run(["revoke", serial, "--yes", "-n", "capstan-system"], { server });
    expect({ code, paths: posted(server).map((request) => request.path) }).toEqual({ code: 0, paths: [path] });
  });

  test("a tenant who may not read the ledger can revoke too", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${ledger}`]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system"),
    });
    const { code, err } = await run(["revoke", serial], { server, answer: "yes" });
    expect({ code, question: err.split("\n").slice(0, 3) }).toEqual({
      code: 0,
      question: [
        "To be revoked in namespace demo with reason unspecified; this cannot be undone:",
        `  ${serial}, subject not known (you may not read the ledger)`,
        "Revoke it? [y/N] ",
      ],
    });
  });

  test.each([
    ["y", 0],
    ["Yes", 0],
    ["", 1],
    ["n", 1],
    ["yep", 1],
  ])("asks with subject and serial, and %j ends with %i", async (answer, code) => {
    await using server = await startApiServer(routes);
    const ended = await run(["revoke", serial], { server, answer });
    expect(ended.code).toBe(code);
    expect(posted(server)).toHaveLength(code === 0 ? 1 : 0);
    expect(ended.err).toContain(`${serial}, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z\n`);
    if (code !== 0) expect(ended.err).toMatch(/Nothing was revoked\.\n$/);
  });

  test("several at once, each once", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${ledger}`]: ({ query }) => ({
        body: collection(record({ serial: query["fieldSelector"]?.replace("spec.serial=", "") ?? "" })).body,
      }),
    });
    const { out } = await run(["revoke", "0b", "0x0C", "00:0b", "--yes"], { server });
    expect(out).toBe("revocation.capstan.dev/0b-x7k2p created\nrevocation.capstan.dev/0c-x7k2p created\n");
  });

  test("with one target out of reach nothing is written", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${ledger}`]: ({ query }) =>
        query["fieldSelector"] === "spec.serial=0b" ? collection(record()) : collection(),
    });
    const { code } = await run(["revoke", "0b", "0c", "--yes"], { server });
    expect({ code, posted: posted(server) }).toEqual({ code: 1, posted: [] });
  });
});

describe("revoke again", () => {
  test.each<[string, Revocation]>([
    ["by serial", revocation("web-aaaaa", {})],
    ["accepted", revocation("web-aaaaa", {}, { conditions: [condition("Accepted", "True", "Recorded")] })],
    [
      "by another target that has this serial",
      revocation("web-aaaaa", { target: { issuedCertificate: "r" } }, { serial }),
    ],
  ])("leaves an equal Revocation as it is: %s", async (_, existing) => {
    await using server = await startApiServer({ ...routes, [`GET ${revocations}`]: collection(existing) });
    const { code, out } = await run(["revoke", serial], { server, answer: "n" });
    expect({ code, out, posted: posted(server) }).toEqual({
      code: 0,
      out: "revocation.capstan.dev/web-aaaaa unchanged\n",
      posted: [],
    });
  });

  test.each<[string, Revocation]>([
    ["refused", revocation("web-aaaaa", {}, { conditions: [condition("Accepted", "False", "NotFound")] })],
    ["of another serial", revocation("web-aaaaa", { target: { serial: "0b" } })],
  ])("creates one when the other is %s", async (_, existing) => {
    await using server = await startApiServer({ ...routes, [`GET ${revocations}`]: collection(existing) });
    await run(["revoke", serial, "--yes"], { server });
    expect(posted(server)).toHaveLength(1);
  });

  test("finds the one in another namespace that the ledger names", async () => {
    const status = {
      revoked: { at: "2026-11-22T09:00:00Z", reason: "superseded" as const, revocation: "capstan-system/ops-1" },
    };
    const elsewhere = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/revocations/ops-1";
    await using server = await startApiServer({
      ...routes,
      [`GET ${ledger}`]: collection(record({}, { status })),
      [`GET ${elsewhere}`]: object(revocation("ops-1", { reason: "superseded" }, published)),
    });
    const { code, out, err } = await run(["revoke", serial, "--yes", "--reason=keyCompromise"], { server });
    expect({ code, out, note: err.split("\n")[0] }).toEqual({
      code: 0,
      out: "revocation.capstan.dev/ops-1 unchanged\n",
      note: "note: revocation demo/ops-1 has reason superseded, which cannot be changed to keyCompromise",
    });
  });

  test("creates one for what the publisher has revoked by itself, without a Revocation", async () => {
    const status = { revoked: { at: "2026-11-22T09:00:00Z", reason: "superseded" as const, revocation: "deletion" } };
    await using server = await startApiServer({ ...routes, [`GET ${ledger}`]: collection(record({}, { status })) });
    const { code } = await run(["revoke", serial, "--yes"], { server });
    expect({ code, posted: posted(server).length }).toEqual({ code: 0, posted: 1 });
  });

  test("creates a new one when the one that the ledger names is gone", async () => {
    const status = { revoked: { at: "2026-11-22T09:00:00Z", reason: "superseded" as const, revocation: "demo/gone" } };
    await using server = await startApiServer({ ...routes, [`GET ${ledger}`]: collection(record({}, { status })) });
    await run(["revoke", serial, "--yes"], { server });
    expect(posted(server)).toHaveLength(1);
  });
});

describe("revoke refuses before it writes", () => {
  const shop = record({ requestNamespace: "shop" });
  test.each<[string, readonly string[], Readonly<Record<string, Route>>, string]>([
    [
      "a serial that the ledger lacks",
      [serial],
      { [`GET ${ledger}`]: collection() },
      `error: ${serial} is not in the ledger of namespace capstan-system: Capstan did not issue it, or it expired and was pruned\n`,
    ],
    [
      "a certificate of another namespace",
      [serial],
      { [`GET ${ledger}`]: collection(shop) },
      `error: ${serial} was issued to namespace shop, and a Revocation in namespace demo does not reach it: add -n shop, or -n capstan-system if you are an operator\n`,
    ],
    [
      "one that has expired",
      [serial],
      { [`GET ${ledger}`]: collection(record({ notAfter: "2026-11-22T10:00:00Z" })) },
      `error: ${serial}: the certificate expired at 2026-11-22T10:00:00Z, nobody accepts it any more\n`,
    ],
    [
      "a serial of two",
      [serial],
      { [`GET ${ledger}`]: collection(record(), record({}, { metadata: { name: "second" } })) },
      `error: ${serial}: 2 certificates have this serial number; name icert/0a8f5c6e-1111-4222-8333-444455556666 or icert/second\n`,
    ],
    [
      "a record that does not exist",
      ["icert/gone"],
      {},
      "error: icert/gone is not in the ledger of namespace capstan-system: Capstan did not issue it, or it expired and was pruned\n",
    ],
    [
      "a Certificate that does not exist",
      ["certificate/web"],
      {},
      "error: there is no Certificate web in namespace demo\n",
    ],
    ["a Secret that does not exist", ["secret/web-tls"], {}, "error: there is no Secret web-tls in namespace demo\n"],
    [
      "a Secret without a certificate",
      ["secret/web-tls"],
      { "GET /api/v1/namespaces/demo/secrets/web-tls": object({ metadata: { name: "web-tls" }, data: {} }) },
      "error: secret/web-tls has no tls.crt\n",
    ],
    [
      "a Secret with something else in tls.crt",
      ["secret/web-tls"],
      {
        "GET /api/v1/namespaces/demo/secrets/web-tls": object({
          metadata: { name: "web-tls" },
          data: { "tls.crt": base64("nothing") },
        }),
      },
      "error: tls.crt of secret/web-tls holds no certificate that can be read\n",
    ],
    [
      "a Secret's expired certificate, also where the ledger is out of reach",
      ["secret/web-tls"],
      {
        [`GET ${ledger}`]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system"),
        "GET /api/v1/namespaces/demo/secrets/web-tls": object({
          metadata: { name: "web-tls" },
          data: { "tls.crt": base64(expiredPem) },
        }),
      },
      "error: secret/web-tls: the certificate expired at 2026-11-21T18:00:00Z, nobody accepts it any more\n",
    ],
  ])("%s", async (_, targets, more, err) => {
    await using server = await startApiServer({ ...routes, ...more });
    expect(await run(["revoke", ...targets, "--yes"], { server })).toEqual({ code: 1, out: "", err });
    expect(posted(server)).toEqual([]);
  });
});

describe("revoke by object", () => {
  const certificate = {
    metadata: { name: "web", namespace: "demo", uid: "uid-of-web" },
    status: { revision: 2 },
  };
  const request = (name: string, revision: string, pem: string | undefined, owner = "uid-of-web"): unknown => ({
    metadata: {
      name,
      annotations: { "cert-manager.io/certificate-name": "web", "cert-manager.io/certificate-revision": revision },
      ownerReferences: [
        { apiVersion: "cert-manager.io/v1", kind: "Certificate", name: "web", uid: owner, controller: true },
      ],
    },
    spec: { issuerRef: { group: "capstan.dev" } },
    status: pem === undefined ? {} : { certificate: base64(pem) },
  });
  const certificatePath = "GET /apis/cert-manager.io/v1/namespaces/demo/certificates/web";
  const requestsPath = "GET /apis/cert-manager.io/v1/namespaces/demo/certificaterequests";

  test("a Certificate's current certificate, and names the others that still live: cert-manager has deleted their requests", async () => {
    const ofWeb = (uid = "uid-of-web") => ({ owner: { kind: "Certificate" as const, name: "web", uid } });
    const status = { revoked: { at: "2026-11-22T09:00:00Z", reason: "superseded" as const, revocation: "demo/x" } };
    await using server = await startApiServer({
      ...routes,
      [`GET ${ledger}`]: ({ query }) =>
        query["fieldSelector"] === "spec.requestNamespace=demo"
          ? collection(
              record(ofWeb()),
              record({ ...ofWeb(), serial: "0a", notAfter: "2026-11-22T18:00:00Z" }),
              record({ ...ofWeb("uid-of-an-earlier-web"), serial: "0b", notAfter: "2026-11-22T16:00:00Z" }),
              record({ ...ofWeb(), serial: "0c", notAfter: "2026-11-22T09:00:00Z" }),
              record({ ...ofWeb(), serial: "0d" }, { status }),
              record({ owner: { kind: "Pod", name: "web", uid: "uid-of-web" }, serial: "0e" }),
              record({ serial: "0f" }),
            )
          : collection(record(ofWeb())),
      [certificatePath]: object(certificate),
      [requestsPath]: collection(request("web-2", "2", currentPem)),
    });
    const { code, err } = await run(["revoke", "certificate/web", "--yes"], { server });
    expect({ code, targets: posted(server).map(({ body }) => (body as Revocation).spec.target) }).toEqual({
      code: 0,
      targets: [{ serial }],
    });
    expect(err.split("\n")[0]).toBe(
      "note: certificate/web also has 2 other certificates, the last of them valid until 2026-11-22T18:00:00Z; if their keys leaked: kubectl capstan revoke 0a 0b -n demo",
    );
  });

  test("a Certificate's current certificate for a tenant: names those whose requests exist, and that more are not seen", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${ledger}`]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system"),
      [certificatePath]: object(certificate),
      [requestsPath]: collection(
        request("web-2-of-before", "2", expiredPem, "uid-of-an-earlier-web"),
        request("web-0", "0", expiredPem),
        request("web-1", "1", earlierPem),
        request("web-2", "2", currentPem),
        request("web-3", "3", undefined),
      ),
    });
    const { code, out, err } = await run(["revoke", "certificate/web", "--yes"], { server });
    expect({ code, out }).toEqual({ code: 0, out: "revocation.capstan.dev/web-x7k2p created\n" });
    expect(posted(server).map(({ body }) => (body as Revocation).spec.target)).toEqual([{ serial }]);
    expect(err.split("\n").filter((line) => /^note|certificate\/web/.test(line))).toEqual([
      "note: certificate/web also has the certificate 0a1b2c3d, valid until 2026-11-22T18:00:00Z; if its key leaked: kubectl capstan revoke 0a1b2c3d -n demo",
      unseen,
      "The Secret of certificate/web keeps the revoked certificate until it is renewed: cmctl renew web -n demo",
    ]);
    // It is found without a right to Secrets.
    expect(server.requests.filter(({ path }) => path.includes("/secrets"))).toEqual([]);
  });

  test("a Certificate that was never issued is refused", async () => {
    await using server = await startApiServer({
      ...routes,
      [certificatePath]: object({ ...certificate, status: {} }),
      [requestsPath]: collection(request("web-1", "1", undefined)),
    });
    const { code, err } = await run(["revoke", "cert/web", "--yes"], { server });
    expect({ code, err }).toEqual({
      code: 1,
      err: "error: certificate/web: its current certificate is in no CertificateRequest (not issued yet, or the request was deleted); give secret/NAME or the serial number\n",
    });
  });

  test("a Secret's first certificate, and its Certificate's name from the annotation", async () => {
    await using server = await startApiServer({
      ...routes,
      "GET /api/v1/namespaces/demo/secrets/web-tls": object({
        metadata: { name: "web-tls", annotations: { "cert-manager.io/certificate-name": "web" } },
        data: { "tls.crt": base64(currentPem + earlierPem), "tls.key": base64("a key") },
      }),
    });
    const { out, err } = await run(["revoke", "secret/web-tls", "--yes"], { server });
    expect(out).toBe("revocation.capstan.dev/web-tls-x7k2p created\n");
    expect(posted(server).map(({ body }) => (body as Revocation).spec.target)).toEqual([{ serial }]);
    expect(err).toContain("cmctl renew web -n demo");
  });

  test("a ledger record by its name, as list -o name prints it", async () => {
    const { name } = record().metadata;
    await using server = await startApiServer({ ...routes, [`GET ${ledger}/${name}`]: object(record()) });
    const { code } = await run(["revoke", `issuedcertificate.capstan.dev/${name}`, "--yes"], { server });
    expect({ code, targets: posted(server).map(({ body }) => (body as Revocation).spec.target) }).toEqual({
      code: 0,
      targets: [{ issuedCertificate: name }],
    });
  });

  test("a Certificate and its Secret are one certificate", async () => {
    await using server = await startApiServer({
      ...routes,
      [certificatePath]: object(certificate),
      [requestsPath]: collection(request("web-2", "2", currentPem)),
      "GET /api/v1/namespaces/demo/secrets/web-tls": object({
        metadata: { name: "web-tls" },
        data: { "tls.crt": base64(currentPem) },
      }),
    });
    await run(["revoke", "certificate/web", "secret/web-tls", "--yes"], { server });
    expect(posted(server)).toHaveLength(1);
  });
});

describe("revoke --dry-run", () => {
  test("server: everything is checked, nothing stored, nobody asked", async () => {
    await using server = await startApiServer(routes);
    expect(await run(["revoke", serial, "--dry-run=server"], { server })).toEqual({
      code: 0,
      out: "revocation.capstan.dev/4f1c09ab-x7k2p created (server dry run)\n",
      err: "",
    });
    expect(posted(server).map(({ query }) => query)).toEqual([{ dryRun: "All" }]);
  });

  test("client: nothing is sent, and -o yaml shows what would be", async () => {
    await using server = await startApiServer(routes);
    const { code, out } = await run(["revoke", serial, "--dry-run=client", "-o", "yaml"], { server });
    expect({ code, posted: posted(server) }).toEqual({ code: 0, posted: [] });
    expect(out).toMatchInlineSnapshot(`
      "apiVersion: v1
      kind: List
      metadata:
        resourceVersion: ""
      items:
        - apiVersion: capstan.dev/v1alpha1
          kind: Revocation
          metadata:
            generateName: 4f1c09ab-
            namespace: demo
          spec:
            target:
              serial: 4f1c09ab5566778899aabbccddeeff01
            reason: unspecified
            requestedBy: alice@example.org
      "
    `);
  });
});

describe("revoke --wait", () => {
  const name = "4f1c09ab-x7k2p";
  const waitFor = async (
    steps: readonly (Revocation["status"] | "break" | "gone" | "another")[],
    argv: readonly string[] = [],
  ) => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${revocations}/${name}`]: (_, count) => {
        const step = steps[Math.min(count, steps.length - 1)];
        if (step === "break") return "break";
        if (step === "another") {
          const { metadata, ...rest } = revocation(name, {}, published);
          return object({ ...rest, metadata: { ...metadata, uid: "another" } });
        }
        if (step === "gone") return refusal(404, "NotFound", `revocations.capstan.dev "${name}" not found`);
        return object(revocation(name, {}, step));
      },
    });
    return await run(["revoke", serial, "--yes", "--wait", ...argv], { server });
  };
  const accepted = condition("Accepted", "True", "Recorded", "in the revocation list of fleet-1");
  const anchors = (prod: boolean, lab: boolean): NonNullable<NonNullable<Revocation["status"]>["anchors"]> => [
    { name: "prod", published: prod, ...(prod ? { crlNumber: 17 } : { message: "CRL 16 read back" }) },
    { name: "lab", published: lab, ...(lab ? { crlNumber: 17 } : {}) },
  ];
  const pending = condition("Published", "False", "WaitingForTrustAnchors", "1 of 2");

  test("shows each fact once, until every anchor has it", async () => {
    const ended = await waitFor([
      undefined,
      { conditions: [accepted] },
      { conditions: [accepted, pending], anchors: anchors(false, false) },
      "break",
      { conditions: [accepted, pending], anchors: anchors(true, false) },
      { conditions: [accepted, pending], anchors: anchors(true, false) },
      { conditions: [accepted, condition("Published", "True", "ReadBack", "2 of 2")], anchors: anchors(true, true) },
    ]);
    expect({ code: ended.code, out: ended.out }).toEqual({
      code: 0,
      out: "revocation.capstan.dev/4f1c09ab-x7k2p created\n",
    });
    expect(ended.err).toMatchInlineSnapshot(`
      "4f1c09ab-x7k2p: Accepted: in the revocation list of fleet-1
      4f1c09ab-x7k2p: trust anchor prod: waiting: CRL 16 read back
      4f1c09ab-x7k2p: trust anchor lab: waiting
      4f1c09ab-x7k2p: GET /apis/capstan.dev/v1alpha1/namespaces/demo/revocations/4f1c09ab-x7k2p: UND_ERR_SOCKET; trying again
      4f1c09ab-x7k2p: trust anchor prod: CRL 17 read back
      4f1c09ab-x7k2p: trust anchor lab: CRL 17 read back
      4f1c09ab-x7k2p: Published: 2 of 2
      AWS sessions that are open already are not ended by a CRL: they run on for up to their profile's session duration (1h unless set, at most 12h).
      To end them now, give the role a policy that denies everything where aws:TokenIssueTime is before 2026-11-22T09:59:31Z (IAM console: Revoke active sessions). It ends the role's other sessions too; their workloads open new ones. --end-sessions prints one that ends these alone.
      "
    `);
  });

  test("a refusal ends with 1", async () => {
    const { code, err } = await waitFor([
      undefined,
      {
        conditions: [
          condition("Accepted", "False", "NotFound", "no certificate with this serial was issued to namespace demo"),
        ],
      },
    ]);
    expect({ code, err }).toEqual({
      code: 1,
      err: `${name}: Accepted=False, NotFound: no certificate with this serial was issued to namespace demo
error: revocation demo/${name} was refused: it revokes nothing
`,
    });
  });

  test("a time-out ends with 1 and says what was last seen", async () => {
    const { code, err } = await waitFor(
      [{ conditions: [accepted, pending], anchors: anchors(true, false) }],
      ["--timeout=90s"],
    );
    expect({ code, last: err.split("\n").at(-2) }).toEqual({
      code: 1,
      last: `error: revocation demo/${name} is not in every trust anchor after 90s (last seen: Accepted: in the revocation list of fleet-1; trust anchor prod: CRL 17 read back; trust anchor lab: waiting). It goes on by itself; run the command again to go on waiting`,
    });
  });

  test("a publisher that does not look at it ends with 1", async () => {
    expect((await waitFor([undefined], ["--timeout=5s"])).err).toBe(
      `error: nobody has looked at revocation demo/${name} in 5s: is the crl-publisher running? Run the command again to go on waiting\n`,
    );
  });

  test.each(["gone", "another"] as const)("a Revocation that is deleted meanwhile ends with 1: %s", async (step) => {
    const { code, err } = await waitFor([undefined, step]);
    expect({ code, err }).toEqual({
      code: 1,
      err: `error: revocation demo/${name} was deleted meanwhile; if it was accepted before, it stays in force\n`,
    });
  });

  test("a right that is missing for following is named", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${revocations}/${name}`]: forbidden("get", "revocations", "capstan.dev", "demo"),
    });
    const { code, err } = await run(["revoke", serial, "--yes", "--wait"], { server });
    expect({ code, hint: err.split("\n").at(-2) }).toEqual({
      code: 1,
      hint: "Missing right: get revocations.capstan.dev in namespace demo. Granted by ClusterRole capstan-revoker (a namespace's admins have it), capstan-operator or capstan-viewer.",
    });
  });

  test("an existing Revocation is followed too, and -o name prints it alone", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${revocations}`]: collection(revocation("web-aaaaa")),
      [`GET ${revocations}/web-aaaaa`]: object(revocation("web-aaaaa", {}, published)),
    });
    const { code, out } = await run(["revoke", serial, "--yes", "--wait", "-o", "name"], { server });
    expect({ code, out }).toEqual({ code: 0, out: "revocation.capstan.dev/web-aaaaa\n" });
  });
});

describe("revoke fails with the right that is missing, or why", () => {
  test.each<[string, Readonly<Record<string, Route>>, string]>([
    [
      "create",
      { [`POST ${revocations}`]: forbidden("create", "revocations", "capstan.dev", "demo") },
      "Missing right: create revocations.capstan.dev in namespace demo. Granted by ClusterRole capstan-revoker (a namespace's admins have it) or capstan-operator.",
    ],
    [
      "list",
      { [`GET ${revocations}`]: forbidden("list", "revocations", "capstan.dev", "demo") },
      "Missing right: list revocations.capstan.dev in namespace demo. Granted by ClusterRole capstan-revoker (a namespace's admins have it), capstan-operator or capstan-viewer.",
    ],
    [
      "admission, which has words of its own",
      {
        [`POST ${revocations}`]: refusal(
          403,
          "Forbidden",
          "ValidatingAdmissionPolicy 'capstan-revocation-requested-by' denied request: spec.requestedBy must be your own user name",
        ),
      },
      `error: POST ${revocations}: 403 Forbidden: ValidatingAdmissionPolicy 'capstan-revocation-requested-by' denied request: spec.requestedBy must be your own user name`,
    ],
    [
      "an API server that cannot say who asks",
      { [`POST ${reviews}`]: refusal(404, "NotFound", "the server could not find the requested resource") },
      "The API server is older than Kubernetes 1.28 and cannot say who you are.",
    ],
    [
      "an API server that does not say who asks",
      { [`POST ${reviews}`]: object({ status: {} }) },
      "error: the API server does not say who you are",
    ],
    [
      "an answer that never came",
      { [`POST ${revocations}`]: () => "break" },
      `error: it is not known whether the Revocation was created (POST ${revocations}: UND_ERR_SOCKET): run the command again, it never revokes twice`,
    ],
  ])("%s", async (_, more, lastLine) => {
    await using server = await startApiServer({ ...routes, ...more });
    const { code, out, err } = await run(["revoke", serial, "--yes"], { server });
    expect({ code, out, last: err.split("\n").at(-2) }).toEqual({ code: 1, out: "", last: lastLine });
  });
});
