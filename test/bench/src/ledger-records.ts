import { randomBytes } from "node:crypto";
import { apiVersion, authorityLabel, type IssuedCertificate, notAfterLabel } from "@capstan/api";

/** Base64 characters in the PEM of a leaf as deploy/examples ask for it: 1,120 with an RSA-2048 key under an RSA-2048 root. */
const certificateBytes = 840;

/**
 * A record of the size of the issuer's own: every field that a Certificate of cert-manager fills, and as many bytes of
 * certificate. Names and certificate are random: what repeats itself would flatter whatever compresses.
 */
export function ledgerRecord(index: number, notAfter: Date): IssuedCertificate {
  const hex = (bytes: number): string => randomBytes(bytes).toString("hex");
  const uid = [8, 4, 4, 4, 12].map((digits) => hex(digits / 2)).join("-");
  const namespace = `team-${index % 200}`;
  const name = `web-${index}`;
  const certificate = randomBytes(certificateBytes).toString("base64").replaceAll(/.{64}/g, "$&\n");
  return {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: {
      name: uid,
      namespace: "capstan-system",
      labels: { [authorityLabel]: "fleet", [notAfterLabel]: String(Math.floor(notAfter.getTime() / 1000)) },
    },
    spec: {
      serial: `4${hex(16).slice(1)}`,
      subject: `CN=${name}.${namespace},O=Example Corp`,
      commonName: `${name}.${namespace}`,
      dnsNames: [`${name}.${namespace}.svc`],
      uris: [`spiffe://example.org/ns/${namespace}/sa/${name}`],
      notBefore: time(notAfter.getTime() - 86_400_000),
      notAfter: time(notAfter.getTime()),
      authority: "fleet",
      generation: 1,
      purpose: "Workload",
      issuerKind: "CapstanClusterIssuer",
      issuerName: "fleet",
      issuerGeneration: 1,
      requestNamespace: namespace,
      requestKind: "CertificateRequest",
      requestName: `${name}-1`,
      owner: { kind: "Certificate", name, uid },
      requestHash: hex(32),
      requester: "system:serviceaccount:cert-manager:cert-manager",
      publicKeySha256: hex(32),
      certificate: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
    },
  };
}

function time(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
