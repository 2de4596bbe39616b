import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { apiVersion } from "@capstan/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { authorityDefaults, issuerDefaults } from "../src/check/surroundings.ts";
import { collection, forbidden, object, type Route, startApiServer } from "./api-server.ts";
import { authority, condition, healthy } from "./objects.ts";
import { type Ended, run, type Surroundings } from "./run.ts";

const execute = promisify(execFile);

let folder: string;
let issuerFile: string;
let authorityFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-check-"));
  issuerFile = await write("issuer.yaml", issuer());
  authorityFile = await write("authority.yaml", fleet());
});
afterAll(async () => await rm(folder, { recursive: true }));

async function write(name: string, value: unknown): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, typeof value === "string" || value instanceof Uint8Array ? value : stringify(value));
  return file;
}

function issuer(spec: Readonly<Record<string, unknown>> = {}) {
  return {
    apiVersion,
    kind: "CapstanClusterIssuer",
    metadata: { name: "fleet" },
    spec: {
      caRef: { name: "fleet" },
      policy: { commonName: { allow: ["*.{namespace}"], required: true }, dnsNames: { allow: ["*.{namespace}.svc"] } },
      ...spec,
    },
  };
}

function fleet() {
  const { spec } = authority();
  return {
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name: "fleet" },
    spec: {
      subject: { commonName: "Example Fleet CA", organization: "Example Corp" },
      issuance: { namespaces: { matchLabels: { aws: "allowed" } } },
      trustAnchors: [{ name: "prod", region: "eu-central-1", account: "111122223333", create: true }],
      maxLeafDuration: spec.maxLeafDuration,
    },
  };
}

const issuerRef = { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" };

function certificate(spec: Readonly<Record<string, unknown>> = {}, namespace: string | undefined = "demo") {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: "web", ...(namespace === undefined ? {} : { namespace }) },
    spec: {
      secretName: "web-tls",
      commonName: "web.demo",
      duration: "24h",
      usages: ["client auth", "digital signature"],
      privateKey: { algorithm: "ECDSA", size: 256 },
      issuerRef,
      ...spec,
    },
  };
}

async function csr(subject: string, format: "PEM" | "DER" = "PEM"): Promise<Uint8Array> {
  const file = join(folder, `request.${format}`);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", join(folder, "key.pem")];
  await execute("openssl", ["req", "-new", ...key, "-subj", subject, "-outform", format, "-out", file]);
  return await readFile(file);
}

interface Report {
  readonly asked: string;
  readonly verdict: string;
  readonly violations: readonly { readonly code: string; readonly field: string; readonly rule: string }[];
  readonly aws?: { readonly sourceIdentity?: string; readonly sessionTags: Readonly<Record<string, string>> };
  readonly assumed: readonly string[];
}

async function offline(document: unknown, more: readonly string[] = [], labels = "aws=allowed"): Promise<Ended> {
  const file = await write("asked.yaml", document);
  const files = ["--issuer-file", issuerFile, "--authority-file", authorityFile, "--namespace-labels", labels];
  return await run(["check", "-f", file, ...files, ...more]);
}

async function reportsOf(argv: readonly string[], surroundings: Surroundings = {}): Promise<readonly Report[]> {
  const ended = await run([...argv, "-o", "json"], surroundings);
  if (ended.out === "") throw new Error(ended.err);
  return (JSON.parse(ended.out) as { readonly checks: readonly Report[] }).checks;
}

describe("without a cluster", () => {
  test("what would be issued is shown with what AWS makes of it", async () => {
    const ended = await offline(certificate({ dnsNames: ["web.demo.svc", "www.demo.svc"] }));
    expect({ ...ended, out: ended.out.replaceAll(/ +$/gm, "") }).toMatchInlineSnapshot(`
      {
        "code": 0,
        "err": "",
        "out": "certificate/web in namespace demo: would be issued by CapstanClusterIssuer/fleet of CertificateAuthority fleet
        subject                          CN=web.demo
        alternative names                DNS:web.demo.svc, DNS:www.demo.svc
        duration                         24h
        usages                           client auth, digital signature
        sts:SourceIdentity               CN=web.demo
        aws:PrincipalTag/x509Subject/CN  web.demo
        aws:PrincipalTag/x509Issuer/CN   Example Fleet CA
        aws:PrincipalTag/x509Issuer/O    Example Corp
        aws:PrincipalTag/x509SAN/DNS     web.demo.svc
        note: Of 2 DNS names AWS maps only the first, "web.demo.svc", into a session tag
        assumed: cert-manager's webhooks see the namespace
        assumed: issuer and authority are Ready
        assumed: the key is not blocked
      ",
      }
    `);
  });

  test("everything that is wrong is said at once, with its cure", async () => {
    const ended = await offline(
      certificate({ commonName: "web.prod", duration: "300h", usages: ["code signing"] }),
      [],
      "team=a",
    );
    expect(ended).toMatchInlineSnapshot(`
      {
        "code": 1,
        "err": "",
        "out": "certificate/web in namespace demo: would be refused by CapstanClusterIssuer/fleet of CertificateAuthority fleet
        metadata.namespace: the authority does not issue to namespace demo: its labels do not match aws=allowed (ERR_POLICY_NAMESPACE)
          cure: have an administrator label the namespace
        spec.usages[0]: the usage "code signing" is not among the allowed ones: digital signature, key encipherment, client auth, server auth (ERR_USAGE_NOT_ALLOWED)
        spec.commonName: "web.prod": spec.policy.commonName of the CapstanClusterIssuer does not allow this CN to namespace demo (ERR_POLICY_NAME)
          cure: it allows "*.{namespace}"
        spec.duration: 300h is over the authority's maxLeafDuration of 168h (ERR_POLICY_DURATION)
          cure: ask for 168h or less, or have an administrator set overMaximum: Clamp on the CapstanClusterIssuer
        assumed: cert-manager's webhooks see the namespace
        assumed: issuer and authority are Ready
        assumed: the key is not blocked
      ",
      }
    `);
  });

  test.each<[fact: string, document: unknown, codes: readonly string[]]>([
    ["a namespace's own name", certificate(), []],
    ["another namespace's name", certificate({ commonName: "web.prod" }), ["spec.commonName ERR_POLICY_NAME"]],
    [
      "no name at all",
      certificate({ commonName: undefined }),
      ["spec.commonName ERR_NAME_EMPTY", "spec.commonName ERR_POLICY_REQUIRED"],
    ],
    [
      "what AWS cannot map",
      certificate({ subject: { organizations: ["A & B"] } }),
      ["spec.subject.organizations ERR_NAME_CHARACTER", "spec.subject.organizations ERR_POLICY_NO_RULE"],
    ],
    ["an email address", certificate({ emailAddresses: ["a@demo"] }), ["spec.emailAddresses[0] ERR_POLICY_NO_RULE"]],
    ["a CA certificate", certificate({ isCA: true }), ["spec.isCA ERR_CA_NOT_ALLOWED"]],
    ["cert-manager's own duration", certificate({ duration: undefined }), ["spec.duration ERR_POLICY_DURATION"]],
    ["a duration in days", certificate({ duration: "7d" }), ["spec.duration ERR_POLICY_DURATION"]],
    ["an Ed25519 key", certificate({ privateKey: { algorithm: "Ed25519" } }), ["spec.privateKey ERR_KEY_ALGORITHM"]],
    [
      "more names than fit into a certificate that AWS takes",
      certificate({ dnsNames: Array.from({ length: 100 }, (_, index) => `web-${index}-${"x".repeat(40)}.demo.svc`) }),
      ["the leaf ERR_POLICY_SETTING"],
    ],
  ])("%s", async (_fact, document, codes) => {
    const file = await write("asked.yaml", document);
    const files = ["--issuer-file", issuerFile, "--authority-file", authorityFile, "--namespace-labels", "aws=allowed"];
    const [report] = await reportsOf(["check", file, ...files]);
    expect(report?.violations.map(({ field, code }) => `${field} ${code}`)).toEqual(codes);
    expect(report?.verdict).toBe(codes.length === 0 ? "Accepted" : "Refused");
  });

  test("conditions in CEL are evaluated", async () => {
    const message = "at most an hour";
    const strict = await write(
      "strict.yaml",
      issuer({ validations: [{ expression: "request.duration <= duration('1h')", message }] }),
    );
    const file = await write("asked.yaml", certificate());
    const [report] = await reportsOf([
      "check",
      file,
      "--issuer-file",
      strict,
      "--authority-file",
      authorityFile,
      "--namespace-labels",
      "aws=allowed",
    ]);
    expect(report?.violations).toEqual([
      {
        code: "ERR_POLICY_VALIDATION",
        field: "spec",
        rule: `spec.validations[0] of the CapstanClusterIssuer: ${message}`,
      },
    ]);
  });

  test("an issuer that could issue nothing is what is wrong", async () => {
    const broken = await write(
      "broken.yaml",
      issuer({ validations: [{ expression: "request.nothing", message: "m" }], defaultDuration: "300h" }),
    );
    const file = await write("asked.yaml", certificate());
    const [report] = await reportsOf([
      "check",
      file,
      "--issuer-file",
      broken,
      "--authority-file",
      authorityFile,
      "--namespace-labels",
      "aws=allowed",
    ]);
    expect(report?.violations.map(({ field }) => field)).toEqual([
      "CapstanClusterIssuer: spec.defaultDuration",
      "CapstanClusterIssuer: spec.validations[0].expression",
      "spec",
    ]);
  });

  test("the defaults of a file are those of the schema", async () => {
    const schemas = new URL("../../api/crds/", import.meta.url);
    const defaultsOf = async (file: string) => {
      const crd = parse(await readFile(new URL(file, schemas), "utf8")) as {
        readonly spec: {
          readonly versions: readonly {
            readonly schema: {
              readonly openAPIV3Schema: {
                readonly properties: {
                  readonly spec: { readonly properties: Readonly<Record<string, { readonly default?: unknown }>> };
                };
              };
            };
          }[];
        };
      };
      const fields = crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties ?? {};
      return Object.fromEntries(
        Object.entries(fields).flatMap(([name, field]) => (field.default === undefined ? [] : [[name, field.default]])),
      );
    };
    expect(await defaultsOf("capstan.dev_capstanclusterissuers.yaml")).toEqual(issuerDefaults);
    expect(await defaultsOf("capstan.dev_capstanissuers.yaml")).toEqual(issuerDefaults);
    expect(await defaultsOf("capstan.dev_certificateauthorities.yaml")).toEqual(authorityDefaults);
  });
});

describe("requests", () => {
  const bare = [
    "--issuer-file",
    "ISSUER",
    "--authority-file",
    "AUTHORITY",
    "--namespace-labels",
    "aws=allowed",
  ] as const;
  const files = (): readonly string[] =>
    bare.map((word) => (word === "ISSUER" ? issuerFile : word === "AUTHORITY" ? authorityFile : word));

  test.each<[format: "PEM" | "DER"]>([["PEM"], ["DER"]])("a bare request in %s", async (format) => {
    const file = await write(`bare.${format}`, await csr("/CN=web.demo", format));
    const [report] = await reportsOf([
      "check",
      file,
      "--issuer",
      "capstanclusterissuer/fleet",
      "-n",
      "demo",
      ...files(),
    ]);
    expect(report).toMatchObject({ verdict: "Accepted", aws: { sourceIdentity: "CN=web.demo" } });
  });

  test("one on standard input", async () => {
    const input = Buffer.from(await csr("/CN=web.prod")).toString();
    const [report] = await reportsOf(
      ["check", "-", "--issuer", "CapstanClusterIssuer/fleet", "-n", "demo", ...files()],
      { input },
    );
    expect(report?.violations.map(({ code }) => code)).toEqual(["ERR_POLICY_NAME"]);
  });

  test("one that was changed after it was signed", async () => {
    const der = Uint8Array.from(await csr("/CN=web.demo", "DER"));
    der.set([(der.at(-1) ?? 0) ^ 1], der.length - 1);
    const file = await write("forged.der", der);
    const [report] = await reportsOf([
      "check",
      file,
      "--issuer",
      "capstanclusterissuer/fleet",
      "-n",
      "demo",
      ...files(),
    ]);
    expect(report?.violations.map(({ code }) => code)).toEqual(["ERR_SIGNATURE_INVALID"]);
  });

  test("a CertificateRequest is held to who made it", async () => {
    const attested = await write("attested.yaml", issuer({ attestation: "ServiceAccount" }));
    const request = (username?: string) => ({
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata: { name: "web-1", namespace: "demo" },
      spec: {
        request: encoded,
        issuerRef,
        usages: ["client auth"],
        ...(username === undefined ? {} : { username, groups: [`system:serviceaccounts:${username.split(":")[2]}`] }),
      },
    });
    const encoded = Buffer.from(await csr("/CN=web.demo")).toString("base64");
    const own = ["--issuer-file", attested, "--authority-file", authorityFile, "--namespace-labels", "aws=allowed"];
    const codes = async (username?: string, more: readonly string[] = []) =>
      (await reportsOf(["check", await write("request.yaml", request(username)), ...own, ...more]))[0]?.violations.map(
        ({ code }) => code,
      );
    expect(await codes("system:serviceaccount:demo:web")).toEqual([]);
    expect(await codes("system:serviceaccount:prod:web")).toEqual(["ERR_POLICY_ATTESTATION"]);
    expect(await codes()).toEqual(["ERR_POLICY_ATTESTATION"]);
    expect(await codes(undefined, ["--requester", "system:serviceaccount:demo:web"])).toEqual([]);
  });

  test("a Kubernetes CertificateSigningRequest counts for its maker's namespace", async () => {
    const request = {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name: "web" },
      spec: {
        request: Buffer.from(await csr("/CN=web.demo")).toString("base64"),
        signerName: "capstanclusterissuers.capstan.dev/fleet",
        expirationSeconds: 3600,
        usages: ["client auth"],
        username: "system:serviceaccount:demo:web",
        groups: ["system:serviceaccounts:demo"],
      },
    };
    const file = await write("csr.yaml", request);
    expect(await reportsOf(["check", file, ...files()])).toMatchObject([
      { asked: "certificatesigningrequest/web", verdict: "Accepted", leaf: { duration: "1h" } },
    ]);
  });

  test("every object of a file is checked, and others are skipped aloud", async () => {
    const documents = [
      certificate(),
      { kind: "Namespace", metadata: { name: "demo" } },
      certificate({ commonName: "x" }),
    ];
    const file = await write("many.yaml", documents.map((document) => stringify(document)).join("---\n"));
    const ended = await run(["check", file, ...files(), "-o", "json"]);
    const { checks } = JSON.parse(ended.out) as { readonly checks: readonly Report[] };
    expect({ verdicts: checks.map(({ verdict }) => verdict), code: ended.code, err: ended.err }).toEqual({
      verdicts: ["Accepted", "Refused"],
      code: 1,
      err: 'skipped: "Namespace/demo" asks for no certificate\n',
    });
  });

  const foreign = () => certificate({ issuerRef: { kind: "ClusterIssuer", name: "x" } });

  test("what is for another's issuer is skipped aloud, and the rest of the list is checked", async () => {
    const signer = { spec: { signerName: "kubernetes.io/kubelet-serving", request: "" }, metadata: { name: "node" } };
    const items = [
      foreign(),
      { apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest", ...signer },
      certificate(),
    ];
    const ended = await offline({ apiVersion: "v1", kind: "List", items }, ["-o", "json"]);
    expect({ code: ended.code, err: ended.err.split("\n") }).toEqual({
      code: 0,
      err: [
        `skipped: "Certificate/web" is for ClusterIssuer.cert-manager.io/x: --issuer KIND/NAME checks it for an issuer of Capstan's`,
        `skipped: "CertificateSigningRequest/node" is for signer kubernetes.io/kubelet-serving: --issuer KIND/NAME checks it for an issuer of Capstan's`,
        "",
      ],
    });
    expect((JSON.parse(ended.out) as { readonly checks: readonly Report[] }).checks).toHaveLength(1);
  });

  test("--issuer stands in for the issuer that a manifest names; a CapstanIssuer is the one of its namespace", async () => {
    const cluster = await offline(foreign(), ["--issuer", "capstanclusterissuer/fleet", "-o", "json"]);
    expect(JSON.parse(cluster.out)).toMatchObject({
      checks: [{ asked: "certificate/web", issuer: "CapstanClusterIssuer/fleet", verdict: "Accepted" }],
    });
    await using server = await startApiServer({});
    const file = await write("foreign.yaml", foreign());
    const { err } = await run(["check", file, "--issuer", "capstanissuer/fleet", "-n", "demo"], { server });
    expect(err).toBe(
      "error: there is no CapstanIssuer fleet in namespace demo: requests for it wait until there is one\n",
    );
  });

  test.each<[fact: string, document: unknown, argv: readonly string[], code: number, err: RegExp]>([
    ["nothing but another's", foreign(), [], 1, /holds no .* for an issuer of Capstan's/],
    ["no issuer of ours by --issuer", foreign(), ["--issuer", "issuer/x"], 2, /is not capstanclusterissuer/],
    [
      "an unknown kind of ours",
      certificate({ issuerRef: { ...issuerRef, kind: "Issuer" } }),
      [],
      1,
      /spec\.issuerRef\.kind is "Issuer"/,
    ],
    ["a field of another type", certificate({ dnsNames: "web" }), [], 1, /spec\.dnsNames is not a list of texts/],
    ["nothing that asks", { kind: "Namespace", metadata: { name: "demo" } }, [], 1, /holds no Certificate/],
    ["no YAML", "{", [], 1, /is no YAML/],
    ["two namespaces", certificate(), ["-n", "prod"], 1, /metadata\.namespace is demo, and --namespace prod/],
    [
      "an issuer of another name than asked",
      certificate({ issuerRef: { ...issuerRef, name: "x" } }),
      [],
      1,
      /does not hold CapstanClusterIssuer x/,
    ],
    ["two files", certificate(), ["other.yaml"], 2, /clash/],
    ["a bare request without an issuer", "-----BEGIN CERTIFICATE REQUEST-----", [], 2, /name its issuer by --issuer/],
    [
      "a bare request with no issuer of ours",
      "-----BEGIN CERTIFICATE REQUEST-----",
      ["--issuer", "issuer/x"],
      2,
      /is not capstanclusterissuer/,
    ],
    ["labels that are none", certificate(), ["--namespace-labels", "aws"], 2, /is not KEY=VALUE/],
  ])("%s is told apart", async (_fact, document, argv, code, err) => {
    const ended = await offline(document, argv);
    expect({ code: ended.code, out: ended.out }).toEqual({ code, out: "" });
    expect(ended.err).toMatch(err);
  });

  test("a file that is not there", async () => {
    expect(await run(["check", "nowhere.yaml", ...files()])).toMatchObject({
      code: 1,
      err: "error: nowhere.yaml cannot be read: ENOENT\n",
    });
  });
});

describe("from the cluster", () => {
  const webhook = {
    name: "webhook.cert-manager.io",
    rules: [
      { apiGroups: ["cert-manager.io"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["*/*"] },
    ],
  };
  const liveAuthority = () => ({
    ...authority(healthy),
    spec: {
      ...authority().spec,
      ...fleet().spec,
      issuance: { ...fleet().spec.issuance, usages: ["client auth", "digital signature"] },
    },
  });
  const liveIssuer = (status = condition("Ready", "True", "Checked")) => ({
    ...issuer({ profile: "RolesAnywhere", defaultDuration: "24h", overMaximum: "Refuse" }),
    status: { conditions: [status] },
  });
  const routes = (changes: Readonly<Record<string, Route>> = {}): Readonly<Record<string, Route>> => ({
    "GET /apis/capstan.dev/v1alpha1/capstanclusterissuers/fleet": object(liveIssuer()),
    "GET /apis/capstan.dev/v1alpha1/certificateauthorities/fleet": object(liveAuthority()),
    "GET /api/v1/namespaces/demo": object({ metadata: { name: "demo", labels: { aws: "allowed" } } }),
    "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": collection({
      metadata: { name: "cert-manager-webhook" },
      webhooks: [webhook],
    }),
    "GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations": collection({
      metadata: { name: "cert-manager-webhook" },
      webhooks: [webhook],
    }),
    "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/revocationlists": collection(),
    "POST /apis/authentication.k8s.io/v1/selfsubjectreviews": object({ status: { userInfo: { username: "alice" } } }),
    ...changes,
  });
  const checked = async (changes: Readonly<Record<string, Route>> = {}, document: unknown = certificate()) => {
    await using server = await startApiServer(routes(changes));
    const file = await write("asked.yaml", document);
    const reports = await reportsOf(["check", "-f", file], { server });
    return reports[0];
  };

  test("issuer, authority, namespace and webhooks are read, and nothing is assumed", async () => {
    expect(await checked()).toMatchObject({ verdict: "Accepted", violations: [], assumed: [] });
  });

  test("the command line of docs/operate/migrate.md says what would be refused of another issuer's Certificates", async () => {
    const page = await readFile(new URL("../../../docs/operate/migrate.md", import.meta.url), "utf8");
    const [, written = ""] = /^kubectl get certificates .* > (\S+)$/m.exec(page) ?? [];
    const [, line = ""] = /^kubectl capstan (check .*)$/m.exec(page) ?? [];
    const old = { issuerRef: { kind: "ClusterIssuer", name: "old-ca" } };
    const file = await write("certificates.yaml", {
      apiVersion: "v1",
      kind: "List",
      items: [certificate(old), certificate({ ...old, duration: undefined })],
    });
    await using server = await startApiServer(routes());
    const argv = line.split(" ").map((word) => (word === written ? file : word));
    expect(argv).toContain(file);
    const reports = await reportsOf(argv, { server });
    expect(reports.map(({ verdict, violations }) => [verdict, violations.map(({ field }) => field)])).toEqual([
      ["Accepted", []],
      ["Refused", ["spec.duration"]],
    ]);
  });

  test("a namespace without the label is refused", async () => {
    const report = await checked({ "GET /api/v1/namespaces/demo": object({ metadata: { name: "demo" } }) });
    expect(report?.violations.map(({ code }) => code)).toEqual(["ERR_POLICY_NAMESPACE"]);
  });

  test("a namespace that is not there is refused", async () => {
    const { "GET /api/v1/namespaces/demo": _, ...others } = routes();
    await using server = await startApiServer(others);
    const [report] = await reportsOf(["check", await write("asked.yaml", certificate())], { server });
    expect(report?.violations.map(({ code }) => code)).toEqual(["ERR_POLICY_NAMESPACE"]);
  });

  test("without cert-manager's webhooks everything is refused", async () => {
    const path = "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    const report = await checked({ [path]: collection() });
    expect(report?.violations.map(({ code }) => code)).toEqual(["ERR_POLICY_WEBHOOK", "ERR_POLICY_WEBHOOK"]);
  });

  test("an issuer that is not Ready is what is wrong", async () => {
    const notReady = condition("Ready", "False", "AuthorityNotReady", "CertificateAuthority fleet is not ready");
    const report = await checked({
      "GET /apis/capstan.dev/v1alpha1/capstanclusterissuers/fleet": object(liveIssuer(notReady)),
    });
    expect(report?.violations.map(({ rule }) => rule)).toEqual([
      "it is not Ready: AuthorityNotReady: CertificateAuthority fleet is not ready",
    ]);
  });

  test("what may not be read is assumed, and said", async () => {
    const report = await checked({
      "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": forbidden(
        "list",
        "mutatingwebhookconfigurations",
        "admissionregistration.k8s.io",
      ),
    });
    expect(report).toMatchObject({
      verdict: "Accepted",
      assumed: [
        "cert-manager's webhooks see the namespace. Missing right: list mutatingwebhookconfigurations.admissionregistration.k8s.io in the whole cluster. Granted by ClusterRole capstan-doctor.",
      ],
    });
  });

  test("with capstan-developer, and edit in the namespace, all else is assumed, and said", async () => {
    const configMap = "GET /api/v1/namespaces/capstan-system/configmaps/fleet-1";
    const report = await checked({
      [configMap]: forbidden("get", "configmaps", "", "capstan-system"),
      ...Object.fromEntries(
        ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"].map((plural) => [
          `GET /apis/admissionregistration.k8s.io/v1/${plural}`,
          forbidden("list", plural, "admissionregistration.k8s.io"),
        ]),
      ),
      "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/revocationlists": forbidden(
        "list",
        "revocationlists",
        "capstan.dev",
        "capstan-system",
      ),
    });
    expect(report).toMatchObject({
      verdict: "Accepted",
      assumed: [
        expect.stringMatching(/^cert-manager's webhooks see the namespace\. .* ClusterRole capstan-doctor\.$/),
        expect.stringMatching(/^the root is any\. .* Role capstan-published-reader\.$/),
        expect.stringMatching(/^the key is not blocked\. .* ClusterRole capstan-operator or capstan-viewer\.$/),
      ],
    });
  });

  test("without a right to the issuer the role that a developer lacks is named", async () => {
    const path = "/apis/capstan.dev/v1alpha1/capstanclusterissuers/fleet";
    await using server = await startApiServer(
      routes({ [`GET ${path}`]: forbidden("get", "capstanclusterissuers", "capstan.dev") }),
    );
    const { code, err } = await run(["check", await write("asked.yaml", certificate())], { server });
    expect({ code, hint: err.split("\n").at(-2) }).toEqual({
      code: 1,
      hint: "Missing right: get capstanclusterissuers.capstan.dev in the whole cluster. Granted by ClusterRole capstan-developer, capstan-operator or capstan-viewer.",
    });
  });

  test("an issuer that is not there ends with 1", async () => {
    await using server = await startApiServer({});
    expect(await run(["check", await write("asked.yaml", certificate())], { server })).toMatchObject({
      code: 1,
      out: "",
      err: "error: there is no CapstanClusterIssuer fleet: requests for it wait until there is one\n",
    });
  });
});
