// `pnpm bench:issuer`: certificates a second of the issuer controller on a real control plane, next to cert-manager's own
// CA issuer, an issuer made with issuer-lib, and the two writes that a leaf costs at least.
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { makeRequests } from "./requests.ts";
import { say } from "@capstan/test-cluster/long-run";
import { namespace, repository, startBenchCluster, type BenchCluster } from "./issuer/bench-cluster.ts";
import { capstan, certManager, type IssuerContestant, issuerLib, raisedFlags } from "./issuer/contestants.ts";
import { floor } from "./issuer/floor.ts";
import { requestResource } from "./issuer/floor-work.ts";
import { issuer, measureBacklog } from "./issuer/measure-backlog.ts";
import { measureCertificates } from "./issuer/measure-certificates.ts";
import { measureMemory } from "./issuer/measure-memory.ts";
import { type Options, readOptions, USAGE } from "./issuer/options.ts";
import { formatIssuerResults } from "./issuer/report.ts";
import type { IssuerResults, MemoryResult, TurnResult } from "./issuer/results.ts";
import { judgeIssuer } from "./issuer/targets.ts";
import { prepareRequests, type WaitingRequests } from "./issuer/waiting-requests.ts";
import { Watched } from "./issuer/watched.ts";

const options = readOptions(process.argv.slice(2));
if (options === "help") {
  console.log(USAGE);
} else {
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true });
  const measured: Measured = { backlog: [], certificates: [], memory: [] };
  const loadBefore = loadOfLastMinute();
  const bench = await startBenchCluster(say);
  // What was measured until then is told all the same. The processes would die with this one; this also removes their folder.
  const interrupted = (): void =>
    void tell(measured, options, loadBefore)
      .then(() => bench.stop())
      .finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    await run(bench, options, measured);
    await tell(measured, options, loadBefore);
  } finally {
    await bench.stop();
  }
}

/** Grows from turn to turn. */
interface Measured {
  readonly backlog: TurnResult[];
  readonly certificates: TurnResult[];
  readonly memory: MemoryResult[];
}

async function run(bench: BenchCluster, { parts, size, profile }: Options, measured: Measured): Promise<void> {
  const { backlog, certificates, memory } = measured;
  const own = capstan(bench, profile);
  const stock = certManager(bench, "in-tree, stock", []);
  const raised = certManager(bench, "in-tree, raised", raisedFlags);
  const lib = await issuerLib(bench, say);
  const most = Math.max(...size.backlogs);
  say(`making ${most} requests`);
  const csrs = parts.some((part) => part !== "certificates") ? await makeRequests("RSA-2048", most) : [];
  const requests = new Watched({ client: bench.client, type: requestResource, namespace, log: bench.log });
  const waitingFor = async ({ issuerRef }: IssuerContestant): Promise<WaitingRequests> =>
    await prepareRequests(bench, issuerRef, csrs);

  if (parts.includes("backlog")) {
    const waiting = { own: await waitingFor(own), inTree: await waitingFor(raised), lib: await waitingFor(lib) };
    for (let round = 1; round <= size.rounds; round += 1) {
      const isLast = round === size.rounds;
      const turn = { bench, requests, warmUp: size.warmUp, round, sizes: isLast ? size.backlogs : [size.backlogs[0]] };
      backlog.push(...(await measureBacklog(floor(bench, own.user), { ...turn, waiting: waiting.own })));
      backlog.push(...(await measureBacklog(issuer(own), { ...turn, waiting: waiting.own })));
      backlog.push(...(await measureBacklog(issuer(raised), { ...turn, waiting: waiting.inTree })));
      if (!isLast) continue;
      backlog.push(...(await measureBacklog(issuer(stock), { ...turn, waiting: waiting.inTree })));
      backlog.push(...(await measureBacklog(issuer(lib), { ...turn, waiting: waiting.lib })));
    }
  }
  if (parts.includes("memory")) {
    memory.push(await measureMemory(own, { bench, requests, waiting: await waitingFor(own), count: size.memory }));
  }
  if (parts.includes("certificates")) {
    const { certificates: count, warmUp } = size;
    for (const [kind, certManagerFlags] of [["raised", raisedFlags] as const, ["stock", []] as const]) {
      for (const contestant of [own, kind === "raised" ? raised : stock]) {
        const name = contestant === own ? `capstan, ${kind}` : contestant.name;
        certificates.push(
          await measureCertificates(bench, contestant, { name, certManagerFlags, count, warmUp: Math.min(warmUp, 20) }),
        );
      }
    }
  }
  await requests.stop();
  say("done");
}

async function tell(measured: Measured, { size, json }: Options, loadBefore: number): Promise<void> {
  const results: IssuerResults = {
    date: new Date().toISOString(),
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: repository, encoding: "utf8" }).trim(),
    size: size.name,
    machine: {
      cores: availableParallelism(),
      node: process.versions.node,
      loadBefore,
      loadAfter: loadOfLastMinute(),
    },
    ...measured,
    targets: judgeIssuer(measured),
  };
  await writeFile(json, `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(formatIssuerResults(results));
  console.log(`\n${json}`);
}

function loadOfLastMinute(): number {
  return loadavg()[0] ?? 0;
}
