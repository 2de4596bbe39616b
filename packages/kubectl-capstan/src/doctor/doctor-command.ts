import { defaultNamespace } from "@capstan/api";
import { issuerSettings } from "@capstan/issuer-controller/settings";
import { stringify } from "yaml";
import { checkNamespace, withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { exitCode, type ExitCode, PluginError, UsageError } from "../exit-code.ts";
import { capstanNamespaceFlag, type ConnectionOptions, connectionFlags } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { AwsSide, namesCredentials, type SessionTarget } from "./aws-side.ts";
import { checks } from "./checks.ts";
import { readLeafFiles } from "./read-leaf-files.ts";
import { renderDoctor } from "./render-doctor.ts";
import { type CheckedResult, diagnosesOf, runChecks } from "./run-checks.ts";
import { type Account, World } from "./world.ts";

interface DoctorOptions extends ConnectionOptions {
  readonly approver?: string;
  readonly profileArn?: string;
  readonly roleArn?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly secret?: string;
  readonly capstanNamespace?: string;
  readonly output?: string;
}

/** `kubectl capstan doctor [CA]`: fails when anything is wrong. */
export const doctorCommand: Command<DoctorOptions> = {
  name: "doctor",
  summary: "Check the whole chain from the cluster to AWS, and name the cause and the cure of what is wrong",
  description:
    "Looks at the cluster, at Capstan, at each authority, at the requests and at AWS, and changes nothing. Names causes first, each with its cure, then what follows from them. What may not be read is skipped, with the right that is missing.\nEnds with 1 when anything is wrong.",
  argument: { notation: "[CA]", description: "only this CertificateAuthority and what belongs to it" },
  flags: [
    {
      long: "approver",
      value: "NAMESPACE/NAME",
      description: "service account that approves requests; else the one that the issuer controller is started with",
    },
    { long: "profile-arn", value: "ARN", description: "profile that a workload asks for a session by" },
    { long: "role-arn", value: "ARN", description: "role that it asks for" },
    { long: "certificate", value: "FILE", description: "its leaf in PEM: a session is asked for with it" },
    { long: "private-key", value: "FILE", description: "the leaf's key in PEM" },
    { long: "secret", value: "NAMESPACE/NAME", description: "Secret with leaf and key, instead of the two files" },
    {
      long: "output",
      short: "o",
      value: "FORMAT",
      description: "how to print: wide shows every check",
      choices: ["text", "wide", "json", "yaml"],
      default: "text",
    },
    capstanNamespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan doctor",
    "kubectl capstan doctor fleet -o wide",
    "kubectl capstan doctor --secret demo/web-tls --profile-arn arn:aws:rolesanywhere:… --role-arn arn:aws:iam::…",
  ],
  run: doctor,
};

function doctor({ arguments: [authority], options, context }: Invocation<DoctorOptions>): Promise<ExitCode> {
  const { terminal, clock } = context;
  const { capstanNamespace = defaultNamespace, output = "text" } = options;
  checkNamespace("--capstan-namespace", capstanNamespace);
  const approver = options.approver === undefined ? undefined : parseAccount(options.approver);
  const target = targetOf(options);
  return withCluster(options, context, async ({ client }) => {
    const leaf = await readLeafFiles(options, client);
    const aws = new AwsSide({ hasCredentials: namesCredentials(context.env), target, leaf, context });
    const world = new World({ client, clock, capstanNamespace, authority, approver, aws });
    const results = await runAll(world, aws);
    if (
      authority !== undefined &&
      results.every(({ result }) => result !== "Failed") &&
      (await world.authorities()).length === 0
    ) {
      throw new PluginError(`there is no CertificateAuthority ${JSON.stringify(authority)}`);
    }
    if (output === "json") terminal.out(`${JSON.stringify({ checks: results }, undefined, 4)}\n`);
    else if (output === "yaml") terminal.out(stringify({ checks: results }, { lineWidth: 0 }));
    else terminal.out(renderDoctor(results, { isWide: output === "wide", hasColor: terminal.hasColor }));
    return diagnosesOf(results).length === 0 ? exitCode.done : exitCode.failed;
  });
}

async function runAll(world: World, aws: AwsSide): Promise<readonly CheckedResult[]> {
  try {
    return await runChecks(checks, world);
  } finally {
    await aws.close();
  }
}

function targetOf({ profileArn, roleArn }: DoctorOptions): SessionTarget | undefined {
  if (profileArn === undefined && roleArn === undefined) return undefined;
  if (profileArn === undefined || roleArn === undefined)
    throw new UsageError("--profile-arn and --role-arn belong together: give both");
  return { profileArn, roleArn };
}

function parseAccount(text: string): Account {
  try {
    return issuerSettings.approver.parse(text);
  } catch (error) {
    throw new UsageError(`--approver: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
