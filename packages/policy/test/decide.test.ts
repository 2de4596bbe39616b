import { describe, expect, test } from "vitest";
import { formatViolations } from "@capstan/ca-core";
import { decide, type GrantedLeaf, type PolicyQuestion } from "@capstan/policy";
import { type Change, names, question, rule, subject } from "./question.ts";

function granted(change: Change): GrantedLeaf {
  const decision = decide(question(change));
  if (!decision.ok) throw new Error(JSON.stringify(decision.violations));
  return decision.value;
}

/** Every violation as "field CODE". */
function refused(change: Change): readonly string[] {
  const decision = decide(question(change));
  return decision.ok ? [] : decision.violations.map(({ field, code }) => `${field} ${code}`);
}

const dayMs = 86_400_000;

describe("decide grants", () => {
  test("the quickstart's leaf", () => {
    expect(granted({})).toEqual({
      profile: "RolesAnywhere",
      subject: subject("CN=web.demo"),
      subjectDer: new Uint8Array(),
      subjectAlternativeNames: [],
      usages: ["client auth", "digital signature"],
      isCa: false,
      durationMs: dayMs,
      notes: [],
    });
  });

  test.each<[fact: string, change: Change, expected: Partial<GrantedLeaf>]>([
    [
      "every-kind-of-name-with-a-rule-in-the-order-of-the-request",
      {
        request: {
          subject: subject("OU=Team A", "O=Example Corp", "CN=web.demo"),
          subjectAlternativeNames: names("URI:spiffe://example.org/ns/demo/sa/web", "DNS:web.demo.svc"),
        },
        policy: {
          organization: rule(["Example Corp"]),
          organizationalUnit: rule(["Team B", "Team *"]),
          uris: rule(["spiffe://example.org/ns/{namespace}/sa/*"], true),
        },
      },
      {
        subject: subject("OU=Team A", "O=Example Corp", "CN=web.demo"),
        subjectAlternativeNames: names("URI:spiffe://example.org/ns/demo/sa/web", "DNS:web.demo.svc"),
        notes: [],
      },
    ],
    [
      "several-names-of-a-kind-with-a-note",
      { request: { subjectAlternativeNames: names("DNS:b.demo.svc", "DNS:a.demo.svc") } },
      { notes: ['Of 2 DNS names AWS maps only the first, "b.demo.svc", into a session tag'] },
    ],
    [
      "attributes-left-aside-with-a-note",
      { request: { ignored: ["1.2.840.113549.1.9.7"] } },
      { notes: ["Attributes of the request left aside: 1.2.840.113549.1.9.7"] },
    ],
    [
      "no-usages-as-cert-managers-default",
      { asked: { usages: [] } },
      { usages: ["digital signature", "key encipherment"] },
    ],
    [
      "digital-signature-to-all",
      { asked: { usages: ["client auth"] } },
      { usages: ["digital signature", "client auth"] },
    ],
    [
      "signing-as-digital-signature-once",
      { asked: { usages: ["signing", "client auth", "digital signature"] } },
      { usages: ["digital signature", "client auth"] },
    ],
    [
      "digital-signature-although-the-authority-does-not-list-it",
      { issuance: { usages: ["client auth"] } },
      { usages: ["client auth", "digital signature"] },
    ],
    [
      "a-request-that-asks-for-its-usages-itself",
      { request: { requested: { ca: false, keyUsages: ["digital signature"], extendedKeyUsages: ["client auth"] } } },
      { usages: ["client auth", "digital signature"] },
    ],
    [
      "a-request-that-asks-for-the-usage-that-is-always-set",
      { asked: { usages: ["client auth"] }, request: { requested: { keyUsages: ["digital signature"] } } },
      { usages: ["digital signature", "client auth"] },
    ],
    ["the-default-duration", { asked: { durationMs: undefined } }, { durationMs: dayMs, notes: [] }],
    [
      "the-default-duration-cut-to-the-maximum",
      { asked: { durationMs: undefined }, issuer: { defaultDuration: "240h" } },
      {
        durationMs: 7 * dayMs,
        notes: ["The issuer's defaultDuration 240h is over the authority's maxLeafDuration: issued for 168h"],
      },
    ],
    ["the-shortest-duration", { asked: { durationMs: 600_000 } }, { durationMs: 600_000 }],
    ["the-longest-duration", { asked: { durationMs: 7 * dayMs } }, { durationMs: 7 * dayMs, notes: [] }],
    [
      "a-longer-duration-clamped",
      { asked: { durationMs: 90 * dayMs }, issuer: { overMaximum: "Clamp" } },
      { durationMs: 7 * dayMs, notes: ["Asked for 2160h, issued for 168h: the authority's maxLeafDuration"] },
    ],
    ["any-namespace-to-an-empty-selector", { issuance: { namespaces: {} }, requester: { namespaceLabels: {} } }, {}],
    [
      "a-common-name-that-is-not-required-and-absent",
      { request: { subject: subject("O=x") }, policy: { commonName: rule(["*"]), organization: rule(["x"]) } },
      { subject: subject("O=x") },
    ],
  ])("%s", (_fact, change, expected) => {
    expect(granted(change)).toMatchObject(expected);
  });
});

describe("decide refuses", () => {
  test.each<[fact: string, change: Change, expected: readonly string[]]>([
    // Names
    [
      "a-name-of-another-namespace",
      { request: { subject: subject("CN=web.prod") } },
      ["spec.request: subject.CN ERR_POLICY_NAME"],
    ],
    [
      "the-same-name-from-another-namespace",
      { requester: { namespace: "prod" } },
      ["spec.request: subject.CN ERR_POLICY_NAME"],
    ],
    [
      "a-namespace-that-spells-a-pattern",
      { requester: { namespace: "*" } },
      ["spec.request: subject.CN ERR_POLICY_NAME"],
    ],
    [
      "a-name-in-other-case",
      { request: { subject: subject("CN=web.Demo") } },
      ["spec.request: subject.CN ERR_POLICY_NAME"],
    ],
    [
      "an-organizational-unit-without-a-rule",
      { request: { subject: subject("CN=web.demo", "OU=x") } },
      ["spec.request: subject.OU ERR_POLICY_NO_RULE"],
    ],
    [
      "an-organization-that-no-pattern-allows",
      {
        request: { subject: subject("CN=web.demo", "O=system:masters") },
        policy: { organization: rule(["Example Corp"]) },
      },
      ["spec.request: subject.O ERR_POLICY_NAME"],
    ],
    [
      "a-kind-without-a-rule",
      { request: { subject: subject("CN=web.demo", "C=DE") } },
      ["spec.request: subject.C ERR_POLICY_NO_RULE"],
    ],
    [
      "attributes-beyond-the-profile",
      { request: { subject: subject("CN=web.demo", "2.5.4.65=root") } },
      ["spec.request: subject.2.5.4.65 ERR_NAME_TYPE", "spec.request: subject.2.5.4.65 ERR_POLICY_NO_RULE"],
    ],
    [
      "a-dns-name-by-the-rule-for-common-names",
      { request: { subjectAlternativeNames: names("DNS:web.demo") } },
      ["spec.request: subjectAltName[0] ERR_POLICY_NAME"],
    ],
    [
      "an-attribute-that-calls-itself-a-dns-name",
      { request: { subject: subject("CN=web.demo", "DNS=web.demo.svc") } },
      ["spec.request: subject.DNS ERR_NAME_TYPE", "spec.request: subject.DNS ERR_POLICY_NO_RULE"],
    ],
    [
      "each-bad-name-among-good-ones",
      { request: { subjectAlternativeNames: names("DNS:a.demo.svc", "DNS:a.prod.svc", "URI:spiffe://x.example/y") } },
      ["spec.request: subjectAltName[1] ERR_POLICY_NAME", "spec.request: subjectAltName[2] ERR_POLICY_NO_RULE"],
    ],
    [
      "addresses-without-a-rule",
      { request: { subjectAlternativeNames: names("IP:10.0.0.1", "Email:a@example.org") } },
      ["spec.request: subjectAltName[0] ERR_POLICY_NO_RULE", "spec.request: subjectAltName[1] ERR_POLICY_NO_RULE"],
    ],
    [
      "a-name-hidden-in-another-kind",
      { request: { subjectAlternativeNames: names("otherName:a003", "directoryName:a400") } },
      [
        "spec.request: subjectAltName[0] ERR_SAN_KIND",
        "spec.request: subjectAltName[1] ERR_SAN_KIND",
        "spec.request: subjectAltName[0] ERR_POLICY_NO_RULE",
        "spec.request: subjectAltName[1] ERR_POLICY_NO_RULE",
      ],
    ],
    [
      "a-wildcard-although-a-pattern-matches-it",
      { request: { subjectAlternativeNames: names("DNS:*.demo.svc") } },
      ["spec.request: subjectAltName[0] ERR_SAN_DNS", "spec.request: subjectAltName[0] ERR_POLICY_NAME"],
    ],
    [
      "an-empty-subject",
      { request: { subject: [] } },
      ["spec.request: subject ERR_NAME_EMPTY", "spec.request: subject.CN ERR_POLICY_REQUIRED"],
    ],
    [
      "a-required-name-in-the-wrong-place",
      { request: { subjectAlternativeNames: names("DNS:a.demo.svc") }, policy: { uris: rule(["spiffe://*"], true) } },
      ["spec.request: subjectAltName ERR_POLICY_REQUIRED"],
    ],
    [
      "a-second-common-name-even-an-allowed-one",
      { request: { subject: subject("CN=web.demo", "CN=api.demo") } },
      ["spec.request: subject.CN ERR_NAME_DUPLICATE"],
    ],
    [
      "a-reserved-name-although-a-pattern-matches-it",
      { request: { subject: subject("CN=publisher.fleet@capstan") }, policy: { commonName: rule(["*.*@*"]) } },
      ["spec.request: subject.CN ERR_NAME_RESERVED"],
    ],
    [
      "a-name-that-aws-cannot-map-although-a-pattern-matches-it",
      { request: { subject: subject("CN=we&b.demo") } },
      ["spec.request: subject.CN ERR_NAME_CHARACTER"],
    ],
    [
      "a-name-under-a-pattern-with-a-fault",
      { policy: { commonName: rule(["**.{namespace}", "{any}"]) } },
      ["spec.request: subject.CN ERR_POLICY_NAME"],
    ],
    // Namespace
    [
      "a-namespace-that-the-authority-does-not-select",
      { requester: { namespaceLabels: { aws: "denied" } } },
      ["metadata.namespace ERR_POLICY_NAMESPACE"],
    ],
    ["a-namespace-without-labels", { requester: { namespaceLabels: {} } }, ["metadata.namespace ERR_POLICY_NAMESPACE"]],
    [
      "a-namespace-under-an-invalid-selector",
      { issuance: { namespaces: { matchExpressions: [{ key: "x", operator: "NotIn" }] } } },
      ["metadata.namespace ERR_POLICY_NAMESPACE"],
    ],
    // Usages
    [
      "a-usage-that-the-authority-does-not-allow",
      { asked: { usages: ["client auth", "server auth"] }, issuance: { usages: ["client auth"] } },
      ["spec.usages[1] ERR_USAGE_NOT_ALLOWED"],
    ],
    ["an-unknown-usage", { asked: { usages: ["client auth", "root"] } }, ["spec.usages[1] ERR_USAGE_UNKNOWN"]],
    ["a-usage-of-the-prototype", { asked: { usages: ["toString"] } }, ["spec.usages[0] ERR_USAGE_UNKNOWN"]],
    ["certificate-signing", { asked: { usages: ["cert sign"] } }, ["spec.usages[0] ERR_USAGE_NOT_ALLOWED"]],
    [
      "the-default-usages-that-the-authority-does-not-allow",
      { asked: { usages: [] }, issuance: { usages: ["client auth"] } },
      ["spec.usages ERR_USAGE_NOT_ALLOWED"],
    ],
    [
      "a-request-that-asks-for-more-than-its-spec",
      {
        request: {
          requested: { keyUsages: ["digital signature", "key encipherment"], extendedKeyUsages: ["server auth"] },
        },
      },
      ["spec.request: keyUsage ERR_POLICY_USAGE", "spec.request: extendedKeyUsage ERR_POLICY_USAGE"],
    ],
    [
      "a-purpose-without-a-name",
      { request: { requested: { extendedKeyUsages: ["1.3.6.1.4.1.99"] } } },
      ["spec.request: extendedKeyUsage ERR_USAGE_UNKNOWN", "spec.request: extendedKeyUsage ERR_POLICY_USAGE"],
    ],
    // Certificate authorities
    ["a-ca-certificate", { asked: { isCa: true } }, ["spec.isCA ERR_CA_NOT_ALLOWED"]],
    [
      "a-ca-certificate-that-only-the-request-asks-for",
      { request: { requested: { ca: true } } },
      ["spec.request: basicConstraints ERR_CA_NOT_ALLOWED"],
    ],
    // Duration
    ["a-duration-over-the-maximum", { asked: { durationMs: 7 * dayMs + 1 } }, ["spec.duration ERR_POLICY_DURATION"]],
    ["a-duration-under-the-minimum", { asked: { durationMs: 599_999 } }, ["spec.duration ERR_POLICY_DURATION"]],
    ["no-time-at-all", { asked: { durationMs: 0 } }, ["spec.duration ERR_POLICY_DURATION"]],
    ["a-negative-duration", { asked: { durationMs: -dayMs } }, ["spec.duration ERR_POLICY_DURATION"]],
    ["no-number", { asked: { durationMs: Number.NaN } }, ["spec.duration ERR_POLICY_DURATION"]],
    [
      "an-endless-duration-even-when-clamping",
      { asked: { durationMs: Number.POSITIVE_INFINITY }, issuer: { overMaximum: "Clamp" } },
      ["spec.duration ERR_POLICY_DURATION"],
    ],
    [
      "everything-while-the-maximum-is-unreadable",
      { authority: { maxLeafDuration: "7d" } },
      ["CertificateAuthority: spec.maxLeafDuration ERR_POLICY_SETTING"],
    ],
    [
      "no-duration-while-the-default-is-unreadable",
      { asked: { durationMs: undefined }, issuer: { defaultDuration: "1 day" }, kind: "CapstanIssuer" },
      ["CapstanIssuer: spec.defaultDuration ERR_POLICY_SETTING"],
    ],
  ])("%s", (_fact, change, expected) => {
    expect(refused(change)).toEqual(expected);
  });

  test("everything wrong at once, each with its rule and its cure", () => {
    const decision = decide(
      question({
        request: {
          subject: subject("CN=web.prod", "OU=Ops\nlevel=error"),
          subjectAlternativeNames: names("DNS:db.prod.svc"),
          requested: { ca: true, keyUsages: ["cert sign"] },
        },
        asked: { durationMs: 90 * dayMs, usages: ["client auth", "code signing"], isCa: true },
        requester: { namespaceLabels: {} },
        policy: { uris: rule(["spiffe://a.example/*"], true) },
      }),
    );
    expect(decision.ok ? "" : formatViolations(decision.violations)).toMatchInlineSnapshot(`
      "metadata.namespace: the authority does not issue to namespace demo: its labels do not match aws=allowed; have an administrator label the namespace (ERR_POLICY_NAMESPACE)
      spec.request: subject.OU: "Ops\\nlevel=error" has characters other than letters, digits, space and _ . : = + @ -; AWS could not map it into a session tag (ERR_NAME_CHARACTER)
      spec.isCA: a CA certificate under a trust anchor could make AWS credentials at will (ERR_CA_NOT_ALLOWED)
      spec.request: basicConstraints: a CA certificate under a trust anchor could make AWS credentials at will (ERR_CA_NOT_ALLOWED)
      spec.usages[1]: the usage "code signing" is not among the allowed ones: digital signature, key encipherment, client auth, server auth (ERR_USAGE_NOT_ALLOWED)
      spec.request: keyUsage: the usage "cert sign" is not among the allowed ones: digital signature, key encipherment, client auth, server auth (ERR_USAGE_NOT_ALLOWED)
      spec.request: subject.CN: "web.prod": spec.policy.commonName of the CapstanClusterIssuer does not allow this CN to namespace demo; it allows "*.{namespace}" (ERR_POLICY_NAME)
      spec.request: subject.OU: "Ops\\nlevel=error": the CapstanClusterIssuer's policy has no rule for OU; leave it out of the request, or have an administrator add spec.policy.organizationalUnit (ERR_POLICY_NO_RULE)
      spec.request: subjectAltName[0]: "db.prod.svc": spec.policy.dnsNames of the CapstanClusterIssuer does not allow this DNS name to namespace demo; it allows "*.{namespace}.svc" (ERR_POLICY_NAME)
      spec.request: subjectAltName: spec.policy.uris of the CapstanClusterIssuer requires a URI name, and the request has none; it allows "spiffe://a.example/*" (ERR_POLICY_REQUIRED)
      spec.duration: 2160h is over the authority's maxLeafDuration of 168h; ask for 168h or less, or have an administrator set overMaximum: Clamp on the CapstanClusterIssuer (ERR_POLICY_DURATION)"
    `);
  });

  test("a name cannot turn the text around it", () => {
    const decision = decide(question({ request: { subject: subject("CN=web.demo", "O=\u202Eevil\u001B[2J") } }));
    expect(decision.ok ? "" : formatViolations(decision.violations)).toMatch(
      /^[\n -~]*"\\u202eevil\\u001b\[2J"[\n -~]*$/,
    );
  });

  test("a long list of patterns is cut in the message", () => {
    const decision = decide(
      question({ policy: { commonName: rule(Array.from({ length: 32 }, (_, index) => `app-${index}.*`)) } }),
    );
    expect(decision.ok ? [] : decision.violations.map(({ cure }) => cure)).toEqual([
      'it allows "app-0.*", "app-1.*", "app-2.*", "app-3.*", "app-4.*" and 27 more',
    ]);
  });

  test("no message is longer than a condition can hold, whatever was sent", () => {
    const decision = decide(
      question({
        request: { subject: subject(`CN=${"\u0000".repeat(8_000)}`, `OU=${"é".repeat(8_000)}`) },
        policy: { commonName: rule(Array.from({ length: 32 }, () => "x".repeat(253))) },
      }),
    );
    expect(decision.ok).toBe(false);
    expect(JSON.stringify(decision).length).toBeLessThan(8_192);
  });
});

test("the question is not changed", () => {
  const asked: PolicyQuestion = question({ request: { subjectAlternativeNames: names("DNS:a.demo.svc") } });
  const before = structuredClone(asked);
  decide(asked);
  expect(asked).toEqual(before);
});
