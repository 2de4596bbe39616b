import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Cluster, installTools, startCluster } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

// What deploy/ ships, on a real API server: the schemas' rules, admission, and who may do what.

const deploy = fileURLToPath(new URL("../../../deploy/", import.meta.url));
const minute = 60_000;

let cluster: Cluster;
/** `resource.group`, as the API server serves them. */
let knownResources: ReadonlySet<string>;

beforeAll(async () => {
  const log = (): void => undefined;
  cluster = await startCluster({ tools: await installTools({ log }), log });
  await kubectl(["apply", "-k", `${deploy}manifests`]);
  await kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
  await kubectl(["create", "namespace", "tenant"]);
  for (const role of ["view", "edit", "admin"]) {
    await kubectl(["create", "rolebinding", role, `--clusterrole=${role}`, `--user=${role}`, "-n", "tenant"]);
  }
  await kubectl(["create", "clusterrolebinding", "oncall", "--clusterrole=capstan-operator", "--user=oncall"]);
  await kubectl(["create", "clusterrolebinding", "viewer", "--clusterrole=capstan-viewer", "--user=viewer"]);
  knownResources = new Set((await kubectl(["api-resources", "--no-headers", "-o", "name"])).split("\n"));
}, 20 * minute);

afterAll(async () => {
  await cluster?.stop();
});

/** Standard output of a kubectl that must succeed. */
async function kubectl(args: readonly string[], stdin?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

type Json = { readonly [key: string]: unknown };

/** What the API server says to an object: "" when it takes it. */
async function answerTo(verb: "create" | "replace", object: Json, ...args: readonly string[]): Promise<string> {
  const { exitCode, stderr } = await cluster.kubectl([verb, "-f", "-", ...args], { stdin: JSON.stringify(object) });
  return exitCode === 0 ? "" : stderr;
}

function object(kind: string, name: string, spec: Json, namespace?: string): Json & { readonly spec: Json } {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion: "capstan.dev/v1alpha1", kind, metadata, spec };
}

const arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/3f0c5f5e-6a2d-4c1b-9d7e-0b8a4e2c9d10";
const anchor = { name: "prod", region: "eu-central-1", account: "111122223333" };

const authority = (change: Json = {}, name = "fleet"): Json =>
  object("CertificateAuthority", name, {
    subject: { commonName: "Fleet CA" },
    issuance: { namespaces: {} },
    ...change,
  });
const anchored = (...trustAnchors: readonly Json[]): Json => authority({ trustAnchors });
const issuer = (change: Json = {}): Json =>
  object("CapstanClusterIssuer", "fleet", {
    caRef: { name: "fleet" },
    policy: { commonName: { allow: ["*"] } },
    ...change,
  });
const revocation = (change: Json = {}, name = "web"): Json =>
  object("Revocation", name, { target: { serial: "4f1c" }, requestedBy: "kubernetes-admin", ...change }, "tenant");
const mark = (notAfter: string, name: string): Json =>
  object("GenerationMark", name, { authority: "fleet", generation: 1, notAfter }, "capstan-system");
const list = (crlNumber: number, name: string): Json =>
  object("RevocationList", name, { authority: "fleet", generation: 1, crlNumber }, "capstan-system");
const hash = "0".repeat(64);
const record = (change: Json = {}, name = "record"): Json =>
  object(
    "IssuedCertificate",
    name,
    {
      serial: "4f1c",
      subject: "CN=web.demo",
      authority: "fleet",
      generation: 1,
      purpose: "Workload",
      notBefore: "2026-01-01T00:00:00Z",
      notAfter: "2026-01-02T00:00:00Z",
      publicKeySha256: hash,
      certificate: "-----BEGIN CERTIFICATE-----",
      ...change,
    },
    "capstan-system",
  );

/** Every kind of name with the same rule; addresses have patterns of their own. */
function everyKind(rule: { readonly allow: readonly string[] } | { readonly allowAny: true }): Json {
  const kinds = ["commonName", "organization", "organizationalUnit", "country", "province", "locality"];
  return {
    ...Object.fromEntries([...kinds, "dnsNames", "emailAddresses", "uris"].map((kind) => [kind, rule])),
    ipAddresses: "allow" in rule ? { allow: ["10.0.0.1"] } : rule,
    otherSubjectAttributes: [
      { type: "DC", ...rule },
      { type: "2.5.4.12", ...rule },
    ],
    otherNames: [
      { oid: "1.2.3", ...rule },
      { oid: "*", ...rule },
    ],
  };
}

const names = (commonName: Json): Json => issuer({ policy: { commonName } });

const withAnchor = (issuance: Json): Json => authority({ issuance, trustAnchors: [{ ...anchor, create: true }] });

test("every manifest and example is YAML that kubectl takes, and the examples are accepted", async () => {
  for (const folder of ["manifests", "examples", "examples/policies"]) {
    for (const file of (await readdir(`${deploy}${folder}`)).filter((name) => name.endsWith(".yaml"))) {
      const documents = parseAllDocuments(await readFile(`${deploy}${folder}/${file}`, "utf8"));
      expect
        .soft(
          documents.flatMap(({ errors }) => errors),
          file,
        )
        .toEqual([]);
    }
  }
  await kubectl(["create", "namespace", "demo"]);
  expect(await kubectl(["apply", "--dry-run=server", "-f", `${deploy}examples`])).toMatchInlineSnapshot(`
    "namespace/demo configured (server dry run)
    certificateauthority.capstan.dev/fleet created (server dry run)
    capstanclusterissuer.capstan.dev/fleet created (server dry run)
    certificate.cert-manager.io/web created (server dry run)
    "
  `);
  await kubectl(["create", "namespace", "trusted"]);
  const policies = await kubectl(["apply", "--dry-run=server", "-f", `${deploy}examples/policies`]);
  expect(policies.match(/created/g)).toHaveLength(5);
});

describe("a schema accepts", () => {
  test.each<[fact: string, object: Json]>([
    ["the-least-authority", authority()],
    ["a-root-of-exactly-six-longest-leaves", authority({ rootDuration: "1008h", maxLeafDuration: "168h" })],
    ["an-anchor-to-create", anchored({ ...anchor, create: true })],
    ["an-existing-anchor", anchored({ ...anchor, arn })],
    ["an-existing-anchor-with-create-said-to-be-false", anchored({ ...anchor, arn, create: false })],
    ["an-anchor-of-another-partition", anchored({ ...anchor, arn: arn.replace("arn:aws:", "arn:aws-us-gov:") })],
    ["the-least-issuer", issuer()],
    ["an-issuer-without-a-rule", issuer({ policy: {} })],
    [
      "every-usage-of-an-authority-without-anchors",
      authority({ issuance: { namespaces: {}, usages: ["code signing"] } }),
    ],
    [
      "every-kind-of-name-with-patterns",
      issuer({ profile: "General", policy: everyKind({ allow: ["*.{namespace}"] }) }),
    ],
    ["every-kind-of-name-with-anything", issuer({ profile: "General", policy: everyKind({ allowAny: true }) })],
    [
      "patterns-of-every-form",
      names({ allow: ["*", "a-*.b*c", "{namespace}.{serviceAccount}/{podName}", "x-{namespace}:*@y", "Example Corp"] }),
    ],
    [
      "addresses-and-networks",
      issuer({ policy: { ipAddresses: { allow: ["10.0.0.1", "10.0.0.0/8", "fd00::1", "fd00::/8"] } } }),
    ],
    [
      "what-narrows-an-authority",
      issuer({
        maxDuration: "24h",
        usages: ["client auth"],
        keyAlgorithms: ["ECDSA-P256"],
        attestation: "ServiceAccount",
        clusterRequests: true,
        quota: { perNamespace: { certificates: 100, per: "1h" } },
        validations: [{ expression: "request.isCA == false", message: "no CA" }],
      }),
    ],
    ["a-ledger-record", record()],
  ])("%s", async (_fact, object) => {
    expect(await answerTo("create", object, "--dry-run=server")).toBe("");
  });
});

describe("a schema refuses", () => {
  test.each<[fact: string, object: Json, message: string]>([
    [
      "a-root-of-less-than-six-longest-leaves",
      authority({ rootDuration: "1007h59m59s", maxLeafDuration: "168h" }),
      "spec.rootDuration must be at least six times spec.maxLeafDuration",
    ],
    ["a-root-of-minutes", authority({ rootDuration: "59m", maxLeafDuration: "10m" }), "must be between 1h and 175200h"],
    ["a-maximum-under-ten-minutes", authority({ maxLeafDuration: "9m59s" }), "must be at least 10m"],
    ["a-duration-that-is-none", authority({ maxLeafDuration: "long" }), "spec.maxLeafDuration"],
    ["an-authority-without-namespaces", authority({ issuance: {} }), "spec.issuance.namespaces: Required"],
    ["a-usage-that-is-none", authority({ issuance: { namespaces: {}, usages: ["root"] } }), "Unsupported value"],
    [
      "a-usage-beyond-the-profile-of-an-authority-with-anchors",
      withAnchor({ namespaces: {}, usages: ["code signing"] }),
      "with trust anchors, issuance.usages holds",
    ],
    [
      "ca-certificates-under-an-anchor",
      withAnchor({ namespaces: {}, caCertificates: { maxPathLength: 0 } }),
      "a CA certificate under a trust anchor could make AWS credentials at will",
    ],
    ["an-authority-with-a-name-that-is-too-long", authority({}, "a".repeat(41)), "metadata.name"],
    ["an-authority-with-a-dot-in-its-name", authority({}, "a.b"), "metadata.name"],
    ["a-subject-that-aws-cannot-map", authority({ subject: { commonName: "A & B" } }), "spec.subject.commonName"],
    ["an-anchor-neither-made-nor-named", anchored(anchor), "give either create: true or the arn"],
    [
      "an-anchor-both-made-and-named",
      anchored({ ...anchor, create: true, arn }),
      "give either create: true or the arn",
    ],
    ["an-anchor-not-made-and-not-named", anchored({ ...anchor, create: false }), "give either create: true or the arn"],
    [
      "an-anchor-of-another-region",
      anchored({ ...anchor, arn, region: "eu-central-2" }),
      "arn must be of a trust anchor in the region and account given",
    ],
    [
      "an-anchor-of-another-account",
      anchored({ ...anchor, arn, account: "999922223333" }),
      "arn must be of a trust anchor in the region and account given",
    ],
    [
      "an-arn-of-something-else",
      anchored({ ...anchor, arn: arn.replace("trust-anchor", "profile") }),
      "spec.trustAnchors[0].arn",
    ],
    ["two-anchors-of-one-name", anchored({ ...anchor, create: true }, { ...anchor, arn }), "Duplicate value"],
    ["a-default-under-ten-minutes", issuer({ defaultDuration: "1m" }), "must be at least 10m"],
    ["a-rule-that-allows-nothing", issuer({ policy: { commonName: { allow: [] } } }), "spec.policy.commonName.allow"],
    ["an-unknown-profile", issuer({ profile: "Other" }), "Unsupported value"],
    [
      "a-default-over-the-issuers-maximum",
      issuer({ maxDuration: "1h" }),
      "spec.defaultDuration: Invalid value: defaultDuration must not be over maxDuration",
    ],
    [
      "two-stars-in-a-label",
      names({ allow: ["a", "*a*"] }),
      'spec.policy.commonName.allow[1]: Invalid value: "*a*": a label',
    ],
    ["two-stars-in-a-later-label", names({ allow: ["a.**"] }), "holds at most one *"],
    ["an-unknown-placeholder", names({ allow: ["*.{name}"] }), "the only placeholders are"],
    ["half-a-placeholder", names({ allow: ["*.{namespace"] }), "the only placeholders are"],
    ["a-star-before-a-placeholder", names({ allow: ["*-{namespace}"] }), "holds either a * or a placeholder"],
    ["a-star-behind-a-placeholder", names({ allow: ["x.{serviceAccount}*"] }), "holds either a * or a placeholder"],
    ["a-rule-that-says-nothing", names({}), "give either allow, a list, or allowAny: true"],
    ["a-rule-that-says-both", names({ allow: ["a"], allowAny: true }), "give either allow, a list, or allowAny: true"],
    ["anything-but-in-profile-General", names({ allowAny: true }), "only profile General has allowAny"],
    [
      "wildcards-but-in-profile-General",
      issuer({ policy: { dnsNames: { allow: ["*.a"], wildcards: true } } }),
      "only profile General has wildcards",
    ],
    [
      "other-names-but-in-profile-General",
      issuer({ policy: { otherNames: [{ oid: "1.2.3", allow: ["a"] }] } }),
      "only profile General has otherSubjectAttributes and otherNames",
    ],
    [
      "ca-certificates-but-in-profile-General",
      issuer({ caCertificates: { maxPathLength: 0 } }),
      "only profile General",
    ],
    ["ed25519-but-in-profile-General", issuer({ keyAlgorithms: ["Ed25519"] }), "only profile General has Ed25519"],
    ["an-address-that-is-none", issuer({ policy: { ipAddresses: { allow: ["10.0.0"] } } }), "must be an IP address"],
    [
      "two-rules-for-one-type",
      issuer({
        profile: "General",
        policy: {
          otherNames: [
            { oid: "*", allowAny: true },
            { oid: "*", allow: ["a"] },
          ],
        },
      }),
      "Duplicate value",
    ],
    [
      "conditions-of-a-namespaced-issuer",
      object("CapstanIssuer", "x", { caRef: { name: "fleet" }, policy: {}, validations: [] }, "tenant"),
      'unknown field "spec.validations"',
    ],
    [
      "cluster-requests-to-a-namespaced-issuer",
      object("CapstanIssuer", "x", { caRef: { name: "fleet" }, policy: {}, clusterRequests: true }, "tenant"),
      'unknown field "spec.clusterRequests"',
    ],
    ["an-issuer-without-an-authority", issuer({ caRef: {} }), "spec.caRef.name: Required"],
    ["a-serial-in-upper-case", record({ serial: "4F1C" }), "spec.serial"],
    ["a-serial-with-a-leading-zero-octet", record({ serial: "004f" }), "spec.serial"],
    ["a-revocation-of-nothing", revocation({ target: {} }), "give exactly one of serial, certificate,"],
    [
      "a-revocation-of-two-things",
      revocation({ target: { serial: "4f1c", issuedCertificate: "x" } }),
      "give exactly one of serial, certificate,",
    ],
    [
      "a-revocation-of-everything-at-once",
      revocation({ target: { serial: "4f1c", publicKeySha256: "1".repeat(64), serviceAccount: { name: "web" } } }),
      "give exactly one of serial, certificate,",
    ],
    ["a-serial-that-is-no-number", revocation({ target: { serial: "web" } }), "spec.target.serial"],
    ["a-negative-serial", revocation({ target: { serial: "-4f1c" } }), "spec.target.serial"],
    ["a-key-that-is-no-sha256", revocation({ target: { publicKeySha256: "4f1c" } }), "spec.target.publicKeySha256"],
    ["an-account-without-a-name", revocation({ target: { serviceAccount: {} } }), "serviceAccount.name: Required"],
    [
      "generation-zero",
      revocation({ target: { generation: { authority: "fleet", number: 0 } } }),
      "spec.target.generation.number",
    ],
    [
      "a-re-issue-of-a-generation",
      revocation({ target: { generation: { authority: "fleet", number: 1 } }, reissue: true }),
      "reissue does not go with a generation",
    ],
    ["a-reason-that-can-be-undone", revocation({ reason: "certificateHold" }), "Unsupported value"],
  ])("%s", async (_fact, object, message) => {
    expect(await answerTo("create", object, "--dry-run=server")).toContain(message);
  });
});

test.each<[fact: string, target: Json]>([
  ["a-serial", { serial: "4f1c" }],
  ["a-serial-as-openssl-prints-it", { serial: "00:4F:1C" }],
  ["a-serial-with-0x", { serial: "0X4F1c" }],
  ["a-certificate", { certificate: "-----BEGIN CERTIFICATE-----" }],
  ["a-record", { issuedCertificate: "x" }],
  ["a-key", { publicKeySha256: "1".repeat(64) }],
  ["an-account", { serviceAccount: { name: "web" } }],
  ["an-account-elsewhere", { serviceAccount: { name: "web", namespace: "tenant" } }],
  ["a-generation", { generation: { authority: "fleet", number: 1 } }],
])("a Revocation may name %s", async (_fact, target) => {
  const wish = revocation({ target, requestedBy: await adminName() });
  expect(await answerTo("create", wish, "--dry-run=server")).toBe("");
});

describe("once created", () => {
  test("an authority keeps its subject, and may change the rest", async () => {
    await kubectl(["create", "-f", "-"], JSON.stringify(authority({}, "kept")));
    expect(await answerTo("replace", authority({ subject: { commonName: "Other CA" } }, "kept"))).toContain(
      "spec.subject cannot change: role trust policies match on the issuer's names",
    );
    const organization = { subject: { commonName: "Fleet CA", organization: "Added" } };
    expect(await answerTo("replace", authority(organization, "kept"))).toContain("spec.subject cannot change");
    expect(await answerTo("replace", authority({ keyAlgorithm: "ECDSA-P256" }, "kept"))).toBe("");
  });

  test("the publisher changes no spec of an authority, and may set its finalizer", async () => {
    await kubectl(["create", "-f", "-"], JSON.stringify(authority({}, "left-alone")));
    const asPublisher = "--as=system:serviceaccount:capstan-system:crl-publisher";
    const changed = authority({ keyAlgorithm: "ECDSA-P384" }, "left-alone");
    // The API server notices a new policy by itself.
    await expect
      .poll(async () => await answerTo("replace", changed, asPublisher, "--dry-run=server"), { timeout: minute })
      .toContain("the publisher may not change the spec of a CertificateAuthority");
    const { metadata, ...rest } = authority({}, "left-alone");
    const finalizers = ["capstan.dev/trust-anchors"];
    const finalized = { ...rest, metadata: { ...(metadata as Json), finalizers } };
    expect(await answerTo("replace", finalized, asPublisher, "--dry-run=server")).toBe("");
  });

  test("a ledger record never changes but in its status", async () => {
    await kubectl(["create", "-f", "-"], JSON.stringify(record({}, "immutable")));
    expect(await answerTo("replace", record({ serial: "4f1d" }, "immutable"))).toContain(
      "a ledger record is immutable",
    );
    expect(await answerTo("replace", record({ requestName: "added" }, "immutable"))).toContain("immutable");
    const revoked = { at: "2026-01-01T00:00:00Z", reason: "superseded", revocation: "demo/web" };
    await setStatus("icert", "immutable", { revoked });
  });

  test("a mark rises, never falls, and stays with its generation", async () => {
    await kubectl(["create", "-f", "-"], JSON.stringify(mark("2026-01-02T00:00:00Z", "rising")));
    expect(await answerTo("replace", mark("2026-01-02T00:00:01Z", "rising"))).toBe("");
    expect(await answerTo("replace", mark("2026-01-02T00:00:00Z", "rising"))).toContain("a mark never falls");
    // Text order would take this for a rise: it is half an hour earlier.
    expect(await answerTo("replace", mark("2026-01-02T01:00:00+01:30", "rising"))).toContain("a mark never falls");
    const other = object(
      "GenerationMark",
      "rising",
      { authority: "fleet", generation: 2, notAfter: "2026-02-01T00:00:00Z" },
      "capstan-system",
    );
    expect(await answerTo("replace", other)).toContain("a mark stays with its generation");
  });

  test("what a mark says of profile General rises, never falls or goes, and ends before the mark", async () => {
    const [base, name] = ["2026-01-02T00:00:00Z", "general"];
    const general = (generalNotAfter?: string): Json => {
      const spec = { authority: "fleet", generation: 1, notAfter: base, ...(generalNotAfter && { generalNotAfter }) };
      return object("GenerationMark", name, spec, "capstan-system");
    };
    await kubectl(["create", "-f", "-"], JSON.stringify(general()));
    expect(await answerTo("replace", general("2026-01-02T00:00:01Z"))).toContain("ends after every leaf");
    expect(await answerTo("replace", general("2026-01-01T00:00:00Z"))).toBe("");
    for (const fallen of [general("2025-12-31T23:59:59Z"), general()])
      expect(await answerTo("replace", fallen)).toContain("nor does what it says of profile General");
    await setStatus("capmark", name, { sealed: true });
    expect(await answerTo("replace", general("2026-01-01T00:00:01Z"))).toContain(
      "nor is what it says of profile General",
    );
    expect(await answerTo("replace", general("2026-01-01T00:00:00Z"))).toBe("");
  });

  test("a sealed mark is neither raised nor unsealed", async () => {
    await kubectl(["create", "-f", "-"], JSON.stringify(mark("2026-01-02T00:00:00Z", "sealed")));
    await setStatus("capmark", "sealed", { sealed: true });
    expect(await answerTo("replace", mark("2026-01-02T00:00:01Z", "sealed"))).toContain(
      "a sealed mark is raised no more",
    );
    expect(await answerTo("replace", mark("2026-01-01T00:00:00Z", "sealed"))).toContain("a mark never falls");
    for (const status of [{ sealed: false }, { sealed: null }, null]) {
      await expect(setStatus("capmark", "sealed", status)).rejects.toThrow("a sealed mark is never unsealed");
    }
    // A PUT without a status, as the issuer sends it, leaves the seal where it is.
    expect(await answerTo("replace", mark("2026-01-02T00:00:00Z", "sealed"))).toBe("");
    expect(await kubectl(["get", "capmark", "sealed", "-n", "capstan-system", "-o", "jsonpath={.status.sealed}"])).toBe(
      "true",
    );
  });

  test("CRL numbers only rise", async () => {
    await kubectl(["create", "-f", "-"], JSON.stringify(list(7, "numbers")));
    expect(await answerTo("replace", list(8, "numbers"))).toBe("");
    expect(await answerTo("replace", list(7, "numbers"))).toContain("CRL numbers only rise");
  });

  test("a revocation never changes", async () => {
    await kubectl(["create", "-f", "-"], JSON.stringify(revocation({ requestedBy: await adminName() }, "immutable")));
    const changed = { requestedBy: await adminName(), reason: "keyCompromise" };
    expect(await answerTo("replace", revocation(changed, "immutable"))).toContain("a revocation cannot be changed");
  });
});

async function setStatus(kind: string, name: string, status: Json | null): Promise<void> {
  const patch = JSON.stringify({ status });
  await kubectl(["patch", kind, name, "-n", "capstan-system", "--subresource=status", "--type=merge", "-p", patch]);
}

async function adminName(): Promise<string> {
  return await kubectl(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
}

describe("a revocation is made in its creator's own name", () => {
  const asAdmin = ["--as=admin", "--dry-run=server"];

  test("another's name is refused, and the message says which to write", async () => {
    // The API server notices a new policy by itself.
    await expect
      .poll(async () => await answerTo("create", revocation({ requestedBy: "alice" }), ...asAdmin), { timeout: minute })
      .toContain("spec.requestedBy must be your own user name: write admin instead of alice");
  });

  test.each([["Admin"], ["admin "], ["system:masters"], ["admin\nalice"]])("%j is not admin", async (requestedBy) => {
    const answer = await answerTo("create", revocation({ requestedBy }), ...asAdmin);
    expect(answer).toContain("spec.requestedBy must be your own user name");
  });

  test("not even cluster-admin may write another's", async () => {
    const answer = await answerTo("create", revocation({ requestedBy: "alice" }), "--dry-run=server");
    expect(answer).toContain("spec.requestedBy must be your own user name");
  });

  test("one's own is accepted", async () => {
    expect(await answerTo("create", revocation({ requestedBy: "admin" }), ...asAdmin)).toBe("");
  });
});

type Question = readonly [
  account: string,
  answer: "may" | "may not",
  verb: string,
  /** `resource[.group][/subresource][:name]`, group "" when left out */
  what: string,
  /** "*" for every namespace, "-" for none. */
  namespace: string,
];

const groups: Readonly<Record<string, string>> = {
  capstan: "capstan.dev",
  cm: "cert-manager.io",
  event: "events.k8s.io",
  lease: "coordination.k8s.io",
};

async function isAllowed([account, , verb, what, namespace]: Question): Promise<boolean> {
  const [, resource = "", alias, subresource, name] =
    /^([a-z]+)(?:\.([a-z]+))?(?:\/([a-z]+))?(?::(.+))?$/.exec(what) ?? [];
  const group = alias === undefined ? "" : groups[alias];
  // Nobody may do anything to a resource that is misspelt. cert-manager's signers are a name for RBAC alone.
  const served = [resource, ...(group === "" ? [] : [group])].join(".");
  if (served !== "signers.cert-manager.io" && !knownResources.has(served)) throw new Error(`${served} is not served`);
  const isOurs = ["issuer-controller", "crl-publisher", "crl-server"].includes(account);
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: isOurs ? `system:serviceaccount:capstan-system:${account}` : account,
      groups: ["system:authenticated", ...(isOurs ? ["system:serviceaccounts"] : [])],
      resourceAttributes: {
        verb,
        resource,
        group,
        ...(subresource === undefined ? {} : { subresource }),
        ...(name === undefined ? {} : { name }),
        ...(namespace === "*" || namespace === "-" ? {} : { namespace }),
      },
    },
  };
  return (await kubectl(["create", "-f", "-", "-o", "jsonpath={.status.allowed}"], JSON.stringify(review))) === "true";
}

const own = "capstan-system";

describe("rights", () => {
  test.each<Question>([
    // The issuer controller reads requests, answers in their status, and signs.
    ["issuer-controller", "may", "list", "certificaterequests.cm", "*"],
    ["issuer-controller", "may", "patch", "certificaterequests.cm/status", "tenant"],
    ["issuer-controller", "may not", "update", "certificaterequests.cm", "tenant"],
    ["issuer-controller", "may not", "patch", "certificaterequests.cm", "tenant"],
    ["issuer-controller", "may not", "create", "certificaterequests.cm", "tenant"],
    ["issuer-controller", "may not", "delete", "certificaterequests.cm", "tenant"],
    ["issuer-controller", "may not", "update", "certificaterequests.cm/approval", "tenant"],
    ["issuer-controller", "may not", "approve", "signers.cm:capstanclusterissuers.capstan.dev/fleet", "-"],
    ["issuer-controller", "may", "get", "secrets:fleet-1", own],
    ["issuer-controller", "may not", "list", "secrets", own],
    ["issuer-controller", "may not", "list", "secrets", "*"],
    ["issuer-controller", "may not", "watch", "secrets", own],
    ["issuer-controller", "may not", "create", "secrets", own],
    ["issuer-controller", "may not", "get", "secrets:web-tls", "tenant"],
    ["issuer-controller", "may", "create", "issuedcertificates.capstan", own],
    ["issuer-controller", "may not", "update", "issuedcertificates.capstan", own],
    ["issuer-controller", "may", "delete", "issuedcertificates.capstan", own],
    ["issuer-controller", "may not", "patch", "issuedcertificates.capstan/status", own],
    ["issuer-controller", "may not", "create", "issuedcertificates.capstan", "tenant"],
    ["issuer-controller", "may", "update", "generationmarks.capstan", own],
    ["issuer-controller", "may not", "create", "generationmarks.capstan", own],
    ["issuer-controller", "may not", "update", "generationmarks.capstan/status", own],
    ["issuer-controller", "may", "patch", "capstanclusterissuers.capstan/status", "-"],
    ["issuer-controller", "may not", "patch", "capstanclusterissuers.capstan", "-"],
    ["issuer-controller", "may not", "patch", "certificateauthorities.capstan/status", "-"],
    ["issuer-controller", "may", "list", "revocations.capstan", "*"],
    ["issuer-controller", "may", "watch", "revocationlists.capstan", own],
    ["issuer-controller", "may not", "update", "revocationlists.capstan", own],
    ["issuer-controller", "may", "watch", "namespaces", "-"],
    ["issuer-controller", "may not", "patch", "namespaces", "-"],
    ["issuer-controller", "may", "create", "events.event", "tenant"],
    ["issuer-controller", "may not", "create", "events", "tenant"],
    ["issuer-controller", "may", "update", "leases.lease:issuer-controller", own],
    ["issuer-controller", "may not", "update", "leases.lease:crl-publisher", own],
    // The publisher keeps keys, marks and lists, and has no part in requests.
    ["crl-publisher", "may", "create", "secrets", own],
    ["crl-publisher", "may", "get", "secrets:fleet-1", own],
    ["crl-publisher", "may not", "list", "secrets", own],
    ["crl-publisher", "may not", "update", "secrets:fleet-1", own],
    ["crl-publisher", "may", "delete", "secrets:fleet-1", own],
    ["crl-publisher", "may not", "delete", "secrets:web-tls", "tenant"],
    ["crl-publisher", "may not", "get", "secrets:web-tls", "tenant"],
    ["crl-publisher", "may not", "update", "generationmarks.capstan/status", own],
    ["crl-publisher", "may not", "delete", "generationmarks.capstan", own],
    ["crl-publisher", "may", "patch", "issuedcertificates.capstan/status", own],
    ["crl-publisher", "may not", "update", "issuedcertificates.capstan", own],
    ["crl-publisher", "may", "update", "revocationlists.capstan", own],
    ["crl-publisher", "may not", "delete", "revocationlists.capstan", own],
    ["crl-publisher", "may", "create", "authorityoperations.capstan", own],
    ["crl-publisher", "may not", "update", "authorityoperations.capstan", own],
    ["crl-publisher", "may not", "list", "pods", "tenant"],
    ["crl-publisher", "may", "list", "revocations.capstan", "*"],
    ["crl-publisher", "may", "patch", "revocations.capstan/status", "tenant"],
    ["crl-publisher", "may not", "patch", "revocations.capstan", "tenant"],
    ["crl-publisher", "may not", "create", "revocations.capstan", own],
    // Its finalizer alone: a policy keeps it from the spec.
    ["crl-publisher", "may", "update", "certificateauthorities.capstan", "-"],
    ["crl-publisher", "may not", "delete", "certificateauthorities.capstan", "-"],
    ["crl-publisher", "may not", "get", "certificaterequests.cm", "tenant"],
    ["crl-publisher", "may", "update", "configmaps:fleet-bundle", own],
    ["crl-publisher", "may not", "update", "configmaps:x", "tenant"],
    ["crl-publisher", "may not", "update", "leases.lease:issuer-controller", own],
    // The server faces the network.
    ["crl-server", "may", "watch", "configmaps", own],
    ["crl-server", "may not", "get", "secrets:fleet-1", own],
    ["crl-server", "may not", "update", "configmaps:fleet-bundle", own],
    ["crl-server", "may not", "get", "configmaps:x", "tenant"],
    ["crl-server", "may not", "get", "certificateauthorities.capstan:fleet", "-"],
    // cert-manager's approver.
    [
      "system:serviceaccount:cert-manager:cert-manager",
      "may",
      "approve",
      "signers.cm:capstanissuers.capstan.dev/*",
      "-",
    ],
    [
      "system:serviceaccount:cert-manager:cert-manager",
      "may",
      "approve",
      "signers.cm:capstanclusterissuers.capstan.dev/*",
      "-",
    ],
    // A namespace's own people.
    ["view", "may", "list", "revocations.capstan", "tenant"],
    ["view", "may", "list", "capstanissuers.capstan", "tenant"],
    ["view", "may not", "create", "revocations.capstan", "tenant"],
    ["view", "may not", "list", "issuedcertificates.capstan", "tenant"],
    ["edit", "may", "list", "capstanissuers.capstan", "tenant"],
    ["edit", "may not", "create", "capstanissuers.capstan", "tenant"],
    ["edit", "may not", "create", "revocations.capstan", "tenant"],
    ["admin", "may", "create", "revocations.capstan", "tenant"],
    ["admin", "may not", "create", "revocations.capstan", own],
    ["admin", "may not", "create", "revocations.capstan", "demo"],
    ["admin", "may not", "update", "revocations.capstan", "tenant"],
    ["admin", "may not", "delete", "revocations.capstan", "tenant"],
    ["admin", "may not", "create", "capstanissuers.capstan", "tenant"],
    ["admin", "may not", "patch", "capstanissuers.capstan", "tenant"],
    ["admin", "may not", "create", "capstanclusterissuers.capstan", "-"],
    ["admin", "may not", "get", "secrets:fleet-1", own],
    ["admin", "may not", "approve", "signers.cm:capstanclusterissuers.capstan.dev/*", "-"],
    // Whoever is on call.
    ["oncall", "may", "list", "issuedcertificates.capstan", own],
    ["oncall", "may", "create", "revocations.capstan", own],
    ["oncall", "may not", "delete", "revocations.capstan", own],
    ["oncall", "may not", "patch", "certificateauthorities.capstan", "-"],
    ["oncall", "may not", "get", "secrets:fleet-1", own],
    ["viewer", "may", "list", "issuedcertificates.capstan", "*"],
    ["viewer", "may not", "create", "revocations.capstan", own],
    ["viewer", "may not", "get", "secrets:fleet-1", own],
  ])("%s %s %s %s in %s", async (...question) => {
    // Aggregation into view, edit and admin is a controller's work and may be under way; for each of them the table
    // begins with what it may, so that its "may not" is asked afterwards.
    await expect.poll(async () => await isAllowed(question), { timeout: minute }).toBe(question[1] === "may");
  });

  test("hold for the real token of a service account", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: own, name: "issuer-controller" });
    const requests = await cluster.kubectl(["get", "certificaterequests", "-A"], { kubeconfig });
    expect(requests).toMatchObject({ exitCode: 0 });
    const secrets = await cluster.kubectl(["get", "secrets", "-n", own], { kubeconfig });
    expect(secrets.stderr).toContain("cannot list resource");
  });
});

test("the columns that kubectl prints are there", async () => {
  await kubectl(["apply", "-f", "-"], JSON.stringify(authority({}, "columns")));
  await kubectl(["apply", "-f", "-"], JSON.stringify(issuer()));
  await kubectl(["apply", "-f", "-"], JSON.stringify(record({}, "columns")));
  const own = JSON.stringify(revocation({ requestedBy: await adminName() }, "columns"));
  await kubectl(["apply", "-f", "-"], own);
  const printed = await kubectl(["get", "capca,capstanclusterissuers,icert,crev", "-A", "-o", "wide"]);
  const headings = printed.split("\n").filter((line) => /\bNAME\b/.test(line));
  expect(headings.map((line) => line.split(/ {2,}/).join(" | "))).toMatchInlineSnapshot(`
    [
      "NAME | READY | REASON | GENERATION | ROTATING | EXPIRES | KEY | COMMON NAME | ANCHORS | CRL | NEXT ROTATION | AGE",
      "NAME | READY | REASON | CA | PROFILE | DEFAULT DURATION | LIVE LEAVES REFUSED | MESSAGE | AGE",
      "NAMESPACE | NAME | SUBJECT | NAMESPACE OF REQUEST | NOT AFTER | REVOKED | SERIAL | CA | GENERATION | REQUEST | REQUESTER | AGE",
      "NAMESPACE | NAME | SERIAL | REASON | ACCEPTED | PUBLISHED | REQUESTED BY | CRL | RE-ISSUE | MESSAGE | AGE",
    ]
  `);
});
