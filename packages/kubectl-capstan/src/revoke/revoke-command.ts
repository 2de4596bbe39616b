import type { Revocation } from "@capstan/api";
import { type KubeClient, keyOf } from "@capstan/kube";
import { withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { conditionOf } from "../conditions.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import {
  capstanNamespaceFlag,
  connectionFlags,
  dryRunFlag,
  namespaceFlag,
  objectOutputFlag,
  timeoutFlag,
  yesFlag,
} from "../flags.ts";
import type { Invocation, PluginContext } from "../invocation.ts";
import { formatObjects, isObjectFormat, objectName, type PrintedObject } from "../output/objects.ts";
import { printable } from "../output/printable.ts";
import { afterRevoking } from "./after-revoking.ts";
import { confirm } from "./confirm.ts";
import { createRevocation, readOwnUserName } from "./create-revocation.ts";
import { findExistingRevocations } from "./find-existing.ts";
import { explainFailure, followRevocation } from "./follow-revocation.ts";
import { endSessionsPolicy, maxInlinePolicyCharacters } from "./end-sessions.ts";
import { identitiesOf, type Leaf } from "./leaf.ts";
import { namespaceLists } from "./cluster-objects.ts";
import { resolveSelection } from "./resolve-selection.ts";
import { newRevocation, revocationReasonNames } from "./revocation.ts";
import { readRevokeRequest, type RevokeOptions, type RevokeRequest } from "./revoke-request.ts";

/** One leaf and the Revocation that already does what is asked, if there is one. */
interface Planned {
  readonly leaf: Leaf;
  readonly existing: Revocation | undefined;
}

/** `kubectl capstan revoke TARGET…`: finds every target before it writes the first Revocation. */
export const revokeCommand: Command<RevokeOptions> = {
  name: "revoke",
  summary: "Revoke certificates, which cannot be undone",
  description:
    "Asks Capstan to revoke certificates. A Revocation in a workload's namespace reaches the certificates issued to that namespace; one in Capstan's own namespace reaches all.\nA certificate that is being revoked already is left as it is, so the command can be repeated, for example with --wait.",
  argument: {
    notation: "[TARGET...]",
    description:
      "SERIAL (hex; colons, 0x and upper case are fine), icert/NAME (ledger record), certificate/NAME (its current certificate), certificaterequest/NAME, pod/NAME (its csi volumes and the Secrets it can read), secret/NAME (its tls.crt) or serviceaccount/NAME (all that it has asked for itself)",
    beginnings: ["icert/", "certificate/", "certificaterequest/", "pod/", "secret/", "serviceaccount/"],
  },
  flags: [
    namespaceFlag("namespace of the certificate, and of the Revocation; else the context's"),
    {
      long: "selector",
      short: "l",
      value: "LABELS",
      description: "the Certificates and pods of the namespace with these labels, instead of TARGET",
    },
    { long: "all", description: "everything valid that was issued to the namespace, instead of TARGET" },
    {
      long: "certificate",
      value: "FILE",
      description: "a certificate in PEM, instead of TARGET; in Capstan's own namespace also one that the ledger lacks",
    },
    {
      long: "public-key",
      value: "FILE",
      description:
        "every certificate with this key, and none is issued for it any more, instead of TARGET: a certificate, a public key or the leaked private key, in PEM",
    },
    {
      long: "reason",
      value: "REASON",
      description: "why, as in RFC 5280, 5.3.1; unspecified when not given",
      choices: revocationReasonNames,
    },
    { long: "reissue", description: "renew the Certificate, or evict the pod, that holds what is revoked" },
    {
      long: "end-sessions",
      description:
        "print an IAM policy that ends the AWS sessions that are open already, for you to give to their roles",
    },
    { long: "wait", description: "return when every trust anchor has the CRL; show each one's progress" },
    timeoutFlag("how long --wait waits, like 90s or 2m", "2m"),
    yesFlag,
    dryRunFlag,
    objectOutputFlag("Revocations"),
    capstanNamespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan revoke certificate/web -n demo --reason keyCompromise --wait",
    "kubectl capstan revoke pod/web-7f9c -n demo --reissue",
    "kubectl capstan revoke -l app=web -n demo --yes",
    "kubectl capstan revoke --certificate found.pem -n capstan-system",
    "kubectl capstan revoke --public-key leaked.pem -n demo --reason keyCompromise",
    "kubectl capstan revoke certificate/web -n demo --wait --end-sessions > policy.json",
    "kubectl capstan revoke 4f:1c:09:ab -n capstan-system --yes",
  ],
  run: revoke,
};

async function revoke({ arguments: targets, options, context }: Invocation<RevokeOptions>): Promise<ExitCode> {
  const { terminal } = context;
  const request = readRevokeRequest(targets, options, terminal);
  return withCluster(options, context, async ({ client, namespace }) => {
    const planned = await plan(request, { client, namespace, context });
    const fresh = planned.flatMap(({ leaf, existing }) => (existing === undefined ? [leaf] : []));
    const reason = request.reason ?? "unspecified";
    if (fresh.length > 0 && !request.isConfirmed && !(await confirm(terminal, { leaves: fresh, namespace, reason }))) {
      terminal.err("Nothing was revoked.\n");
      return exitCode.failed;
    }
    const { endSessions } = request;
    const format = isObjectFormat(options.output) && !endSessions ? options.output : undefined;
    const say = (object: PrintedObject, verb: string): void => {
      const line = `${objectName(object)} ${verb}\n`;
      if (endSessions) terminal.err(line);
      else if (format === undefined) terminal.out(line);
    };
    const written = await write(planned, { request, client, namespace, say });
    if (request.dryRun !== undefined) {
      if (endSessions) printPolicy(planned, { terminal, before: context.clock.now() });
      if (format !== undefined) terminal.out(formatObjects(format, written));
      return exitCode.done;
    }
    const { revocations, isDone } = await follow(written as readonly Revocation[], { request, client, context });
    if (format !== undefined) terminal.out(formatObjects(format, revocations));
    if (isDone) {
      const publishedAt = publicationTime(revocations);
      if (publishedAt === undefined) {
        terminal.err(
          "AWS accepts a certificate until its trust anchor has the CRL; run the command again with --wait to see that.\n",
        );
      }
      const leaves = planned.map(({ leaf }) => leaf);
      const { reissue } = request;
      for (const line of afterRevoking({ leaves, namespace, reissue, hasPolicy: endSessions, publishedAt })) {
        terminal.err(`${line}\n`);
      }
      if (endSessions) printPolicy(planned, { terminal, before: publishedAt ?? context.clock.now() });
    }
    return isDone ? exitCode.done : exitCode.failed;
  });
}

async function plan(
  { selection, capstanNamespace, reason, reissue }: RevokeRequest,
  {
    client,
    namespace,
    context,
  }: { readonly client: KubeClient; readonly namespace: string; readonly context: PluginContext },
): Promise<readonly Planned[]> {
  const { terminal, clock } = context;
  const note = (text: string): void => terminal.err(`note: ${printable(text)}\n`);
  const lists = namespaceLists(client, namespace);
  const now = clock.now();
  const leaves = await resolveSelection(selection, { client, namespace, capstanNamespace, lists, now, note });
  const existing = await findExistingRevocations(client, leaves, { namespace, reissue });
  const planned = leaves.map((leaf, index) => ({ leaf, existing: existing[index] }));
  for (const { existing } of planned) {
    if (existing === undefined || reason === undefined || existing.spec.reason === reason) continue;
    note(`revocation ${keyOf(existing)} has reason ${existing.spec.reason}, which cannot be changed to ${reason}`);
  }
  return planned;
}

async function write(
  planned: readonly Planned[],
  options: {
    readonly request: RevokeRequest;
    readonly client: KubeClient;
    readonly namespace: string;
    readonly say: (object: PrintedObject, verb: string) => void;
  },
): Promise<readonly PrintedObject[]> {
  const { request, client, namespace, say } = options;
  const { dryRun, reissue, reason = "unspecified" } = request;
  const requestedBy = planned.some(({ existing }) => existing === undefined) ? await readOwnUserName(client) : "";
  const written: PrintedObject[] = [];
  for (const { leaf, existing } of planned) {
    const wanted = newRevocation({ leaf, namespace, reason, reissue, requestedBy });
    if (existing !== undefined) {
      say(existing, "unchanged");
      written.push(existing);
    } else if (dryRun === "client") {
      say(wanted, "created (dry run)");
      written.push(wanted);
    } else {
      const created = await createRevocation(client, wanted, { isDryRun: dryRun === "server" });
      say(created, dryRun === "server" ? "created (server dry run)" : "created");
      written.push(created);
    }
  }
  return written;
}

/** The Revocations as last seen, and whether what was asked is done: without `--wait` their existence is enough. */
async function follow(
  revocations: readonly Revocation[],
  {
    request: { wait },
    client,
    context,
  }: { readonly request: RevokeRequest; readonly client: KubeClient; readonly context: PluginContext },
): Promise<{ readonly revocations: readonly Revocation[]; readonly isDone: boolean }> {
  if (wait === undefined) return { revocations, isDone: true };
  const { terminal, clock } = context;
  const tell = (line: string): void => terminal.err(`${line}\n`);
  const { timeoutMs, timeout } = wait;
  const followed = await Promise.all(
    revocations.map((revocation) =>
      followRevocation(revocation, { client, clock, timeoutMs, beside: revocations.length, tell }),
    ),
  );
  const failures = followed.flatMap((one) => explainFailure(one, timeout) ?? []);
  for (const failure of failures) terminal.err(`error: ${failure}\n`);
  return { revocations: followed.map(({ last }) => last), isDone: failures.length === 0 };
}

/** The policy alone on standard output, so that it can be written to a file. */
function printPolicy(
  planned: readonly Planned[],
  { terminal, before }: { readonly terminal: PluginContext["terminal"]; readonly before: number },
): void {
  const policy = endSessionsPolicy(
    planned.flatMap(({ leaf }) => identitiesOf(leaf)),
    before,
  );
  if (policy === undefined) {
    terminal.err(
      "No policy: whose sessions they are, the ledger would say, which you may not read. Ask an operator, or end all sessions of the role in the IAM console.\n",
    );
    return;
  }
  const { length } = JSON.stringify(policy);
  if (length > maxInlinePolicyCharacters) {
    terminal.err(
      `The policy has ${length} characters, and IAM takes ${maxInlinePolicyCharacters} inline: cut its lists in parts.\n`,
    );
  }
  terminal.out(`${JSON.stringify(policy, undefined, 4)}\n`);
}

/** When the last of them was published, in milliseconds since 1970, rounded up: the API server keeps whole seconds. Undefined while one is not. */
function publicationTime(revocations: readonly Revocation[]): number | undefined {
  const times = revocations.map((revocation) => {
    const published = conditionOf(revocation, "Published");
    return published?.status === "True" ? Date.parse(published.lastTransitionTime) + 1000 : Number.NaN;
  });
  const last = Math.max(...times);
  return Number.isNaN(last) ? undefined : last;
}
