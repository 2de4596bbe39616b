import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IssuedCertificate } from "@capstan/api";
import { formatName } from "@capstan/ca-core";
import { addLiveLeaves, countRefusedLeaves, namesOfRecord, type LeafReview } from "@capstan/policy";
import { type Change, otherName, question, rule } from "./question.ts";

const now = new Date("2026-11-22T12:00:00Z");

type Spec = IssuedCertificate["spec"];
/** undefined: the record does not have it. */
type LeafChange = { readonly [member in keyof Spec]?: Spec[member] | undefined };

/** Of the quickstart's leaf, which cert-manager asked for. */
const quickstart: Spec = {
  serial: "0a",
  subject: "CN=web.demo",
  notBefore: "2026-11-22T11:00:00Z",
  notAfter: "2026-11-23T11:00:00Z",
  authority: "fleet",
  generation: 1,
  purpose: "Workload",
  issuerKind: "CapstanClusterIssuer",
  issuerName: "fleet",
  requestNamespace: "demo",
  requestKind: "CertificateRequest",
  requester: "system:serviceaccount:cert-manager:cert-manager",
  owner: { kind: "Certificate", name: "web", uid: "x" },
  publicKeySha256: "00",
  certificate: "",
};

function record(change: LeafChange = {}): IssuedCertificate {
  const spec = Object.fromEntries(
    Object.entries({ ...quickstart, ...change }).filter(([, value]) => value !== undefined),
  );
  return {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "IssuedCertificate",
    metadata: { name: "uid-1", namespace: "capstan-system" },
    spec: spec as unknown as Spec,
  };
}

const revoked: IssuedCertificate = {
  ...record(),
  status: { revoked: { at: "2026-11-22T11:00:00Z", reason: "keyCompromise", revocation: "a/b" } },
};

function review(change: Change = {}, rest: Partial<LeafReview> = {}): LeafReview {
  const { issuer, authority } = question(change);
  return {
    issuer: { ...issuer, name: "fleet" },
    authority,
    namespaceLabels: (namespace) => (namespace === "gone" ? undefined : { aws: "allowed" }),
    now,
    ...rest,
  };
}

describe("countRefusedLeaves", () => {
  test("of leaves that are as the policy says it refuses none", () => {
    expect(countRefusedLeaves([record(), record({ subject: "CN=api.demo" })], review())).toEqual({
      checked: 2,
      refused: 0,
    });
  });

  test("counts what an edit would refuse, and shows the first", () => {
    const records = [record({ subject: "CN=web.demo,O=Example" }), record(), record({ subject: "CN=web.demo,O=x" })];
    expect(countRefusedLeaves(records, review())).toEqual({
      checked: 3,
      refused: 2,
      example: {
        record: "uid-1",
        namespace: "demo",
        violation:
          'spec.request: subject.O: "Example": the CapstanClusterIssuer\'s policy has no rule for O; leave it out of the request, or have an administrator add spec.policy.organization (ERR_POLICY_NO_RULE)',
      },
    });
  });

  test.each<[fact: string, leaf: LeafChange, change: Change]>([
    ["a-name", { dnsNames: ["web.other.svc"] }, {}],
    ["an-address", { ipAddresses: ["10.0.0.1"] }, { policy: { ipAddresses: rule(["11.0.0.0/8"]) } }],
    ["an-email-address", { emailAddresses: ["a@example.org"] }, {}],
    ["a-uri", { uris: ["spiffe://a.example/b"] }, {}],
    [
      "an-other-name",
      { otherNames: [otherName("1.2.3.4", "x").value] },
      { issuer: { profile: "General" }, policy: { otherNames: [{ oid: "1.2.3.4", ...rule(["y"]) }] } },
    ],
    ["a-name-that-is-now-required", {}, { policy: { uris: rule(["spiffe://*"], true) } }],
    ["a-namespace-that-is-no-longer-selected", {}, { issuance: { namespaces: { matchLabels: { aws: "no" } } } }],
    ["a-duration", {}, { issuer: { maxDuration: "23h" } }],
    ["an-account-that-is-not-attested", {}, { issuer: { attestation: "ServiceAccount" } }],
    ["what-the-profile-has-not", { subject: "CN=Jürgen" }, { policy: { commonName: rule(["Jürgen"]) } }],
    ["a-requester-without-a-namespace", { requestNamespace: undefined, requester: "alice", owner: undefined }, {}],
  ])("counts %s", (_fact, leaf, change) => {
    expect(countRefusedLeaves([record(leaf)], review(change))).toMatchObject({ checked: 1, refused: 1 });
  });

  test("knows the account and the pod that asked themselves", () => {
    const change: Change = {
      issuer: { attestation: "ServiceAccount" },
      policy: { commonName: rule(["{podName}.{serviceAccount}.{namespace}"]) },
    };
    const pod = {
      subject: "CN=web-0.web.demo",
      requester: "system:serviceaccount:demo:web",
      owner: { kind: "Pod", name: "web-0", uid: "x" },
    } as const;
    expect(countRefusedLeaves([record(pod)], review(change))).toEqual({ checked: 1, refused: 0 });
    const other = record({ ...pod, requester: "system:serviceaccount:demo:api" });
    expect(countRefusedLeaves([other], review(change)).refused).toBe(1);
  });

  test.each<[fact: string, leaf: IssuedCertificate]>([
    ["expired-leaves", record({ notAfter: "2026-11-22T12:00:00Z" })],
    ["revoked-leaves", revoked],
    ["leaves-of-other-issuers", record({ issuerName: "other" })],
    ["leaves-of-the-other-kind", record({ issuerKind: "CapstanIssuer" })],
    ["the-publishers-own", record({ purpose: "CrlSentinel" })],
    ["leaves-of-namespaces-that-are-gone", record({ requestNamespace: "gone" })],
  ])("does not count %s", (_fact, leaf) => {
    expect(countRefusedLeaves([leaf], review({ policy: { commonName: undefined } })).checked).toBe(0);
  });

  test("a CapstanIssuer's leaves are those of its namespace", () => {
    const leaves = [
      record({ issuerKind: "CapstanIssuer" }),
      record({ issuerKind: "CapstanIssuer", requestNamespace: "b" }),
    ];
    const own = review({ kind: "CapstanIssuer" });
    const issuer = { ...own.issuer, namespace: "demo" };
    expect(countRefusedLeaves(leaves, { ...own, issuer }).checked).toBe(1);
  });

  test("pages add up", () => {
    const none = { checked: 1, refused: 0 };
    const some = { checked: 2, refused: 1, example: { record: "x", namespace: "demo", violation: "y" } };
    expect(addLiveLeaves(none, some)).toEqual({ ...some, checked: 3 });
    expect(addLiveLeaves(some, some)).toEqual({ ...some, checked: 4, refused: 2 });
    expect(addLiveLeaves(none, none)).toEqual({ checked: 2, refused: 0 });
  });
});

describe("namesOfRecord", () => {
  test("reads back every subject that ca-core writes", () => {
    const types = fc.constantFrom("CN", "O", "serialNumber", "0.9.2342.19200300.100.1.25");
    const anything = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
      fc.stringMatching(/^[ #,+"\\<>;=a\n0-9]{1,8}$/),
    );
    // A space at an end is in no leaf: every profile refuses it.
    const values = anything.filter((value) => value.trim() === value);
    const attributes = fc.array(fc.record({ type: types, value: values }), { maxLength: 4 });
    fc.assert(
      fc.property(attributes, (subject) => {
        const read = namesOfRecord(record({ subject: formatName(subject) }).spec)?.subject;
        expect(read?.map(({ type, value }) => ({ type, value }))).toEqual(subject);
      }),
      { numRuns: 200 },
    );
  });

  test.each(["web.demo", "=x", "CN", "CN=a,,O=b", "CN=a,O"])("%j is no subject, and says nothing", (subject) => {
    expect(namesOfRecord(record({ subject }).spec)).toBeUndefined();
    expect(countRefusedLeaves([record({ subject })], review())).toEqual({ checked: 1, refused: 0 });
  });
});
