import type { Tags, TrustAnchor } from "@capstan/rolesanywhere";
import type { Aws } from "../aws/connect-aws.ts";
import type { Profile } from "../aws/profiles.ts";
import type { IamRole } from "../aws/roles.ts";
import { type Identity, policyName, type Setup } from "./setup.ts";

/** What AWS holds of a setup. */
export interface FoundSetup {
  /** Several only where nobody has named one and several have the name. */
  readonly anchors: readonly FoundAnchor[];
  readonly identities: readonly FoundIdentity[];
}

export interface FoundAnchor extends TrustAnchor {
  readonly tags: Tags;
}

export interface FoundIdentity {
  readonly identity: Identity;
  readonly role: FoundRole | undefined;
  /** Those of the profile's name. */
  readonly profiles: readonly FoundProfile[];
}

export interface FoundRole extends IamRole {
  /** The inline policy of our name, parsed; undefined for none. */
  readonly policy: unknown;
  /** Names and ARNs of all its other policies. */
  readonly otherPolicies: readonly string[];
}

export interface FoundProfile extends Profile {
  readonly tags: Tags;
}

/** Reads everything that a setup is about; writes nothing. @throws {PluginError} */
export async function readSetup(aws: Aws, setup: Setup): Promise<FoundSetup> {
  const anchors = await readAnchors(aws, setup);
  const profiles = await aws.profiles.list();
  const identities: FoundIdentity[] = [];
  for (const identity of setup.identities) {
    const named = profiles.filter(({ name }) => name === identity.profileName);
    identities.push({
      identity,
      role: await readRole(aws, identity.roleName, { hasOwnPolicy: identity.kind !== "workload" }),
      profiles: await withTags(aws, named),
    });
  }
  return { anchors, identities };
}

/** The trust anchor that the spec names, or the status if it is still there; else those of the name that Capstan gives. */
export async function readAnchors(
  aws: Aws,
  { anchorArn, anchorName, isAdopted }: Pick<Setup, "anchorArn" | "anchorName" | "isAdopted">,
): Promise<readonly FoundAnchor[]> {
  if (anchorArn !== undefined) {
    const id = anchorArn.split("/").at(-1) ?? "";
    const anchor = await aws.anchors.call("rolesanywhere:GetTrustAnchor", () => aws.controlPlane.getTrustAnchor(id));
    if (anchor !== undefined || isAdopted) return withTags(aws, anchor === undefined ? [] : [anchor]);
  }
  const all = await aws.anchors.call("rolesanywhere:ListTrustAnchors", () => aws.controlPlane.listTrustAnchors());
  return withTags(
    aws,
    all.filter(({ name }) => name === anchorName),
  );
}

/** @param options.hasOwnPolicy of the roles of workloads every policy is somebody's, whatever its name */
export async function readRole(
  aws: Aws,
  name: string,
  { hasOwnPolicy }: { readonly hasOwnPolicy: boolean },
): Promise<FoundRole | undefined> {
  const role = await aws.roles.get(name);
  if (role === undefined) return undefined;
  const inline = await aws.roles.inlinePolicyNames(name);
  const isOwn = (policy: string): boolean => hasOwnPolicy && policy === policyName;
  return {
    ...role,
    policy: inline.some(isOwn) ? await aws.roles.inlinePolicy(name, policyName) : undefined,
    otherPolicies: [...inline.filter((policy) => !isOwn(policy)), ...(await aws.roles.attachedPolicyArns(name))],
  };
}

/** One call each, so that only what matters is asked for. */
export async function withTags<T extends { readonly arn: string }>(
  aws: Aws,
  resources: readonly T[],
): Promise<readonly (T & { readonly tags: Tags })[]> {
  const tagged: (T & { readonly tags: Tags })[] = [];
  for (const resource of resources) tagged.push({ ...resource, tags: await aws.profiles.tagsOf(resource.arn) });
  return tagged;
}
