import { describe, expect, test } from "vitest";
import {
  type CertificateRequest,
  conditionOf,
  isTrue,
  issuanceOfCertificateRequest,
  issuerOfCertificateRequest,
} from "../../src/requests/certificate-request.ts";
import { approved, request } from "../support/objects.ts";

type IssuerRef = CertificateRequest["spec"]["issuerRef"];

describe("the issuer that a request names", () => {
  test.each<[fact: string, issuerRef: IssuerRef]>([
    ["no-group-is-cert-managers-own", { name: "fleet", kind: "CapstanIssuer" }],
    ["an-empty-group-is-cert-managers-own", { name: "fleet", kind: "CapstanClusterIssuer", group: "" }],
    ["cert-managers-group", { name: "fleet", kind: "Issuer", group: "cert-manager.io" }],
    ["another-group-with-a-kind-of-ours", { name: "fleet", kind: "CapstanIssuer", group: "awspca.cert-manager.io" }],
    ["a-subdomain-of-our-group", { name: "fleet", kind: "CapstanIssuer", group: "x.capstan.dev" }],
    ["our-group-in-upper-case", { name: "fleet", kind: "CapstanIssuer", group: "Capstan.dev" }],
    ["an-unknown-kind", { name: "fleet", kind: "Issuer", group: "capstan.dev" }],
    ["a-kind-in-lower-case", { name: "fleet", kind: "capstanissuer", group: "capstan.dev" }],
    ["a-plural", { name: "fleet", kind: "CapstanIssuers", group: "capstan.dev" }],
    ["a-kind-of-ours-that-issues-nothing", { name: "fleet", kind: "CertificateAuthority", group: "capstan.dev" }],
    ["a-name-that-every-object-has", { name: "fleet", kind: "constructor", group: "capstan.dev" }],
  ])("is not ours: %s", (_fact, issuerRef) => {
    expect(issuerOfCertificateRequest(request({ spec: { issuerRef } }))).toBeUndefined();
  });

  test.each<[fact: string, kind: string | undefined, expected: string]>([
    ["no-kind-is-the-namespaced-one", undefined, "CapstanIssuer"],
    ["an-empty-kind-is-the-namespaced-one", "", "CapstanIssuer"],
    ["the-namespaced-kind", "CapstanIssuer", "CapstanIssuer"],
    ["the-clusters-kind", "CapstanClusterIssuer", "CapstanClusterIssuer"],
  ])("is ours: %s", (_fact, kind, expected) => {
    const issuerRef = { name: "fleet", group: "capstan.dev", ...(kind === undefined ? {} : { kind }) };
    expect(issuerOfCertificateRequest(request({ spec: { issuerRef } }))).toEqual({
      kind: expected,
      name: "fleet",
      // In no other namespace than the request's.
      ...(expected === "CapstanIssuer" ? { namespace: "demo" } : {}),
    });
  });
});

describe("the owner that the ledger records", () => {
  type Reference = NonNullable<CertificateRequest["metadata"]["ownerReferences"]>[number];
  const certificate: Reference = { apiVersion: "cert-manager.io/v1", kind: "Certificate", name: "web", uid: "uid-web" };
  const pod: Reference = { apiVersion: "v1", kind: "Pod", name: "web-7f9c", uid: "uid-pod" };
  const ownerOf = (...ownerReferences: Reference[]) =>
    issuanceOfCertificateRequest(request({ metadata: { ownerReferences } }), {
      kind: "CapstanClusterIssuer",
      name: "fleet",
    }).owner;

  test("is a Certificate, or a pod", () => {
    expect(ownerOf(certificate)).toEqual({ kind: "Certificate", name: "web", uid: "uid-web" });
    expect(ownerOf({ ...certificate, kind: "Secret" }, pod)).toEqual({ kind: "Pod", name: "web-7f9c", uid: "uid-pod" });
  });

  test.each<[fact: string, change: Partial<Reference>]>([
    ["a-name-with-a-slash", { name: "x/y" }],
    ["a-name-of-300-characters", { name: "a".repeat(300) }],
    ["a-name-in-upper-case", { name: "Web" }],
    ["a-path", { name: "../web" }],
    ["no-name", { name: "" }],
    ["a-uid-of-65-characters", { uid: "u".repeat(65) }],
    ["no-uid", { uid: "" }],
    ["another-api", { apiVersion: "example.com/v1" }],
  ])("is none with %s", (_fact, change) => {
    expect(ownerOf({ ...certificate, ...change }, { ...pod, ...change })).toBeUndefined();
  });
});

describe("a condition is true", () => {
  test.each<[fact: string, status: CertificateRequest["status"], expected: boolean]>([
    ["not-without-status", {}, false],
    ["not-without-the-type", { conditions: [{ ...approved, type: "Denied" }] }, false],
    ["not-when-false", { conditions: [{ ...approved, status: "False" }] }, false],
    ["not-when-unknown", { conditions: [{ ...approved, status: "Unknown" }] }, false],
    ["when-true", { conditions: [approved] }, true],
  ])("%s", (_fact, status, expected) => {
    expect(isTrue(request({ status }), "Approved")).toBe(expected);
  });

  test("and is found by its type alone", () => {
    expect(conditionOf(request(), "Approved")).toEqual(approved);
    expect(conditionOf(request(), "approved")).toBeUndefined();
  });
});
