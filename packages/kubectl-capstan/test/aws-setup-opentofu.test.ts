import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { UpdateTrustAnchorCommand } from "@aws-sdk/client-rolesanywhere";
import { installTool } from "@capstan/test-cluster";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { installAwsProvider } from "./aws-provider.ts";
import { startWorld, type World } from "./aws-setup-world.ts";
import { testAuthority } from "./authority.ts";

// The Terraform text in the hands of OpenTofu with AWS's own provider.

const run = promisify(execFile);
const minute = 60_000;

/** Both take some minutes to build. */
const isEvery = process.env["CAPSTAN_AWS_TOOLS"] === "every";

describe.skipIf(!isEvery)(`OpenTofu${isEvery ? "" : " (only with CAPSTAN_AWS_TOOLS=every)"}`, () => {
  let tofu: string;
  let provider: string;
  let folder: string;
  let world: World;

  beforeAll(async () => {
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    tofu = await installTool("tofu", { log });
    provider = await installAwsProvider(log);
  }, 120 * minute);

  beforeEach(async () => {
    world = await startWorld();
    folder = await mkdtemp(join(tmpdir(), "aws-setup-"));
    // A provider that is there needs no registry, nor an init.
    const settings = `provider_installation {
  dev_overrides {
    "hashicorp/aws" = "${provider}"
  }
  direct {}
}
`;
    await writeFile(join(folder, "settings.tfrc"), settings);
  });

  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const print = async (change: (text: string) => string = (same) => same): Promise<void> => {
    const { out } = await world.setUp("-o", "terraform", "--workload-role", "web", "--common-name", "web.demo");
    await writeFile(join(folder, "main.tf"), change(out));
  };

  /** What it wrote and ended with. */
  async function outcome(...argv: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
    const { PATH, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
    const env = {
      PATH,
      AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY,
      HOME: folder,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_ENDPOINT_URL: world.emulator.endpoint,
      TF_CLI_CONFIG_FILE: join(folder, "settings.tfrc"),
      TF_IN_AUTOMATION: "1",
      CHECKPOINT_DISABLE: "1",
    };
    try {
      const { stdout, stderr } = await run(tofu, argv, { cwd: folder, env, timeout: 10 * minute });
      return { code: 0, out: stdout + stderr };
    } catch (error) {
      const { code = -1, stdout = "", stderr = "" } = error as { code?: number; stdout?: string; stderr?: string };
      return { code, out: stdout + stderr };
    }
  }

  test("finds the text well formed and valid, and an attribute that is wrong", async () => {
    await print();
    expect(await outcome("fmt", "-check", "-diff", "-no-color")).toEqual({ code: 0, out: "" });
    expect(await outcome("validate", "-no-color")).toMatchObject({ code: 0, out: expect.stringContaining("Success!") });
    await print((text) => text.replace("x509_certificate_data", "x509_certificate"));
    const { code, out } = await outcome("validate", "-no-color");
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining("x509_certificate") });
  });

  test("makes what --apply makes, leaves the publisher's bundle alone, and takes all of it away", async () => {
    await print();
    const applied = await outcome("apply", "-auto-approve", "-input=false", "-no-color");
    expect(applied).toMatchObject({ code: 0, out: expect.stringContaining("Apply complete! Resources: 8 added") });
    expect(
      (await world.setUp("--apply", "--yes", "--workload-role", "web", "--common-name", "web.demo")).err,
    ).toContain("Nothing is to be changed.");
    const plan = ["plan", "-detailed-exitcode", "-input=false", "-no-color"] as const;
    expect(await outcome(...plan)).toMatchObject({ code: 0 });

    const [anchor] = world.emulator.trustAnchors();
    const next = await testAuthority("next", "Next Root", Date.now() - minute);
    await world.rolesAnywhere.send(
      new UpdateTrustAnchorCommand({
        trustAnchorId: anchor?.arn.split("/").at(-1),
        source: {
          sourceType: "CERTIFICATE_BUNDLE",
          sourceData: { x509CertificateData: world.fleet.root.pem + next.root.pem },
        },
      }),
    );
    expect(await outcome(...plan)).toMatchObject({ code: 0 });

    const destroyed = await outcome("destroy", "-auto-approve", "-input=false", "-no-color");
    expect(destroyed).toMatchObject({ code: 0, out: expect.stringContaining("Destroy complete! Resources: 8") });
  });
});
