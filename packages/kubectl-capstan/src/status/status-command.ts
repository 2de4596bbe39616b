import type { KubeObject } from "@capstan/kube";
import { withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { isTrue } from "../conditions.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { type ConnectionOptions, connectionFlags, listOutputFlag } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { formatObjects, isObjectFormat } from "../output/objects.ts";
import { type Part, readStatus } from "./read-status.ts";
import { renderStatus } from "./render-status.ts";

interface StatusOptions extends ConnectionOptions {
  readonly output?: string;
}

/** `kubectl capstan status [CA]`: fails when an authority shown is not Ready, however it is printed. */
export const statusCommand: Command<StatusOptions> = {
  name: "status",
  summary: "Show certificate authorities, their trust anchors, issuers and pending revocations",
  description:
    "Shows each certificate authority, its generations and CRLs, its trust anchors as last read back from AWS, the issuers, and revocations that not every trust anchor has yet.\nEnds with 1 when an authority is not Ready.",
  argument: { notation: "[CA]", description: "only this CertificateAuthority and what belongs to it" },
  flags: [listOutputFlag, ...connectionFlags],
  examples: ["kubectl capstan status", "kubectl capstan status fleet -o wide"],
  run: status,
};

function status({ arguments: [authority], options, context }: Invocation<StatusOptions>): Promise<ExitCode> {
  const { terminal, clock } = context;
  return withCluster(options, context, async ({ client }) => {
    const read = await readStatus(client, { clock, authority });
    if (isObjectFormat(options.output)) {
      const parts: readonly Part<KubeObject>[] = [
        read.authorities,
        read.clusterIssuers,
        read.issuers,
        read.revocations,
      ];
      for (const part of parts)
        if ("refusal" in part)
          terminal.err(`not shown: ${part.refusal}
`);
      const objects = parts.flatMap((part) => ("items" in part ? part.items : []));
      terminal.out(formatObjects(options.output, objects));
    } else {
      const style = { isWide: options.output === "wide", hasColor: terminal.hasColor, now: clock.now() };
      terminal.out(renderStatus(read, style));
    }
    const isReady = read.authorities.items.every((item) => isTrue(item, "Ready"));
    return isReady ? exitCode.done : exitCode.failed;
  });
}
