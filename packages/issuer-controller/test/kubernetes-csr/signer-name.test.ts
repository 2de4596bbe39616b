import { describe, expect, test } from "vitest";
import { issuerOfSignerName } from "../../src/kubernetes-csr/signer-name.ts";

describe("a signer name is not ours", () => {
  test.each<[fact: string, signerName: string]>([
    ["empty", ""],
    ["kubernetes-own", "kubernetes.io/kube-apiserver-client"],
    ["cert-managers-issuer", "issuers.cert-manager.io/demo.web"],
    ["unknown-issuer-type-identifier", "certificateauthorities.capstan.dev/fleet"],
    ["a-kind-in-place-of-its-plural", "capstanclusterissuer.capstan.dev/fleet"],
    ["a-plural-in-upper-case", "CapstanClusterIssuers.capstan.dev/fleet"],
    ["a-subdomain-of-our-group", "capstanclusterissuers.x.capstan.dev/fleet"],
    ["our-group-under-another-domain", "capstanclusterissuers.capstan.dev.evil/fleet"],
    ["no-slash", "capstanclusterissuers.capstan.dev"],
    ["two-slashes", "capstanclusterissuers.capstan.dev/fleet/more"],
    ["cluster-issuer-with-empty-name", "capstanclusterissuers.capstan.dev/"],
    ["namespaced-without-a-dot", "capstanissuers.capstan.dev/web"],
    ["namespaced-with-empty-namespace", "capstanissuers.capstan.dev/.web"],
    ["namespaced-with-empty-name", "capstanissuers.capstan.dev/demo."],
    ["a-name-that-every-object-has", "constructor/fleet"],
  ])("%s", (_fact, signerName) => {
    expect(issuerOfSignerName(signerName)).toBeUndefined();
  });
});

describe("a signer name means", () => {
  test("a-cluster-issuer", () => {
    const issuer = issuerOfSignerName("capstanclusterissuers.capstan.dev/fleet");
    expect(issuer).toEqual({ kind: "CapstanClusterIssuer", name: "fleet" });
  });

  test("a-cluster-issuer-with-dot-in-name", () => {
    const issuer = issuerOfSignerName("capstanclusterissuers.capstan.dev/fleet.example.org");
    expect(issuer).toEqual({ kind: "CapstanClusterIssuer", name: "fleet.example.org" });
  });

  test("a-namespaced-issuer", () => {
    const issuer = issuerOfSignerName("capstanissuers.capstan.dev/demo.web");
    expect(issuer).toEqual({ kind: "CapstanIssuer", namespace: "demo", name: "web" });
  });

  test("a-namespaced-issuer-with-dots-in-its-name-since-namespaces-have-none", () => {
    const issuer = issuerOfSignerName("capstanissuers.capstan.dev/demo.web.example.org");
    expect(issuer).toEqual({ kind: "CapstanIssuer", namespace: "demo", name: "web.example.org" });
  });
});
