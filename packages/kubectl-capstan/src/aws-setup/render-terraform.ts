import { rightsPolicy, trustPolicy } from "./policies.ts";
import { type Identity, notificationSettings, policyName, sessionSeconds, type Setup } from "./setup.ts";

// https://registry.terraform.io/providers/hashicorp/aws/latest/docs

/** AWS's own. For a setting that names none, also of a disabled event, the provider sends 0, which AWS refuses. */
const defaultThresholdDays = 45;

/** An expression of Terraform's, written as it is. */
class Expression {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A configuration for one trust anchor; the provider's region and account are checked when it is planned. */
export function renderTerraform(setup: Setup): string {
  const { authority, anchor, region, account, anchorArn } = setup;
  const arn = anchorArn ?? new Expression("aws_rolesanywhere_trust_anchor.this.arn");
  const blocks = [
    `# Capstan: certificate authority ${authority}, trust anchor ${anchor}. terraform init && terraform apply`,
    block("terraform", [
      block("required_providers", [attribute("aws", { source: "hashicorp/aws", version: ">= 6.0" })]),
    ]),
    block("provider aws", [attribute("region", region), attribute("allowed_account_ids", [account])]),
    ...(anchorArn === undefined ? [trustAnchor(setup)] : []),
    ...setup.identities.flatMap((identity) => [
      ...role(setup, identity, arn),
      block(`resource aws_rolesanywhere_profile ${identity.kind}`, [
        attribute("name", identity.profileName),
        attribute("enabled", true),
        attribute("duration_seconds", sessionSeconds),
        attribute("role_arns", [new Expression(`aws_iam_role.${identity.kind}.arn`)]),
        attribute("tags", setup.tags),
      ]),
    ]),
    outputs(setup, arn),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function trustAnchor({ anchorName, roots, tags }: Setup): string {
  return block("resource aws_rolesanywhere_trust_anchor this", [
    attribute("name", anchorName),
    attribute("enabled", true),
    block("source", [
      attribute("source_type", "CERTIFICATE_BUNDLE"),
      block("source_data", [
        // Without indentation: what stands in a heredoc is sent as it is.
        `x509_certificate_data = <<EOT\n${roots.map((pem) => `${pem.trimEnd()}\n`).join("")}EOT`,
      ]),
    ]),
    ...notificationSettings.map((setting) =>
      block("notification_settings", [
        attribute("event", setting.event),
        attribute("enabled", setting.enabled),
        attribute("threshold", setting.enabled ? setting.thresholdDays : defaultThresholdDays),
      ]),
    ),
    attribute("tags", tags),
    "# Capstan writes the certificates at each rotation; Terraform must not put the first root back.",
    block("lifecycle", ["ignore_changes = [source, enabled]"]),
  ]);
}

function role(setup: Setup, identity: Identity, arn: unknown): readonly string[] {
  const { kind, roleName, description } = identity;
  const rights = rightsPolicy(setup, identity, arn);
  return [
    block(`resource aws_iam_role ${kind}`, [
      attribute("name", roleName),
      attribute("description", description),
      `assume_role_policy = jsonencode(${value(trustPolicy(setup, identity, arn))})`,
      attribute("tags", setup.tags),
    ]),
    ...(rights === undefined
      ? []
      : [
          block(`resource aws_iam_role_policy ${kind}`, [
            attribute("name", policyName),
            attribute("role", new Expression(`aws_iam_role.${kind}.name`)),
            `policy = jsonencode(${value(rights)})`,
          ]),
        ]),
  ];
}

function outputs({ anchor, identities }: Setup, arn: unknown): string {
  const arns = (kind: Identity["kind"]) => ({
    profileArn: new Expression(`aws_rolesanywhere_profile.${kind}.arn`),
    roleArn: new Expression(`aws_iam_role.${kind}.arn`),
  });
  const own = identities.filter(({ kind }) => kind !== "workload").map(({ kind }) => [kind, arns(kind)]);
  const blocks = [
    block("output trust_anchor", [
      attribute("description", `Fields of ${anchor} in spec.trustAnchors of the CertificateAuthority`),
      attribute("value", { arn, ...Object.fromEntries(own) }),
    ]),
    ...(identities.some(({ kind }) => kind === "workload")
      ? [block("output workload", [attribute("value", { trustAnchorArn: arn, ...arns("workload") })])]
      : []),
  ];
  return blocks.join("\n\n");
}

/** @param header its words; all but the first are quoted */
function block(header: string, body: readonly string[]): string {
  const [type = "", ...labels] = header.split(" ");
  const head = [type, ...labels.map((label) => JSON.stringify(label))].join(" ");
  return `${head} {\n${aligned(body).map(indent).join("\n")}\n}`;
}

function attribute(name: string, content: unknown): string {
  return `${name} = ${value(content)}`;
}

/** https://developer.hashicorp.com/terraform/language/expressions/types */
function value(content: unknown): string {
  if (content instanceof Expression) return content.text;
  if (typeof content === "string") return quoted(content);
  if (Array.isArray(content))
    return content.length === 0 ? "[]" : `[\n${content.map((item) => `${indent(value(item))},`).join("\n")}\n]`;
  if (typeof content !== "object" || content === null) return String(content);
  const members = Object.entries(content).filter(([, member]) => member !== undefined);
  const lines = aligned(members.map(([name, member]) => `${quoted(name)} = ${value(member)}`));
  return `{\n${lines.map(indent).join("\n")}\n}`;
}

/** As terraform fmt does: the equal signs of neighbours on one line each stand below each other. */
function aligned(items: readonly string[]): readonly string[] {
  const widthOf = (item: string | undefined): number | undefined =>
    item === undefined || item.includes("\n") ? undefined : /^\S+(?= = )/.exec(item)?.[0].length;
  const runs: number[] = [];
  let run = -1;
  for (const [index, item] of items.entries()) {
    if (widthOf(item) === undefined) run = -1;
    else if (run < 0) run = index;
    runs.push(run);
  }
  return items.map((item, index) => {
    const own = widthOf(item);
    if (own === undefined) return item;
    const neighbours = items.filter((_, other) => runs[other] === runs[index]);
    const width = Math.max(...neighbours.map((each) => widthOf(each) ?? 0));
    return `${item.slice(0, own).padEnd(width)}${item.slice(own)}`;
  });
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
}

/** Heredocs keep their own lines. */
function indent(text: string): string {
  let isHeredoc = false;
  return text
    .split("\n")
    .map((line) => {
      if (isHeredoc) {
        if (line === "EOT") isHeredoc = false;
        return line;
      }
      isHeredoc = line.endsWith("<<EOT");
      return line === "" ? line : `  ${line}`;
    })
    .join("\n");
}
