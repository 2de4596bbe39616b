import type { FoundSetup } from "./read-setup.ts";

/**
 * What AWS's helper is told for the workloads' role, as a comment below the fields of the spec: empty where no role was made.
 *
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/credential-helper.html
 *
 * @example
 * formatWorkload("prod", { anchors: [], identities: [] }); // ""
 */
export function formatWorkload(anchor: string, { anchors, identities }: FoundSetup): string {
  const { role, profiles = [] } = identities.find(({ identity }) => identity.kind === "workload") ?? {};
  const [profile] = profiles;
  const [found] = anchors;
  if (role === undefined || profile === undefined || found === undefined) return "";
  const flags = [`--trust-anchor-arn ${found.arn}`, `--profile-arn ${profile.arn}`, `--role-arn ${role.arn}`];
  return `# for aws_signing_helper, role ${role.name} under trust anchor ${anchor}:\n#   ${flags.join(" ")}\n`;
}
