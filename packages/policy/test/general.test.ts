import { describe, expect, test } from "vitest";
import { decide, type GrantedLeaf, type IssuerSpec } from "@capstan/policy";
import { anyName, type Change, generalPolicy, names, otherName, question, rule, subject } from "./question.ts";

/** A question to an issuer of profile General whose policy allows nothing yet. */
function general({ issuer, issuance, policy, ...rest }: Change): Change {
  return {
    ...rest,
    issuer: { profile: "General", ...issuer },
    issuance: { usages: generalUsages, caCertificates: { maxPathLength: 2 }, ...issuance },
    policy: { commonName: undefined, dnsNames: undefined, ...policy },
  };
}

const generalUsages = [
  "signing",
  "digital signature",
  "content commitment",
  "key encipherment",
  "key agreement",
  "data encipherment",
  "server auth",
  "client auth",
  "code signing",
  "email protection",
  "any",
] as const satisfies IssuerSpec["usages"];

function granted(change: Change): GrantedLeaf {
  const decision = decide(question(general(change)));
  if (!decision.ok) throw new Error(JSON.stringify(decision.violations));
  return decision.value;
}

function refused(change: Change): readonly string[] {
  const decision = decide(question(general(change)));
  return decision.ok ? [] : decision.violations.map(({ field, code }) => `${field} ${code}`);
}

const upn = "1.3.6.1.4.1.311.20.2.3";
const ca = { asked: { isCa: true, usages: ["cert sign", "digital signature"] } } as const;
const allowsCa = { issuer: { caCertificates: { maxPathLength: 1 } }, policy: { commonName: anyName } } as const;

describe("profile General grants", () => {
  test("every kind of name where everything of its kind is allowed", () => {
    const subjectAlternativeNames = [
      ...names("DNS:*.example.org", "IP:10.1.2.3", "Email:a.b@example.org", "URI:http://example.org:8080/x"),
      otherName(upn, "upn@example.org"),
    ];
    const request = {
      subject: subject(
        "CN=Jürgen",
        "OU=a/b",
        "OU=c",
        "0.9.2342.19200300.100.1.25=org",
        "serialNumber=7",
        "2.5.4.9=Street 1",
        "C=DE",
        "ST=x",
        "L=y",
        "O=z",
      ),
      subjectDer: Uint8Array.of(0x30, 0),
      subjectAlternativeNames,
    };
    expect(granted({ request, policy: generalPolicy })).toMatchObject({ profile: "General", isCa: false, ...request });
  });

  test.each<[fact: string, change: Change, expected: Partial<GrantedLeaf>]>([
    [
      "an-empty-subject",
      {
        request: { subject: [], subjectAlternativeNames: names("DNS:a.demo") },
        policy: { dnsNames: rule(["*.demo"]) },
      },
      { subject: [] },
    ],
    [
      "a-wildcard-where-wildcards-are-allowed",
      {
        request: { subject: [], subjectAlternativeNames: names("DNS:*.demo.svc") },
        policy: { dnsNames: { ...rule(["*.{namespace}.svc"]), wildcards: true } },
      },
      {},
    ],
    [
      "an-attribute-by-its-short-name",
      {
        request: { subject: subject("0.9.2342.19200300.100.1.1=web.demo") },
        policy: { otherSubjectAttributes: [{ type: "UID", ...rule(["*.{namespace}"]) }] },
      },
      {},
    ],
    [
      "an-attribute-by-its-object-identifier",
      {
        request: { subject: subject("serialNumber=x-1") },
        policy: { otherSubjectAttributes: [{ type: "2.5.4.5", ...rule(["x-*"]) }] },
      },
      {},
    ],
    [
      "text-of-an-other-name",
      {
        request: { subjectAlternativeNames: [otherName(upn, "web@demo.example.org")] },
        policy: {
          commonName: anyName,
          otherNames: [{ oid: upn, ...rule(["*@{namespace}.example.org"]) }],
        },
      },
      {},
    ],
    [
      "no-digital-signature-that-nobody-asked-for",
      { asked: { usages: ["key encipherment"] }, policy: { commonName: anyName } },
      { usages: ["key encipherment"] },
    ],
    [
      "an-ed25519-key-that-the-issuer-lists",
      {
        request: { publicKey: { algorithm: "Ed25519", spki: new Uint8Array(), sha256: "" } },
        issuer: { keyAlgorithms: ["Ed25519"] },
        policy: { commonName: anyName },
      },
      {},
    ],
    [
      "a-ca-certificate-with-the-highest-path-length",
      { ...ca, ...allowsCa },
      { isCa: true, pathLength: 1, usages: ["cert sign", "digital signature"] },
    ],
    [
      "a-ca-certificate-with-the-path-length-it-asks-for",
      { ...ca, ...allowsCa, request: { requested: { ca: true, pathLength: 0, keyUsages: ["cert sign"] } } },
      { isCa: true, pathLength: 0 },
    ],
    [
      "a-ca-certificate-below-what-its-root-leaves",
      { ...ca, ...allowsCa, root: { subject: subject("CN=root"), pathLength: 1 } },
      { pathLength: 0 },
    ],
    [
      "a-ca-certificate-whose-request-has-cert-sign-that-its-usages-lack",
      {
        ...allowsCa,
        asked: { isCa: true, usages: ["digital signature"] },
        request: { requested: { ca: true, keyUsages: ["digital signature", "cert sign"] } },
      },
      { isCa: true, usages: ["digital signature"] },
    ],
    [
      "second-names-of-one-usage-as-one",
      {
        asked: { usages: ["signing", "email protection"] },
        request: { requested: { keyUsages: ["digital signature"], extendedKeyUsages: ["s/mime"] } },
        issuer: { usages: ["digital signature", "s/mime"] },
        policy: { commonName: anyName },
      },
      { usages: ["digital signature", "s/mime"] },
    ],
  ])("%s", (_fact, change, expected) => {
    expect(granted(change)).toMatchObject(expected);
  });
});

describe("profile General refuses", () => {
  test.each<[fact: string, change: Change, expected: readonly string[]]>([
    ["any-name-without-a-rule", {}, ["spec.request: subject.CN ERR_POLICY_NO_RULE"]],
    [
      "a-wildcard-that-only-its-pattern-fits",
      {
        request: { subject: [], subjectAlternativeNames: names("DNS:*.demo.svc") },
        policy: { dnsNames: rule(["*.{namespace}.svc"]) },
      },
      ["spec.request: subjectAltName[0] ERR_POLICY_NAME"],
    ],
    [
      "a-wildcard-above-another-namespace",
      {
        request: { subject: [], subjectAlternativeNames: names("DNS:*.prod.svc") },
        policy: { dnsNames: { ...rule(["*.{namespace}.svc"]), wildcards: true } },
      },
      ["spec.request: subjectAltName[0] ERR_POLICY_NAME"],
    ],
    [
      "an-address-outside-the-networks",
      {
        request: { subject: [], subjectAlternativeNames: names("IP:10.0.0.1", "IP:11.0.0.1", "IP:fd00::1") },
        policy: { ipAddresses: rule(["10.0.0.0/8"]) },
      },
      ["spec.request: subjectAltName[1] ERR_POLICY_NAME", "spec.request: subjectAltName[2] ERR_POLICY_NAME"],
    ],
    [
      "an-attribute-of-a-type-without-a-rule",
      {
        request: { subject: subject("0.9.2342.19200300.100.1.25=org") },
        policy: { otherSubjectAttributes: [{ type: "UID", ...anyName }] },
      },
      ["spec.request: subject.0.9.2342.19200300.100.1.25 ERR_POLICY_NO_RULE"],
    ],
    [
      "a-common-name-by-the-rule-for-every-other-attribute",
      { policy: { otherSubjectAttributes: [{ type: "*", ...anyName }] } },
      ["spec.request: subject.CN ERR_POLICY_NO_RULE"],
    ],
    [
      "what-the-rule-for-one-type-refuses-although-every-type-is-allowed",
      {
        request: { subject: subject("serialNumber=9") },
        policy: {
          otherSubjectAttributes: [
            { type: "*", ...anyName },
            { type: "serialNumber", ...rule(["7"]) },
          ],
        },
      },
      ["spec.request: subject.serialNumber ERR_POLICY_NAME"],
    ],
    [
      "an-other-name-of-another-namespace-or-type-or-without-text",
      {
        request: {
          subject: [],
          subjectAlternativeNames: [
            otherName(upn, "web@prod.example.org"),
            otherName("1.2.3.4", "web@demo.example.org"),
            otherName(upn, Uint8Array.of(0x02, 1, 7)),
          ],
        },
        policy: { otherNames: [{ oid: upn, ...rule(["*@{namespace}.example.org"]) }] },
      },
      [
        "spec.request: subjectAltName[0] ERR_POLICY_NAME",
        "spec.request: subjectAltName[1] ERR_POLICY_NO_RULE",
        "spec.request: subjectAltName[2] ERR_POLICY_NAME",
      ],
    ],
    [
      "kinds-that-no-policy-can-name",
      {
        request: { subject: [], subjectAlternativeNames: names("directoryName:a400", "registeredID:8800") },
        policy: generalPolicy,
      },
      [
        "spec.request: subjectAltName[0] ERR_SAN_KIND",
        "spec.request: subjectAltName[1] ERR_SAN_KIND",
        "spec.request: subjectAltName[0] ERR_POLICY_NO_RULE",
        "spec.request: subjectAltName[1] ERR_POLICY_NO_RULE",
      ],
    ],
    [
      "reserved-names-of-every-kind",
      {
        request: {
          subject: subject("CN=crl.fleet@capstan", "2.5.4.17=crl.fleet@CAPSTAN", "O=crl.fleet@capstan"),
          subjectAlternativeNames: [
            ...names("DNS:fleet@capstan", "Email:crl.fleet@capstan", "URI:spiffe://a/crl.fleet@capstan"),
            otherName(upn, "crl.fleet@capstan"),
          ],
        },
        policy: generalPolicy,
      },
      [
        "spec.request: subject.CN ERR_NAME_RESERVED",
        "spec.request: subject.2.5.4.17 ERR_NAME_RESERVED",
        "spec.request: subject.O ERR_NAME_RESERVED",
        "spec.request: subjectAltName[0] ERR_SAN_DNS",
        "spec.request: subjectAltName[0] ERR_NAME_RESERVED",
        "spec.request: subjectAltName[1] ERR_NAME_RESERVED",
        "spec.request: subjectAltName[2] ERR_NAME_RESERVED",
        "spec.request: subjectAltName[3] ERR_NAME_RESERVED",
      ],
    ],
    [
      "any-request-for-an-authority-with-trust-anchors",
      {
        policy: { commonName: anyName },
        authority: { trustAnchors: [{ name: "prod", region: "eu-central-1", account: "111122223333", create: true }] },
      },
      ["CapstanClusterIssuer: spec.profile ERR_POLICY_SETTING"],
    ],
    // CA certificates
    [
      "a-ca-certificate-that-the-issuer-has-no-rule-for",
      { ...ca, policy: { commonName: anyName } },
      ["spec.isCA ERR_CA_NOT_ALLOWED"],
    ],
    [
      "a-ca-certificate-that-the-authority-does-not-allow",
      { ...ca, ...allowsCa, issuance: { caCertificates: undefined } },
      ["spec.isCA ERR_CA_NOT_ALLOWED"],
    ],
    [
      "a-ca-certificate-under-a-root-with-path-length-0",
      { ...ca, ...allowsCa, root: { subject: subject("CN=root"), pathLength: 0 } },
      ["spec.isCA ERR_CA_PATH_LENGTH"],
    ],
    [
      "a-path-length-over-the-maximum",
      { ...ca, ...allowsCa, request: { requested: { ca: true, pathLength: 2 } } },
      ["spec.request: basicConstraints ERR_POLICY_CA"],
    ],
    [
      "a-path-length-over-the-authoritys-maximum",
      {
        ...ca,
        ...allowsCa,
        issuance: { caCertificates: { maxPathLength: 0 } },
        request: { requested: { ca: true, pathLength: 1 } },
      },
      ["spec.request: basicConstraints ERR_POLICY_CA"],
    ],
    [
      "certificate-signing-without-isCA",
      { asked: { usages: ["cert sign"] }, ...allowsCa },
      ["spec.usages[0] ERR_USAGE_NOT_ALLOWED"],
    ],
    // Narrowing
    [
      "a-usage-that-the-issuer-does-not-list",
      { asked: { usages: ["server auth"] }, issuer: { usages: ["client auth"] }, policy: { commonName: anyName } },
      ["spec.usages[0] ERR_USAGE_NOT_ALLOWED"],
    ],
    [
      "a-usage-that-only-the-issuer-lists",
      {
        asked: { usages: ["digital signature", "ocsp signing"] },
        issuer: { usages: ["digital signature", "ocsp signing"] },
        policy: { commonName: anyName },
      },
      ["spec.usages[1] ERR_USAGE_NOT_ALLOWED"],
    ],
    [
      "a-key-that-the-issuer-does-not-list",
      { issuer: { keyAlgorithms: ["ECDSA-P256"] }, policy: { commonName: anyName } },
      ["spec.request: public key ERR_POLICY_KEY"],
    ],
    [
      "a-duration-over-the-issuers-maximum",
      { issuer: { maxDuration: "23h" }, policy: { commonName: anyName } },
      ["spec.duration ERR_POLICY_DURATION"],
    ],
  ])("%s", (_fact, change, expected) => {
    expect(refused(change)).toEqual(expected);
  });

  test("an issuer's maximum over its authority's changes nothing", () => {
    const long = { asked: { durationMs: 8 * 86_400_000 }, policy: { commonName: anyName } };
    expect(refused({ ...long, issuer: { maxDuration: "2000h" } })).toEqual(refused(long));
  });
});

test("RolesAnywhere lets no rule allow everything", () => {
  const decision = decide(question({ policy: { commonName: anyName } }));
  expect(decision.ok ? [] : decision.violations.map(({ code }) => code)).toEqual(["ERR_POLICY_NAME"]);
});
