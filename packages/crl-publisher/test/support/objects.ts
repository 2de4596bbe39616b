import { apiVersion, type CertificateAuthority, type IssuedCertificate, type Revocation } from "@capstan/api";
import { formatTime } from "@capstan/kube";

export const now: Date = new Date("2026-11-22T03:00:00Z");
export const minute = 60_000;
export const hour: number = 60 * minute;
export const day: number = 24 * hour;
export const ownNamespace = "capstan-system";

export function after(ms: number): Date {
  return new Date(now.getTime() + ms);
}

export type AnchorSpec = NonNullable<CertificateAuthority["spec"]["trustAnchors"]>[number];

export const prod: AnchorSpec = { name: "prod", region: "eu-central-1", account: "111122223333", create: true };

/** The authority "fleet" as an administrator applied it. */
export function authority(
  change: {
    readonly spec?: Partial<CertificateAuthority["spec"]>;
    readonly status?: CertificateAuthority["status"];
  } = {},
): CertificateAuthority {
  return {
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name: "fleet", uid: "uid-fleet", generation: 1 },
    spec: {
      subject: { commonName: "Example Fleet CA" },
      keyAlgorithm: "ECDSA-P256",
      rootDuration: "8760h",
      maxLeafDuration: "168h",
      issuance: { namespaces: {}, usages: ["client auth"] },
      trustAnchors: [prod],
      ...change.spec,
    },
    ...(change.status === undefined ? {} : { status: change.status }),
  };
}

/** A ledger record of a leaf in namespace demo that is valid for a day more. */
export function record(
  change: {
    readonly name?: string;
    readonly spec?: Partial<IssuedCertificate["spec"]>;
    readonly status?: IssuedCertificate["status"];
  } = {},
): IssuedCertificate {
  return {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: { name: change.name ?? "record-1", namespace: ownNamespace },
    spec: {
      serial: "4f1c",
      subject: "CN=web.demo",
      notBefore: formatTime(after(-hour).getTime()),
      notAfter: formatTime(after(day).getTime()),
      authority: "fleet",
      generation: 1,
      purpose: "Workload",
      requestNamespace: "demo",
      publicKeySha256: "1".repeat(64),
      certificate: "a certificate",
      ...change.spec,
    },
    ...(change.status === undefined ? {} : { status: change.status }),
  };
}

export function revokedAt(
  time: Date,
  reason: "superseded" | "keyCompromise" = "superseded",
): IssuedCertificate["status"] {
  return { revoked: { at: formatTime(time.getTime()), reason, revocation: "demo/first", requestedBy: "alice" } };
}

/** A wish to revoke serial 4f1c, of a tenant in namespace demo. */
export function revocation(
  change: {
    readonly namespace?: string;
    readonly name?: string;
    readonly target?: Revocation["spec"]["target"];
    readonly status?: Revocation["status"];
  } = {},
): Revocation {
  return {
    apiVersion,
    kind: "Revocation",
    metadata: { name: change.name ?? "web", namespace: change.namespace ?? "demo", generation: 1 },
    spec: { target: change.target ?? { serial: "4f1c" }, reason: "keyCompromise", requestedBy: "bob" },
    ...(change.status === undefined ? {} : { status: change.status }),
  };
}
