import { describe, expect, test } from "vitest";
import { attestRequester, decide, type RequestMaker, type RequestPlace } from "@capstan/policy";
import { question, rule, subject } from "./question.ts";

function account(namespace: string, name: string, extra?: RequestMaker["extra"]): RequestMaker {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    extra,
  };
}

const admin: RequestMaker = { username: "alice", groups: ["system:masters", "system:authenticated"] };
const inDemo: RequestPlace = { kind: "CertificateRequest", namespace: "demo" };
const podName = "authentication.kubernetes.io/pod-name";

describe("attestRequester", () => {
  test.each<[fact: string, maker: RequestMaker, place: RequestPlace, expected: object]>([
    [
      "a-service-account-in-its-own-namespace-is-attested",
      account("demo", "web"),
      inDemo,
      { namespace: "demo", serviceAccount: "web" },
    ],
    [
      "with-the-pod-that-its-token-is-bound-to",
      account("demo", "web", { [podName]: ["web-7f9c"] }),
      inDemo,
      { namespace: "demo", serviceAccount: "web", podName: "web-7f9c" },
    ],
    [
      "two-pods-are-none",
      account("demo", "web", { [podName]: ["a", "b"] }),
      inDemo,
      { namespace: "demo", serviceAccount: "web" },
    ],
    [
      "a-service-account-of-another-namespace-is-not",
      account("prod", "web"),
      inDemo,
      {
        namespace: "demo",
        unattested: "system:serviceaccount:prod:web made it from another namespace",
      },
    ],
    ["a-person-is-not", admin, inDemo, { namespace: "demo", unattested: "it was not made by a service account" }],
    [
      "a-pod-name-that-a-person-claims-is-not",
      { ...admin, extra: { [podName]: ["web-7f9c"] } },
      inDemo,
      { namespace: "demo", unattested: "it was not made by a service account" },
    ],
    [
      "a-user-name-that-only-looks-like-a-service-account-is-not",
      { username: "system:serviceaccount:demo:web", groups: ["system:authenticated"] },
      inDemo,
      { namespace: "demo", unattested: "it was not made by a service account" },
    ],
    [
      "more-parts-than-a-service-account-has-are-not",
      { username: "system:serviceaccount:demo:web:x", groups: ["system:serviceaccounts:demo"] },
      inDemo,
      { namespace: "demo", unattested: "it was not made by a service account" },
    ],
    [
      "cert-manager-in-its-own-namespace-is-not",
      account("cert-manager", "cert-manager"),
      { kind: "CertificateRequest", namespace: "cert-manager" },
      {
        namespace: "cert-manager",
        unattested: "system:serviceaccount:cert-manager:cert-manager makes requests for others",
      },
    ],
    [
      "csi-driver-without-token-requests-in-its-own-namespace-is-not",
      account("cert-manager", "cert-manager-csi-driver"),
      { kind: "CertificateRequest", namespace: "cert-manager" },
      {
        namespace: "cert-manager",
        unattested: "system:serviceaccount:cert-manager:cert-manager-csi-driver makes requests for others",
      },
    ],
    [
      "a-cert-manager-of-another-name-is-not-in-its-own-namespace-either",
      account("certs", "my-release"),
      { kind: "CertificateRequest", namespace: "certs", annotations: { "cert-manager.io/certificate-name": "web" } },
      { namespace: "certs", unattested: "cert-manager made it for a Certificate" },
    ],
    // Kubernetes CSRs
    [
      "a-service-accounts-csr-counts-for-its-namespace",
      account("demo", "web"),
      { kind: "CertificateSigningRequest", issuerNamespace: undefined },
      { namespace: "demo", serviceAccount: "web" },
    ],
    [
      "a-persons-csr-counts-for-no-namespace",
      admin,
      { kind: "CertificateSigningRequest", issuerNamespace: undefined },
      { namespace: undefined, unattested: "it was not made by a service account" },
    ],
    [
      "a-csr-to-a-namespaced-issuer-counts-for-that-namespace",
      admin,
      { kind: "CertificateSigningRequest", issuerNamespace: "demo" },
      { namespace: "demo", unattested: "it was not made by a service account" },
    ],
    [
      "a-service-account-of-another-namespace-is-not-attested-there",
      account("prod", "web"),
      { kind: "CertificateSigningRequest", issuerNamespace: "demo" },
      { namespace: "demo", unattested: "system:serviceaccount:prod:web made it from another namespace" },
    ],
  ])("%s", (_fact, maker, place, expected) => {
    expect(attestRequester(maker, place)).toEqual({ unattested: undefined, ...expected });
  });

  test("proxies of other names can be given", () => {
    const proxies = ["system:serviceaccount:demo:web"];
    expect(attestRequester(account("demo", "web"), inDemo, proxies).serviceAccount).toBeUndefined();
  });
});

describe("an issuer with attestation ServiceAccount", () => {
  const ask = (requester: object) =>
    decide(
      question({
        issuer: { attestation: "ServiceAccount" },
        policy: { commonName: rule(["{serviceAccount}.{namespace}"], true) },
        request: { subject: subject("CN=web.demo") },
        requester,
      }),
    );

  test("gives a service account its name", () => {
    expect(ask(attestRequester(account("demo", "web"), inDemo)).ok).toBe(true);
  });

  test.each<[fact: string, maker: RequestMaker, place: RequestPlace, codes: readonly string[]]>([
    ["another-account's-name", account("demo", "api"), inDemo, ["ERR_POLICY_NAME"]],
    [
      "a-name-to-cert-manager",
      account("cert-manager", "cert-manager"),
      inDemo,
      ["ERR_POLICY_ATTESTATION", "ERR_POLICY_NAME"],
    ],
    ["a-name-to-a-person", admin, inDemo, ["ERR_POLICY_ATTESTATION", "ERR_POLICY_NAME"]],
    ["a-name-to-an-account-with-a-dot", account("demo", "a.web"), inDemo, ["ERR_POLICY_NAME"]],
  ])("refuses %s", (_fact, maker, place, codes) => {
    const decision = ask(attestRequester(maker, place));
    expect(decision.ok ? [] : decision.violations.map(({ code }) => code)).toEqual(codes);
  });

  test("tells why nobody is attested", () => {
    const decision = ask(attestRequester(account("cert-manager", "cert-manager"), inDemo));
    expect(decision.ok ? "" : decision.violations.map(({ rule, cure }) => `${rule}; ${cure}`).join("\n"))
      .toMatchInlineSnapshot(`
      "the CapstanClusterIssuer issues to service accounts that ask themselves, and of this request none is attested: system:serviceaccount:cert-manager:cert-manager makes requests for others; ask with the pod's own token: csi-driver with token requests does
      "web.demo": spec.policy.commonName of the CapstanClusterIssuer does not allow this CN to namespace demo; it allows "{serviceAccount}.{namespace}", where {serviceAccount} is known only of a service account that made the request itself"
    `);
  });
});

describe("a requester without a namespace", () => {
  const requester = { namespace: undefined, namespaceLabels: {} };
  const codes = (change: Parameters<typeof question>[0]): readonly string[] => {
    const decision = decide(question({ requester, policy: { commonName: rule(["node-*"]) }, ...change }));
    return decision.ok ? [] : decision.violations.map(({ code }) => code);
  };
  const open = { issuer: { clusterRequests: true }, issuance: { clusterRequests: true } };
  const request = { subject: subject("CN=node-1") };

  test("is served where cluster issuer and authority both say so", () => {
    expect(codes({ ...open, request })).toEqual([]);
  });

  test.each<[fact: string, change: Parameters<typeof question>[0], expected: readonly string[]]>([
    ["neither-says-so", {}, ["ERR_POLICY_CLUSTER_REQUEST"]],
    ["the-authority-does-not", { issuer: open.issuer }, ["ERR_POLICY_CLUSTER_REQUEST"]],
    ["the-issuer-does-not", { issuance: open.issuance }, ["ERR_POLICY_CLUSTER_REQUEST"]],
    ["the-issuer-is-namespaced", { ...open, kind: "CapstanIssuer" }, ["ERR_POLICY_CLUSTER_REQUEST"]],
  ])("is refused where %s", (_fact, change, expected) => {
    expect(codes({ ...change, request })).toEqual(expected);
  });

  test("has no name that a placeholder stands in", () => {
    for (const name of ["a.undefined", "a.", "a.{namespace}"]) {
      const policy = { commonName: rule(["*.{namespace}"]) };
      expect(codes({ ...open, policy, request: { subject: subject(`CN=${name}`) } })).toContain("ERR_POLICY_NAME");
    }
  });
});

test("a namespace that cert-manager's webhooks do not see is refused", () => {
  const decision = decide(question({ requester: { unseenBy: ["ValidatingWebhookConfiguration x: a=b"] } }));
  expect(decision.ok ? [] : decision.violations.map(({ code }) => code)).toEqual(["ERR_POLICY_WEBHOOK"]);
});
