import { afterAll, describe, expect, test } from "vitest";
import { CelEvaluator, checkCertificate, type CertificateSpec, type GrantedLeaf } from "@capstan/policy";
import { anyName, type Change, generalPolicy, names, otherName, question, rule, subject } from "./question.ts";
import { chartWebhooks } from "./webhooks.ts";

const evaluator = new CelEvaluator();
afterAll(async () => await evaluator.close());

async function check(spec: CertificateSpec, change: Change = {}): Promise<GrantedLeaf | readonly string[]> {
  const { issuer, authority } = question(change);
  const decision = await checkCertificate(
    {
      certificate: { metadata: { namespace: "demo" }, spec },
      issuer,
      authority,
      namespaceLabels: () => ({ aws: "allowed" }),
      webhooks: chartWebhooks(),
    },
    evaluator,
  );
  return decision.ok ? decision.value : decision.violations.map(({ field, code }) => `${field} ${code}`);
}

const web: CertificateSpec = { commonName: "web.demo", duration: "24h", usages: ["client auth", "digital signature"] };
const general: Change = { issuer: { profile: "General" }, policy: generalPolicy };

describe("a Certificate that would be issued", () => {
  test("the quickstart's", async () => {
    expect(await check(web)).toMatchObject({
      subject: [{ type: "CN", value: "web.demo" }],
      durationMs: 86_400_000,
      usages: ["client auth", "digital signature"],
    });
  });

  test("with every kind of name, in the order in which cert-manager writes them", async () => {
    const spec: CertificateSpec = {
      commonName: "web",
      subject: {
        organizations: ["o1", "o2"],
        countries: ["DE"],
        organizationalUnits: ["ou"],
        localities: ["l"],
        provinces: ["st"],
        streetAddresses: ["street"],
        postalCodes: ["12345"],
        serialNumber: "7",
      },
      dnsNames: ["*.example.org"],
      emailAddresses: ["a@example.org"],
      ipAddresses: ["10.0.0.1", "2001:DB8:0:0::1"],
      uris: ["https://example.org/x"],
      otherNames: [{ oid: "1.3.6.1.4.1.311.20.2.3", utf8Value: "upn@example.org" }],
      duration: "24h",
    };
    const granted = await check(spec, general);
    expect(granted).toMatchObject({
      subject: subject(
        "C=DE",
        "O=o1",
        "O=o2",
        "OU=ou",
        "L=l",
        "ST=st",
        "2.5.4.9=street",
        "2.5.4.17=12345",
        "CN=web",
        "serialNumber=7",
      ).map(({ type, value }) => ({ type, value })),
      subjectAlternativeNames: [
        ...names(
          "DNS:*.example.org",
          "Email:a@example.org",
          "IP:10.0.0.1",
          "IP:2001:db8::1",
          "URI:https://example.org/x",
        ),
        otherName("1.3.6.1.4.1.311.20.2.3", "upn@example.org"),
      ],
    });
  });

  test("with a literal subject, from its end to its beginning", async () => {
    const granted = await check(
      { literalSubject: String.raw`CN=a\,b,OU=x+OU=y,2.5.4.17=1,DC=org`, duration: "24h" },
      general,
    );
    expect(granted).toMatchObject({
      subject: [
        { oid: "0.9.2342.19200300.100.1.25", value: "org" },
        { type: "2.5.4.17", value: "1" },
        { type: "OU", value: "x" },
        { type: "OU", value: "y" },
        { type: "CN", value: "a,b" },
      ],
    });
  });

  test.each<[fact: string, spec: CertificateSpec, change: Change]>([
    ["an-ed25519-key", { ...web, privateKey: { algorithm: "Ed25519" } }, general],
    [
      "an-ec-key-of-default-size",
      { ...web, privateKey: { algorithm: "ECDSA" } },
      { issuer: { keyAlgorithms: ["ECDSA-P256"] } },
    ],
    [
      "a-ca-certificate",
      { ...web, isCA: true },
      {
        issuer: { profile: "General", caCertificates: { maxPathLength: 0 } },
        issuance: { caCertificates: { maxPathLength: 0 } },
        policy: generalPolicy,
      },
    ],
  ])("with %s", async (_fact, spec, change) => {
    expect(await check(spec, change)).not.toBeInstanceOf(Array);
  });
});

describe("a Certificate that would be refused", () => {
  test.each<[fact: string, spec: CertificateSpec, change: Change, expected: readonly string[]]>([
    [
      "without-a-duration-as-cert-manager-asks-for-90-days",
      { ...web, duration: undefined },
      {},
      ["spec.duration ERR_POLICY_DURATION"],
    ],
    ["with-a-duration-that-is-none", { ...web, duration: "1d" }, {}, ["spec.duration ERR_POLICY_DURATION"]],
    ["with-a-name-of-another-namespace", { ...web, commonName: "web.prod" }, {}, ["spec.commonName ERR_POLICY_NAME"]],
    [
      "with-names-in-each-field",
      {
        ...web,
        subject: { organizations: ["x"], streetAddresses: ["y"] },
        dnsNames: ["web.demo.svc", "web.prod.svc"],
        uris: ["spiffe://a.example/b"],
        ipAddresses: ["10.0.0.1"],
      },
      {},
      [
        "spec.subject.streetAddresses ERR_NAME_TYPE",
        "spec.subject.organizations ERR_POLICY_NO_RULE",
        "spec.subject.streetAddresses ERR_POLICY_NO_RULE",
        "spec.dnsNames[1] ERR_POLICY_NAME",
        "spec.ipAddresses[0] ERR_POLICY_NO_RULE",
        "spec.uris[0] ERR_POLICY_NO_RULE",
      ],
    ],
    [
      "with-two-organizations-which-share-an-rdn",
      { ...web, subject: { organizations: ["a", "b"] } },
      { policy: { organization: rule(["a", "b"]) } },
      ["spec.subject.organizations ERR_NAME_MULTI_VALUED", "spec.subject.organizations ERR_NAME_DUPLICATE"],
    ],
    [
      "without-a-name",
      { ...web, commonName: undefined },
      {},
      ["spec.commonName ERR_NAME_EMPTY", "spec.commonName ERR_POLICY_REQUIRED"],
    ],
    [
      "without-an-alternative-name-that-is-required",
      web,
      { policy: { uris: rule(["spiffe://*"], true) } },
      ["spec ERR_POLICY_REQUIRED"],
    ],
    ["as-a-ca-once", { ...web, isCA: true }, {}, ["spec.isCA ERR_CA_NOT_ALLOWED"]],
    ["with-a-usage", { ...web, usages: ["client auth", "code signing"] }, {}, ["spec.usages[1] ERR_USAGE_NOT_ALLOWED"]],
    [
      "with-a-key-that-nobody-takes",
      { ...web, privateKey: { algorithm: "ECDSA", size: 521 } },
      {},
      ["spec.privateKey ERR_KEY_ALGORITHM"],
    ],
    [
      "with-a-key-of-another-profile",
      { ...web, privateKey: { algorithm: "Ed25519" } },
      {},
      ["spec.privateKey ERR_KEY_ALGORITHM"],
    ],
    [
      "with-an-unknown-algorithm",
      { ...web, privateKey: { algorithm: "toString" } },
      {},
      ["spec.privateKey ERR_KEY_ALGORITHM"],
    ],
    ["with-name-constraints", { ...web, nameConstraints: {} }, {}, ["spec.nameConstraints ERR_CSR_EXTENSION_UNKNOWN"]],
    [
      "with-a-literal-subject-that-is-none",
      { ...web, literalSubject: "web.demo" },
      {},
      ["spec.literalSubject ERR_NAME_STRING"],
    ],
    [
      "with-a-literal-subject-of-another-namespace",
      { ...web, commonName: undefined, literalSubject: "CN=web.prod" },
      {},
      ["spec.literalSubject ERR_POLICY_NAME"],
    ],
    [
      "as-only-its-namespace-is-attested",
      web,
      { issuer: { attestation: "ServiceAccount" } },
      ["spec.username ERR_POLICY_ATTESTATION"],
    ],
    [
      "by-a-condition",
      web,
      { issuer: { validations: [{ expression: "request.keyAlgorithm != 'RSA-2048'", message: "no RSA" }] } },
      ["spec ERR_POLICY_VALIDATION"],
    ],
    [
      "with-an-other-name-whose-type-is-none",
      { ...web, commonName: undefined, otherNames: [{ oid: "x", utf8Value: "a" }] },
      { issuer: { profile: "General" }, policy: { commonName: undefined, otherNames: [{ oid: "1.2.3", ...anyName }] } },
      ["spec.otherNames[0] ERR_SAN_OTHER_NAME", "spec.otherNames[0] ERR_POLICY_NO_RULE"],
    ],
  ])("%s", async (_fact, spec, change, expected) => {
    expect(await check(spec, change)).toEqual(expected);
  });
});
