import type { KubeObject } from "@capstan/kube";
import { withCluster } from "../cluster.ts";
import { isTrue } from "../conditions.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { Invocation } from "../invocation.ts";
import { formatObjects, isObjectFormat } from "../output/objects.ts";
import { type Part, readStatus } from "./read-status.ts";
import { renderStatus } from "./render-status.ts";

/** `kubectl capstan status [CA]`: fails when an authority shown is not Ready, however it is printed. */
export function status({ arguments: [authority], options, context }: Invocation): Promise<ExitCode> {
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
