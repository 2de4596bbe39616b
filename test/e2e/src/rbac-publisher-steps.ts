import { conditionOf, eventually, kinds, type Lab, ownNamespace, type Stored } from "./rbac-lab.ts";
import { issueRequest, revokeAnd } from "./rbac-requests.ts";

// What the CRL publisher does for its users.

/** An authority without trust anchors signs at once. */
export async function makeAuthority(lab: Lab, signal: AbortSignal): Promise<void> {
  const name = lab.unique("rbac");
  const fleet = await lab.admin.get<Stored>(kinds.authority, { name: "fleet" });
  const { trustAnchors: _none, ...spec } = fleet.spec ?? {};
  await lab.admin.create<Stored>(kinds.authority, {
    apiVersion: fleet.apiVersion,
    kind: fleet.kind,
    metadata: { name },
    spec: { ...spec, keyAlgorithm: "ECDSA-P256" },
  });
  await eventually(signal, async () =>
    conditionOf(await lab.admin.get<Stored>(kinds.authority, { name }), "Ready")?.status === "True" ? true : undefined,
  );
}

export async function revoke(lab: Lab, signal: AbortSignal, by: "serial" | "issuedCertificate"): Promise<void> {
  const request = await issueRequest(lab, signal);
  const name = request.metadata.uid ?? "";
  const record = await lab.admin.get<Stored>(kinds.record, { namespace: ownNamespace, name });
  const target = { [by]: by === "serial" ? record.spec?.["serial"] : name };
  await revokeAnd(lab, signal, { target }, (revocation) => conditionOf(revocation, "Published")?.status === "True");
}
