import { afterAll, describe, expect, test } from "vitest";
import {
  CelEvaluator,
  decideFully,
  validateIssuerFully,
  type PolicyViolation,
  type RequestQuestion,
} from "@capstan/policy";
import { anyName, type Change, names, question, rule, subject } from "./question.ts";
import { chartWebhooks } from "./webhooks.ts";

const evaluator = new CelEvaluator({ timeLimitMs: 30_000 });
afterAll(async () => await evaluator.close());

const podOfWeb: Pick<RequestQuestion, "maker" | "place"> = {
  maker: {
    username: "system:serviceaccount:demo:web",
    groups: ["system:serviceaccounts", "system:serviceaccounts:demo"],
    extra: { "authentication.kubernetes.io/pod-name": ["web-0"] },
  },
  place: { kind: "CertificateRequest", namespace: "demo" },
};

function ask(change: Change, rest: Partial<RequestQuestion> = {}): RequestQuestion {
  const { request, asked, issuer, authority } = question(change);
  return {
    request,
    asked,
    issuer,
    authority,
    ...podOfWeb,
    namespaceLabels: (namespace) => (namespace === "demo" ? { aws: "allowed", team: "a" } : undefined),
    webhooks: chartWebhooks(),
    ...rest,
  };
}

async function refused(change: Change, rest?: Partial<RequestQuestion>): Promise<readonly PolicyViolation[]> {
  const decision = await decideFully(ask(change, rest), evaluator);
  return decision.ok ? [] : decision.violations;
}

const teamA = { expression: "requester.namespaceLabels.?team.orValue('') == 'a'", message: "only team a" };
const short = { expression: "request.duration <= duration('1h')", message: "at most an hour" };

describe("decideFully", () => {
  test("grants what fulfils rules and conditions, to the service account that asked itself", async () => {
    const decision = await decideFully(
      ask({
        request: { subject: subject("CN=web.demo"), subjectAlternativeNames: names("DNS:web-0.web.demo.svc") },
        policy: {
          commonName: rule(["{serviceAccount}.{namespace}"]),
          dnsNames: rule(["{podName}.{serviceAccount}.{namespace}.svc"]),
        },
        issuer: { attestation: "ServiceAccount", validations: [teamA] },
        issuance: {
          validations: [
            { expression: "requester.serviceAccount == 'web' && requester.podName == 'web-0'", message: "x" },
          ],
        },
      }),
      evaluator,
    );
    expect(decision).toMatchObject({ ok: true, value: { subject: subject("CN=web.demo") } });
  });

  test("tells every violation at once, those of rules and those of conditions", async () => {
    const violations = await refused({
      request: { subject: subject("CN=web.prod") },
      issuer: { validations: [teamA, short] },
      issuance: { validations: [{ expression: "request.commonName.endsWith('.demo')", message: "not this one" }] },
    });
    expect(violations.map(({ code, field, rule }) => `${code} ${field}: ${rule}`)).toMatchInlineSnapshot(`
      [
        "ERR_POLICY_NAME spec.request: subject.CN: "web.prod": spec.policy.commonName of the CapstanClusterIssuer does not allow this CN to namespace demo",
        "ERR_POLICY_VALIDATION spec: spec.issuance.validations[0] of the CertificateAuthority: not this one",
        "ERR_POLICY_VALIDATION spec: spec.validations[1] of the CapstanClusterIssuer: at most an hour",
      ]
    `);
  });

  test("conditions see what would be granted, not what was asked for", async () => {
    const clamp = { asked: { durationMs: 90 * 86_400_000, usages: [] } } as const;
    const validations = [
      { expression: "request.duration == duration('168h')", message: "the clamped duration" },
      { expression: "request.usages == ['digital signature', 'key encipherment']", message: "cert-manager's default" },
    ];
    expect(await refused({ ...clamp, issuer: { overMaximum: "Clamp", validations } })).toEqual([]);
  });

  test.each<[fact: string, expression: string, code: string, rule: string]>([
    [
      "cannot-be-evaluated",
      "requester.namespaceLabels.tier == 'x'",
      "ERR_POLICY_VALIDATION",
      "spec.validations[0] of the CapstanClusterIssuer could not be evaluated: No such key: tier (line 1, column 27)",
    ],
    [
      "cannot-be-read",
      "1 +",
      "ERR_POLICY_VALIDATION",
      "spec.validations[0] of the CapstanClusterIssuer could not be evaluated: Unexpected token: EOF (line 1, column 4)",
    ],
    [
      "is-no-boolean",
      "request.commonName",
      "ERR_POLICY_VALIDATION",
      "spec.validations[0] of the CapstanClusterIssuer could not be evaluated: its result must be a bool, and is a string",
    ],
  ])("a condition that %s refuses", async (_fact, expression, code, rule) => {
    const violations = await refused({ issuer: { validations: [{ expression, message: "x" }] } });
    expect(violations).toMatchObject([{ code, rule }]);
  });

  test("a second common name, which conditions could not see, is refused where there are any", async () => {
    const change: Change = {
      request: { subject: subject("CN=web.demo", "CN=admin") },
      policy: { commonName: anyName },
      issuer: { profile: "General" },
    };
    expect(await refused(change)).toEqual([]);
    const validations = [{ expression: "request.commonName != 'admin'", message: "not this one" }];
    for (const one of [
      { ...change, issuer: { ...change.issuer, validations } },
      { ...change, issuance: { validations } },
    ]) {
      expect((await refused(one)).map(({ code, field, rule }) => `${code} ${field}: ${rule}`)).toEqual([
        "ERR_POLICY_VALIDATION spec.request: subject.CN: 2 common names, and the conditions that hold here see one",
      ]);
    }
  });

  test("a CapstanIssuer's conditions are not evaluated, and those of its authority are", async () => {
    const no = { expression: "false", message: "no" };
    const change: Change = { kind: "CapstanIssuer", issuer: { validations: [no] } };
    expect(await refused(change)).toEqual([]);
    expect(await refused({ ...change, issuance: { validations: [no] } })).toHaveLength(1);
  });

  test.each<[fact: string, rest: Partial<RequestQuestion>, codes: readonly string[]]>([
    [
      "a-namespace-that-the-webhooks-do-not-see",
      { namespaceLabels: () => ({ aws: "allowed", "cert-manager.io/disable-validation": "true" }) },
      ["ERR_POLICY_WEBHOOK"],
    ],
    ["a-namespace-that-is-gone", { namespaceLabels: () => undefined }, ["ERR_POLICY_NAMESPACE"]],
    ["any-namespace-without-webhooks", { webhooks: [] }, ["ERR_POLICY_WEBHOOK"]],
    [
      "a-person-without-a-namespace",
      {
        maker: { username: "alice", groups: [] },
        place: { kind: "CertificateSigningRequest", issuerNamespace: undefined },
      },
      ["ERR_POLICY_CLUSTER_REQUEST", "ERR_POLICY_NAME"],
    ],
  ])("refuses %s", async (_fact, rest, codes) => {
    expect((await refused({}, rest)).map(({ code }) => code)).toEqual(codes);
  });

  test("what the webhooks see does not matter to a Kubernetes CSR", async () => {
    const place = { kind: "CertificateSigningRequest", issuerNamespace: undefined } as const;
    expect(await refused({}, { place, webhooks: [] })).toEqual([]);
  });
});

describe("validateIssuerFully", () => {
  test("shows what is wrong with rules, conditions and webhooks, each with its place", async () => {
    const { issuer, authority } = question({
      policy: { commonName: rule(["**"]) },
      issuer: { validations: [teamA, { expression: "request.foo == 1", message: "x" }] },
      issuance: { validations: [{ expression: "true &&", message: "x" }] },
    });
    const faults = await validateIssuerFully({ issuer, authority, webhooks: [] }, evaluator);
    expect(faults.map(({ field, rule }) => `${field}: ${rule}`)).toMatchInlineSnapshot(`
      [
        "spec.policy.commonName.allow[0]: the label "**" has more than one *",
        "CertificateAuthority: spec.issuance.validations[0].expression: Unexpected token: EOF (line 1, column 8)",
        "spec.validations[1].expression: No such key: foo (line 1, column 9)",
        "cert-manager: no MutatingWebhookConfiguration has a webhook webhook.cert-manager.io: install cert-manager's",
        "cert-manager: no ValidatingWebhookConfiguration has a webhook webhook.cert-manager.io: install cert-manager's",
      ]
    `);
  });

  test("finds nothing wrong with what is right", async () => {
    const { issuer, authority } = question({ issuer: { validations: [teamA, short] } });
    expect(await validateIssuerFully({ issuer, authority, webhooks: chartWebhooks() }, evaluator)).toEqual([]);
  });
});
