import { apiGroup } from "@capstan/api";
import type { Check, Finding } from "./check.ts";
import { upgradeInPlace } from "./installation.ts";
import { type CsiDriver, csiDriverResource, type Pod, podResource } from "./resources.ts";
import { userOf } from "./world.ts";

/** cert-manager's csi-driver: https://cert-manager.io/docs/usage/csi-driver/ */
const driverName = "csi.cert-manager.io";

/** More service accounts than anybody reads findings about. */
const maxAccounts = 50;

export const csiDriver: Check = {
  id: "csi-driver",
  group: "Cluster",
  title: "csi-driver asks in the pods' names where that is demanded, and they may ask",
  reads: "get csidrivers, list pods, create subjectaccessreviews",
  needs: ["cert-manager", "capstan-crds"],
  run: async (world) => {
    const driver = await world.get<CsiDriver>(csiDriverResource, { name: driverName });
    if (driver === undefined) return [];
    const hasTokens = (driver.spec?.tokenRequests ?? []).length > 0;
    if (!hasTokens) {
      const demanding = (await world.issuers()).filter(({ spec }) => spec.attestation === "ServiceAccount");
      return demanding.map(({ kind, metadata: { name }, spec }): Finding => ({
        id: "csi-token-requests-missing",
        subject: `${kind.toLowerCase()}/${name}`,
        authority: spec.caRef.name,
        cause: `${kind} ${name} demands the pod's own service account, and CSIDriver ${driverName} has no tokenRequests`,
        cure: upgradeInPlace(driver, "cert-manager-csi-driver", " --set app.driver.useTokenRequest=true"),
      }));
    }
    const accounts = accountsOf(await world.list<Pod>(podResource)).slice(0, maxAccounts);
    const findings = await Promise.all(
      accounts.map(async (account): Promise<readonly Finding[]> => {
        const { namespace, name } = account;
        const may = await world.mayDo(account, {
          group: "cert-manager.io",
          resource: "certificaterequests",
          verb: "create",
          namespace,
        });
        if (may) return [];
        return [
          {
            id: "csi-account-right-missing",
            subject: `serviceaccount/${namespace}/${name}`,
            cause: `a pod mounts ${driverName}, which asks in its name, and ${userOf(account)} may not create certificaterequests.cert-manager.io`,
            cure: `kubectl create role csi-requester -n ${namespace} --verb=create --resource=certificaterequests.cert-manager.io && kubectl create rolebinding csi-requester -n ${namespace} --role=csi-requester --serviceaccount=${namespace}:${name}`,
          },
        ];
      }),
    );
    return findings.flat();
  },
};

/** Service accounts of pods that mount a leaf of ours, each once. */
function accountsOf(pods: readonly Pod[]): readonly { readonly namespace: string; readonly name: string }[] {
  const found = new Map<string, { readonly namespace: string; readonly name: string }>();
  for (const { metadata, spec } of pods) {
    const mounts = (spec?.volumes ?? []).some(
      ({ csi }) =>
        csi?.driver === driverName && csi.volumeAttributes?.["csi.cert-manager.io/issuer-group"] === apiGroup,
    );
    const account = { namespace: metadata.namespace ?? "", name: spec?.serviceAccountName ?? "default" };
    if (mounts) found.set(userOf(account), account);
  }
  return [...found.values()];
}
