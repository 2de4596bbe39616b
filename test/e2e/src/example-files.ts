import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { AccountSeed, EmulatorOptions, ProfileSeed, RoleSeed } from "@capstan/test-rolesanywhere";
import { parseAllDocuments } from "yaml";

// The folders below deploy/examples, as they lie there: what a user would apply is what is tested.

const folder = fileURLToPath(new URL("../../../deploy/examples/", import.meta.url));

/** The examples that have a folder, by its name. */
export const exampleNames: readonly string[] = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** One file of an example, such as `csi-driver/deployment.yaml`, with each placeholder put in place. */
export function readExample(file: string, values: Readonly<Record<string, string>> = {}): string {
  let text = readFileSync(path.join(folder, file), "utf8");
  for (const [placeholder, value] of Object.entries(values)) text = text.replaceAll(placeholder, value);
  return text;
}

/** The objects of an example's manifest. */
export function readManifests(file: string, values?: Readonly<Record<string, string>>): readonly Manifest[] {
  return parseAllDocuments(readExample(file, values)).map((document) => document.toJS() as Manifest);
}

/** A Kubernetes object as it is applied. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

/** The one object of a kind. */
export function manifestOf(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind);
  if (found === undefined) throw new Error(`the example has no ${kind}`);
  return found;
}

/** The trust anchors in the examples, which their README has the user replace by his own. */
export const placeholders = {
  prod: "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000000",
  data: "arn:aws:rolesanywhere:eu-west-1:444455556666:trust-anchor/00000000-0000-4000-8000-000000000001",
} as const;

/** The account's administrator, for what an example has him do by hand. */
export const administratorOf = (account: string) =>
  ({
    accessKeyId: `AKIAEXAMPLE${account}`,
    secretAccessKey: "emulator-only/not-a-secret/0123456789abc",
    arn: `arn:aws:iam::${account}:user/administrator`,
  }) as const;

/** AWS as the examples want it prepared: every role with the trust policy that lies there, every profile with its account's roles. */
export function awsOfExamples(): Pick<EmulatorOptions, "roles" | "profiles" | "accounts" | "accessKeys"> {
  const [home, data] = [seedOf("111122223333", "eu-central-1"), seedOf("444455556666", "eu-west-1")];
  return {
    roles: [...home.roles, ...demo.roles],
    profiles: [...home.profiles, ...demo.profiles],
    accounts: [data],
    accessKeys: [administratorOf(data.id)],
  };
}

/** What 01 to 04 need: as in seed/aws-administrator.yaml. */
const demo = {
  roles: [roleSeed("csi-driver/roles/demo-reader.json", "demo-web", { "reader.demo": "web.demo" })],
  profiles: [{ name: "demo", roleArns: ["arn:aws:iam::111122223333:role/demo-web"] }],
};

function seedOf(account: string, region: string): AccountSeed & Required<Pick<AccountSeed, "roles" | "profiles">> {
  const files = exampleNames.flatMap((name) => filesBelow(name));
  const roles = files
    .filter((file) => path.basename(path.dirname(file)) === "roles")
    .map((file) => roleSeed(file, path.basename(file, ".json")))
    .filter(({ arn }) => arn.includes(`:${account}:`));
  const profile = new RegExp(`arn:aws:rolesanywhere:${region}:${account}:profile/([0-9a-f-]{36})`, "g");
  const ids = new Set(files.flatMap((file) => [...readExample(file).matchAll(profile)].map(([, id = ""]) => id)));
  const roleArns = roles.map(({ arn }) => arn);
  const profiles: readonly ProfileSeed[] = [...ids].map((id) => ({ name: id, id, roleArns }));
  return { id: account, regions: [region], roles, profiles };
}

/** AWS would have the role made when its trust anchor is there; the emulator's roles are there first. */
function roleSeed(file: string, name: string, values: Readonly<Record<string, string>> = {}): RoleSeed {
  const text = readExample(file, values)
    .replace("ArnEquals", "ArnLike")
    .replaceAll(/trust-anchor\/[0-9a-f-]{36}/g, "trust-anchor/*");
  const account = /:rolesanywhere:[a-z0-9-]+:(\d{12}):/.exec(text)?.[1] ?? "";
  return { arn: `arn:aws:iam::${account}:role/${name}`, trustPolicy: JSON.parse(text) as unknown };
}

function filesBelow(name: string): readonly string[] {
  return readdirSync(path.join(folder, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}
