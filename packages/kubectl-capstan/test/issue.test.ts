import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkCertificationRequest } from "@capstan/ca-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ApiServer, forbidden, object, refusal, type Route, startApiServer } from "./api-server.ts";
import { run } from "./run.ts";

const requests = "/apis/cert-manager.io/v1/namespaces/demo/certificaterequests";
const asked = ["--cluster-issuer", "fleet", "--common-name", "web.demo"] as const;
const aws = {
  anchor: "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/2f6b4f0e-0000-4000-8000-000000000001",
  profile: "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/2f6b4f0e-0000-4000-8000-000000000002",
  role: "arn:aws:iam::111122223333:role/demo-web",
};
const awsFlags = ["--trust-anchor-arn", aws.anchor, "--profile-arn", aws.profile, "--role-arn", aws.role] as const;

let ca: string;
let folder: string;

const openssl = (args: readonly string[], input?: string): string =>
  execFileSync("openssl", args, { cwd: ca, input, stdio: ["pipe", "pipe", "ignore"] }).toString();

beforeAll(() => {
  ca = mkdtempSync(join(tmpdir(), "capstan-issue-ca-"));
  openssl(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=CA"]);
});
beforeAll(() => {
  writeFileSync(join(ca, "ca.cnf"), configuration);
  writeFileSync(join(ca, "index"), "");
});
afterAll(() => {
  rmSync(ca, { recursive: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "capstan-issue-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** By another hand than ours: the subject and names of the request, for a day from the moment that tests start at. */
function sign(csr: string): string {
  const dates = ["-startdate", "20261122090000Z", "-enddate", "20261123100000Z"];
  writeFileSync(join(ca, "request.csr"), csr);
  return openssl(["ca", "-batch", "-config", "ca.cnf", "-notext", ...dates, "-in", "request.csr"]);
}

const configuration = `
[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
rand_serial = yes
copy_extensions = copy
unique_subject = no
policy = any
[any]
commonName = optional
`;

interface Sent {
  readonly metadata: { readonly generateName: string; readonly namespace: string };
  readonly spec: { readonly request: string };
}

const approved = { type: "Approved", status: "True", reason: "cert-manager.io" };

/** cert-manager and an issuer, as far as a requester sees them; `answer` makes the status from the request in PEM. */
function issuing(answer: (csr: string, count: number) => object = (csr) => issued(sign(csr))): Record<string, Route> {
  let sent: Sent | undefined;
  return {
    [`POST ${requests}`]: ({ body }) => {
      sent = body as Sent;
      return { status: 201, body: { ...sent, metadata: { ...sent.metadata, name: "web-x7k2p", uid: "1" } } };
    },
    [`DELETE ${requests}/web-x7k2p`]: object({ kind: "Status", status: "Success" }),
    [`GET ${requests}/web-x7k2p`]: (_, count) =>
      object({
        ...sent,
        metadata: { name: "web-x7k2p", namespace: "demo", uid: "1" },
        status: answer(Buffer.from(sent?.spec.request ?? "", "base64").toString(), count),
      }),
  };
}

function issued(pem: string): object {
  const certificate = Buffer.from(pem).toString("base64");
  return { certificate, conditions: [approved, { type: "Ready", status: "True", reason: "Issued" }] };
}

const posted = ({ requests: all }: ApiServer): readonly unknown[] =>
  all.filter(({ method }) => method === "POST").map(({ body }) => body);

const web = (ending = ""): string => join(folder, `web${ending}`);

async function issueWeb(server: ApiServer, ...flags: readonly string[]): ReturnType<typeof run> {
  const ended = await run(["issue", web(), ...asked, ...flags], { server });
  return { ...ended, out: ended.out.replaceAll(folder, "DIR"), err: ended.err.replaceAll(folder, "DIR") };
}

describe("issue", () => {
  test("asks with a key of its own, and writes both files for their owner alone", async () => {
    await using server = await startApiServer(issuing());
    const ended = await issueWeb(server, "--dns-name", "web.demo.svc", "--duration", "24h");
    expect({ ...ended, err: ended.err.replace(/serial \w+/, "serial S") }).toEqual({
      code: 0,
      out: "",
      err: [
        "certificaterequest.cert-manager.io/web-x7k2p created",
        "web-x7k2p: not approved yet (cert-manager's approver, or approver-policy, decides)",
        "DIR/web.crt: serial S, valid until 2026-11-23T10:00:00Z",
        "DIR/web.key: its key; only you may read it",
        "",
      ].join("\n"),
    });
    expect(posted(server)).toMatchObject([
      {
        apiVersion: "cert-manager.io/v1",
        kind: "CertificateRequest",
        metadata: { generateName: "web-", namespace: "demo" },
        spec: {
          issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" },
          usages: ["digital signature", "client auth"],
          duration: "24h",
        },
      },
    ]);
    const [body] = posted(server) as readonly Sent[];
    const request = checkCertificationRequest(Buffer.from(body?.spec.request ?? "", "base64"));
    expect(request.ok && request.value).toMatchObject({
      subject: [{ type: "CN", value: "web.demo" }],
      subjectAlternativeNames: [{ kind: "DNS", value: "web.demo.svc" }],
      publicKey: { algorithm: "ECDSA-P256" },
    });
    const certificate = new X509Certificate(readFileSync(web(".crt")));
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(web(".key"))))).toBe(true);
    expect([".crt", ".key"].map((ending) => statSync(web(ending)).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(readdirSync(folder).toSorted()).toEqual(["web.crt", "web.key"]);
  });

  test("deletes the answered request, that one alone, after the files are written", async () => {
    let hadFiles = false;
    await using server = await startApiServer({
      ...issuing(),
      [`DELETE ${requests}/web-x7k2p`]: () => {
        hadFiles = readdirSync(folder).length === 2;
        return object({ kind: "Status", status: "Success" });
      },
    });
    expect((await issueWeb(server)).code).toBe(0);
    const deletions = server.requests.filter(({ method }) => method === "DELETE").map(({ body }) => body);
    expect({ hadFiles, deletions }).toMatchObject({ hadFiles: true, deletions: [{ preconditions: { uid: "1" } }] });
  });

  test.each<[string, Route, readonly string[]]>([
    [
      "may not be deleted",
      forbidden("delete", "certificaterequests", "cert-manager.io", "demo"),
      [
        "note: certificaterequest/web-x7k2p is left there: Missing right: delete certificaterequests.cert-manager.io in namespace demo. Granted by ClusterRole cert-manager-edit or edit.",
      ],
    ],
    [
      "cannot be deleted now",
      () => "break",
      [`note: certificaterequest/web-x7k2p is left there: DELETE ${requests}/web-x7k2p: UND_ERR_SOCKET`],
    ],
    ["is gone already", refusal(404, "NotFound", "not found"), []],
  ])("an answered request that %s is no failure", async (_, route, notes) => {
    await using server = await startApiServer({ ...issuing(), [`DELETE ${requests}/web-x7k2p`]: route });
    const { code, err } = await issueWeb(server);
    expect({ code, notes: err.split("\n").filter((line) => line.startsWith("note:")) }).toEqual({ code: 0, notes });
    expect(readdirSync(folder).toSorted()).toEqual(["web.crt", "web.key"]);
  });

  test("leaves a request that was refused, for whoever looks into it", async () => {
    const failed = { type: "Ready", status: "False", reason: "Failed", message: "no" };
    await using server = await startApiServer(issuing(() => ({ conditions: [approved, failed] })));
    expect((await issueWeb(server)).code).toBe(1);
    expect(server.requests.filter(({ method }) => method === "DELETE")).toEqual([]);
  });

  test("sends and shows nothing of the private key", async () => {
    await using server = await startApiServer(issuing());
    const { out, err } = await issueWeb(server, ...awsFlags);
    const key = readFileSync(web(".key"), "utf8");
    const { d = "" } = createPrivateKey(key).export({ format: "jwk" });
    const secret = Buffer.from(d, "base64url");
    const [, line = ""] = key.split("\n");
    const everything = [out, err, JSON.stringify(server.requests)].join("\n");
    expect(everything).not.toContain(line);
    expect(everything).not.toContain("PRIVATE KEY");
    for (const body of posted(server)) {
      const sent = Buffer.from((body as Sent | undefined)?.spec.request ?? "", "base64").toString();
      expect(Buffer.from(sent.replaceAll(/-----[^-]+-----|\s/g, ""), "base64").includes(secret)).toBe(false);
    }
  });

  test.each(["ECDSA-P384", "RSA-2048"])("makes a key %s", async (algorithm) => {
    await using server = await startApiServer(issuing());
    await issueWeb(server, "--key-algorithm", algorithm);
    const [body] = posted(server) as readonly Sent[];
    const request = checkCertificationRequest(Buffer.from(body?.spec.request ?? "", "base64"));
    expect(request.ok && request.value.publicKey.algorithm).toBe(algorithm);
  });

  test("prints the line for AWS's configuration, or a whole section", async () => {
    await using server = await startApiServer(issuing());
    const line = `credential_process = aws_signing_helper credential-process --certificate DIR/web.crt --private-key DIR/web.key --trust-anchor-arn ${aws.anchor} --profile-arn ${aws.profile} --role-arn ${aws.role}\n`;
    expect((await issueWeb(server, ...awsFlags)).out).toBe(line);
    const named = await issueWeb(server, ...awsFlags, "--force", "--profile-name", "web");
    expect(named.out).toBe(`[profile web]\nregion = eu-central-1\n${line}`);
  });
});

describe("issue with a request of somebody else's", () => {
  test.each(["PEM", "DER"])("in %s writes the certificate alone, and names the token's key", async (form) => {
    openssl([
      "req",
      "-new",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      web(".other"),
      "-subj",
      "/CN=web.demo",
      "-outform",
      form,
      "-out",
      web(".csr"),
    ]);
    await using server = await startApiServer(issuing());
    const { code, out } = await run(
      [
        "issue",
        web(),
        "--cluster-issuer",
        "fleet",
        "--csr",
        web(".csr"),
        "--private-key",
        "pkcs11:token=my ci;object=web",
        ...awsFlags,
      ],
      { server },
    );
    expect(code).toBe(0);
    expect(out).toContain('--private-key "pkcs11:token=my ci;object=web" --trust-anchor-arn');
    expect(readdirSync(folder).toSorted()).toEqual(["web.crt", "web.csr", "web.other"]);
    expect(
      new X509Certificate(readFileSync(web(".crt"))).checkPrivateKey(createPrivateKey(readFileSync(web(".other")))),
    ).toBe(true);
  });

  const request = (name: string, extensions: string): string => {
    const file = join(folder, `${name}.csr`);
    const config = `[req]\ndistinguished_name = dn\nreq_extensions = own\n[dn]\n[own]\n${extensions}\n`;
    writeFileSync(join(ca, "request.cnf"), config);
    const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", join(folder, `${name}.other`)];
    openssl(["req", "-new", "-config", "request.cnf", ...key, "-subj", "/CN=web.demo", "-out", file]);
    return file;
  };
  const issueWith = async (server: ApiServer, file: string, ...flags: readonly string[]) => {
    const ended = await run(["issue", web(), "--cluster-issuer", "fleet", "--csr", file, ...flags], { server });
    return { ...ended, err: ended.err.replaceAll(folder, "DIR") };
  };
  const usagesOf = (server: ApiServer): unknown =>
    posted(server).map((body) => (body as { spec: { usages: unknown } }).spec.usages);

  test.each<[string, readonly string[], readonly string[]]>([
    ["subjectAltName = DNS:web.demo.svc", [], ["digital signature", "client auth"]],
    ["keyUsage = critical, digitalSignature\nbasicConstraints = critical, CA:FALSE", [], ["digital signature"]],
    [
      "keyUsage = digitalSignature, keyEncipherment\nextendedKeyUsage = clientAuth, serverAuth",
      [],
      ["digital signature", "key encipherment", "client auth", "server auth"],
    ],
    [
      "keyUsage = digitalSignature",
      ["--usages", "digital signature,server auth"],
      ["digital signature", "server auth"],
    ],
  ])("with %j and %j asks for the usages that it has, where it has any", async (extensions, flags, usages) => {
    await using server = await startApiServer(issuing());
    expect((await issueWith(server, request("web", extensions), ...flags)).code).toBe(0);
    expect(usagesOf(server)).toEqual([usages]);
  });

  test.each<[string, (pem: string) => string]>([
    ["with text before it", (pem) => `PKCS #10 Certificate Request: für web\n\tVersion: 1\n\n${pem}`],
    [
      "with the label that GnuTLS and Windows write",
      (pem) => pem.replaceAll("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
    ],
    ["with the line breaks of Windows", (pem) => pem.replaceAll("\n", "\r\n")],
  ])("%s is sent as every issuer reads it", async (_, write) => {
    await using server = await startApiServer(issuing());
    const file = request("web", "");
    const pem = readFileSync(file, "utf8");
    writeFileSync(file, write(pem));
    expect((await issueWith(server, file)).code).toBe(0);
    const [body] = posted(server) as readonly Sent[];
    expect(Buffer.from(body?.spec.request ?? "", "base64").toString()).toBe(pem);
  });

  test.each<[string, (pem: string) => string, RegExp]>([
    ["two requests", (pem) => pem + pem, /^error: DIR\/web\.csr: holds 2 requests: give one of them\n$/],
    ["half a request", (pem) => pem.slice(0, 200), /^error: DIR\/web\.csr: spec\.request/],
    [
      "labels that differ",
      (pem) => pem.replace("BEGIN CERT", "BEGIN NEW CERT"),
      /^error: DIR\/web\.csr: spec\.request/,
    ],
    ["other bytes", (pem) => pem.replace(/^[^-]{10}/m, "AAAAAAAAAA"), /^error: DIR\/web\.csr: spec\.request/],
  ])("of %s nothing is sent", async (_, write, message) => {
    await using server = await startApiServer(issuing());
    const file = request("web", "");
    writeFileSync(file, write(readFileSync(file, "utf8")));
    const { code, err } = await issueWith(server, file);
    expect({ code, err, sent: server.requests.length }).toEqual({
      code: 1,
      err: expect.stringMatching(message),
      sent: 0,
    });
  });

  test("whose usage a CertificateRequest has no name for is refused here", async () => {
    await using server = await startApiServer(issuing());
    const { code, err } = await issueWith(server, request("web", "extendedKeyUsage = 1.3.6.1.5.2.3.4"));
    expect({ code, err, sent: server.requests.length }).toEqual({
      code: 1,
      err: "error: DIR/web.csr: asks for the usage 1.3.6.1.5.2.3.4, which a CertificateRequest has no name for: leave it out\n",
      sent: 0,
    });
  });

  test("is renewed with the same request, and never with one of another key but by --force", async () => {
    await using server = await startApiServer(issuing());
    const [own, other] = [request("own", ""), request("other", "")];
    await issueWith(server, own);
    const before = readFileSync(web(".crt"), "utf8");
    expect((await issueWith(server, own, "--renew-before", "8h")).err).toBe(
      "DIR/web.crt is fresh: valid for another 24h\n",
    );
    expect((await issueWith(server, own, "--renew-before", "24h")).code).toBe(0);
    const renewed = readFileSync(web(".crt"), "utf8");
    expect(renewed).not.toBe(before);
    for (const renewBefore of ["8h", "24h"]) {
      expect(await issueWith(server, other, "--renew-before", renewBefore)).toEqual({
        code: 1,
        out: "",
        err: "error: DIR/web.crt is of another key than the request: give another FILE, or --force to replace it\n",
      });
    }
    expect([posted(server).length, readFileSync(web(".crt"), "utf8")]).toEqual([2, renewed]);
    expect((await issueWith(server, other, "--force")).code).toBe(0);
  });

  test("that no issuer would take is refused here, and nothing is sent", async () => {
    writeFileSync(
      web(".csr"),
      openssl(["req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", web(".other"), "-subj", "/CN=web.demo"]),
    );
    await using server = await startApiServer(issuing());
    const { code, err } = await run(["issue", web(), "--cluster-issuer", "fleet", "--csr", web(".csr")], { server });
    expect({ code, sent: server.requests.length }).toEqual({ code: 1, sent: 0 });
    expect(err).toMatch(/^error: .*web\.csr: .*1024/);
  });
});

describe("issue again", () => {
  test("with --renew-before does nothing while the certificate is fresh", async () => {
    await using server = await startApiServer(issuing());
    await issueWeb(server);
    const before = readFileSync(web(".key"), "utf8");
    const ended = await issueWeb(server, "--renew-before", "8h", ...awsFlags);
    expect({ code: ended.code, err: ended.err }).toEqual({
      code: 0,
      err: "DIR/web.crt is fresh: valid for another 24h\n",
    });
    expect(ended.out).toContain("credential_process");
    expect([posted(server).length, readFileSync(web(".key"), "utf8")]).toEqual([1, before]);
  });

  test("with --renew-before renews a pair that is due, with a new key", async () => {
    await using server = await startApiServer(issuing());
    await issueWeb(server);
    const before = readFileSync(web(".key"), "utf8");
    const { code } = await issueWeb(server, "--renew-before", "24h");
    expect(code).toBe(0);
    const [certificate, key] = [readFileSync(web(".crt")), readFileSync(web(".key"), "utf8")];
    expect(key).not.toBe(before);
    expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))).toBe(true);
  });

  test.each<[string, () => void, readonly string[], string]>([
    [
      "a pair, when nobody speaks of renewal",
      () => undefined,
      [],
      "web.key exists: give another FILE, --renew-before to renew it when it is due, or --force to replace it now",
    ],
    [
      "a pair of other names",
      () => undefined,
      ["--renew-before", "8h", "--uri", "spiffe://example.org/other"],
      "web.crt has other names than are asked for: give another FILE, or --force to replace it",
    ],
    [
      "a key of another certificate",
      () => {
        writeFileSync(web(".key"), openssl(["genpkey", "-algorithm", "ED25519"]));
      },
      ["--renew-before", "48h"],
      "web.key exists and is not the key of the certificate beside it: give another FILE, or --force to replace it",
    ],
    [
      "a key without its certificate",
      () => {
        rmSync(web(".crt"));
      },
      ["--renew-before", "48h"],
      "web.key exists and is a key without its certificate: give another FILE, or --force to replace it",
    ],
    [
      "what is no certificate",
      () => {
        writeFileSync(web(".crt"), "precious");
      },
      ["--renew-before", "48h"],
      "web.crt exists and is no certificate: give another FILE, or --force to replace it",
    ],
  ])("never overwrites %s, but by --force", async (_, change, flags, message) => {
    await using server = await startApiServer(issuing());
    await issueWeb(server);
    change();
    const key = readFileSync(web(".key"), "utf8");
    const { code, err } = await issueWeb(server, ...flags);
    expect({ code, err }).toEqual({ code: 1, err: `error: DIR/${message}\n` });
    expect([posted(server).length, readFileSync(web(".key"), "utf8")]).toEqual([1, key]);
    expect((await issueWeb(server, ...flags, "--force")).code).toBe(0);
    expect(readFileSync(web(".key"), "utf8")).not.toBe(key);
  });
});

describe("issue ends with 1 and leaves no file", () => {
  const condition = (type: string, status: string, reason: string, message: string): object => ({
    type,
    status,
    reason,
    message,
  });
  const other = () =>
    sign(openssl(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", join(ca, "other.key"), "-subj", "/CN=x"]));
  test.each<[string, (csr: string) => object, string]>([
    [
      "when the policy refuses",
      () => ({ conditions: [approved, condition("Ready", "False", "Failed", "commonName: web.demo is not allowed")] }),
      "certificaterequest/web-x7k2p in namespace demo is refused: commonName: web.demo is not allowed",
    ],
    [
      "when the approver denies",
      () => ({ conditions: [condition("Denied", "True", "policy.cert-manager.io", "not you")] }),
      "certificaterequest/web-x7k2p in namespace demo is denied by its approver: not you",
    ],
    [
      "when nobody approves in time",
      () => ({}),
      "certificaterequest/web-x7k2p in namespace demo is not answered after 2m: not approved yet (cert-manager's approver, or approver-policy, decides). Nothing was written, and its key is forgotten: mend that, then run the command again",
    ],
    [
      "when issuing is held",
      () => ({ conditions: [approved, condition("Ready", "False", "Pending", "issuing is held")] }),
      "certificaterequest/web-x7k2p in namespace demo is not answered after 2m: issuing is held. Nothing was written, and its key is forgotten: mend that, then run the command again",
    ],
    [
      "when the certificate is of another key",
      () => issued(other()),
      "the request was answered with a certificate of another key: nothing was written",
    ],
    [
      "when the answer is no certificate",
      () => issued("hello"),
      "the request was answered with no certificate: nothing was written",
    ],
  ])("%s", async (_, answer, message) => {
    await using server = await startApiServer(issuing(answer));
    const { code, err } = await issueWeb(server);
    expect({ code, last: err.split("\n").at(-2), files: readdirSync(folder) }).toEqual({
      code: 1,
      last: `error: ${message}`,
      files: [],
    });
  });

  test("before it asks, when it could not write", async () => {
    await using server = await startApiServer(issuing());
    const { code, err } = await run(["issue", join(folder, "none", "web"), ...asked], { server });
    expect({ code, err: err.replaceAll(folder, "DIR"), sent: server.requests }).toEqual({
      code: 1,
      err: "error: DIR/none/web.crt cannot be written: ENOENT\n",
      sent: [],
    });
  });
});

describe("issue cannot mean", () => {
  test.each<[readonly string[], string]>([
    [["--common-name", "web.demo"], "say who is to issue: --cluster-issuer NAME, or --issuer NAME"],
    [[...asked, "--issuer", "own"], "--issuer and --cluster-issuer clash: give one of them"],
    [["--cluster-issuer", "../x", "--common-name", "a"], '"../x" is no issuer\'s name'],
    [["--cluster-issuer", "fleet"], "say whose certificate it is to be: --common-name, --dns-name or --uri"],
    [[...asked, "--csr", "x.csr"], "--csr and --common-name clash: the request says that itself"],
    [
      ["--cluster-issuer", "fleet", "--csr", "x", "--key-algorithm", "RSA-2048"],
      "--csr and --key-algorithm clash: the request says that itself",
    ],
    [[...asked, "--private-key", "pkcs11:x"], "--private-key says where the key of --csr is: give --csr with it"],
    [[...asked, "--usages", "client auth,flying"], '--usages: "flying" is no usage'],
    [[...asked, "--usages", ""], "--usages is empty"],
    [[...asked, "--renew-before", "0s"], "--renew-before: 0s is no time: give more than 0s"],
    [[...asked, "--role-arn", aws.role], "AWS's helper needs all of --trust-anchor-arn, --profile-arn and --role-arn"],
    [
      [...asked, ...awsFlags, "--profile-arn", aws.profile.replace("eu-central-1", "us-east-1")],
      "--profile-arn is no ARN of a profile in the region of the trust anchor",
    ],
    [[...asked, ...awsFlags, "--profile-name", "a]\nb"], "--profile-name: use letters, digits and _ . @ + -"],
    ...['pkcs11:object=a"b', "pkcs11:object=$(id)", "pkcs11:object=a\nregion = x", "`id`"].map(
      (where): [readonly string[], string] => [
        ["--cluster-issuer", "fleet", "--csr", "x", "--private-key", where],
        "--private-key: AWS's configuration file cannot hold \", $, ` or a line break in a command: give it another name",
      ],
    ),
  ])("%j", async (flags, message) => {
    expect(await run(["issue", "web", ...flags])).toEqual({
      code: 2,
      out: "",
      err: `error: ${message}\nSee "kubectl capstan issue --help".\n`,
    });
  });

  test("a name that a certificate cannot hold", async () => {
    await using server = await startApiServer(issuing());
    const { code, err } = await run(["issue", web(), "--cluster-issuer", "fleet", "--dns-name", "a b"], { server });
    expect({ code, err }).toEqual({
      code: 2,
      err: 'error: a subject alternative name of kind DNS cannot hold "a b"\nSee "kubectl capstan issue --help".\n',
    });
  });
});
