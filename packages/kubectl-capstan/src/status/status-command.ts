import { defaultNamespace } from "@capstan/api";
import type { KubeObject } from "@capstan/kube";
import { checkNamespace, withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { isTrue } from "../conditions.ts";
import { exitCode, type ExitCode, UsageError } from "../exit-code.ts";
import { capstanNamespaceFlag, type ConnectionOptions, connectionFlags, listOutputFlag } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { formatObjects, isObjectFormat } from "../output/objects.ts";
import type { Terminal } from "../terminal.ts";
import { parseTimeout } from "../timeout.ts";
import { attentionOf, isDegraded, isSettled } from "./attention.ts";
import { type Part, readStatus, type Status } from "./read-status.ts";
import { renderStatus } from "./render-status.ts";
import { watchStatus } from "./watch-status.ts";

interface StatusOptions extends ConnectionOptions {
  readonly output?: string;
  readonly capstanNamespace?: string;
  readonly watch?: boolean;
  readonly timeout?: string;
}

/** `kubectl capstan status [CA]`: fails when an authority shown is not Ready, however it is printed. */
export const statusCommand: Command<StatusOptions> = {
  name: "status",
  summary: "Show certificate authorities, their trust anchors, issuers and pending revocations",
  description:
    "Shows what needs attention, each certificate authority, its generations and CRLs, its trust anchors as last read back from AWS, the issuers, revocations that not every trust anchor has yet, and operations under way.\nEnds with 1 when an authority is not Ready. With --watch it goes on showing each change; with --timeout as well it ends with 0 as soon as nothing is waited for, and with 1 when something is broken or the time is up.",
  argument: { notation: "[CA]", description: "only this CertificateAuthority and what belongs to it" },
  flags: [
    listOutputFlag,
    { long: "watch", short: "w", description: "show each change as it comes, until Ctrl-C" },
    {
      long: "timeout",
      value: "DURATION",
      description: "with --watch: wait so long at most until nothing is waited for, like 90s or 2m",
    },
    { ...capstanNamespaceFlag, description: "where Capstan runs, and keeps marks and operations" },
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan status",
    "kubectl capstan status fleet -o wide",
    "kubectl capstan status fleet --watch --timeout 30m",
  ],
  run: status,
};

function status({ arguments: [authority], options, context }: Invocation<StatusOptions>): Promise<ExitCode> {
  const { terminal, clock } = context;
  const { capstanNamespace = defaultNamespace, watch = false, timeout, output } = options;
  checkNamespace("--capstan-namespace", capstanNamespace);
  const timeoutMs = timeout === undefined ? undefined : parseTimeout(timeout);
  if (timeout !== undefined && !watch)
    throw new UsageError("--timeout says how long --watch waits: give --watch with it");
  if (watch && isObjectFormat(output)) {
    throw new UsageError(`--watch and -o ${output} clash: kubectl get --watch prints objects as they change`);
  }
  return withCluster(options, context, async ({ client }) => {
    const scope = { authority, capstanNamespace };
    const first = await readStatus(client, { clock, ...scope });
    const show = (read: Status): void => {
      if (isObjectFormat(output)) printObjects(read, output, terminal);
      else {
        const style = { isWide: output === "wide", hasColor: terminal.hasColor, now: clock.now() };
        terminal.out(renderStatus(read, style));
      }
    };
    if (!watch) {
      show(first);
      return first.authorities.items.every((item) => isTrue(item, "Ready")) ? exitCode.done : exitCode.failed;
    }
    let isFirst = true;
    const ended = await watchStatus(first, {
      ...scope,
      client,
      clock,
      timeoutMs,
      show: (read) => {
        if (!isFirst) terminal.out(terminal.hasColor ? clearScreen : "\n");
        isFirst = false;
        show(read);
      },
      verdict: (read) => {
        if (timeoutMs === undefined) return undefined;
        const found = attentionOf(read, clock.now());
        if (isDegraded(found)) return exitCode.failed;
        return isSettled(found) ? exitCode.done : undefined;
      },
    });
    if (ended === undefined) terminal.err(`error: something is still waited for after ${timeout ?? ""}\n`);
    return ended === exitCode.done ? exitCode.done : exitCode.failed;
  });
}

// Cursor to the first column of the first line, then all of the screen is cleared (ECMA-48: CUP, ED). Where colour shows, this does too.
const clearScreen = "\u001B[H\u001B[2J";

function printObjects(read: Status, format: "json" | "yaml" | "name", terminal: Terminal): void {
  const parts: readonly Part<KubeObject>[] = [
    read.authorities,
    read.clusterIssuers,
    read.issuers,
    read.revocations,
    read.operations,
  ];
  for (const part of parts) if ("refusal" in part) terminal.err(`not shown: ${part.refusal}\n`);
  terminal.out(
    formatObjects(
      format,
      parts.flatMap((part) => ("items" in part ? part.items : [])),
    ),
  );
}
