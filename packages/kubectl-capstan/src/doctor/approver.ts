import { capstanClusterIssuerResource, capstanIssuerResource } from "@capstan/api";
import { issuerSettings } from "@capstan/issuer-controller/settings";
import type { Observation } from "./check.ts";
import { helmRelease, helmUpgrade } from "./installation.ts";
import { issuerSetting } from "./issuer-settings.ts";
import { type Account, userOf, type World } from "./world.ts";

/** approver-policy's account in its own chart. */
const approverPolicy: Account = { namespace: "cert-manager", name: "cert-manager-approver-policy" };
/** cert-manager's own approver, which the manifests give the right to. */
const certManager: Account = { namespace: "cert-manager", name: "cert-manager" };

const manifest = "deploy/manifests/cert-manager-approval.yaml";

/** Whether the expected approver, or approver-policy where it is installed, may approve for both kinds of issuer. */
export async function approverRightMissing(world: World): Promise<Observation> {
  const expected =
    world.approver === undefined ? await issuerSetting(world, issuerSettings.approver) : [world.approver];
  const hasPolicies = (await world.read("/apis/policy.cert-manager.io/v1alpha1")) !== undefined;
  const approvers = distinct(hasPolicies ? [...expected, approverPolicy] : expected);
  const missing: string[] = [];
  for (const { plural, group } of [capstanClusterIssuerResource, capstanIssuerResource]) {
    const signer = `${plural}.${group}/*`;
    const granted = await Promise.all(approvers.map((approver) => mayApprove(world, approver, signer)));
    if (!granted.includes(true)) missing.push(signer);
  }
  if (missing.length === 0) return [];
  const [first = certManager] = expected;
  // cert-manager's own approver approves whatever it may, past every policy: it gets the right only from who asked for it.
  const passesPolicies = hasPolicies && world.approver === undefined && userOf(first) === userOf(certManager);
  return [
    {
      id: "approver-right-missing",
      subject: approvers.map(({ namespace, name }) => `serviceaccount/${namespace}/${name}`).join(" or "),
      cause: `${approvers.map(userOf).join(" and ")} may not approve for signers ${missing.join(", ")}`,
      cure: await cureFor(passesPolicies ? approverPolicy : first, world),
    },
  ];
}

/** Gives an account the right to approve, and takes it from nobody. */
async function cureFor(approver: Account, world: World): Promise<string> {
  const release = await helmRelease(world);
  if (release === undefined) return approvalCommand(approver);
  const subject = JSON.stringify({ kind: "ServiceAccount", name: approver.name, namespace: approver.namespace });
  return `see that ${subject} is in the chart's value approverRole.subjects, then ${helmUpgrade(release, " --set approverRole.enabled=true")}`;
}

/** The manifest names cert-manager's account; `reconcile` leaves the subjects that are there already. */
export function approvalCommand(approver: Account): string {
  if (userOf(approver) === userOf(certManager)) return `kubectl auth reconcile -f ${manifest}`;
  const edits = (["name", "namespace"] as const).map(
    (field) => `-e 's/^    ${field}: cert-manager$/    ${field}: ${approver[field]}/'`,
  );
  return `sed ${edits.join(" ")} ${manifest} | kubectl auth reconcile -f -`;
}

function distinct(accounts: readonly Account[]): readonly Account[] {
  return [...new Map(accounts.map((account) => [userOf(account), account])).values()];
}

/** https://cert-manager.io/docs/usage/certificaterequest/#rbac-syntax */
async function mayApprove(world: World, approver: Account, name: string): Promise<boolean> {
  return await world.mayDo(approver, { group: "cert-manager.io", resource: "signers", verb: "approve", name });
}
