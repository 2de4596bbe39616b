import { defaultNamespace } from "@capstan/api";
import { formatTime, isConflict, type KubeClient, type KubeObject } from "@capstan/kube";
import { CelEvaluator } from "@capstan/policy";
import { readAsked } from "../check/asked.ts";
import { checkAsked } from "../check/check-asked.ts";
import { clusterSurroundings } from "../check/surroundings.ts";
import { checkNamespace, withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { exitCode, type ExitCode, PluginError, UsageError } from "../exit-code.ts";
import { capstanNamespaceFlag, type ConnectionOptions, connectionFlags, dryRunFlag, namespaceFlag } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { printable } from "../output/printable.ts";
import { certificateRequestResource, certificateResource } from "../revoke/cert-manager.ts";
import {
  askedAnew,
  failureOf,
  hasOwner,
  isOfCapstan,
  newestRequestOf,
  type RetriedCertificate,
  type RetriedRequest,
} from "./failed-certificate.ts";

interface RetryOptions extends ConnectionOptions {
  readonly namespace?: string;
  readonly selector?: string;
  readonly all?: boolean;
  readonly dryRun?: string;
  readonly capstanNamespace?: string;
}

/** `kubectl capstan retry NAME…`: only what a policy refused, and would accept now. */
export const retryCommand: Command<RetryOptions> = {
  name: "retry",
  summary: "Try again what a policy refused, after the policy was mended",
  description:
    "cert-manager waits 1 to 32 hours before it tries a Certificate again that failed. This has it try at once those that a policy refused and would accept now; the others it leaves as they are and says why. A CertificateRequest that no Certificate owns has failed for good: it has to be created anew.",
  argument: { notation: "[NAME...]", description: "names of Certificates of the namespace" },
  flags: [
    namespaceFlag("namespace of the Certificates; else the context's"),
    { long: "selector", short: "l", value: "SELECTOR", description: "Certificates with these labels, like app=web" },
    { long: "all", description: "all Certificates of the namespace" },
    dryRunFlag,
    { ...capstanNamespaceFlag, description: "where Capstan keeps its roots and blocked keys" },
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan retry web -n demo",
    "kubectl capstan retry --all -n demo --dry-run=client",
    "kubectl capstan retry -l app=web -n demo",
  ],
  run: retry,
};

type Chosen =
  | { readonly by: "name"; readonly names: readonly string[] }
  | { readonly by: "labels"; readonly labelSelector: string | undefined };

interface Retry {
  readonly client: KubeClient;
  readonly evaluator: CelEvaluator;
  readonly capstanNamespace: string;
  readonly dryRun: "client" | "server" | undefined;
  readonly now: number;
  readonly requests: readonly RetriedRequest[];
}

/** What came of one Certificate. */
type Outcome =
  | { readonly is: "retried" | "not failed" }
  /** `because` says which rule, and what else can be done. */
  | { readonly is: "left"; readonly because: string };

async function retry({ arguments: names, options, context }: Invocation<RetryOptions>): Promise<ExitCode> {
  const { terminal, clock } = context;
  const { capstanNamespace = defaultNamespace } = options;
  const chosen = readChosen(names, options);
  const dryRun = options.dryRun === "client" || options.dryRun === "server" ? options.dryRun : undefined;
  checkNamespace("--capstan-namespace", capstanNamespace);
  return withCluster(options, context, async ({ client, namespace }) => {
    const certificates = await readCertificates(client, namespace, chosen);
    const { items: requests } = await client.listAll<RetriedRequest>(certificateRequestResource, { namespace });
    const evaluator = new CelEvaluator();
    try {
      const work: Retry = { client, evaluator, capstanNamespace, dryRun, now: clock.now(), requests };
      const outcomes: Outcome[] = [];
      for (const certificate of certificates) {
        const outcome = await retryOne(certificate, work);
        outcomes.push(outcome);
        const name = `certificate.cert-manager.io/${certificate.metadata.name}`;
        if (outcome.is === "retried") terminal.out(`${name} retried${dryRunNote[dryRun ?? "none"]}\n`);
        else if (outcome.is === "left") terminal.err(`${name} left as it is: ${printable(outcome.because)}\n`);
        else if (chosen.by === "name") terminal.err(`${name} left as it is: it has not failed\n`);
      }
      if (chosen.by === "labels") {
        tellBareRequests(requests, chosen.labelSelector, terminal.err);
        if (outcomes.every(({ is }) => is === "not failed")) terminal.err("No Certificate has failed.\n");
      }
      const isDone = outcomes.every(({ is }) => is === "retried" || (is === "not failed" && chosen.by === "labels"));
      return isDone ? exitCode.done : exitCode.failed;
    } finally {
      await evaluator.close();
    }
  });
}

const dryRunNote = { none: "", client: " (dry run)", server: " (server dry run)" } as const;

/** @throws {UsageError} when nothing is chosen, or in two ways: it names both */
function readChosen(names: readonly string[], { selector, all = false }: RetryOptions): Chosen {
  const ways = [
    ...(names.length === 0 ? [] : ["NAME"]),
    ...(selector === undefined ? [] : ["--selector"]),
    ...(all ? ["--all"] : []),
  ];
  const [first, second] = ways;
  if (first === undefined) throw new UsageError("say what to retry: NAME, --selector or --all");
  if (second !== undefined) throw new UsageError(`${first} and ${second} clash: give one of them`);
  if (selector?.trim() === "")
    throw new UsageError("--selector is empty: --all takes every Certificate of the namespace");
  if (names.length === 0) return { by: "labels", labelSelector: selector };
  const plain = names.map((name) => name.replace(/^certificates?\//, ""));
  const wrong = plain.find((name) => !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name));
  if (wrong !== undefined) throw new UsageError(`${JSON.stringify(wrong)} is no Certificate's name`);
  return { by: "name", names: [...new Set(plain)] };
}

/** Every name is found before the first is retried. */
async function readCertificates(
  client: KubeClient,
  namespace: string,
  chosen: Chosen,
): Promise<readonly RetriedCertificate[]> {
  if (chosen.by === "labels") {
    const { labelSelector } = chosen;
    const { items } = await client.listAll<RetriedCertificate>(certificateResource, { namespace, labelSelector });
    return items.filter(isOfCapstan);
  }
  return Promise.all(
    chosen.names.map(async (name) => {
      const found = await client.getOrUndefined<RetriedCertificate>(certificateResource, { namespace, name });
      if (found === undefined) throw new PluginError(`there is no Certificate ${name} in namespace ${namespace}`);
      if (!isOfCapstan(found)) throw new PluginError(`Certificate ${name} asks no issuer of Capstan's`);
      return found;
    }),
  );
}

async function retryOne(certificate: RetriedCertificate, work: Retry): Promise<Outcome> {
  const { name, namespace = "" } = certificate.metadata;
  const request = newestRequestOf(certificate, work.requests);
  const failure = request === undefined ? ({ by: "nothing" } as const) : failureOf(request);
  if (failure.by === "nothing") return { is: "not failed" };
  if (failure.by === "something else") {
    return {
      is: "left",
      because: `no policy refused it, but ${failure.message}; once that is mended: cmctl renew ${name} -n ${namespace}`,
    };
  }
  const refused = await violationsNow(certificate, work);
  if (refused !== undefined) {
    return { is: "left", because: `it would be refused again: ${refused} (kubectl capstan check says more)` };
  }
  return triggerIssuance(certificate, work);
}

/** What the policy has against it now, in one line; undefined when nothing. */
async function violationsNow(
  certificate: RetriedCertificate,
  { client, evaluator, capstanNamespace, now }: Retry,
): Promise<string | undefined> {
  const { namespace = "default" } = certificate.metadata;
  const reading = readAsked(certificate, { fallback: namespace });
  if ("skipped" in reading) return `it ${reading.skipped}`;
  const { asked } = reading;
  const surroundings = await clusterSurroundings(client, {}, { ...asked, capstanNamespace });
  // Of a Certificate the maker is cert-manager, whoever asks here.
  const requester = (): Promise<{ readonly username: string; readonly groups: readonly string[] }> =>
    Promise.resolve({ username: "", groups: [] });
  const { violations } = await checkAsked(asked, surroundings, { evaluator, now: new Date(now), requester });
  if (violations.length === 0) return undefined;
  return violations.map(({ field, rule }) => `${field}: ${rule}`).join("; ");
}

async function triggerIssuance(certificate: RetriedCertificate, { client, dryRun, now }: Retry): Promise<Outcome> {
  if (dryRun === "client") return { is: "retried" };
  const { name, namespace = "" } = certificate.metadata;
  try {
    await client.request<KubeObject>({
      method: "PUT",
      path: `/apis/cert-manager.io/v1/namespaces/${namespace}/certificates/${name}/status`,
      query: { dryRun: dryRun === "server" ? "All" : undefined },
      body: askedAnew(certificate, formatTime(now)),
    });
    return { is: "retried" };
  } catch (error) {
    if (!isConflict(error)) throw error;
    return { is: "left", because: "somebody changed it meanwhile: run the command again" };
  }
}

/** Nobody tries these again; whoever made them has to. */
function tellBareRequests(
  requests: readonly RetriedRequest[],
  labelSelector: string | undefined,
  err: (text: string) => void,
): void {
  // Labels were told for Certificates.
  if (labelSelector !== undefined) return;
  for (const request of requests) {
    if (hasOwner(request) || !isOfCapstan(request) || failureOf(request).by !== "policy") continue;
    err(
      `certificaterequest.cert-manager.io/${request.metadata.name} left as it is: no Certificate owns it, and a failed request stays failed; create it anew\n`,
    );
  }
}
