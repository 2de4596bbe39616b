import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  DisableProfileCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  UntagResourceCommand,
  UpdateProfileCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { encodeCrl, nextCrlNumber } from "@capstan/ca-core";
import { createControlPlane, type RolesAnywhereControlPlane, RolesAnywhereError } from "@capstan/rolesanywhere";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PolicyDocument } from "../src/aws/policy-document.ts";
import { administratorPolicy } from "../src/aws-setup/policies.ts";
import { testAuthority, testLeaf } from "./authority.ts";
import { account, allowAll, held, region, startWorld, type World } from "./aws-setup-world.ts";

// Each right is needed: without it something breaks. All together are enough.

const workload = ["--workload-role", "web", "--common-name", "web.demo"] as const;

let world: World;

beforeEach(async () => {
  world = await startWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

interface Right {
  readonly action: string;
  readonly resource: string;
}

/** Every action on every resource of a policy, each by itself. */
function rightsOf({ Statement }: PolicyDocument): readonly Right[] {
  return Statement.flatMap(({ Action, Resource = [] }) =>
    Action.flatMap((action) => Resource.map((resource) => ({ action, resource }))),
  );
}

function without({ Statement }: PolicyDocument, right: Right): PolicyDocument {
  const single = Statement.flatMap((statement, index) =>
    (statement.Resource ?? []).map((resource, place) => ({
      ...statement,
      Sid: `S${index}R${place}`,
      Action: statement.Action.filter((action) => resource !== right.resource || action !== right.action),
      Resource: [resource],
    })),
  );
  return { Version: "2012-10-17", Statement: single.filter(({ Action }) => Action.length > 0) };
}

function covers({ action, resource }: Right, access: Right): boolean {
  const pattern = resource.split("*").map((part) => part.replaceAll(/[.?+^$()[\]{}|\\]/g, "\\$&"));
  return action === access.action && new RegExp(`^${pattern.join(".*")}$`).test(access.resource);
}

test("an administrator needs every right of the printed policy, and no other", async () => {
  const policy = administratorPolicy({ partition: "aws", account }, { workloadRole: "web" });
  const rights = rightsOf(policy);

  // Once with all of them, to see which step is the first to use each.
  world.limit([policy]);
  const firstUsed: (readonly Right[])[] = [];
  let known: readonly Right[] = [];
  for (const step of steps) {
    await step.before?.(world);
    const ended = await world.setUp(...step.argv);
    expect(ended.code, ended.err).toBe(0);
    const used = world.emulator.accesses().filter(({ principal }) => principal.endsWith("user/administrator"));
    const fresh = used.flatMap((access) => rights.find((right) => covers(right, access)) ?? []);
    firstUsed.push([...new Set(fresh)].filter((right) => !known.includes(right)));
    known = [...known, ...(firstUsed.at(-1) ?? [])];
  }
  expect(rights.filter((right) => !known.includes(right))).toEqual([]);

  // Then each is missing once, in the order of their use: the command stops there, and goes on when it is given again.
  await world[Symbol.asyncDispose]();
  world = await startWorld();
  for (const [index, step] of steps.entries()) {
    await step.before?.(world);
    for (const right of firstUsed[index] ?? []) {
      world.limit([without(policy, right)]);
      const ended = await world.setUp(...step.argv);
      expect({ right, code: ended.code, isNamed: ended.err.includes(right.action) }).toEqual({
        right,
        code: 1,
        isNamed: true,
      });
    }
    world.limit([policy]);
    const ended = await world.setUp(...step.argv);
    expect(ended.code, ended.err).toBe(0);
  }
}, 240_000);

/** What an administrator has to do over the time: make, mend everything that others can change, and delete. */
const steps: readonly {
  readonly argv: readonly string[];
  readonly before?: (world: World) => Promise<void>;
}[] = [
  { argv: ["--apply", "--yes", "--write-spec", ...workload] },
  { argv: ["--apply", "--yes", ...workload], before: spoil },
  { argv: ["--delete", "--yes"], before: (spoiled) => importCrl(spoiled) },
];

/**
 * Changes all that others in the account can change. What is there must stay known as ours: a role by its tags or its trust
 * policy, a profile by its tags or its role.
 */
async function spoil(spoiled: World): Promise<void> {
  const { iam, rolesAnywhere } = spoiled;
  const { anchor, identities } = await held(spoiled);
  const stranger = await testAuthority("other", "Other CA", Date.now() - 60_000);
  await rolesAnywhere.send(
    new UpdateTrustAnchorCommand({
      trustAnchorId: anchor.id,
      source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: stranger.root.pem } },
    }),
  );
  for (const { kind, role, profile } of identities) {
    const RoleName = role.name;
    const wide = JSON.stringify(role.trustPolicy).replace("Example Fleet CA", "Another CA");
    if (kind === "canary") await iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["capstan.dev/authority"] }));
    else await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: wide }));
    const PolicyDocument = JSON.stringify(allowAll);
    if (kind === "canary") {
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "capstan", PolicyDocument }));
    }
    if (kind === "publisher") await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "capstan" }));
    await rolesAnywhere.send(new DisableProfileCommand({ profileId: profile.id }));
    await rolesAnywhere.send(new UpdateProfileCommand({ profileId: profile.id, durationSeconds: 900 }));
    const tagKeys = ["capstan.dev/authority"];
    await rolesAnywhere.send(new UntagResourceCommand({ resourceArn: profile.arn, tagKeys }));
  }
}

async function importCrl(here: World): Promise<void> {
  const { anchor } = await held(here);
  const crlData = new TextEncoder().encode(await crlPem(here));
  await here.rolesAnywhere.send(
    new ImportCrlCommand({ name: "capstan-fleet-1", trustAnchorArn: anchor.arn, crlData, enabled: true }),
  );
}

async function crlPem({ fleet }: World): Promise<string> {
  const now = new Date();
  const leaf = await testLeaf(fleet, { notBefore: now, notAfter: new Date(now.getTime() + 600_000) });
  const { pem } = await encodeCrl({
    root: fleet.root,
    signer: fleet.key,
    number: nextCrlNumber({ now }),
    thisUpdate: now,
    nextUpdate: new Date(now.getTime() + 86_400_000),
    entries: [{ serial: leaf.serial, revokedAt: now, reason: "keyCompromise" }],
  });
  return pem;
}

type Call = (
  aws: RolesAnywhereControlPlane,
  names: { readonly anchor: string; readonly id: string; readonly pem: string },
) => Promise<unknown>;

/** What the publisher asks of AWS, by the methods of its control plane, in an order in which each can succeed. */
const publisherCalls: Readonly<Record<string, Call>> = {
  getTrustAnchor: (aws, { id }) => aws.getTrustAnchor(id),
  updateTrustAnchor: async (aws, { id }) => {
    const bundlePem = (await aws.getTrustAnchor(id))?.bundlePem ?? "";
    return aws.updateTrustAnchor({ id, bundlePem });
  },
  disableTrustAnchor: (aws, { id }) => aws.disableTrustAnchor(id),
  enableTrustAnchor: (aws, { id }) => aws.enableTrustAnchor(id),
  importCrl: (aws, { anchor, pem }) => aws.importCrl({ name: "one", trustAnchorArn: anchor, crlPem: pem }),
  listCrls: (aws) => aws.listCrls(),
  updateCrl: async (aws, { pem }) => aws.updateCrl({ id: await crlId(), crlPem: pem }),
  enableCrl: async (aws) => aws.enableCrl(await crlId()),
  deleteCrl: async (aws) => aws.deleteCrl(await crlId()),
  deleteTrustAnchor: (aws, { id }) => aws.deleteTrustAnchor(id),
};

async function crlId(): Promise<string> {
  const { crls = [] } = await world.rolesAnywhere.send(new ListCrlsCommand({}));
  return crls[0]?.crlId ?? "";
}

test("these are all the calls of the publisher, but those of a trust anchor that it has created itself", async () => {
  const sources = join(import.meta.dirname, "../../crl-publisher/src");
  const files = (await readdir(sources, { recursive: true })).filter((file) => file.endsWith(".ts"));
  const texts = await Promise.all(files.map((file) => readFile(join(sources, file), "utf8")));
  const called = texts.flatMap((text) => [...text.matchAll(/controlPlane\s*\.(\w+)\(/g)].map(([, name]) => name ?? ""));
  const others = ["createTrustAnchor", "listTrustAnchors", "putNotificationSettings"];
  expect([...new Set(called)].toSorted()).toEqual([...Object.keys(publisherCalls), ...others].toSorted());
});

test("the publisher needs every right of its role, and no other; the canary has none", async () => {
  await world.setUp("--apply", "--yes");
  const { anchor, identities } = await held(world, { hasWorkload: false });
  const [publisher, canary] = identities;
  if (publisher === undefined || canary === undefined) throw new Error("no publisher");
  const policy = publisher.role.policy as PolicyDocument;
  const names = { anchor: anchor.arn, id: anchor.id, pem: await crlPem(world) };
  const planeOf = async (commonName: string, { role, profile }: typeof publisher) => {
    const target = { trustAnchorArn: anchor.arn, profileArn: profile.arn, roleArn: role.arn };
    const { credentials } = await world.session(commonName, target);
    let calls = 0;
    const clock = { now: () => (calls += 3_600_000), sleep: () => Promise.resolve() };
    return createControlPlane({ region, credentials, endpoint: world.emulator.endpoint, clock });
  };
  const powerless = await planeOf("canary.fleet@capstan", canary);
  const aws = await planeOf("publisher.fleet@capstan", publisher);
  const unused = new Set(rightsOf(policy).map(({ action }) => action));
  for (const [name, call] of Object.entries(publisherCalls)) {
    const action = `rolesanywhere:${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
    unused.delete(action);
    expect(await refusalOf(call(powerless, names))).toBe("ERR_AWS_ACCESS_DENIED");
    const rights = rightsOf(policy).filter((right) => right.action === action);
    expect(rights, action).not.toEqual([]);
    for (const right of rights) {
      world.emulator.setPolicies(publisher.role.arn, [without(policy, right)]);
      expect({ right, code: await refusalOf(call(aws, names)) }).toEqual({ right, code: "ERR_AWS_ACCESS_DENIED" });
    }
    world.emulator.setPolicies(publisher.role.arn, [policy]);
    await call(aws, names);
  }
  expect([...unused]).toEqual([]);
});

async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => "done",
    (error: unknown) => (error instanceof RolesAnywhereError ? error.code : error),
  );
}
