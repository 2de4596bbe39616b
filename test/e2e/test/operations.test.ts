import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import {
  assumeRole,
  capstan,
  getObject,
  helperArguments,
  type LeafFiles,
  mountSecret,
  startDemo,
} from "../src/workload.ts";

// The emergency runbook, command by command as it stands in docs/operate/emergency.md, by whoever is on call.

const minute = 60_000;
const runbook = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../docs/operate/emergency.md");

let environment: Environment;
let before: LeafFiles;
/** As a pod's configuration was written before anything happened: it names the trust anchor, whatever becomes of that. */
let helper: readonly string[];
let serial: string;
/** Commands by the heading that they stand under. */
let commands: ReadonlyMap<string, readonly string[]>;
const run_ = new Set<string>();

beforeAll(async () => {
  commands = readCommands(await readFile(runbook, "utf8"));
  environment = await startDemo();
  before = await mountSecret(environment, "demo", "web-tls");
  helper = await helperArguments(environment, before);
  const records = await getObject<{
    readonly items: readonly { readonly spec: { readonly serial: string; readonly requestNamespace?: string } }[];
  }>(environment, ["issuedcertificates", "-n", "capstan-system"]);
  serial = records?.items.find(({ spec }) => spec.requestNamespace === "demo")?.spec.serial ?? "";
});

afterAll(async () => {
  await environment?.stop();
});

function readCommands(markdown: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let heading = "";
  let isBlock = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("## ")) heading = line.slice(3);
    else if (line.startsWith("```")) isBlock = line === "```sh";
    else if (isBlock && line !== "") found.set(heading, [...(found.get(heading) ?? []), line]);
  }
  return found;
}

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the runbook in a shell, as the person on call. */
async function shell(heading: string, index: number): Promise<Ended> {
  const command = commands.get(heading)?.[index];
  if (command === undefined) throw new Error(`the runbook has no command ${index} under ${heading}`);
  run_.add(`${heading} ${index}`);
  const env = {
    PATH: `${environment.bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
    HOME: environment.cluster.directory,
    KUBECONFIG: environment.operatorKubeconfig,
    SERIAL: serial,
  };
  return new Promise((resolve) => {
    execFile("sh", ["-c", command], { env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

async function succeeds(heading: string, index: number): Promise<Ended> {
  const ended = await shell(heading, index);
  expect(ended.exitCode, `${heading} ${index}: ${ended.stderr}${ended.stdout}`).toBe(0);
  return ended;
}

/** With what `status` ends once it says so: an operation is told to be done before its authority's status is written. */
async function statusWith(words: RegExp): Promise<number> {
  return until(`status to say ${words.source}`, async () => {
    const { exitCode, stdout } = await capstan(environment, ["status", "fleet"]);
    return words.test(stdout) ? exitCode : undefined;
  });
}

describe("the emergency runbook", () => {
  test("stop-holds-issuing-and-status-says-so", { timeout: 5 * minute }, async () => {
    const { stderr } = await succeeds("Stop", 0);
    expect(stderr).toContain("Done: the issuer stands still");
    expect(await statusWith(/waiting +fleet +Frozen: .*operator.* +kubectl capstan unfreeze fleet/)).toBe(1);
    await assumeRole(environment, before);
  });

  test("a-disabled-trust-anchor-gives-nobody-a-session-until-it-is-enabled", { timeout: 5 * minute }, async () => {
    await succeeds("Stop", 1);
    await expect(assumeRole(environment, before, helper)).rejects.toThrow("The trust anchor is disabled.");
    await statusWith(/waiting +fleet\/prod +disabled by system:serviceaccount:operations:alice/);
    await succeeds("Stop", 2);
    await assumeRole(environment, before);
  });

  test("look-tells-whose-a-session-is", async () => {
    expect((await succeeds("Look", 0)).stdout).toContain(serial);
    expect((await succeeds("Look", 1)).stdout).toContain("demo");
  });

  test("the-plan-of-a-compromise-is-what-then-happens", { timeout: 5 * minute }, async () => {
    const plan = await succeeds("The authority", 0);
    expect(plan.stdout).toMatch(/generation 2 is made[\s\S]*the old root is removed from trust anchor prod/);
    const { stderr } = await succeeds("The authority", 1);
    expect(stderr).toMatch(/Done: generation 2 signs/);
    await expect(assumeRole(environment, before)).rejects.toThrow("AccessDeniedException");
  });

  test("going-on-ends-with-every-workload-on-a-certificate-that-aws-accepts", { timeout: 9 * minute }, async () => {
    await succeeds("Go on", 0);
    await until("status to end with 0", async () => ((await shell("Go on", 1)).exitCode === 0 ? true : undefined));
    await succeeds("Go on", 2);
    await until(
      "Certificate web to hold a leaf that AWS accepts",
      async () => {
        const renewed = await mountSecret(environment, "demo", "web-tls");
        return assumeRole(environment, renewed).then(
          () => true,
          () => undefined,
        );
      },
      4 * minute,
    );
    const { stderr } = await succeeds("Go on", 3);
    expect(stderr).toBe("No Certificate has failed.\n");
  });

  test("one-workload-is-revoked-and-its-sessions-can-be-ended", { timeout: 6 * minute }, async () => {
    const leaked = await mountSecret(environment, "demo", "web-tls");
    await succeeds("One workload", 0);
    await expect(assumeRole(environment, leaked)).rejects.toThrow("Certificate revoked");
    expect((await succeeds("End the sessions", 0)).stdout).toContain("aws:TokenIssueTime");
  });

  test("afterwards-it-is-known-who-ordered-what", async () => {
    const operations = await succeeds("Afterwards", 0);
    for (const kind of ["Freeze", "Unfreeze", "Compromised", "DisableTrustAnchor", "EnableTrustAnchor"]) {
      expect(operations.stdout).toMatch(new RegExp(`fleet +${kind} +Done .*system:serviceaccount:operations:alice`));
    }
    expect((await succeeds("Afterwards", 1)).stdout).toContain("keyCompromise");
  });

  test("every-command-of-the-runbook-was-run", () => {
    const all = [...commands].flatMap(([heading, lines]) => lines.map((_, index) => `${heading} ${index}`));
    expect([...run_].toSorted()).toEqual(all.toSorted());
  });
});
