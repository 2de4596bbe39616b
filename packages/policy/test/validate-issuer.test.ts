import { describe, expect, test } from "vitest";
import { validateIssuer, type IssuerSpec } from "@capstan/policy";
import { type Change, issuerSpec, question, rule } from "./question.ts";

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
