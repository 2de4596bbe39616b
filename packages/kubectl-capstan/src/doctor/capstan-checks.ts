import type { KubeObject } from "@capstan/kube";
import { formatLength } from "../output/human-time.ts";
import type { Check, Finding } from "./check.ts";
import { admissionPolicies, policyFile, restorePolicy, restoreRights, rightsFile } from "./installation.ts";
import { programRights } from "./program-rights.ts";
import {
  type AdmissionBinding,
  admissionBindingResource,
  admissionPolicyResource,
  type Lease,
  leaseResource,
  type Pod,
  podResource,
} from "./resources.ts";
import { type ResourceAttributes, userOf } from "./world.ts";

/** The programs that hold a lease, which has their name. */
const leaders = ["issuer-controller", "crl-publisher"] as const;

/** Whether Capstan itself runs as it was installed. */
export const capstanChecks: readonly Check[] = [
  {
    id: "capstan-rights",
    group: "Capstan",
    title: "Capstan's programs have the rights of their manifests",
    reads: "create subjectaccessreviews",
    needs: ["capstan-crds"],
    run: async (world) => {
      const missing = await Promise.all(
        programRights.map(async ({ account, isNamespaced, ...attributes }) => {
          const namespace = world.capstanNamespace;
          const asked = isNamespaced ? { ...attributes, namespace } : attributes;
          return (await world.mayDo({ namespace, name: account }, asked))
            ? []
            : [{ account, text: describeRight(asked) }];
        }),
      );
      const byAccount = Map.groupBy(missing.flat(), ({ account }) => account);
      return await Promise.all(
        [...byAccount].map(async ([account, rights]): Promise<Finding> => ({
          id: "controller-right-missing",
          subject: `serviceaccount/${world.capstanNamespace}/${account}`,
          cause: `${userOf({ namespace: world.capstanNamespace, name: account })} may not ${shorten(rights.map(({ text }) => text))}`,
          cure: await restoreRights(world, rightsFile(account)),
        })),
      );
    },
  },
  {
    id: "admission-policies",
    group: "Capstan",
    title: "nobody can write another's name into an order",
    reads: "list validatingadmissionpolicies and validatingadmissionpolicybindings",
    run: async (world) => {
      const [policies, bindings] = await Promise.all([
        world.list(admissionPolicyResource),
        world.list<AdmissionBinding>(admissionBindingResource),
      ]);
      const findings = await Promise.all(
        admissionPolicies.map(async (name): Promise<readonly Finding[]> => {
          const fault = policyFault(name, policies, bindings);
          if (fault === undefined) return [];
          const subject = `validatingadmissionpolicy/${name}`;
          const { cause, cure = await restorePolicy(world, policyFile(name)) } = fault;
          return [{ id: "admission-policy-missing", subject, cause, cure }];
        }),
      );
      return findings.flat();
    },
  },
  {
    id: "capstan-pods",
    group: "Capstan",
    title: "Capstan's pods stay up",
    reads: "list pods in Capstan's namespace",
    after: ["capstan-rights", "capstan-crds"],
    run: async (world) =>
      (await world.list<Pod>(podResource, { namespace: world.capstanNamespace })).flatMap(podFindings),
  },
  {
    id: "capstan-leaders",
    group: "Capstan",
    title: "each program has a leader at work",
    reads: "get leases in Capstan's namespace",
    // A lease is renewed by its holder's clock.
    after: ["api-clock", "capstan-rights", "capstan-crds", "capstan-pods"],
    run: async (world) => {
      const found = await Promise.all(
        leaders.map(async (name): Promise<readonly Finding[]> => {
          const lease = await world.get<Lease>(leaseResource, { namespace: world.capstanNamespace, name });
          const fault = leaseFault(lease, world.now());
          if (fault === undefined) return [];
          return [
            {
              id: "no-leader",
              subject: `lease/${name}`,
              cause: `${name} is not at work: ${fault}`,
              cure: `kubectl get pods -n ${world.capstanNamespace} -l app.kubernetes.io/name=${name}; kubectl logs -n ${world.capstanNamespace} deployment/${name}`,
            },
          ];
        }),
      );
      return found.flat();
    },
  },
];

function leaseFault(lease: Lease | undefined, now: number): string | undefined {
  if (lease === undefined) return "its lease was never taken";
  const { holderIdentity = "", leaseDurationSeconds = 0, renewTime = "" } = lease.spec ?? {};
  if (holderIdentity === "") return "nobody holds its lease";
  const silentMs = now - Date.parse(renewTime);
  // Twice its duration: the next one may be about to take it.
  if (silentMs <= 2 * leaseDurationSeconds * 1000) return undefined;
  return `${holderIdentity} has not renewed its lease for ${formatLength(silentMs)}`;
}

/** What is wrong with a policy; it takes the policy anew where no other cure is named. */
function policyFault(
  name: string,
  policies: readonly KubeObject[],
  bindings: readonly AdmissionBinding[],
): { readonly cause: string; readonly cure?: string } | undefined {
  if (!policies.some(({ metadata }) => metadata.name === name)) {
    return { cause: `there is no ValidatingAdmissionPolicy ${name}` };
  }
  const binding = bindings.find(({ spec }) => spec?.policyName === name);
  if (binding === undefined) {
    return { cause: `nothing binds ValidatingAdmissionPolicy ${name}, so it is never asked` };
  }
  if (binding.spec?.validationActions?.includes("Deny") === true) return undefined;
  // An apply would merge the two lists, and the API server takes no Deny beside a Warn.
  const change = `'{"spec":{"validationActions":["Deny"]}}'`;
  return {
    cause: `ValidatingAdmissionPolicyBinding ${binding.metadata.name} does not deny`,
    cure: `kubectl patch validatingadmissionpolicybinding ${binding.metadata.name} --type=merge -p ${change}`,
  };
}

/** Of a container that waits, reasons that pass by themselves. */
const passing = new Set(["ContainerCreating", "PodInitializing"]);

function podFindings({ metadata: { name, namespace = "" }, status }: Pod): readonly Finding[] {
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
  const waiting = (status?.containerStatuses ?? [])
    .map(({ state }) => state?.waiting)
    .find((reason) => reason !== undefined && !passing.has(reason.reason ?? ""));
  const [words, reason] = waiting === undefined ? ["is not scheduled", unscheduled] : ["does not run", waiting];
  if (reason === undefined) return [];
  return [
    {
      id: "capstan-pod-fails",
      subject: `pod/${namespace}/${name}`,
      cause: `pod ${name} ${words}: ${reason.reason ?? ""}: ${reason.message ?? ""}`,
      cure: `kubectl describe pod ${name} -n ${namespace}; kubectl logs ${name} -n ${namespace} --previous`,
    },
  ];
}

function describeRight({ group, resource, subresource, verb, name, namespace }: ResourceAttributes): string {
  const path = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined ? "" : ` in namespace ${namespace}`;
  return `${verb} ${group === "" ? path : `${path}.${group}`}${name === undefined ? "" : ` ${name}`}${where}`;
}

/** The first few; who lacks many lacks a whole role. */
function shorten(texts: readonly string[]): string {
  const shown = 3;
  const more = texts.length - shown;
  return `${texts.slice(0, shown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
