import { describe, expect, test } from "vitest";
import { validateIssuer, type IssuerSpec } from "@capstan/policy";
import { anyName, type Change, generalPolicy, issuerSpec, question, rule } from "./question.ts";

function faults(change: Change): readonly string[] {
  const { issuer, authority } = question(change);
  return validateIssuer(issuer.spec, authority).map(({ field, rule }) => `${field}: ${rule}`);
}

describe("validateIssuer", () => {
  test.each<[fact: string, policy: IssuerSpec["policy"]]>([
    ["labels", { commonName: rule(["*.{namespace}", "*-web.{namespace}", "ns-{namespace}", "Web 1", "a:b=c@d+e_f"]) }],
    ["the-longest-common-name", { commonName: rule(["x".repeat(61)]) }],
    [
      "organizations",
      { organization: rule(["Example Corp", "* Corp", "*"]), organizationalUnit: rule(["{namespace}"]) },
    ],
    ["dns-names", { dnsNames: rule(["*.{namespace}.svc", "{namespace}", "a-*.example.org", "*"]) }],
    ["uris", { uris: rule(["spiffe://example.org/ns/{namespace}/sa/*", "https://*.example.org/*", "*://a.example"]) }],
    ["no-rule-at-all", {}],
  ])("finds nothing wrong with %s", (_fact, policy) => {
    expect(validateIssuer({ ...issuerSpec, policy }, question().authority)).toEqual([]);
  });

  test("without an authority, what needs none is checked", () => {
    expect(validateIssuer(issuerSpec)).toEqual([]);
    expect(validateIssuer({ ...issuerSpec, defaultDuration: "1d" })).toHaveLength(1);
  });

  test.each<[fact: string, change: Change, expected: readonly string[]]>([
    [
      "two-stars-in-a-label",
      { policy: { commonName: rule(["**"]) } },
      ['spec.policy.commonName.allow[0]: the label "**" has more than one *'],
    ],
    [
      "an-unknown-placeholder",
      { policy: { uris: rule(["spiffe://x.example/{foo}"]) } },
      ["spec.policy.uris.allow[0]: the placeholder {foo} is unknown"],
    ],
    [
      "names-that-two-namespaces-could-share",
      { policy: { dnsNames: rule(["a.example", "*-{namespace}.example"]) } },
      [
        'spec.policy.dnsNames.allow[1]: the label "*-{namespace}" mixes * with {namespace}, so that two namespaces could have the same name',
      ],
    ],
    [
      "a-character-outside-aws-session-tags",
      { policy: { organization: rule(["Smith & Sons"]) } },
      [
        'spec.policy.organization.allow[0]: it can never match: "Smith & Sons" has characters other than letters, digits, space and _ . : = + @ -',
      ],
    ],
    [
      "a-slash-in-a-subject",
      { policy: { commonName: rule(["*/{namespace}"]) } },
      [
        'spec.policy.commonName.allow[0]: it can never match: "a/a" has characters other than letters, digits, space and _ . : = + @ -',
      ],
    ],
    [
      "a-common-name-that-is-too-long",
      { policy: { commonName: rule([`*.${"x".repeat(60)}`]) } },
      ["spec.policy.commonName.allow[0]: it can never match: 62 characters, and 1 to 61 are accepted"],
    ],
    [
      "a-reserved-name",
      { policy: { commonName: rule(["*@capstan"]) } },
      [`spec.policy.commonName.allow[0]: it can never match: "a@capstan" is kept for Capstan's own certificates`],
    ],
    [
      "a-dns-name-in-upper-case",
      { policy: { dnsNames: rule(["*.Example.org"]) } },
      [
        'spec.policy.dnsNames.allow[0]: it can never match: DNS name "a.Example.org" must be labels of 1 to 63 lower-case letters, digits and inner hyphens, parted by single dots',
      ],
    ],
    [
      "a-uri-that-is-not-absolute",
      { policy: { uris: rule(["*"]) } },
      [
        'spec.policy.uris.allow[0]: it can never match: URI name "a" must be absolute, scheme://host/path, in lower case up to the path, without query or fragment',
      ],
    ],
    [
      "a-default-over-the-maximum",
      { issuer: { defaultDuration: "168h0m1s" } },
      ["spec.defaultDuration: 168h0m1s is over the authority's maxLeafDuration of 168h"],
    ],
    [
      "a-maximum-that-is-no-duration",
      { authority: { maxLeafDuration: "7d" } },
      [
        'CertificateAuthority: spec.maxLeafDuration: "7d" is not a duration: write numbers with units from h, m, s, ms, us and ns, for example "24h" or "1h30m" (days are "168h", not "7d")',
      ],
    ],
    [
      "a-selector-that-kubernetes-calls-invalid",
      { issuance: { namespaces: { matchExpressions: [{ key: "x", operator: "In" }] } } },
      [
        "CertificateAuthority: spec.issuance.namespaces: it selects no namespace: matchExpressions[0].values: In takes at least one value",
      ],
    ],
    [
      "every-fault-at-once",
      { policy: { commonName: rule(["**", "ok", "{x}"]) }, issuer: { defaultDuration: "200h" } },
      [
        'spec.policy.commonName.allow[0]: the label "**" has more than one *',
        "spec.policy.commonName.allow[2]: the placeholder {x} is unknown",
        "spec.defaultDuration: 200h is over the authority's maxLeafDuration of 168h",
      ],
    ],
  ])("names %s", (_fact, change, expected) => {
    expect(faults(change)).toEqual(expected);
  });
});

describe("validateIssuer on profile General", () => {
  const general = { profile: "General", caCertificates: { maxPathLength: 1 } } as const;

  test("finds nothing wrong with everything that it has", () => {
    const change: Change = {
      issuer: { ...general, keyAlgorithms: ["Ed25519"], usages: ["client auth"], clusterRequests: true },
      issuance: { caCertificates: { maxPathLength: 0 }, clusterRequests: true },
      policy: {
        ...generalPolicy,
        country: rule(["DE", "*"]),
        otherSubjectAttributes: [{ type: "UID", ...rule(["{serviceAccount}.{namespace}"]) }],
        dnsNames: { ...rule(["*.{namespace}.svc"]), wildcards: true },
        ipAddresses: rule(["10.0.0.0/8", "fd00::1"]),
        emailAddresses: rule(["*@{namespace}.example.org"]),
        otherNames: [{ oid: "1.2.3", ...rule(["*@{namespace}.example.org"]) }],
      },
    };
    expect(faults(change)).toEqual([]);
  });

  test.each<[fact: string, change: Change, expected: readonly string[]]>([
    [
      "an-authority-with-trust-anchors",
      {
        issuer: { profile: "General" },
        authority: { trustAnchors: [{ name: "a", region: "b", account: "c", create: true }] },
      },
      [
        "spec.profile: General is for authorities without trust anchors alone: every leaf under one is an AWS credential",
      ],
    ],
    [
      "what-the-authority-does-not-allow",
      { issuer: { ...general, clusterRequests: true, usages: ["ocsp signing"] } },
      [
        "spec.caCertificates: the authority's issuance.caCertificates allows none",
        "spec.clusterRequests: the authority's issuance.clusterRequests does not allow them",
        "spec.usages: the authority allows none of them, only digital signature, key encipherment, client auth, server auth",
      ],
    ],
    [
      "addresses-and-networks-that-are-none",
      { policy: { ipAddresses: rule(["10.0.0.1", "10.0.0.1/8", "*", "10.0.0.0/33"]) } },
      [
        "spec.policy.ipAddresses.allow[1]: the address has bits set behind the first 8",
        "spec.policy.ipAddresses.allow[2]: it is neither an IP address nor a network",
        "spec.policy.ipAddresses.allow[3]: a prefix of a network is a number from 0 to 32",
      ],
    ],
    [
      "two-rules-about-one-type-and-a-rule-about-a-type-that-has-one",
      {
        issuer: { profile: "General" },
        policy: {
          otherSubjectAttributes: [
            { type: "UID", ...anyName },
            { type: "0.9.2342.19200300.100.1.1", ...anyName },
            { type: "2.5.4.3", ...anyName },
          ],
        },
      },
      [
        "spec.policy.otherSubjectAttributes[1]: spec.policy.otherSubjectAttributes[0] is about the same type",
        "spec.policy.otherSubjectAttributes[2]: it can never match: CN has a rule of its own",
      ],
    ],
    [
      "a-country-of-three-letters-and-a-value-that-is-too-long",
      { issuer: { profile: "General" }, policy: { country: rule(["DEU"]), organization: rule(["x".repeat(65)]) } },
      [
        "spec.policy.organization.allow[0]: it can never match: 65 characters, and 1 to 64 are accepted",
        "spec.policy.country.allow[0]: it can never match: a country is two upper-case letters (RFC 5280, A.1)",
      ],
    ],
    [
      "what-only-General-has",
      {
        issuer: { caCertificates: { maxPathLength: 0 }, keyAlgorithms: ["Ed25519", "RSA-2048"] },
        issuance: { caCertificates: { maxPathLength: 0 } },
        policy: {
          commonName: anyName,
          dnsNames: { ...rule(["*.{namespace}"]), wildcards: true },
          otherNames: [{ oid: "1.2.3", ...rule(["x"]) }],
          otherSubjectAttributes: [{ type: "DC", ...rule(["x"]) }],
        },
      },
      [
        "spec.policy.commonName.allowAny: only profile General has it",
        "spec.policy.dnsNames.wildcards: only profile General has them",
        "spec.policy.otherSubjectAttributes[0]: it can never match: only profile General has names of this kind",
        "spec.policy.otherNames[0]: it can never match: only profile General has names of this kind",
        "spec.caCertificates: only profile General has it",
        "spec.keyAlgorithms: Ed25519: only profile General has it",
      ],
    ],
    [
      "rules-that-say-neither-or-both",
      { policy: { commonName: { required: false }, organization: { ...rule(["x"]), allowAny: true } } },
      [
        "spec.policy.commonName: it needs either allow or allowAny",
        "spec.policy.organization: it needs either allow or allowAny",
        "spec.policy.organization.allowAny: only profile General has it",
      ],
    ],
    [
      "placeholders-that-need-a-namespace",
      { policy: { commonName: rule(["{serviceAccount}"]) } },
      [
        "spec.policy.commonName.allow[0]: {serviceAccount} stands without {namespace}, so that two namespaces could have the same name",
      ],
    ],
    [
      "patterns-that-together-give-one-name-to-two-namespaces",
      { policy: { dnsNames: rule(["*.{namespace}.svc", "x.{namespace}.svc", "{namespace}.*.svc"]) } },
      ["spec.policy.dnsNames.allow[2]: together with allow[0] it lets two namespaces have the same name"],
    ],
    [
      "durations-and-quotas",
      { issuer: { maxDuration: "1h", quota: { perNamespace: { certificates: 1, per: "1d" } } } },
      [
        "spec.defaultDuration: 24h is over maxDuration of 1h",
        expect.stringContaining('spec.quota.perNamespace.per: "1d" is not a duration'),
      ],
    ],
  ])("names %s", (_fact, change, expected) => {
    expect(faults(change)).toEqual(expected);
  });
});
