import { spawn } from "node:child_process";
import { once } from "node:events";
import { benchProgram } from "../child-contestant.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import type { BacklogContestant } from "./measure-backlog.ts";

/** As many as the issuer controller has workers. */
const inFlight = 16;

/**
 * The least that a leaf costs: two writes, by the same client and with the same rights, with nothing to decide, to sign or to
 * watch. It is told of each request as soon as a watch tells of it, as an issuer is.
 */
export function floor({ cluster }: BenchCluster, user: string): BacklogContestant {
  return {
    name: "floor",
    user,
    start: async (requests) => {
      const account = { namespace: "capstan-system", name: "issuer-controller" };
      const kubeconfig = await cluster.serviceAccountKubeconfig(account);
      const [program, ...args] = benchProgram("floor-child-main");
      const child = spawn(program, [...args, kubeconfig, String(inFlight)], { stdio: ["pipe", "ignore", "inherit"] });
      const ended = once(child, "close");
      const hearNoMore = requests.onArrival(({ metadata: { name, namespace, uid, resourceVersion } }) => {
        child.stdin.write(`${JSON.stringify({ name, namespace, uid, resourceVersion })}\n`);
      });
      return {
        pid: child.pid ?? 0,
        end: async () => {
          hearNoMore();
          child.stdin.end();
          await ended;
        },
      };
    },
  };
}
