import { CreateTrustAnchorCommand, UpdateTrustAnchorCommand } from "@aws-sdk/client-rolesanywhere";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { testAuthority } from "./authority.ts";
import { account, startWorld, type World } from "./aws-setup-world.ts";

let world: World;

beforeEach(async () => {
  world = await startWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

interface Target {
  readonly profileArn: string;
  readonly roleArn: string;
}

interface PrintedAnchor {
  readonly name: string;
  readonly arn: string;
  readonly publisher: Target;
  readonly canary: Target;
  readonly create?: boolean;
}

function printed(out: string): PrintedAnchor {
  const { trustAnchors } = parse(out) as { trustAnchors: readonly PrintedAnchor[] };
  const [anchor] = trustAnchors;
  if (anchor === undefined) throw new Error(`no trust anchor in ${out}`);
  return anchor;
}

const workload = ["--workload-role", "web", "--namespace", "demo", "--common-name", "web.demo"] as const;

describe("--apply", () => {
  test("makes everything once, and finds it unchanged the second time without a single write", async () => {
    const first = await world.setUp("--apply", "--yes", ...workload);
    expect(first.code, first.err).toBe(0);
    expect(world.writes()).toEqual([
      "CreateTrustAnchor",
      "CreateRole",
      "PutRolePolicy",
      "CreateProfile",
      "CreateRole",
      "CreateProfile",
      "CreateRole",
      "CreateProfile",
    ]);
    const anchor = printed(first.out);
    expect(anchor).toMatchObject({
      name: "prod",
      publisher: { roleArn: `arn:aws:iam::${account}:role/capstan-fleet-prod-publisher` },
      canary: { roleArn: `arn:aws:iam::${account}:role/capstan-fleet-prod-canary` },
    });
    expect(anchor.create).toBeUndefined();
    const profileArn = world.emulator.profileArn("capstan-fleet-prod-workload-web");
    const helper = `--trust-anchor-arn ${anchor.arn} --profile-arn ${profileArn} --role-arn arn:aws:iam::${account}:role/web`;
    expect(first.out).toMatch(/\n# for aws_signing_helper, role web under trust anchor prod:\n# {3}--.*\n$/);
    expect(first.out.trimEnd().endsWith(`\n#   ${helper}`)).toBe(true);

    const second = await world.setUp("--apply", "--yes", ...workload);
    expect(second).toMatchObject({ code: 0, out: first.out });
    expect(world.writes()).toEqual([]);
    expect(second.err).toContain("Nothing is to be changed.");
  });

  test("says nothing of the helper where no role for workloads is made", async () => {
    const { code, out } = await world.setUp("--apply", "--yes");
    expect(code).toBe(0);
    expect(out).not.toContain("aws_signing_helper");
  });

  test("gives each role to its own leaves alone", async () => {
    const { out } = await world.setUp("--apply", "--yes", ...workload);
    const { arn: trustAnchorArn, publisher, canary } = printed(out);
    const web = {
      roleArn: `arn:aws:iam::${account}:role/web`,
      profileArn: world.emulator.profileArn("capstan-fleet-prod-workload-web"),
    };
    const outcomes: Record<string, readonly string[]> = {};
    for (const [role, target] of Object.entries({ publisher, canary, web })) {
      const taken: string[] = [];
      for (const name of [
        "publisher.fleet@capstan",
        "canary.fleet@capstan",
        "crl.fleet@capstan",
        "web.demo",
        "db.demo",
        "x.web.demo",
      ]) {
        const session = await world.session(name, { trustAnchorArn, ...target }).catch((error: unknown) => error);
        if (session instanceof Error) expect(session.message).toContain("Unable to assume role");
        else taken.push(name);
      }
      outcomes[role] = taken;
    }
    expect(outcomes).toEqual({
      publisher: ["publisher.fleet@capstan"],
      canary: ["canary.fleet@capstan", "crl.fleet@capstan"],
      web: ["web.demo"],
    });
  });

  test("gives none to a leaf under another trust anchor, nor to one of another CA under its own", async () => {
    const { out } = await world.setUp("--apply", "--yes", ...workload);
    const { arn } = printed(out);
    const web = {
      roleArn: `arn:aws:iam::${account}:role/web`,
      profileArn: world.emulator.profileArn("capstan-fleet-prod-workload-web"),
    };
    const other = await testAuthority("other", "Other CA", Date.now() - 60_000);
    const bundle = { x509CertificateData: world.fleet.root.pem + other.root.pem };
    const source = { sourceType: "CERTIFICATE_BUNDLE", sourceData: bundle } as const;
    const second = await world.rolesAnywhere.send(
      new CreateTrustAnchorCommand({ name: "second", source, enabled: true }),
    );
    const trustAnchorId = arn.split("/").at(-1) ?? "";
    await world.rolesAnywhere.send(new UpdateTrustAnchorCommand({ trustAnchorId, source }));

    await world.session("web.demo", { ...web, trustAnchorArn: arn });
    const elsewhere = { ...web, trustAnchorArn: second.trustAnchor?.trustAnchorArn ?? "" };
    await expect(world.session("web.demo", elsewhere)).rejects.toThrow("Unable to assume role");
    await expect(world.session("web.demo", { ...web, trustAnchorArn: arn }, other)).rejects.toThrow(
      "Unable to assume role",
    );
  });
});
