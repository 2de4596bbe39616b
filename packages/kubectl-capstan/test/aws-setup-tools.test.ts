import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { TagRoleCommand } from "@aws-sdk/client-iam";
import {
  CreateTrustAnchorCommand,
  DeleteTrustAnchorCommand,
  type Source,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { testAuthority } from "./authority.ts";
import { type AwsTools, installAwsTools } from "./aws-tools.ts";
import { held, startWorld, type World } from "./aws-setup-world.ts";

// The printed text in the hands of the tools that it is for. They are installed once, which takes a minute or more, and the
// AWS CLI takes a second for each of its calls.

const run = promisify(execFile);
/** The package has no __main__. */
const cfnLint = "import sys; from cfnlint.runner import main; sys.exit(main())";

/** The AWS CLI takes two seconds of a processor for each call, so some runs are left to CAPSTAN_AWS_TOOLS=every. */
const isEvery = process.env["CAPSTAN_AWS_TOOLS"] === "every";

const installMs = 900_000;
const runMs = 300_000;

let tools: AwsTools;
let folder: string;
let world: World;

beforeAll(async () => {
  tools = await installAwsTools((line) => process.stderr.write(`${line}\n`));
  folder = await mkdtemp(join(tmpdir(), "aws-setup-"));
  await writeFile(join(folder, "aws"), `#!/bin/sh\nexec "${tools.python}" -m awscli "$@"\n`, { mode: 0o755 });
}, installMs);

afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  world = await startWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

/** What the program wrote and ended with. */
async function outcome(program: string, argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const env = {
    ...process.env,
    PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`,
    HOME: folder,
    AWS_ENDPOINT_URL: world.emulator.endpoint,
  };
  try {
    const { stdout, stderr } = await run(program, [...argv], { env, timeout: runMs });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code = -1, stdout = "", stderr = "" } = error as { code?: number; stdout?: string; stderr?: string };
    return { code, out: stdout, err: stderr };
  }
}

async function lint(template: string): Promise<{ readonly code: number; readonly out: string }> {
  const file = join(folder, "template.yaml");
  await writeFile(file, template);
  return outcome(tools.python, ["-c", cfnLint, "--regions", "eu-central-1", "--template", file]);
}

test(
  "cfn-lint finds nothing in the template, and finds a property and a policy that are wrong",
  async () => {
    const { out } = await world.setUp("-o", "cloudformation", "--workload-role", "web", "--common-name", "web.demo");
    expect(await lint(out)).toMatchObject({ code: 0, out: "" });
    const { code, out: faults } = await lint(
      out.replace("SourceType:", "SourceKind:").replace("Effect: Allow", "Effect: Maybe"),
    );
    expect({ code, property: faults.includes("SourceKind"), policy: faults.includes("Maybe") }).toEqual({
      code: 2,
      property: true,
      policy: true,
    });
  },
  runMs,
);

test(
  "the script makes in the AWS CLI what --apply makes, and prints the fields of the spec",
  async () => {
    const file = await writeScript((await world.setUp("-o", "cli")).out);
    const first = await outcome("bash", [file]);
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(world.writes()).toEqual([
      "CreateTrustAnchor",
      "CreateRole",
      "PutRolePolicy",
      "CreateProfile",
      "CreateRole",
      "CreateProfile",
    ]);
    const applied = await world.setUp("--apply", "--yes");
    expect(applied.err).toContain("Nothing is to be changed.");
    expect(world.writes()).toEqual([]);
    expect(parse(first.out)).toEqual((parse(applied.out) as { trustAnchors: unknown }).trustAnchors);
  },
  runMs,
);

test.skipIf(!isEvery)(
  "the script can be run again: policies are put as they are, and nothing is made a second time",
  async () => {
    const { out: script } = await world.setUp("-o", "cli", "--workload-role", "web", "--common-name", "web.demo");
    const file = await writeScript(script);
    const first = await outcome("bash", [file]);
    world.writes();
    expect(await outcome("bash", [file])).toEqual(first);
    expect(world.writes()).toEqual([
      "UpdateAssumeRolePolicy",
      "PutRolePolicy",
      "UpdateAssumeRolePolicy",
      "UpdateAssumeRolePolicy",
    ]);
  },
  runMs,
);

test.skipIf(!isEvery)(
  "the script does nothing with credentials of another account, and takes over no role of others",
  async () => {
    const { out: script } = await world.setUp("-o", "cli");
    expect(
      (await outcome("bash", [await writeScript(script.replaceAll("'111122223333'", "'444455556666'"))])).code,
    ).toBe(1);
    expect(world.writes()).toEqual([]);
    await world.setUp("--apply", "--yes");
    world.writes();
    const taggedAs = async (authority: string, anchor: string): Promise<void> => {
      const Tags = [
        { Key: "capstan.dev/authority", Value: authority },
        { Key: "capstan.dev/trust-anchor", Value: anchor },
      ];
      await world.iam.send(new TagRoleCommand({ RoleName: "capstan-fleet-prod-publisher", Tags }));
    };
    for (const [authority, anchor] of [
      ["harbour", "prod"],
      ["fleet", "lab"],
    ] as const) {
      await taggedAs(authority, anchor);
      world.writes();
      expect(await outcome("bash", [await writeScript(script)])).toMatchObject({
        code: 1,
        err: expect.stringContaining("role capstan-fleet-prod-publisher is there already") as string,
      });
      expect(world.writes()).toEqual([]);
    }
  },
  runMs,
);

test.skipIf(!isEvery)(
  "the script takes a trust anchor without tags that holds the root, as the publisher makes one, and no stranger's of the name",
  async () => {
    const file = await writeScript((await world.setUp("-o", "cli")).out);
    const { trustAnchor } = await world.rolesAnywhere.send(
      new CreateTrustAnchorCommand({
        name: "capstan-fleet-prod",
        source: sourceOf(world.fleet.root.pem),
        enabled: true,
      }),
    );
    const { trustAnchorArn = "", trustAnchorId = "" } = trustAnchor ?? {};
    const first = await outcome("bash", [file]);
    expect({ code: first.code, isIt: first.out.includes(trustAnchorArn) }, first.err).toEqual({ code: 0, isIt: true });
    const other = await testAuthority("other", "Example Fleet CA", Date.now() - 60_000);
    await world.rolesAnywhere.send(new UpdateTrustAnchorCommand({ trustAnchorId, source: sourceOf(other.root.pem) }));
    world.writes();
    expect(await outcome("bash", [file])).toMatchObject({
      code: 1,
      err: expect.stringContaining("it may be another cluster's") as string,
    });
    await world.rolesAnywhere.send(
      new CreateTrustAnchorCommand({ name: "capstan-fleet-prod", source: sourceOf(other.root.pem), enabled: true }),
    );
    world.writes();
    expect(await outcome("bash", [file])).toMatchObject({
      code: 1,
      err: expect.stringContaining("several trust anchors are named capstan-fleet-prod") as string,
    });
    expect(world.writes()).toEqual([]);
  },
  runMs,
);

test.skipIf(!isEvery)(
  "the script takes the trust anchor that the status names, and makes another when that one was deleted",
  async () => {
    await world.setUp("--apply", "--yes");
    const { anchor } = await held(world, { hasWorkload: false });
    world.known = [{ name: "prod", arn: anchor.arn, joined: true }];
    const file = await writeScript((await world.setUp("-o", "cli")).out);
    world.writes();
    expect((await outcome("bash", [file])).out).toContain(anchor.arn);
    expect(world.writes()).not.toContain("CreateTrustAnchor");
    await world.rolesAnywhere.send(new DeleteTrustAnchorCommand({ trustAnchorId: anchor.id }));
    const { code, out } = await outcome("bash", [file]);
    expect({ code, isOld: out.includes(anchor.arn) }).toEqual({ code: 0, isOld: false });
    expect(world.writes()).toContain("CreateTrustAnchor");
    expect((await world.setUp("--apply", "--yes")).err).toContain("Nothing is to be changed.");
  },
  runMs,
);

function sourceOf(x509CertificateData: string): Source {
  return { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData } };
}

async function writeScript(text: string): Promise<string> {
  const file = join(folder, "setup.sh");
  await writeFile(file, text);
  return file;
}
