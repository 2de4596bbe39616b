import { readFile } from "node:fs/promises";
import { defaultNamespace } from "@capstan/api";
import { encodePem } from "@capstan/ca-core";
import { CelEvaluator, type RequestMaker } from "@capstan/policy";
import { parseAllDocuments, stringify } from "yaml";
import { checkNamespace, withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { exitCode, type ExitCode, PluginError, UsageError } from "../exit-code.ts";
import { capstanNamespaceFlag, type ConnectionOptions, connectionFlags, namespaceFlag } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { printable } from "../output/printable.ts";
import type { Terminal } from "../terminal.ts";
import { type Asked, askedByFile, type IssuerName, parseIssuerName, readAsked } from "./asked.ts";
import { checkAsked, type CheckReport } from "./check-asked.ts";
import { renderReport } from "./render-report.ts";
import {
  clusterSurroundings,
  type GivenSurroundings,
  givenSurroundings,
  isOffline,
  type Surroundings,
} from "./surroundings.ts";

interface CheckCommandOptions extends ConnectionOptions {
  readonly filename?: string;
  readonly namespace?: string;
  readonly issuer?: string;
  readonly requester?: string;
  readonly issuerFile?: string;
  readonly authorityFile?: string;
  readonly namespaceLabels?: string;
  readonly capstanNamespace?: string;
  readonly output?: string;
}

/** `kubectl capstan check FILE`: fails when anything in the file would be refused. */
export const checkCommand: Command<CheckCommandOptions> = {
  name: "check",
  summary: "Tell whether a Certificate or a request would be issued, and what AWS would make of the leaf",
  description:
    "Holds a Certificate, CertificateRequest, CertificateSigningRequest or a bare request (PKCS#10, PEM or DER) against every rule of its issuer, its authority and AWS, and creates nothing. Says nothing of quotas and of who approves.\nEnds with 1 when anything would be refused.",
  argument: { notation: "[FILE]", description: "manifest in YAML or JSON, or a request; - reads standard input" },
  flags: [
    { long: "filename", short: "f", value: "FILE", description: "the same as the argument" },
    namespaceFlag("namespace of what names none; else the context's"),
    {
      long: "issuer",
      value: "KIND/NAME",
      description:
        "issuer of a bare request, and of every manifest in place of the one that it names, like capstanclusterissuer/fleet",
    },
    { long: "requester", value: "USER", description: "who makes the request, where it does not say; else you" },
    { long: "issuer-file", value: "FILE", description: "the issuer, instead of the cluster's" },
    { long: "authority-file", value: "FILE", description: "its CertificateAuthority, instead of the cluster's" },
    {
      long: "namespace-labels",
      value: "KEY=VALUE,…",
      description: "labels of the namespace, instead of the cluster's; with both files no cluster is asked",
    },
    {
      long: "output",
      short: "o",
      value: "FORMAT",
      description: "how to print",
      choices: ["text", "json", "yaml"],
      default: "text",
    },
    capstanNamespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan check -f certificate.yaml",
    "openssl req -new -key web.key -subj /CN=web.demo | kubectl capstan check - --issuer capstanclusterissuer/fleet -n demo",
    "kubectl get certificates -n demo -o yaml | kubectl capstan check - --issuer capstanclusterissuer/fleet",
    "kubectl capstan check certificate.yaml --issuer-file issuer.yaml --authority-file ca.yaml --namespace-labels aws=allowed",
  ],
  run: check,
};

async function check({ arguments: [argument], options, context }: Invocation<CheckCommandOptions>): Promise<ExitCode> {
  const { terminal, clock } = context;
  const { capstanNamespace = defaultNamespace } = options;
  if (argument !== undefined && options.filename !== undefined)
    throw new UsageError("the argument and --filename clash: give one of them");
  const file = argument ?? options.filename;
  if (file === undefined) throw new UsageError("nothing to check: give a file, or - for standard input");
  if (options.namespace !== undefined) checkNamespace("--namespace", options.namespace);
  checkNamespace("--capstan-namespace", capstanNamespace);
  const given: GivenSurroundings = {
    ...(options.issuerFile === undefined ? {} : { issuer: await readDocument(options.issuerFile) }),
    ...(options.authorityFile === undefined ? {} : { authority: await readDocument(options.authorityFile) }),
    ...(options.namespaceLabels === undefined ? {} : { labels: parseLabels(options.namespaceLabels) }),
  };
  const bytes = file === "-" ? await terminal.readInput() : await readBytes(file);
  const evaluator = new CelEvaluator();
  try {
    const checkAll = async (
      namespace: string,
      surroundingsOf: (asked: Asked) => Promise<Surroundings>,
      requester: () => Promise<RequestMaker>,
    ): Promise<readonly CheckReport[]> => {
      const all = readFileAsked(bytes, { file, namespace, options, terminal });
      const reports: CheckReport[] = [];
      for (const asked of all) {
        reports.push(
          await checkAsked(asked, await surroundingsOf(asked), { evaluator, now: new Date(clock.now()), requester }),
        );
      }
      return reports;
    };
    const reports = isOffline(given)
      ? await checkAll(
          options.namespace ?? "default",
          async (asked) => givenSurroundings(given, asked),
          async () => makerNamed(options.requester ?? ""),
        )
      : await withCluster(options, context, async ({ client, namespace }) =>
          checkAll(
            namespace,
            (asked) => clusterSurroundings(client, given, { ...asked, capstanNamespace }),
            async () => (options.requester === undefined ? await whoAmI(client) : makerNamed(options.requester)),
          ),
        );
    terminal.out(format(reports, options.output, terminal));
    return reports.every(({ verdict }) => verdict === "Accepted") ? exitCode.done : exitCode.failed;
  } finally {
    await evaluator.close();
  }
}

function format(reports: readonly CheckReport[], output: string | undefined, { hasColor }: Terminal): string {
  if (output === "json") return `${JSON.stringify({ checks: reports }, undefined, 4)}\n`;
  if (output === "yaml") return stringify({ checks: reports }, { lineWidth: 0 });
  return reports.map((report) => renderReport(report, { hasColor })).join("\n");
}

const requestArmour = "-----BEGIN ";
/** A DER SEQUENCE, which is how every PKCS#10 request begins. */
const derSequence = 0x30;
const encoder = new TextEncoder();

function readFileAsked(
  bytes: Uint8Array,
  {
    file,
    namespace,
    options,
    terminal,
  }: {
    readonly file: string;
    readonly namespace: string;
    readonly options: CheckCommandOptions;
    readonly terminal: Terminal;
  },
): readonly Asked[] {
  const label = file === "-" ? "request" : file;
  const issuer = options.issuer === undefined ? undefined : readIssuerName(options.issuer);
  const text = Buffer.from(bytes).toString("latin1");
  if (bytes[0] === derSequence || text.trimStart().startsWith(requestArmour)) {
    if (issuer === undefined) throw new UsageError(`${label} is a bare request: name its issuer by --issuer KIND/NAME`);
    const csr = bytes[0] === derSequence ? encoder.encode(encodePem("CERTIFICATE REQUEST", bytes)) : bytes;
    return [askedByFile(csr, { label, namespace, issuer })];
  }
  const defaults = {
    fallback: namespace,
    ...(options.namespace === undefined ? {} : { given: options.namespace }),
    ...(issuer === undefined ? {} : { issuer }),
  };
  const found = parseDocuments(bytes, label).flatMap((document) => {
    const reading = readAsked(document, defaults);
    if ("asked" in reading) return [reading.asked];
    terminal.err(`skipped: ${describeKind(document)} ${printable(reading.skipped)}\n`);
    return [];
  });
  if (found.length === 0) {
    throw new PluginError(
      `${label} holds no Certificate, CertificateRequest or CertificateSigningRequest for an issuer of Capstan's`,
    );
  }
  return found;
}

function readIssuerName(text: string): Pick<IssuerName, "kind" | "name"> {
  const issuer = parseIssuerName(text);
  if (issuer !== undefined) return issuer;
  throw new UsageError(`--issuer: ${JSON.stringify(text)} is not capstanclusterissuer/NAME or capstanissuer/NAME`);
}

function describeKind(document: unknown): string {
  const { kind, metadata } = (document ?? {}) as {
    readonly kind?: unknown;
    readonly metadata?: { readonly name?: unknown };
  };
  return JSON.stringify(`${String(kind)}/${String(metadata?.name)}`);
}

/** A List counts as its items. */
function parseDocuments(bytes: Uint8Array, label: string): readonly unknown[] {
  const documents = parseAllDocuments(Buffer.from(bytes).toString("utf8"));
  const list = Array.isArray(documents) ? documents : [];
  const broken = list.find(({ errors }) => errors.length > 0);
  if (broken !== undefined) throw new PluginError(`${label} is no YAML: ${broken.errors[0]?.message ?? ""}`);
  return list
    .map((document): unknown => document.toJS())
    .filter((value) => value !== null)
    .flatMap((value) => {
      const { kind, items } = value as { readonly kind?: unknown; readonly items?: unknown };
      return kind === "List" && Array.isArray(items) ? (items as readonly unknown[]) : [value];
    });
}

async function readDocument(file: string): Promise<unknown> {
  const documents = parseDocuments(await readBytes(file), file);
  if (documents.length !== 1) throw new PluginError(`${file} holds ${documents.length} objects: give a file with one`);
  return documents[0];
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new PluginError(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? "unknown reason"}`, {
      cause,
    });
  }
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(",").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair): readonly [string, string] => {
      const equals = pair.indexOf("=");
      if (equals < 1) throw new UsageError(`--namespace-labels: ${JSON.stringify(pair)} is not KEY=VALUE`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** The groups of a service account's token are known from its name. */
function makerNamed(username: string): RequestMaker {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(username) ?? [];
  return {
    username,
    groups:
      namespace === undefined
        ? []
        : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}

async function whoAmI(client: {
  request<T>(request: { method: "POST"; path: string; body: unknown }): Promise<T>;
}): Promise<RequestMaker> {
  const review = await client.request<{
    readonly status?: { readonly userInfo?: { readonly username?: string; readonly groups?: readonly string[] } };
  }>({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  });
  const { username = "", groups = [] } = review.status?.userInfo ?? {};
  return { username, groups };
}
