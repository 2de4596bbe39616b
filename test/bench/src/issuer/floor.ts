import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import type { KubeObject } from "@capstan/kube";
import { benchProgram } from "../child-contestant.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import { floorWork } from "./floor-work.ts";

/** As many as the issuer controller has workers. */
const inFlight = 16;

/** The least that a leaf costs: two writes, by the same client, with nothing to decide, to sign or to watch. */
export interface Floor {
  readonly pid: number;
  /** Prepares what is to be written for the requests; the returned function writes it. */
  readonly prepare: (requests: readonly KubeObject[]) => Promise<() => Promise<void>>;
  readonly stop: () => Promise<void>;
}

/** Starts it, with the rights of the issuer controller. */
export async function startFloor({ cluster }: BenchCluster): Promise<Floor> {
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "capstan-system", name: "issuer-controller" });
  const [program, ...args] = benchProgram("floor-child-main");
  const child = spawn(program, [...args, kubeconfig, String(inFlight)], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hear = async (expected: string): Promise<void> => {
    const { value, done } = await lines.next();
    if (done === true || value !== expected) throw new Error(`the floor said ${String(value)} instead of ${expected}`);
  };
  const file = path.join(cluster.directory, "floor-work.json");
  return {
    pid: child.pid ?? 0,
    prepare: async (requests) => {
      await writeFile(file, JSON.stringify(requests.map(floorWork)));
      return async () => {
        child.stdin.write(`${file}\n`);
        await hear("ready");
        await hear("done");
      };
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
