import type { CertificateAuthority } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { exitCode, type ExitCode, PluginError } from "../exit-code.ts";
import { capstanNamespaceFlag, connectionFlags, namespaceFlag, yesFlag } from "../flags.ts";
import type { Invocation, PluginContext } from "../invocation.ts";
import { applySetups, type Asks, deleteSetups } from "./apply.ts";
import { chooseAnchors } from "./choose-anchors.ts";
import { findRoots, readRootFile } from "./find-roots.ts";
import { administratorPolicy } from "./policies.ts";
import { type Authority, readFromCluster, readFromFile } from "./read-authority.ts";
import { renderCli } from "./render-cli.ts";
import { renderCloudFormation } from "./render-cloudformation.ts";
import { renderTerraform } from "./render-terraform.ts";
import { type AwsSetupOptions, parseRequest, type Request, type TextFormat, textFormats } from "./request.ts";
import { describeSetup, type Setup } from "./setup.ts";
import { fieldsOf, withFields } from "./spec-fields.ts";
import { formatWorkload } from "./workload-arguments.ts";
import { formatAnchors, writeSpec } from "./write-spec.ts";

/** `kubectl capstan aws-setup [CA]`: once for each trust anchor, with an administrator's credentials or by text that is applied. */
export const awsSetupCommand: Command<AwsSetupOptions> = {
  name: "aws-setup",
  summary: "Prepare an AWS account: trust anchors, and roles for the publisher, its canary and workloads",
  description: `Prepares AWS for the trust anchors in a CertificateAuthority's spec: the trust anchor with the authority's root, a role and profile for the publisher and for its canary, and a role for workloads if one is named. Prints text to apply, or carries it out with --apply and your own AWS credentials.
The order: create the CertificateAuthority; its first root takes no AWS credentials. Run this once, and put the ARNs that it prints into the spec (--write-spec does). From then on the publisher gets credentials by leaves of its own: no static AWS key is needed.`,
  argument: {
    notation: "[CA]",
    description: "the CertificateAuthority; may be left out where there is only one",
  },
  flags: [
    {
      long: "output",
      short: "o",
      value: "FORMAT",
      description: "print text for one trust anchor; policy is what whoever carries it out needs in IAM (default: cli)",
      choices: textFormats,
    },
    {
      long: "apply",
      description: "carry it out with your AWS credentials; what is there is adopted if it is this authority's",
    },
    { long: "delete", description: "delete what was made for it, with your AWS credentials" },
    {
      long: "dry-run",
      value: "WHERE",
      alone: "client",
      description: "with --apply or --delete: show what would be done",
      choices: ["client"],
    },
    {
      long: "write-spec",
      description: "with --apply: put the ARNs into the CertificateAuthority's spec",
    },
    { long: "anchor", value: "NAME", description: "only this trust anchor of the spec" },
    {
      long: "workload-role",
      value: "NAME",
      description: "make a role for workloads as well, which may do nothing until you give it rights",
    },
    {
      long: "common-name",
      value: "CN",
      description: "with --workload-role: whose leaves it trusts; * stands for any characters",
    },
    namespaceFlag("with --workload-role: the workloads' namespace; alone it means *.NAMESPACE"),
    {
      long: "filename",
      short: "f",
      value: "FILE",
      description: "the CertificateAuthority in a file or - for standard input, without a cluster",
    },
    {
      long: "root",
      value: "FILE",
      description: "the authority's root in PEM, instead of the cluster's",
    },
    yesFlag,
    capstanNamespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan aws-setup fleet --apply --write-spec",
    "kubectl capstan aws-setup fleet --anchor prod -o cloudformation > capstan.yaml",
    "kubectl capstan aws-setup fleet --apply --workload-role web --namespace demo --common-name web.demo",
    "kubectl capstan aws-setup fleet --delete --dry-run",
  ],
  run: awsSetup,
};

/** What each format prints for one trust anchor. */
const renderers: Readonly<Record<TextFormat, (setup: Setup, request: Request) => string>> = {
  cli: renderCli,
  cloudformation: renderCloudFormation,
  terraform: renderTerraform,
  policy: (setup, { workload }) =>
    `${JSON.stringify(administratorPolicy(setup, { workloadRole: workload?.name }), undefined, 2)}\n`,
};

/** Where the authority comes from. */
interface Source {
  readonly authority: Authority;
  readonly readRoots: () => Promise<readonly string[]>;
  /** Writes ARNs into the spec; undefined for a file. */
  readonly cluster?: { readonly client: KubeClient; readonly authority: CertificateAuthority };
}

async function awsSetup({ arguments: [name], options, context }: Invocation<AwsSetupOptions>): Promise<ExitCode> {
  const request = parseRequest(options, context.terminal);
  const { filename, root, context: kubeContext, kubeconfig, capstanNamespace } = options;
  if (filename !== undefined) {
    const authority = await readFromFile(filename, name, context.terminal);
    const readRoots = () => readRootFile(root ?? "", authority.spec.subject.commonName);
    return setUp({ authority, readRoots }, { request, options, context });
  }
  const flags = {
    ...(kubeContext === undefined ? {} : { context: kubeContext }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  };
  return withCluster(flags, context, async ({ client }) => {
    const authority = await readFromCluster(client, name);
    const readRoots = () =>
      root === undefined
        ? findRoots(client, authority, capstanNamespace)
        : readRootFile(root, authority.spec.subject.commonName);
    return setUp({ authority, readRoots, cluster: { client, authority } }, { request, options, context });
  });
}

async function setUp(
  source: Source,
  {
    request,
    options,
    context,
  }: {
    readonly request: Request;
    readonly options: AwsSetupOptions;
    readonly context: PluginContext;
  },
): Promise<ExitCode> {
  const { authority, readRoots } = source;
  const { task, workload } = request;
  const { terminal } = context;
  const specs = chooseAnchors(authority, { ...request, anchor: options.anchor });
  const needsRoots = task.do === "apply" || (task.do === "print" && task.format !== "policy");
  const roots = needsRoots ? await readRoots() : [];
  const setups = specs.map((spec) => {
    const { name } = authority.metadata;
    const knownArn = authority.status?.trustAnchors?.find((anchor) => anchor.name === spec.name)?.arn;
    const issuerCommonName = authority.spec.subject.commonName;
    return describeSetup({ authority: name, issuerCommonName, spec, knownArn, roots, workload });
  });
  const asks: Asks = async (question) => {
    if (options.yes === true) return true;
    return /^y(es)?$/i.test((await terminal.ask(`${question} [y/N] `)).trim());
  };
  if (task.do === "print") {
    for (const setup of setups) terminal.out(renderers[task.format](setup, request));
    return exitCode.done;
  }
  const { isDryRun } = task;
  if (task.do === "delete") {
    const isDone = await deleteSetups(setups, { context, asks, isDryRun });
    return isDone || isDryRun ? exitCode.done : exitCode.failed;
  }
  const applied = await applySetups(setups, { context, asks, isDryRun });
  if (applied === undefined) return isDryRun ? exitCode.done : exitCode.failed;
  const fields = applied.map(({ setup, found }) => {
    const made = fieldsOf(setup.anchor, found);
    if (made === undefined) throw new PluginError(`AWS does not show all of ${setup.anchor}: run the command again`);
    return made;
  });
  const trustAnchors = [...withFields(authority.spec.trustAnchors ?? [], fields)];
  terminal.out(formatAnchors(authority.metadata.name, trustAnchors));
  for (const { setup, found } of applied) terminal.out(formatWorkload(setup.anchor, found));
  if (task.writesSpec && source.cluster !== undefined) {
    const { client, authority: stored } = source.cluster;
    await writeSpec(client, stored, { fields, terminal, asks });
  }
  return exitCode.done;
}
