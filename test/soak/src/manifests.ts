import { apiVersion } from "@capstan/api";
import type { Anchor } from "./aws.ts";
import { authorityName as name, issuerCommonName, workloadNamespace } from "./places.ts";
import type { Plan } from "./plan.ts";

/** The authority, adopting these trust anchors, and the namespace of the workloads. */
export function authorityManifest(plan: Plan, anchors: readonly Anchor[]): string {
  const { rootDuration, maxLeafDuration, soak } = plan;
  return list(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: workloadNamespace } },
    {
      apiVersion,
      kind: "CertificateAuthority",
      metadata: { name },
      spec: {
        subject: { commonName: issuerCommonName },
        keyAlgorithm: "ECDSA-P256",
        rootDuration,
        maxLeafDuration,
        rotation: { soak, retention: maxLeafDuration, deadline: "2h" },
        issuance: { namespaces: {}, usages: ["digital signature", "client auth"] },
        trustAnchors: anchors.map((anchor) => ({
          name: anchor.name,
          region: anchor.region,
          account: anchor.account,
          arn: anchor.arn,
          publisher: anchor.publisher,
          canary: anchor.canary,
        })),
      },
    },
  );
}

export function issuerManifest({ maxLeafDuration }: Plan): string {
  return list({
    apiVersion,
    kind: "CapstanClusterIssuer",
    metadata: { name },
    spec: {
      caRef: { name },
      defaultDuration: maxLeafDuration,
      policy: { commonName: { allow: ["*.{namespace}"], required: true } },
    },
  });
}

/** What orders a rotation now. */
export function rotateOperation(number: number): object {
  return {
    apiVersion,
    kind: "AuthorityOperation",
    metadata: { name: `rotate-${number}`, namespace: "capstan-system" },
    // The name that the control plane's administrator has.
    spec: { authority: name, kind: "Rotate", requestedBy: "admin" },
  };
}

function list(...items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
