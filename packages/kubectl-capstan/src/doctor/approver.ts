import { capstanClusterIssuerResource, capstanIssuerResource } from "@capstan/api";
import type { Observation } from "./check.ts";
import { type Account, userOf, type World } from "./world.ts";

/** approver-policy's account in its own chart. */
const approverPolicy: Account = { namespace: "cert-manager", name: "cert-manager-approver-policy" };

/** Whether the expected approver, or approver-policy where it is installed, may approve for both kinds of issuer. */
export async function approverRightMissing(world: World): Promise<Observation> {
  const hasPolicies = (await world.read("/apis/policy.cert-manager.io/v1alpha1")) !== undefined;
  const approvers = hasPolicies ? [world.approver, approverPolicy] : [world.approver];
  const missing: string[] = [];
  for (const { plural, group } of [capstanClusterIssuerResource, capstanIssuerResource]) {
    const signer = `${plural}.${group}/*`;
    const granted = await Promise.all(approvers.map((approver) => mayApprove(world, approver, signer)));
    if (!granted.includes(true)) missing.push(signer);
  }
  if (missing.length === 0) return [];
  return [
    {
      id: "approver-right-missing",
      subject: approvers.map(({ namespace, name }) => `serviceaccount/${namespace}/${name}`).join(" or "),
      cause: `${approvers.map(userOf).join(" and ")} may not approve for signers ${missing.join(", ")}`,
      cure: "kubectl apply -f deploy/manifests/cert-manager-approval.yaml",
    },
  ];
}

/** https://cert-manager.io/docs/usage/certificaterequest/#rbac-syntax */
async function mayApprove(world: World, approver: Account, name: string): Promise<boolean> {
  return await world.mayDo(approver, { group: "cert-manager.io", resource: "signers", verb: "approve", name });
}
