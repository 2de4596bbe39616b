import { defaultNamespace } from "@capstan/api";
import type { KubeObject } from "@capstan/kube";
import { admissionBindingResource, admissionPolicyResource } from "./resources.ts";
import { Unreadable } from "./unreadable.ts";
import type { World } from "./world.ts";

/** ValidatingAdmissionPolicies, whose bindings have the same names. */
export const admissionPolicies = [
  "capstan-operation-requested-by",
  "capstan-publisher-writes-no-spec",
  "capstan-revocation-requested-by",
] as const;

/** A release of Helm's, as it writes itself onto each object. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
}

/**
 * The release that Capstan was installed by; undefined without Helm. It is read from the admission policies, which every
 * installation has.
 */
export async function helmRelease(world: World): Promise<HelmRelease | undefined> {
  try {
    const lists = await Promise.all([admissionPolicyResource, admissionBindingResource].map((one) => world.list(one)));
    return lists
      .flat()
      .filter(isOurs)
      .map(releaseOf)
      .find((release) => release !== undefined);
  } catch (error) {
    // Without Helm one file is what is applied, which harms no release either.
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

function isOurs({ metadata }: KubeObject): boolean {
  return admissionPolicies.some((name) => name === metadata.name);
}

/** The release that an object is of; undefined for what Helm has not made. */
export function releaseOf({ metadata: { annotations = {} } }: KubeObject): HelmRelease | undefined {
  const name = annotations["meta.helm.sh/release-name"];
  const namespace = annotations["meta.helm.sh/release-namespace"];
  return name === undefined || namespace === undefined ? undefined : { name, namespace };
}

/** Helm 4 puts back no field that somebody else has written, unless told to; Helm 3 knows no such flag, and puts it back. */
const ifInConflict = "--force-conflicts if Helm 4 tells of a conflict";

/** Brings back what is missing of a release, with its values. `more`: further flags. */
export function helmUpgrade({ name, namespace }: HelmRelease, more = ""): string {
  return `with deploy/chart of the version that is installed, and ${ifInConflict}: helm upgrade ${name} deploy/chart --namespace ${namespace} --reuse-values${more}`;
}

/** Where cert-manager's own project keeps its charts. */
export const chartsOfJetstack = "oci://quay.io/jetstack/charts";

/**
 * Brings back what is missing of a release of another chart, in the version that is installed and with its values. `object`:
 * one that the release has made, which says what the two are. `more`: further flags.
 */
export function upgradeInPlace(object: KubeObject | undefined, chart: string, more = ""): string {
  const version = object?.metadata.labels?.["app.kubernetes.io/version"];
  const release = object === undefined ? undefined : releaseOf(object);
  const { name, namespace } = release ?? { name: "RELEASE", namespace: "NAMESPACE" };
  const upgrade = `helm upgrade ${name} ${chartsOfJetstack}/${chart} --namespace ${namespace} --version ${version ?? "VERSION"} --reuse-values${more}`;
  if (release !== undefined && version !== undefined) return `with ${ifInConflict}: ${upgrade}`;
  return `find release and version: helm list --all-namespaces --filter ${chart}; then, with ${ifInConflict}: ${upgrade}`;
}

/** Of `deploy/manifests`: a program's account, roles and bindings. */
export function rightsFile(account: string): string {
  return `${account}.yaml`;
}

/** Of `deploy/manifests`: a policy and its binding. */
export function policyFile(policy: (typeof admissionPolicies)[number]): string {
  return `${policy.slice("capstan-".length)}.yaml`;
}

/** Gives back rights: it adds what is missing of roles and bindings, and leaves other kinds and whatever was added alone. */
export async function restoreRights(world: World, file: string): Promise<string> {
  return await restore(world, file, "kubectl auth reconcile");
}

export async function restorePolicy(world: World, file: string): Promise<string> {
  return await restore(world, file, "kubectl apply --server-side --force-conflicts");
}

/** One file alone: the whole folder would reset the images and settings of the Deployments. */
async function restore(world: World, file: string, command: string): Promise<string> {
  const release = await helmRelease(world);
  if (release !== undefined) return helmUpgrade(release);
  const { capstanNamespace } = world;
  if (capstanNamespace === defaultNamespace) return `${command} -f deploy/manifests/${file}`;
  return `apply deploy/manifests/${file}, and nothing else, as you fitted it to namespace ${capstanNamespace}`;
}
