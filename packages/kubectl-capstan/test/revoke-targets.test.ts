import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Revocation } from "@capstan/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiServer, collection, forbidden, object, type Route, startApiServer } from "./api-server.ts";
import { base64, currentPem, earlierPem, expiredPem } from "./certificates.ts";
import { condition, record, revocation, serial, unseen } from "./objects.ts";
import { progressOf } from "../src/revoke/revocation.ts";
import { run } from "./run.ts";

const ledger = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates";
const revocations = "/apis/capstan.dev/v1alpha1/namespaces/demo/revocations";
const requestsPath = "/apis/cert-manager.io/v1/namespaces/demo/certificaterequests";
const earlier = "0a1b2c3d";

const create: Route = ({ body }) => {
  const sent = body as { metadata: { generateName: string } };
  const name = `${sent.metadata.generateName}x7k2p`;
  return { status: 201, body: { ...sent, metadata: { ...sent.metadata, name, uid: `uid-of-${name}` } } };
};

/** A tenant's view: the ledger is out of reach. */
const tenant: Readonly<Record<string, Route>> = {
  [`GET ${ledger}`]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system"),
  [`GET ${revocations}`]: collection(),
  [`POST ${revocations}`]: create,
  "GET /api/v1/namespaces/demo/pods": collection(),
  [`GET ${requestsPath}`]: collection(),
  "POST /apis/authentication.k8s.io/v1/selfsubjectreviews": {
    status: 201,
    body: { status: { userInfo: { username: "alice" } } },
  },
};

const issuerRef = { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" };

function request(
  name: string,
  pem: string | undefined,
  more: { readonly metadata?: object; readonly spec?: object } = {},
) {
  return {
    metadata: { name, ...more.metadata },
    spec: { issuerRef, ...more.spec },
    status: pem === undefined ? {} : { certificate: base64(pem) },
  };
}

function secret(name: string, pem: string | undefined, group = "capstan.dev"): Readonly<Record<string, Route>> {
  return {
    [`GET /api/v1/namespaces/demo/secrets/${name}`]: object({
      metadata: {
        name,
        annotations: { "cert-manager.io/issuer-group": group, "cert-manager.io/certificate-name": "web" },
      },
      data: pem === undefined ? { password: base64("x") } : { "tls.crt": base64(pem), "tls.key": base64("a key") },
    }),
  };
}

function pod(name: string, spec: object): { readonly metadata: object; readonly spec: object } {
  return { metadata: { name, namespace: "demo", uid: `uid-of-${name}`, labels: { app: "web" } }, spec };
}

function mounts(...secrets: readonly string[]): object {
  return { volumes: secrets.map((secretName) => ({ secret: { secretName } })) };
}

const csi = { volumes: [{ csi: { driver: "csi.cert-manager.io" } }] };

function specs({ requests }: ApiServer): readonly Revocation["spec"][] {
  return requests
    .filter(({ method, path }) => method === "POST" && path.endsWith("/revocations"))
    .map(({ body }) => (body as Revocation).spec);
}

async function revoke(
  argv: readonly string[],
  routes: Readonly<Record<string, Route>> = {},
): Promise<{
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly specs: readonly Revocation["spec"][];
  readonly notes: readonly string[];
}> {
  await using server = await startApiServer({ ...tenant, ...routes });
  const ended = await run(["revoke", ...argv, "--yes"], { server });
  const notes = ended.err.split("\n").filter((line) => line.startsWith("note: ") || line.startsWith("error: "));
  return { ...ended, specs: specs(server), notes };
}

function serialsOf(found: readonly Revocation["spec"][]): readonly (string | undefined)[] {
  return found.map(({ target }) => target.serial);
}

describe("a pod", () => {
  test("what the csi-driver got for its volume: by the pod's own token, or by its owner reference", async () => {
    const asked = (name: string, pem: string | undefined, uid: string) =>
      request(name, pem, {
        spec: { username: "system:serviceaccount:demo:web", extra: { "authentication.kubernetes.io/pod-uid": [uid] } },
      });
    const owned = request("owned", earlierPem, {
      metadata: { ownerReferences: [{ kind: "Pod", uid: "uid-of-web-1" }] },
    });
    const { code, specs } = await revoke(["pod/web-1"], {
      "GET /api/v1/namespaces/demo/pods": collection(pod("web-1", csi)),
      [`GET ${requestsPath}`]: collection(
        asked("mine", currentPem, "uid-of-web-1"),
        asked("unanswered", undefined, "uid-of-web-1"),
        asked("another-pods", expiredPem, "uid-of-web-2"),
        owned,
        {
          ...asked("another-issuers", expiredPem, "uid-of-web-1"),
          spec: {
            issuerRef: { group: "cert-manager.io" },
            extra: { "authentication.kubernetes.io/pod-uid": ["uid-of-web-1"] },
          },
        },
      ),
    });
    expect({ code, serials: serialsOf(specs) }).toEqual({ code: 0, serials: [serial, earlier] });
  });

  test.each<[string, object]>([
    ["a volume", mounts("web-tls")],
    ["a projected volume", { volumes: [{ projected: { sources: [{ secret: { name: "web-tls" } }, {}] } }] }],
    ["a variable", { containers: [{ env: [{ valueFrom: { secretKeyRef: { name: "web-tls" } } }, { value: "x" }] }] }],
    ["all variables of an init container", { initContainers: [{ envFrom: [{ secretRef: { name: "web-tls" } }] }] }],
  ])("the Secret that it reads by %s", async (_, spec) => {
    const { code, specs } = await revoke(["pod/web-1"], {
      "GET /api/v1/namespaces/demo/pods": collection(pod("web-1", spec)),
      ...secret("web-tls", currentPem),
    });
    expect({ code, serials: serialsOf(specs) }).toEqual({ code: 0, serials: [serial] });
  });

  test("names the other pods that its Secret serves", async () => {
    const others = Array.from({ length: 12 }, (_, index) => pod(`web-${index + 2}`, mounts("web-tls")));
    const { notes } = await revoke(["pod/web-1"], {
      "GET /api/v1/namespaces/demo/pods": collection(
        pod("web-1", mounts("web-tls")),
        ...others,
        pod("db", mounts("db")),
      ),
      ...secret("web-tls", currentPem),
    });
    expect(notes).toEqual([
      "note: secret/web-tls serves 12 other pods, which AWS will refuse: web-2, web-3, web-4, web-5, web-6, web-7, web-8, web-9, web-10, web-11 and 2 more",
      unseen,
    ]);
  });

  test("leaves out Secrets without a certificate, of other issuers, and that do not exist", async () => {
    const { code, specs, notes } = await revoke(["pod/web-1"], {
      "GET /api/v1/namespaces/demo/pods": collection(pod("web-1", mounts("plain", "other", "gone", "web-tls"))),
      ...secret("plain", undefined),
      ...secret("other", earlierPem, "cert-manager.io"),
      ...secret("web-tls", currentPem),
    });
    expect({ code, serials: serialsOf(specs), notes }).toEqual({
      code: 0,
      serials: [serial],
      notes: [
        "note: secret/other of pod/web-1 holds a certificate that cert-manager has not got from Capstan: left out; name secret/other if it is of Capstan all the same",
        unseen,
      ],
    });
  });

  test.each<[string, object, string]>([
    [
      "nothing",
      {},
      "pod/web-1 has no volume of csi.cert-manager.io and no Secret with a certificate of Capstan's; give the serial number",
    ],
    [
      "a volume without a certificate yet",
      csi,
      "pod/web-1: no answered CertificateRequest is of its volume, so it has no certificate yet, or its driver asks in its own name; give the serial number",
    ],
  ])("with %s is refused", async (_, spec, why) => {
    const { code, specs, err } = await revoke(["pod/web-1"], {
      "GET /api/v1/namespaces/demo/pods": collection(pod("web-1", spec)),
    });
    expect({ code, specs, err }).toEqual({ code: 1, specs: [], err: `error: ${why}\n` });
  });

  test("names the other valid certificates of its volume and of its Secrets' Certificates, as the ledger has them", async () => {
    const ofPod = (uid: string) => ({ owner: { kind: "Pod" as const, name: "web-1", uid } });
    const { code, specs, notes } = await revoke(["pod/web-1"], {
      "GET /api/v1/namespaces/demo/pods": collection(
        pod("web-1", { volumes: [{ csi: { driver: "csi.cert-manager.io" } }, { secret: { secretName: "web-tls" } }] }),
      ),
      [`GET ${requestsPath}`]: collection(
        request("volume", earlierPem, { metadata: { ownerReferences: [{ kind: "Pod", uid: "uid-of-web-1" }] } }),
      ),
      ...secret("web-tls", currentPem),
      [`GET ${ledger}`]: ({ query }) => {
        const { fieldSelector = "" } = query;
        if (fieldSelector.startsWith("spec.serial=")) return collection(record({ serial: fieldSelector.slice(12) }));
        return collection(
          record({ ...ofPod("uid-of-web-1"), serial: earlier }),
          record({ ...ofPod("uid-of-web-1"), serial: "0b" }),
          record({ ...ofPod("uid-of-the-web-1-before"), serial: "0c" }),
          record({ owner: { kind: "Certificate", name: "web", uid: "u" }, serial: "0d" }),
        );
      },
    });
    expect({ code, serials: serialsOf(specs), notes }).toEqual({
      code: 0,
      serials: [earlier, serial],
      notes: [
        "note: pod/web-1 also has the certificate 0b, valid until 2026-11-23T08:00:00Z; if its key leaked: kubectl capstan revoke 0b -n demo",
        "note: certificate/web also has the certificate 0d, valid until 2026-11-23T08:00:00Z; if its key leaked: kubectl capstan revoke 0d -n demo",
      ],
    });
  });

  test("that does not exist is refused", async () => {
    const { code, err } = await revoke(["pod/web-1"]);
    expect({ code, err }).toEqual({ code: 1, err: "error: there is no Pod web-1 in namespace demo\n" });
  });
});

describe("other objects", () => {
  test("a Secret that serves several pods: they are named", async () => {
    const { notes } = await revoke(["secret/web-tls"], {
      "GET /api/v1/namespaces/demo/pods": collection(pod("web-1", mounts("web-tls")), pod("web-2", mounts("web-tls"))),
      ...secret("web-tls", currentPem),
    });
    expect(notes).toEqual(["note: secret/web-tls serves 2 pods, which AWS will refuse: web-1, web-2", unseen]);
  });

  test("a Secret without a right to see pods", async () => {
    const { code, notes } = await revoke(["secret/web-tls"], {
      "GET /api/v1/namespaces/demo/pods": forbidden("list", "pods", "", "demo"),
      ...secret("web-tls", currentPem),
    });
    expect({ code, notes }).toEqual({ code: 0, notes: [unseen] });
  });

  test("a CertificateRequest", async () => {
    const { code, out, specs } = await revoke(["certificaterequest/web-1"], {
      [`GET ${requestsPath}`]: collection(request("web-1", currentPem)),
    });
    expect({ code, out, serials: serialsOf(specs) }).toEqual({
      code: 0,
      out: "revocation.capstan.dev/web-1-x7k2p created\n",
      serials: [serial],
    });
  });

  test.each<[string, readonly unknown[], string]>([
    [
      "is not there",
      [],
      "there is no CertificateRequest web-1 in namespace demo: cert-manager deletes those before a Certificate's newest; give the serial number",
    ],
    ["has no answer", [request("web-1", undefined)], "certificaterequest/web-1 was not answered with a certificate"],
    [
      "has expired",
      [request("web-1", expiredPem)],
      "certificaterequest/web-1: the certificate expired at 2026-11-21T18:00:00Z, nobody accepts it any more",
    ],
  ])("a CertificateRequest that %s is refused", async (_, items, why) => {
    const { code, err } = await revoke(["cr/web-1"], { [`GET ${requestsPath}`]: collection(...items) });
    expect({ code, err }).toEqual({ code: 1, err: `error: ${why}\n` });
  });

  const account = "system:serviceaccount:demo:web";

  test("a service account, by one Revocation for all that it has, and again what it got since", async () => {
    const items = collection(
      record({ requester: account }),
      record({ requester: account, serial: "0b", notAfter: "2026-11-22T09:00:00Z" }),
      record({ requester: "system:serviceaccount:demo:other", serial: "0c" }),
    );
    await using server = await startApiServer({
      ...tenant,
      [`GET ${ledger}`]: items,
      [`GET ${revocations}`]: collection(
        revocation(
          "old",
          { target: { serviceAccount: { name: "web" } } },
          { conditions: [condition("Published", "True", "ReadBack")] },
        ),
      ),
    });
    const { code, out, err } = await run(["revoke", "sa/web"], { server, answer: "y" });
    expect({ code, out, specs: specs(server).map(({ target }) => target), shown: err.split("\n")[1] }).toEqual({
      code: 0,
      out: "revocation.capstan.dev/web-x7k2p created\n",
      specs: [{ serviceAccount: { name: "web" } }],
      shown: "  serviceaccount/web: every certificate that it has asked for itself until now (one valid now)",
    });
  });

  test("a service account without a right to the ledger", async () => {
    const { code, specs } = await revoke(["serviceaccount/web"]);
    expect({ code, targets: specs.map(({ target }) => target) }).toEqual({
      code: 0,
      targets: [{ serviceAccount: { name: "web" } }],
    });
  });

  test("a service account, with the re-issue of all that it has", async () => {
    const { code, specs } = await revoke(["sa/web", "--reissue"]);
    expect({ code, specs }).toMatchObject({
      code: 0,
      specs: [{ target: { serviceAccount: { name: "web" } }, reissue: true }],
    });
  });

  test("a service account that has nothing is refused", async () => {
    const { code, err } = await revoke(["sa/web"], { [`GET ${ledger}`]: collection(record()) });
    expect({ code, err }).toEqual({
      code: 1,
      err: "error: serviceaccount/web: the ledger has no valid certificate that it has asked for itself\n",
    });
  });
});

describe("a selection", () => {
  const certificate = (name: string, group = "capstan.dev") => ({
    metadata: { name, namespace: "demo", uid: `uid-of-${name}` },
    spec: { issuerRef: { ...issuerRef, group }, secretName: `${name}-tls` },
    status: { revision: 1 },
  });
  const current = (name: string, pem: string) =>
    request(`${name}-1`, pem, {
      metadata: {
        annotations: { "cert-manager.io/certificate-revision": "1" },
        ownerReferences: [{ kind: "Certificate", name, uid: `uid-of-${name}`, controller: true }],
      },
    });

  test("by labels: Certificates and pods, each certificate once, the rest left out with a note", async () => {
    await using server = await startApiServer({
      ...tenant,
      "GET /apis/cert-manager.io/v1/namespaces/demo/certificates": collection(
        certificate("web"),
        certificate("new"),
        certificate("foreign", "cert-manager.io"),
      ),
      "GET /apis/cert-manager.io/v1/namespaces/demo/certificates/web": object(certificate("web")),
      "GET /apis/cert-manager.io/v1/namespaces/demo/certificates/new": object(certificate("new")),
      "GET /api/v1/namespaces/demo/pods": collection(pod("web-1", mounts("web-tls")), pod("api-1", mounts("api-tls"))),
      [`GET ${requestsPath}`]: collection(current("web", currentPem)),
      ...secret("web-tls", currentPem),
      ...secret("api-tls", earlierPem),
    });
    const { code, err } = await run(["revoke", "-l", "app=web", "--yes"], { server });
    const notes = err.split("\n").filter((line) => line.startsWith("note: "));
    expect({ code, serials: serialsOf(specs(server)), notes }).toEqual({
      code: 0,
      serials: [serial, earlier],
      notes: [
        "note: left out: certificate/new: its current certificate is in no CertificateRequest (not issued yet, or the request was deleted); give secret/NAME or the serial number",
        unseen,
      ],
    });
    const selectors = server.requests.flatMap(({ query }) => query["labelSelector"] ?? []);
    expect(selectors).toEqual(["app=web", "app=web"]);
    // However many are selected, the requests are read once.
    expect(server.requests.filter(({ path }) => path === requestsPath)).toHaveLength(1);
  });

  test("by labels that nothing has is refused", async () => {
    const { code, err } = await revoke(["-l", "app=none"], {
      "GET /apis/cert-manager.io/v1/namespaces/demo/certificates": collection(),
    });
    expect({ code, err }).toEqual({
      code: 1,
      err: "error: no Certificate of Capstan's and no Pod in namespace demo has labels app=none\n",
    });
  });

  test("all of a namespace by the ledger: what is valid and not revoked; asks with ten of them and the count", async () => {
    const valid = Array.from({ length: 14 }, (_, index) =>
      record({ serial: `0${index.toString(16)}aa`, owner: { kind: "Certificate", name: `web-${index}`, uid: "u" } }),
    );
    const status = { revoked: { at: "2026-11-22T09:00:00Z", reason: "superseded" as const, revocation: "demo/x" } };
    await using server = await startApiServer({
      ...tenant,
      [`GET ${ledger}`]: collection(
        ...valid,
        record({ serial: "bb", notAfter: "2026-11-22T09:00:00Z" }),
        record({ serial: "cc" }, { status }),
        record({ serial: "dd", purpose: "CrlSentinel" }),
      ),
    });
    const { code, err } = await run(["revoke", "--all"], { server, answer: "y" });
    expect({ code, count: specs(server).length }).toEqual({ code: 0, count: 14 });
    expect(err.split("\n").slice(0, 13)).toMatchInlineSnapshot(`
      [
        "To be revoked in namespace demo with reason unspecified; this cannot be undone:",
        "  certificate/web-0, serial 00aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-1, serial 01aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-2, serial 02aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-3, serial 03aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-4, serial 04aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-5, serial 05aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-6, serial 06aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-7, serial 07aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-8, serial 08aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  certificate/web-9, serial 09aa, subject CN=web.demo,O=Example Corp, valid until 2026-11-23T08:00:00Z",
        "  and 4 more",
        "Revoke these 14? [y/N] ",
      ]
    `);
    expect(server.requests.find(({ path }) => path === ledger)?.query).toEqual({
      fieldSelector: "spec.requestNamespace=demo",
      limit: "500",
    });
  });

  test("all of a namespace for a tenant: by the requests that exist, and says so", async () => {
    const { code, specs, notes } = await revoke(["--all"], {
      [`GET ${requestsPath}`]: collection(
        current("web", currentPem),
        request("old", expiredPem),
        request("waiting", undefined),
        request("foreign", earlierPem, { spec: { issuerRef: { group: "cert-manager.io" } } }),
      ),
    });
    expect({ code, serials: serialsOf(specs), notes }).toEqual({
      code: 0,
      serials: [serial],
      notes: [
        "note: you may not read the ledger: these are of the 4 CertificateRequests that still exist; cert-manager deletes older ones, whose certificates may be valid",
      ],
    });
  });

  test("all of nothing is refused", async () => {
    const { code, err } = await revoke(["--all"], { [`GET ${ledger}`]: collection() });
    expect({ code, err }).toEqual({
      code: 1,
      err: "error: namespace demo has no valid certificate of Capstan's that is not revoked already\n",
    });
  });
});

describe("a public key", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "public-key-"));
    await writeFile(join(folder, "leaf.pem"), currentPem);
    await writeFile(join(folder, "key.pem"), createPublicKey(currentPem).export({ type: "spki", format: "pem" }));
    await writeFile(join(folder, "noise.pem"), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
  });
  afterAll(() => rm(folder, { recursive: true }));
  const spki = new X509Certificate(currentPem).publicKey.export({ type: "spki", format: "der" });
  const sha256 = createHash("sha256").update(spki).digest("hex");

  test.each(["leaf.pem", "key.pem"])("of %s", async (name) => {
    const { code, specs } = await revoke(["--public-key", join(folder, name), "--reason", "keyCompromise"]);
    expect({ code, specs }).toEqual({
      code: 0,
      specs: [{ target: { publicKeySha256: sha256 }, reason: "keyCompromise", requestedBy: "alice" }],
    });
  });

  test("is not blocked twice", async () => {
    const existing = revocation("key-aaaaa", { target: { publicKeySha256: sha256 } });
    const { out, specs } = await revoke(["--public-key", join(folder, "key.pem")], {
      [`GET ${revocations}`]: collection(existing),
    });
    expect({ out, specs }).toEqual({ out: "revocation.capstan.dev/key-aaaaa unchanged\n", specs: [] });
  });

  test("counts what it reaches: in a workload's namespace that namespace's alone", async () => {
    await using server = await startApiServer({
      ...tenant,
      [`GET ${ledger}`]: collection(
        record(),
        record({ serial: "0b" }),
        record({ serial: "0c", requestNamespace: "shop" }),
      ),
    });
    const { err } = await run(["revoke", "--public-key", join(folder, "key.pem")], { server, answer: "n" });
    expect(err.split("\n")[1]).toBe(
      `  public key ${sha256}: every certificate with this key, and none will be issued for it any more in namespace demo (2 valid now)`,
    );
  });

  test.each([
    ["noise.pem", "holds no certificate, public key or unencrypted private key in PEM"],
    ["gone.pem", "cannot be read (ENOENT)"],
  ])("that cannot be read is refused, and nothing of it is shown: %s", async (name, why) => {
    const { code, err } = await revoke(["--public-key", join(folder, name)]);
    expect({ code, err: err.replaceAll(folder, "FOLDER") }).toEqual({
      code: 1,
      err: `error: --public-key: FOLDER/${name} ${why}\n`,
    });
  });
});

describe("a certificate in a file", () => {
  const path = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/revocations";
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "certificate-"));
    file = join(folder, "found.pem");
    await writeFile(file, `subject=CN=web.demo\n${currentPem}${earlierPem}`);
    await writeFile(join(folder, "found.der"), new X509Certificate(currentPem).raw);
    await writeFile(join(folder, "expired.pem"), expiredPem);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("is sent itself, the first of its chain alone", async () => {
    const { code, specs } = await revoke(["--certificate", file], { [`GET ${ledger}`]: collection(record()) });
    expect({ code, specs }).toEqual({
      code: 0,
      specs: [{ target: { certificate: currentPem }, reason: "unspecified", requestedBy: "alice" }],
    });
  });

  test("in Capstan's own namespace also when the ledger lacks it: the publisher looks at the signature", async () => {
    const { code, specs, notes } = await revoke(["--certificate", file, "-n", "capstan-system"], {
      [`GET ${ledger}`]: collection(),
      [`GET ${path}`]: collection(),
      [`POST ${path}`]: create,
    });
    expect({ code, targets: specs.map(({ target }) => Object.keys(target)), notes }).toEqual({
      code: 0,
      targets: [["certificate"]],
      notes: [
        `note: the ledger has no certificate ${serial}: the publisher revokes it if one of our generations has signed it`,
      ],
    });
  });

  test("that is being revoked by its serial number already is left as it is", async () => {
    const { out, specs } = await revoke(["--certificate", file], {
      [`GET ${ledger}`]: collection(record()),
      [`GET ${revocations}`]: collection(revocation("web-aaaaa")),
    });
    expect({ out, specs }).toEqual({ out: "revocation.capstan.dev/web-aaaaa unchanged\n", specs: [] });
  });

  test.each<[string, string, string]>([
    [
      "the ledger lacks, in a workload's namespace",
      "found.pem",
      `FOLDER/found.pem (serial ${serial}) is not in the ledger of namespace capstan-system: Capstan did not issue it, or it expired and was pruned`,
    ],
    [
      "has expired",
      "expired.pem",
      "FOLDER/expired.pem (serial 0b) is not in the ledger of namespace capstan-system: Capstan did not issue it, or it expired and was pruned",
    ],
    [
      "is DER",
      "found.der",
      "--certificate: FOLDER/found.der is not PEM: openssl x509 -inform DER -in FOLDER/found.der makes it so",
    ],
    ["is not there", "gone.pem", "--certificate: FOLDER/gone.pem cannot be read (ENOENT)"],
  ])("that %s is refused", async (_, name, why) => {
    const { code, err } = await revoke(["--certificate", join(folder, name)], { [`GET ${ledger}`]: collection() });
    expect({ code, err: err.replaceAll(folder, "FOLDER") }).toEqual({ code: 1, err: `error: ${why}\n` });
  });
});

describe("--reissue", () => {
  test("is asked for, and an equal Revocation without it is not enough", async () => {
    const { specs, err } = await revoke(["certificaterequest/web-1", "--reissue"], {
      [`GET ${requestsPath}`]: collection(
        request("web-1", currentPem, {
          metadata: { ownerReferences: [{ kind: "Certificate", name: "web", uid: "u" }] },
        }),
      ),
      [`GET ${revocations}`]: collection(revocation("old")),
    });
    expect(specs).toEqual([{ target: { serial }, reason: "unspecified", reissue: true, requestedBy: "alice" }]);
    // Nobody has to renew anything.
    expect(err).not.toContain("cmctl");
  });

  test("an equal Revocation with it is followed, and --wait shows how the re-issue goes", async () => {
    const done = revocation(
      "old",
      { reissue: true },
      {
        serial,
        anchors: [{ name: "prod", published: true, crlNumber: 17 }],
        reissue: {
          state: "Requested",
          owner: "Certificate/web",
          message: "Issuing is set",
          since: "2026-11-22T09:59:00Z",
        },
        conditions: [condition("Accepted", "True", "Recorded"), condition("Published", "True", "ReadBack", "1 of 1")],
      },
    );
    const { out, err, specs } = await revoke([serial, "--reissue", "--wait"], {
      [`GET ${revocations}`]: collection(done),
      [`GET ${revocations}/old`]: object(done),
    });
    expect({ out, specs }).toEqual({ out: "revocation.capstan.dev/old unchanged\n", specs: [] });
    expect(err).toContain("old: re-issue: Certificate/web Requested: Issuing is set\n");
  });

  test("the re-issue of several is told by counts", async () => {
    const done = revocation(
      "old",
      { target: { serviceAccount: { name: "web" } }, reissue: true },
      {
        reissue: { state: "Requested", certificates: 5, replaced: 3, impossible: 1, since: "2026-11-22T09:59:00Z" },
        conditions: [condition("Accepted", "True", "Recorded"), condition("Published", "True", "ReadBack", "1 of 1")],
      },
    );
    expect(progressOf(done)).toContain("re-issue: Requested (3 of 5, 1 impossible)");
  });
});

describe("--end-sessions", () => {
  test("prints a policy that meets the revoked sessions and no others, and nothing else on stdout", async () => {
    const { code, out, err } = await revoke(["secret/web-tls", "--end-sessions"], secret("web-tls", currentPem));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "SessionsOfRevokedCertificates",
          Effect: "Deny",
          Action: "*",
          Resource: "*",
          Condition: { StringLike: { "aws:userid": [`*:${serial}`] } },
        },
        {
          Sid: "OlderSessionsOfTheirNames",
          Effect: "Deny",
          Action: "*",
          Resource: "*",
          Condition: {
            StringEquals: { "aws:PrincipalTag/x509Subject/CN": ["web.demo"] },
            DateLessThan: { "aws:TokenIssueTime": "2026-11-22T10:00:00Z" },
          },
        },
      ],
    });
    expect(err).toContain("revocation.capstan.dev/web-tls-x7k2p created\n");
  });

  test("without a name that AWS takes for a tag the serial number alone counts", async () => {
    const { out } = await revoke([serial, "--end-sessions", "-o", "json"], {
      [`GET ${ledger}`]: collection(record({ commonName: "web & co" })),
    });
    const { Statement: statements } = JSON.parse(out) as { readonly Statement: readonly { readonly Sid: string }[] };
    expect(statements.map(({ Sid }) => Sid)).toEqual(["SessionsOfRevokedCertificates"]);
  });

  test("a dry run prints it too", async () => {
    const { out, specs } = await revoke([serial, "--end-sessions", "--dry-run=client"]);
    expect({ specs, version: (JSON.parse(out) as { readonly Version: string }).Version }).toEqual({
      specs: [],
      version: "2012-10-17",
    });
  });

  test("says when it does not know whose sessions to end", async () => {
    const { code, out, err } = await revoke(["sa/web", "--end-sessions"]);
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toContain("No policy: whose sessions they are, the ledger would say, which you may not read.");
  });

  test("says when IAM would not take it as one inline policy", async () => {
    const many = Array.from({ length: 300 }, (_, index) =>
      record({ serial: `0a${index.toString(16).padStart(30, "0")}`, commonName: `web-${index}` }),
    );
    const { err } = await revoke(["--all", "--end-sessions"], { [`GET ${ledger}`]: collection(...many) });
    expect(err).toMatch(/The policy has \d+ characters, and IAM takes 10240 inline: cut its lists in parts\./);
  });
});
