import { rightsPolicy, trustPolicy } from "./policies.ts";
import { type Identity, notificationSettings, policyName, sessionSeconds, type Setup } from "./setup.ts";

// https://docs.aws.amazon.com/cli/latest/reference/rolesanywhere/

/** Stands in policies for the ARN that the script knows when it runs. */
const placeholder = "@trust-anchor@";

/** A script for bash and the AWS CLI that can be run again: what is there is found by its name. */
export function renderCli(setup: Setup): string {
  const { authority, anchor, region, account } = setup;
  const lines = [
    "#!/usr/bin/env bash",
    `# Capstan: certificate authority ${authority}, trust anchor ${anchor}. Can be run again.`,
    "set -euo pipefail",
    `export AWS_REGION=${quoted(region)} AWS_DEFAULT_REGION=${quoted(region)} AWS_PAGER=""`,
    "",
    'caller="$(aws sts get-caller-identity --query Account --output text)"',
    `if [ "$caller" != ${quoted(account)} ]; then`,
    `  echo "your AWS credentials are of account $caller, spec.trustAnchors says ${account}" >&2`,
    "  exit 1",
    "fi",
    "",
    ...chooseAnchor(setup),
    ...setup.identities.flatMap((identity) => ["", ...makeIdentity(setup, identity)]),
    "",
    "cat <<EOF",
    `# spec.trustAnchors of CertificateAuthority ${authority}`,
    `- name: ${anchor}`,
    `  region: ${region}`,
    `  account: "${account}"`,
    "  arn: $trust_anchor",
    ...setup.identities
      .filter(({ kind }) => kind !== "workload")
      .map(({ kind }) => `  ${kind}: { profileArn: $${kind}_profile, roleArn: $${kind}_role }`),
    "EOF",
    ...(setup.identities.some(({ kind }) => kind === "workload")
      ? [
          `echo "of the workload: --trust-anchor-arn $trust_anchor --profile-arn $workload_profile --role-arn $workload_role"`,
        ]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** One that only the status names may have been deleted since. */
function chooseAnchor(setup: Setup): readonly string[] {
  const { anchorArn, isAdopted } = setup;
  if (anchorArn === undefined) return findOrCreateAnchor(setup);
  const known = `trust_anchor=${quoted(anchorArn)}`;
  if (isAdopted) return [known];
  return [
    `if aws rolesanywhere get-trust-anchor --trust-anchor-id ${quoted(anchorArn.split("/").at(-1) ?? "")} >/dev/null 2>&1; then`,
    `  ${known}`,
    "else",
    ...findOrCreateAnchor(setup).map((line) => `  ${line}`),
    "fi",
  ];
}

function findOrCreateAnchor(setup: Setup): readonly string[] {
  const { anchorName, authority, roots, tags } = setup;
  const bundle = roots.map((pem) => `${pem.trimEnd()}\n`).join("");
  const input = {
    name: anchorName,
    enabled: true,
    source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: bundle } },
    notificationSettings: notificationSettings.map((setting) => ({
      event: setting.event,
      enabled: setting.enabled,
      ...(setting.enabled ? { threshold: setting.thresholdDays } : {}),
    })),
    tags: tagList(tags),
  };
  const stranger = `trust anchor ${anchorName} is there already, holds no root of ${authority} and has no tags of it: it may be another cluster's`;
  const several = `several trust anchors are named ${anchorName}: delete the unused ones, or name one by its arn in spec.trustAnchors`;
  // One that the publisher has made has no tags. What AWS gives back may differ in line breaks.
  const holds = roots.map((pem) => `"$bundle" == *${quoted(pem.replaceAll(/\s/g, ""))}*`).join(" && ");
  return [
    `trust_anchor="$(aws rolesanywhere list-trust-anchors --output text \\`,
    `  --query "trustAnchors[?name=='${anchorName}'].trustAnchorArn" | tr -d '[:space:]')"`,
    'if [ -z "$trust_anchor" ]; then',
    `  trust_anchor="$(aws rolesanywhere create-trust-anchor --query trustAnchor.trustAnchorArn --output text \\`,
    `    --cli-input-json ${quoted(JSON.stringify(input))})"`,
    'elif [[ "$trust_anchor" == *arn:*arn:* ]]; then',
    `  echo ${quoted(several)} >&2`,
    "  exit 1",
    "else",
    `  owner="$(aws rolesanywhere list-tags-for-resource --resource-arn "$trust_anchor" --output text \\`,
    `    --query "[${ownerQuery(setup, "tags")}]")"`,
    `  if [ "$owner" != ${ownerOf(setup)} ]; then`,
    `    bundle="$(aws rolesanywhere get-trust-anchor --trust-anchor-id "\${trust_anchor##*/}" --output text \\`,
    `      --query trustAnchor.source.sourceData.x509CertificateData | tr -d '[:space:]')"`,
    `    if [[ ! ( ${holds} ) ]]; then`,
    `      echo ${quoted(stranger)} >&2`,
    "      exit 1",
    "    fi",
    "  fi",
    "fi",
  ];
}

/** Query for the values of our tags; in the AWS CLI's text the next is a tab away, and an absent one is None. */
function ownerQuery({ tags }: Setup, list: string): string {
  const [key, value] = list === "tags" ? ["key", "value"] : ["Key", "Value"];
  return Object.keys(tags)
    .map((tag) => `${list}[?${key}=='${tag}'].${value} | [0]`)
    .join(", ");
}

/** What {@link ownerQuery} gives for what was made for this trust anchor of this authority. Both are objects' names. */
function ownerOf({ tags }: Setup): string {
  return `$'${Object.values(tags).join("\\t")}'`;
}

function makeIdentity(setup: Setup, identity: Identity): readonly string[] {
  const { kind, roleName, profileName, description } = identity;
  const { authority, anchor, tags } = setup;
  const trust = withArn(trustPolicy(setup, identity, placeholder));
  const rights = rightsPolicy(setup, identity, placeholder);
  const profile = { name: profileName, enabled: true, durationSeconds: sessionSeconds, tags: tagList(tags) };
  const roleTags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const stranger = `role ${roleName} is there already, and its tags are not of ${authority}, trust anchor ${anchor}: ${identity.kind === "workload" ? "choose another name by --workload-role" : "delete or rename it"}`;
  return [
    `if found="$(aws iam get-role --role-name ${roleName} --output text \\`,
    `  --query "[Role.Arn, ${ownerQuery(setup, "Role.Tags")}]" 2>/dev/null)"; then`,
    `  read -r ${kind}_role owner <<<"$found"`,
    `  if [ "$owner" != ${ownerOf(setup)} ]; then`,
    `    echo ${quoted(stranger)} >&2`,
    "    exit 1",
    "  fi",
    `  aws iam update-assume-role-policy --role-name ${roleName} --policy-document ${trust}`,
    "else",
    `  ${kind}_role="$(aws iam create-role --role-name ${roleName} --description ${quoted(description)} \\`,
    `    --query Role.Arn --output text --tags ${quoted(JSON.stringify(roleTags))} \\`,
    `    --assume-role-policy-document ${trust})"`,
    "fi",
    ...(rights === undefined
      ? []
      : [
          `aws iam put-role-policy --role-name ${roleName} --policy-name ${policyName} --policy-document ${withArn(rights)}`,
        ]),
    `${kind}_profile="$(aws rolesanywhere list-profiles --output text \\`,
    `  --query "profiles[?name=='${profileName}'].profileArn" | tr -d '[:space:]')"`,
    `if [ -z "$${kind}_profile" ]; then`,
    `  ${kind}_profile="$(aws rolesanywhere create-profile --query profile.profileArn --output text \\`,
    `    --role-arns "$${kind}_role" --cli-input-json ${quoted(JSON.stringify(profile))})"`,
    "fi",
  ];
}

/** A word of the shell's: the document in single quotes but for the variable. */
function withArn(document: unknown): string {
  return quoted(JSON.stringify(document)).replaceAll(placeholder, `'"$trust_anchor"'`);
}

function tagList(tags: Setup["tags"]): readonly { readonly key: string; readonly value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
