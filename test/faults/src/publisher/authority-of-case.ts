import { apiVersion, type CertificateAuthority } from "@capstan/api";
import type { Anchor } from "../../../soak/src/aws.ts";
import { issuerCommonName } from "../../../soak/src/places.ts";

/** An authority by the times of the cases, as Go durations of the run's time. */
export function authorityManifest(given: {
  readonly name: string;
  readonly anchors: readonly Anchor[];
  readonly maxLeafDuration: string;
  readonly soak: string;
}): CertificateAuthority {
  const { name, anchors, maxLeafDuration, soak } = given;
  return {
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name },
    spec: {
      subject: { commonName: issuerCommonName },
      keyAlgorithm: "ECDSA-P256",
      rootDuration: "96h",
      maxLeafDuration,
      rotation: { soak, retention: "10m", deadline: "24h", leadTime: "8h" },
      issuance: { namespaces: {}, usages: ["digital signature", "client auth"] },
      trustAnchors: anchors.map(({ name: anchor, region, account, arn, publisher, canary }) => ({
        name: anchor,
        region,
        account,
        arn,
        publisher,
        canary,
      })),
    },
  };
}

/**
 * Authorities are not namespaced, and every publisher sees every one and every Revocation. With this each sees its own: so many of
 * them share a control plane.
 *
 * @param target of a request to the API server
 * @param name of the authority and of its namespace
 */
export function onlyOwn(target: string, name: string): string {
  const url = new URL(target, "http://api");
  const kinds = `/apis/${apiVersion}`;
  if (url.pathname === `${kinds}/certificateauthorities`) {
    url.searchParams.set("fieldSelector", `metadata.name=${name}`);
  }
  if (url.pathname === `${kinds}/revocations`) url.pathname = `${kinds}/namespaces/${name}/revocations`;
  return `${url.pathname}${url.search}`;
}
