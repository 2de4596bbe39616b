import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateProfileCommand,
  CreateTrustAnchorCommand,
  DeleteTrustAnchorCommand,
  DisableTrustAnchorCommand,
  ListProfilesCommand,
} from "@aws-sdk/client-rolesanywhere";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testAuthority } from "./authority.ts";
import { account, allowAll, held, prod, region, startWorld, type World } from "./aws-setup-world.ts";

// What is there already: adopted, mended, kept or refused, and what is deleted.

let world: World;

beforeEach(async () => {
  world = await startWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: ["sts:AssumeRole"] }],
});
const publisherRole = "capstan-fleet-prod-publisher";

async function createAnchor(name: string, ...roots: readonly string[]): Promise<string> {
  const source = { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: roots.join("") } } as const;
  const { trustAnchor } = await world.rolesAnywhere.send(new CreateTrustAnchorCommand({ name, source, enabled: true }));
  return trustAnchor?.trustAnchorArn ?? "";
}

async function foreignRoot(commonName = "Other CA"): Promise<string> {
  return (await testAuthority("other", commonName, Date.now() - 60_000)).root.pem;
}

const { create: _create, ...place } = prod;

describe("a stranger's is refused before anything is written:", () => {
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "a role of the publisher's name",
      () => world.iam.send(new CreateRoleCommand({ RoleName: publisherRole, AssumeRolePolicyDocument: trust })),
      /role capstan-fleet-prod-publisher is there already, and neither its tags nor its trust policy are of fleet: delete or rename it/,
    ],
    [
      "a profile of the canary's name",
      () => world.rolesAnywhere.send(new CreateProfileCommand({ name: "capstan-fleet-prod-canary", roleArns: [] })),
      /profile capstan-fleet-prod-canary \(.*\) is there already, and neither its tags nor its roles are of fleet/,
    ],
    [
      "a trust anchor of the name with another root, as of another cluster",
      async () => createAnchor("capstan-fleet-prod", await foreignRoot("Example Fleet CA")),
      /holds no root of fleet and has no tags of it: it may be another cluster's/,
    ],
    [
      "two trust anchors of the name",
      async () => {
        await createAnchor("capstan-fleet-prod", world.fleet.root.pem);
        await createAnchor("capstan-fleet-prod", world.fleet.root.pem);
      },
      /2 trust anchors are named capstan-fleet-prod: delete the unused ones/,
    ],
    [
      "a trust anchor that is named and has no place left",
      async () => {
        const arn = await createAnchor("shared", await foreignRoot("A"), await foreignRoot("B"));
        world.anchors = [{ ...place, arn }];
      },
      /holds 2 certificates and lacks a root; AWS allows 2/,
    ],
    [
      "a trust anchor that is named and does not exist",
      () => {
        const arn = `arn:aws:rolesanywhere:${region}:${account}:trust-anchor/2f6b4f0e-0000-4000-8000-000000000001`;
        world.anchors = [{ ...place, arn }];
        return Promise.resolve();
      },
      /does not exist: correct arn of prod in spec.trustAnchors/,
    ],
  ])("%s", async (_, prepare, message) => {
    await prepare();
    world.writes();
    const { code, out, err } = await world.setUp("--apply", "--yes");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(message);
    expect(err).toContain("nothing was changed");
    expect(world.writes()).toEqual([]);
  });

  test("all conflicts are said at once", async () => {
    await world.iam.send(new CreateRoleCommand({ RoleName: publisherRole, AssumeRolePolicyDocument: trust }));
    await world.rolesAnywhere.send(new CreateProfileCommand({ name: "capstan-fleet-prod-canary", roleArns: [] }));
    const { err } = await world.setUp("--apply", "--yes");
    expect(err.match(/^ {2}conflict: .*/gm)).toHaveLength(2);
  });
});

test("a trust anchor that is named by its ARN gets the root beside the one that it has, and what to declare is said", async () => {
  const other = await foreignRoot();
  const arn = await createAnchor("shared", other);
  world.anchors = [{ ...place, arn }];
  const { code, err } = await world.setUp("--apply", "--yes");
  expect(code, err).toBe(0);
  expect(err).toContain("list it in foreignRoots of prod in spec.trustAnchors");
  const { anchor } = await held(world, { hasWorkload: false });
  expect(anchor.bundlePem).toBe(other + world.fleet.root.pem);
  expect(anchor.tags).toEqual({});
  const again = await world.setUp("--apply", "--yes");
  expect(again.err).toContain("Nothing is to be changed.");

  world.writes();
  expect((await world.setUp("--delete", "--yes")).code).toBe(0);
  expect(world.writes().filter((name) => name === "DeleteTrustAnchor")).toEqual([]);
});

test("a trust anchor that was deleted in AWS is made anew with create: true, though the status still names it", async () => {
  await world.setUp("--apply", "--yes");
  const { anchor } = await held(world, { hasWorkload: false });
  world.known = [{ name: "prod", arn: anchor.arn, joined: true }];
  expect((await world.setUp("--apply", "--yes")).err).toContain("Nothing is to be changed.");
  await world.rolesAnywhere.send(new DeleteTrustAnchorCommand({ trustAnchorId: anchor.id }));
  world.writes();
  const { code, err } = await world.setUp("--apply", "--yes");
  expect(code, err).toBe(0);
  expect(err).toContain(`trust anchor ${anchor.arn}, which the status of fleet names, does not exist any more`);
  const made = await held(world, { hasWorkload: false });
  expect(made.anchor.arn).not.toBe(anchor.arn);
  expect(world.writes()).toEqual([
    "CreateTrustAnchor",
    "UpdateAssumeRolePolicy",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
  ]);
  for (const { role } of made.identities) expect(JSON.stringify(role.trustPolicy)).toContain(made.anchor.arn);
  expect((await world.setUp("--apply", "--yes")).err).toContain("Nothing is to be changed.");
  expect((await world.setUp("--delete", "--yes")).code).toBe(0);
  expect(world.emulator.trustAnchors()).toEqual([]);
});

test("a trust anchor with manage: false is left to its owner, and the publisher may only read it", async () => {
  const arn = await createAnchor("shared", await foreignRoot());
  world.anchors = [{ ...place, arn, manage: false }];
  const { code, err } = await world.setUp("--apply", "--yes");
  expect(code, err).toBe(0);
  expect(err).toContain("its owner has to add it");
  expect(world.writes()).not.toContain("UpdateTrustAnchor");
  const { identities } = await held(world, { hasWorkload: false });
  expect(JSON.stringify(identities[0]?.role.policy)).not.toMatch(/Update|Delete|Import/);
});

test("a disabled trust anchor stays disabled: somebody may have meant it", async () => {
  await world.setUp("--apply", "--yes");
  const { anchor } = await held(world, { hasWorkload: false });
  await world.rolesAnywhere.send(new DisableTrustAnchorCommand({ trustAnchorId: anchor.id }));
  world.writes();
  const { code, err } = await world.setUp("--apply", "--yes");
  expect({ code, writes: world.writes() }).toEqual({ code: 0, writes: [] });
  expect(err).toContain("is disabled, and is left so");
});

test("drift is shown, mended with --apply alone, and policies of others are named", async () => {
  await world.setUp("--apply", "--yes");
  await world.iam.send(
    new UpdateAssumeRolePolicyCommand({
      RoleName: publisherRole,
      PolicyDocument: trust.replace("ec2", "rolesanywhere"),
    }),
  );
  const PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
  await world.iam.send(new AttachRolePolicyCommand({ RoleName: publisherRole, PolicyArn }));
  world.writes();
  const dry = await world.setUp("--apply", "--dry-run");
  expect(dry).toMatchObject({ code: 0, out: "" });
  expect(dry.err).toContain("~ role capstan-fleet-prod-publisher: update\n      trust policy {");
  expect(dry.err).toContain(`has further policies, which Capstan does not need: ${PolicyArn}`);
  expect(dry.err).toContain("Nothing was changed: one write would be made.");
  expect(world.writes()).toEqual([]);
  expect((await world.setUp("--apply", "--yes")).code).toBe(0);
  expect(world.writes()).toEqual(["UpdateAssumeRolePolicy"]);
  expect((await world.setUp("--apply", "--yes")).err).toContain("Nothing is to be changed.");
});

describe("--delete", () => {
  const workload = ["--workload-role", "web", "--namespace", "demo"] as const;

  test("leaves nothing of what --apply has made, roles of workloads included, and what others made", async () => {
    await world.iam.send(new CreateRoleCommand({ RoleName: "bystander", AssumeRolePolicyDocument: trust }));
    await world.rolesAnywhere.send(new CreateProfileCommand({ name: "capstan-fleet-prod-by-hand", roleArns: [] }));
    await world.setUp("--apply", "--yes", ...workload);
    world.writes();
    const dry = await world.setUp("--delete", "--dry-run=client");
    expect(dry.code).toBe(0);
    expect(dry.err).toContain("profile capstan-fleet-prod-by-hand");
    expect(world.writes()).toEqual([]);
    const { code, err } = await world.setUp("--delete", "--yes");
    expect(code, err).toBe(0);
    expect(world.emulator.trustAnchors()).toEqual([]);
    const { profiles = [] } = await world.rolesAnywhere.send(new ListProfilesCommand({}));
    expect(profiles.map(({ name }) => name)).toEqual(["capstan-fleet-prod-by-hand"]);
    for (const name of [publisherRole, "capstan-fleet-prod-canary", "web"]) {
      expect(() => world.emulator.roleArn(name)).toThrow("no role named");
    }
    expect(world.emulator.roleArn("bystander")).toBeTruthy();
    expect((await world.setUp("--delete", "--yes")).err).toContain("Nothing is to be changed.");
  });

  test("stops before anything is deleted where a role has rights that others gave it", async () => {
    await world.setUp("--apply", "--yes", ...workload);
    const PolicyDocument = JSON.stringify(allowAll);
    await world.iam.send(new PutRolePolicyCommand({ RoleName: "web", PolicyName: "capstan", PolicyDocument }));
    world.writes();
    const { code, err } = await world.setUp("--delete", "--yes");
    expect({ code, writes: world.writes() }).toEqual({ code: 1, writes: [] });
    expect(err).toContain("role web has policies that others gave it (capstan): detach or delete them first");
  });

  test("asks, and takes everything but yes for a no", async () => {
    await world.setUp("--apply", "--yes");
    world.writes();
    const { code, err } = await world.setUpAnswering("sure", "--delete");
    expect({ code, writes: world.writes() }).toEqual({ code: 1, writes: [] });
    expect(err).toContain("AWS takes no leaf under a deleted trust anchor");
  });

  test("a role that somebody has deleted meanwhile is no failure", async () => {
    await world.setUp("--apply", "--yes");
    await world.iam.send(new DeleteRoleCommand({ RoleName: "capstan-fleet-prod-canary" }));
    const { code, err } = await world.setUp("--delete", "--yes");
    expect(code, err).toBe(0);
    expect(world.emulator.trustAnchors()).toEqual([]);
  });
});
