import type { Crl } from "@capstan/rolesanywhere";
import type { Aws } from "../aws/connect-aws.ts";
import type { Plan, PlanEntry } from "./plan.ts";
import { isTagged } from "./plan-setup.ts";
import { type FoundAnchor, type FoundProfile, type FoundRole, readAnchors, readRole, withTags } from "./read-setup.ts";
import type { Setup } from "./setup.ts";

/** What AWS holds that was made for a trust anchor, roles of workloads included. */
export interface FoundRemains {
  readonly anchors: readonly FoundAnchor[];
  /** Of those trust anchors. */
  readonly crls: readonly Crl[];
  readonly profiles: readonly FoundProfile[];
  readonly roles: readonly FoundRole[];
}

/** Profiles are known by the beginning of their names, and tell which roles there are: IAM has no search by tags. */
export async function readRemains(aws: Aws, setup: Setup): Promise<FoundRemains> {
  const anchors = await readAnchors(aws, setup);
  const arns = anchors.map(({ arn }) => arn);
  const crls =
    arns.length === 0 ? [] : await aws.anchors.call("rolesanywhere:ListCrls", () => aws.controlPlane.listCrls());
  const profiles = await withTags(
    aws,
    (await aws.profiles.list()).filter(({ name }) => name.startsWith(`${setup.anchorName}-`)),
  );
  const handedOut = profiles
    .filter(({ tags }) => isTagged(setup, tags))
    .flatMap(({ roleArns }) => roleArns.map((arn) => arn.split("/").at(-1) ?? ""));
  const own = setup.identities.map(({ roleName }) => roleName);
  const roles: FoundRole[] = [];
  for (const name of new Set([...own, ...handedOut])) {
    const role = await readRole(aws, name, { hasOwnPolicy: own.includes(name) });
    if (role !== undefined) roles.push(role);
  }
  return {
    anchors,
    crls: crls.filter(({ trustAnchorArn }) => arns.includes(trustAnchorArn)),
    profiles,
    roles,
  };
}

/**
 * What is to be deleted: only what has the tags. Roles first, since of a workload's role only its profile tells; the trust
 * anchor last, since AWS refuses while it has CRLs. So a deletion that was broken off goes on when it is ordered again. Pure.
 */
export function planDeletion(setup: Setup, { anchors, crls, profiles, roles }: FoundRemains): Plan {
  const isOurs = (resource: { readonly tags: Readonly<Record<string, string>> }): boolean =>
    isTagged(setup, resource.tags);
  const kept = (subject: string): PlanEntry => ({
    subject,
    change: "keep",
    details: [`has no tags of ${setup.authority}`],
    actions: [],
  });
  const conflicts = roles
    .filter((role) => isOurs(role) && role.otherPolicies.length > 0)
    .map(
      ({ name, otherPolicies }) =>
        `role ${name} has policies that others gave it (${otherPolicies.join(", ")}): detach or delete them first`,
    );
  return {
    conflicts,
    notes: [],
    entries: [
      ...roles.map((role): PlanEntry => {
        const { name: roleName, policy } = role;
        const subject = `role ${roleName}`;
        if (!isOurs(role)) return kept(subject);
        const rights = policy === undefined ? [] : [{ do: "delete-policy" as const, roleName }];
        return {
          subject,
          change: "delete",
          details: [],
          actions: [...rights, { do: "delete-role", roleName }],
        };
      }),
      ...profiles.map((profile): PlanEntry => {
        const subject = `profile ${profile.name} (${profile.arn})`;
        if (!isOurs(profile)) return kept(subject);
        return {
          subject,
          change: "delete",
          details: [],
          actions: [{ do: "delete-profile", id: profile.id }],
        };
      }),
      ...anchors.map((anchor): PlanEntry => {
        const subject = `trust anchor ${anchor.name} (${anchor.arn})`;
        if (!isOurs(anchor)) return kept(subject);
        const own = crls.filter(({ trustAnchorArn }) => trustAnchorArn === anchor.arn);
        return {
          subject,
          change: "delete",
          details: own.map(({ name }) => `with CRL ${name}`),
          actions: [
            ...own.map(({ id }) => ({ do: "delete-crl" as const, id })),
            { do: "delete-anchor", id: anchor.id },
          ],
        };
      }),
    ],
  };
}
