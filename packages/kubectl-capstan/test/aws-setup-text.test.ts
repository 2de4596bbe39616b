import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { administratorPolicy, rightsPolicy, trustPolicy } from "../src/aws-setup/policies.ts";
import { normalizedPolicy } from "../src/aws/policy-document.ts";
import { account, held, type Held, issuerCommonName, region, startWorld, type World } from "./aws-setup-world.ts";

// Not imported: its types bring those of browsers along, which differ from Node's.
const require = createRequire(import.meta.url);
const { parse: parseHcl } = require("@cdktf/hcl2json") as {
  readonly parse: (file: string, text: string) => Promise<Readonly<Record<string, unknown>>>;
};

// What the printed text says is compared with what --apply has made.

const workload = ["--workload-role", "web", "--common-name", "web.demo"] as const;

let world: World;
let made: Held;
let texts: Readonly<Record<"cloudformation" | "terraform" | "policy" | "cli", string>>;

beforeAll(async () => {
  world = await startWorld();
  const print = async (format: string): Promise<string> => (await world.setUp("-o", format, ...workload)).out;
  texts = {
    cloudformation: await print("cloudformation"),
    terraform: await print("terraform"),
    policy: await print("policy"),
    cli: await print("cli"),
  };
  await world.setUp("--apply", "--yes", ...workload);
  made = await held(world);
});

afterAll(() => world[Symbol.asyncDispose]());

/** The tree with every value that `known` names replaced. */
function resolved(value: unknown, known: (value: unknown) => unknown): unknown {
  const found = known(value);
  if (found !== undefined) return found;
  if (Array.isArray(value)) return value.map((item) => resolved(item, known));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolved(member, known)]));
}

const title = (kind: string): string => `${kind[0]?.toUpperCase() ?? ""}${kind.slice(1)}`;

describe("CloudFormation", () => {
  interface Resource {
    readonly Type: string;
    readonly Properties: Readonly<Record<string, unknown>>;
  }
  let resources: Readonly<Record<string, Resource>>;

  beforeAll(() => {
    const template = parse(texts.cloudformation) as { readonly Resources: Readonly<Record<string, Resource>> };
    const arns: Record<string, string> = { "TrustAnchor.TrustAnchorArn": made.anchor.arn };
    for (const { kind, role, profile } of made.identities) {
      arns[`${title(kind)}Role.Arn`] = role.arn;
      arns[`${title(kind)}Profile.ProfileArn`] = profile.arn;
    }
    const known = (value: unknown): unknown => {
      const reference = typeof value === "object" && value !== null && "Fn::GetAtt" in value ? value["Fn::GetAtt"] : [];
      const name = (reference as readonly string[]).join(".");
      if (name !== "" && arns[name] === undefined) throw new Error(`nothing is called ${name}`);
      return arns[name];
    };
    resources = resolved(template.Resources, known) as typeof resources;
  });

  test("has the trust anchor that --apply has made, with the root and without warnings of leaves", () => {
    const { Type, Properties } = resources["TrustAnchor"] ?? { Type: "", Properties: {} };
    expect(Type).toBe("AWS::RolesAnywhere::TrustAnchor");
    expect(Properties).toEqual({
      Name: made.anchor.name,
      Enabled: true,
      Source: { SourceType: "CERTIFICATE_BUNDLE", SourceData: { X509CertificateData: made.anchor.bundlePem } },
      NotificationSettings: [
        { Event: "END_ENTITY_CERTIFICATE_EXPIRY", Enabled: false },
        { Event: "CA_CERTIFICATE_EXPIRY", Enabled: true, Threshold: 14 },
      ],
      Tags: tagList(made.anchor.tags),
    });
  });

  test("has exactly its roles and profiles", () => {
    expect(Object.keys(resources).filter((name) => name !== "TrustAnchor")).toEqual(
      made.identities.flatMap(({ kind }) => [`${title(kind)}Role`, `${title(kind)}Profile`]),
    );
    for (const { kind, role, profile } of made.identities) {
      const { RoleName, AssumeRolePolicyDocument, Policies = [], Tags } = propertiesOf(`${title(kind)}Role`);
      const [policy, ...others] = Policies as readonly {
        readonly PolicyName: string;
        readonly PolicyDocument: unknown;
      }[];
      expect({ RoleName, Tags, others }).toEqual({ RoleName: role.name, Tags: tagList(role.tags), others: [] });
      expect(normalizedPolicy(AssumeRolePolicyDocument)).toEqual(normalizedPolicy(role.trustPolicy));
      expect(normalizedPolicy(policy?.PolicyDocument)).toEqual(normalizedPolicy(role.policy));
      expect(propertiesOf(`${title(kind)}Profile`)).toEqual({
        Name: profile.name,
        Enabled: true,
        DurationSeconds: profile.durationSeconds,
        RoleArns: profile.roleArns,
        Tags: tagList(profile.tags),
      });
    }
  });

  function propertiesOf(name: string): Resource["Properties"] {
    const found = resources[name];
    if (found === undefined) throw new Error(`the template has no ${name}`);
    return found.Properties;
  }

  function tagList(tags: Readonly<Record<string, string>>): unknown {
    return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  }
});

describe("Terraform", () => {
  type Blocks = Readonly<Record<string, Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>>>;
  let resources: Blocks;

  beforeAll(async () => {
    const parsed = await parseHcl("main.tf", texts.terraform);
    resources = (parsed as { readonly resource: Blocks }).resource;
  });

  /** Of `jsonencode(…)`, with references replaced. */
  async function policyOf(expression: unknown): Promise<unknown> {
    const [, inner] = /^\$\{jsonencode\((.*)\)\}$/s.exec(String(expression)) ?? [];
    if (inner === undefined) throw new Error(`not encoded as JSON: ${String(expression)}`);
    const { policy } = (await parseHcl("policy.tf", `policy = ${inner}\n`)) as { readonly policy: unknown };
    return resolved(policy, (value) =>
      value === "${aws_rolesanywhere_trust_anchor.this.arn}" ? made.anchor.arn : undefined,
    );
  }

  function only(type: string, name: string): Readonly<Record<string, unknown>> {
    const [found, ...others] = resources[type]?.[name] ?? [];
    if (found === undefined || others.length > 0) throw new Error(`not one ${type}.${name}`);
    return found;
  }

  test("has the trust anchor that --apply has made, and never puts the first root back", () => {
    expect(only("aws_rolesanywhere_trust_anchor", "this")).toEqual({
      name: made.anchor.name,
      enabled: true,
      source: [
        {
          source_type: "CERTIFICATE_BUNDLE",
          source_data: [{ x509_certificate_data: made.anchor.bundlePem }],
        },
      ],
      notification_settings: [
        { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false, threshold: 45 },
        { event: "CA_CERTIFICATE_EXPIRY", enabled: true, threshold: 14 },
      ],
      tags: made.anchor.tags,
      lifecycle: [{ ignore_changes: ["${source}", "${enabled}"] }],
    });
  });

  test("has exactly its roles and profiles", async () => {
    expect(Object.fromEntries(Object.entries(resources).map(([type, named]) => [type, Object.keys(named)]))).toEqual({
      aws_rolesanywhere_trust_anchor: ["this"],
      aws_iam_role: ["canary", "publisher", "workload"],
      aws_iam_role_policy: ["publisher"],
      aws_rolesanywhere_profile: ["canary", "publisher", "workload"],
    });
    for (const { kind, role, profile } of made.identities) {
      const found = only("aws_iam_role", kind);
      expect({ name: found["name"], tags: found["tags"] }).toEqual({ name: role.name, tags: role.tags });
      expect(normalizedPolicy(await policyOf(found["assume_role_policy"]))).toEqual(normalizedPolicy(role.trustPolicy));
      expect(only("aws_rolesanywhere_profile", kind)).toEqual({
        name: profile.name,
        enabled: true,
        duration_seconds: profile.durationSeconds,
        role_arns: [`\${aws_iam_role.${kind}.arn}`],
        tags: profile.tags,
      });
      if (role.policy === undefined) continue;
      const rights = only("aws_iam_role_policy", kind);
      expect({ name: rights["name"], role: rights["role"] }).toEqual({
        name: "capstan",
        role: `\${aws_iam_role.${kind}.name}`,
      });
      expect(normalizedPolicy(await policyOf(rights["policy"]))).toEqual(normalizedPolicy(role.policy));
    }
  });
});

test("an existing trust anchor is named by its ARN in every text, and none creates one", async () => {
  const { arn } = made.anchor;
  world.anchors = world.anchors.map(({ name, region, account: id }) => ({ name, region, account: id, arn }));
  for (const format of ["cli", "cloudformation", "terraform"]) {
    const { out } = await world.setUp("-o", format);
    expect(out).toContain(arn);
    expect(out).not.toMatch(/create-trust-anchor|AWS::RolesAnywhere::TrustAnchor|aws_rolesanywhere_trust_anchor/);
  }
});

test("the administrator's policy is one that IAM takes, on names of the account alone", () => {
  world.limit([JSON.parse(texts.policy)]);
  world.limit(undefined);
  const { Statement } = JSON.parse(texts.policy) as {
    readonly Statement: readonly { readonly Resource: readonly string[] }[];
  };
  const resources = new Set(Statement.flatMap(({ Resource }) => Resource));
  expect([...resources].filter((resource) => resource !== "*" && !resource.includes(`:${account}:`))).toEqual([]);
});

test("the policies in the documentation are those that are made", async () => {
  const page = await readFile(new URL("../../../docs/operate/aws-setup.md", import.meta.url), "utf8");
  const documented = Array.from(page.matchAll(/```json\n(.*?)```/gs), ([, text = ""]): unknown => JSON.parse(text));
  const arn = `arn:aws:rolesanywhere:${region}:${account}:trust-anchor/2f6b4f0e-0000-4000-8000-000000000001`;
  const setup = { partition: "aws", region, account, isManaged: true, issuerCommonName };
  expect(documented).toEqual([
    trustPolicy(setup, { commonNames: ["web.demo"] }, arn),
    rightsPolicy(setup, { kind: "publisher" }, arn),
    administratorPolicy(setup, { workloadRole: "web" }),
  ]);
});
