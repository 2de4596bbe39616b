import { apiVersion, type CertificateAuthority, type IssuedCertificate, type Revocation } from "@capstan/api";

export const serial = "4f1c09ab5566778899aabbccddeeff01";

/** What `revoke` says to who may not read the ledger, of namespace demo. */
export const unseen =
  "note: you may not read the ledger: earlier certificates of the same holder, whose requests cert-manager has deleted, may be valid and are not seen here; whoever may read it (capstan-operator, capstan-viewer) sees them by kubectl capstan list -n demo";

export function record(
  spec: Partial<IssuedCertificate["spec"]> = {},
  more: Partial<IssuedCertificate> = {},
): IssuedCertificate {
  return {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: {
      name: "0a8f5c6e-1111-4222-8333-444455556666",
      namespace: "capstan-system",
      creationTimestamp: "2026-11-22T08:00:00Z",
    },
    spec: {
      serial,
      subject: "CN=web.demo,O=Example Corp",
      notBefore: "2026-11-22T07:59:00Z",
      notAfter: "2026-11-23T08:00:00Z",
      authority: "fleet",
      generation: 1,
      purpose: "Workload",
      issuerKind: "CapstanClusterIssuer",
      issuerName: "fleet",
      requestNamespace: "demo",
      requestName: "web-1",
      requester: "system:serviceaccount:cert-manager:cert-manager",
      publicKeySha256: "c".repeat(64),
      certificate: "-----BEGIN CERTIFICATE-----",
      ...spec,
    },
    ...more,
  };
}

export function revocation(
  name: string,
  spec: Partial<Revocation["spec"]> = {},
  status?: Revocation["status"],
): Revocation {
  return {
    apiVersion,
    kind: "Revocation",
    metadata: { name, namespace: "demo", uid: `uid-of-${name}`, creationTimestamp: "2026-11-22T09:58:00Z" },
    spec: { target: { serial }, reason: "keyCompromise", requestedBy: "alice", ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

export function condition(
  type: string,
  status: "True" | "False" | "Unknown",
  reason: string,
  message?: string,
): NonNullable<NonNullable<Revocation["status"]>["conditions"]>[number] {
  const lastTransitionTime = "2026-11-22T09:59:30Z";
  return { type, status, reason, lastTransitionTime, ...(message === undefined ? {} : { message }) };
}

const rootOne = "9f86d081884c7d65".padEnd(64, "1");

export function authority(status?: CertificateAuthority["status"], name = "fleet"): CertificateAuthority {
  return {
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name, generation: 3 },
    spec: {
      subject: { commonName: "Example Fleet CA" },
      keyAlgorithm: "RSA-2048",
      rootDuration: "8760h",
      maxLeafDuration: "168h",
      issuance: { namespaces: {}, usages: ["client auth"] },
    },
    ...(status === undefined ? {} : { status }),
  };
}

/** One generation, one joined trust anchor, all well. */
export const healthy: NonNullable<CertificateAuthority["status"]> = {
  observedGeneration: 3,
  activeGeneration: 1,
  notAfter: "2027-11-22T07:00:00Z",
  generations: [
    {
      number: 1,
      phase: "Active",
      fingerprint: rootOne,
      notBefore: "2026-11-22T07:00:00Z",
      notAfter: "2027-11-22T07:00:00Z",
      crl: { number: 17, thisUpdate: "2026-11-22T07:00:00Z", nextUpdate: "2026-12-22T07:00:00Z", entries: 4 },
    },
  ],
  trustAnchors: [
    {
      name: "prod",
      arn: "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/2f6b4f0e-0000-4000-8000-000000000001",
      joined: true,
      bundle: [rootOne],
      crls: [{ generation: 1, id: "crl-1", number: 17 }],
      readAt: "2026-11-22T09:59:48Z",
    },
  ],
  conditions: [condition("Ready", "True", "Issuing", "generation 1 signs")],
};
