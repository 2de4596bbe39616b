import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  apiVersion,
  type AuthorityOperation,
  authorityOperationResource,
  defaultNamespace,
  type Revocation,
  revocationResource,
} from "@capstan/api";
import { startPrometheus } from "../prometheus.ts";
import { type Environment, startEnvironment } from "../../../soak/src/environment.ts";
import { rotateOperation } from "../../../soak/src/manifests.ts";
import { type Plan, PLANS } from "../../../soak/src/plan.ts";
import { RequestLeaves } from "../../../soak/src/request-leaves.ts";
import type { Scraped } from "./run.ts";
import { MetricsRecorder } from "./record-metrics.ts";

/** At thirty times a busy machine's delays look like clocks that disagree. */
const factor = 12;
const plan: Plan = { ...PLANS.smoke, name: "plots", factor, soak: "6m" };
const workloads = 4;
const lastMinute = 60;

interface Moment {
  readonly minute: number;
  readonly what: string;
  readonly run: (capstan: Environment, leaves: RequestLeaves) => Promise<void> | void;
}

const moments: readonly Moment[] = [
  {
    minute: 2,
    what: "a rotation is ordered",
    run: async ({ client }) =>
      void (await client.create(authorityOperationResource, rotateOperation(1) as AuthorityOperation)),
  },
  { minute: 43, what: "150 certificates are revoked at once", run: (capstan, leaves) => revoke(capstan, leaves, 150) },
  { minute: 46, what: "AWS stops to answer", run: ({ aws }) => aws.emulator.setAvailable(false) },
  { minute: 49, what: "50 more are revoked", run: (capstan, leaves) => revoke(capstan, leaves, 50) },
  { minute: 55, what: "AWS answers again", run: ({ aws }) => aws.emulator.setAvailable(true) },
];

/** A rotation, bursts of revocations and an outage of AWS within an hour of a faster clock, as Prometheus has them. */
export async function scrapeRotation(prometheusFolder: string): Promise<Scraped> {
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-plots-"));
  const capstan = await startEnvironment(plan, undefined, (line) => void process.stdout.write(`${line}\n`));
  const { time } = capstan;
  const stopLeaves = new AbortController();
  const leaves = new RequestLeaves({
    client: capstan.client,
    log: capstan.log,
    duration: plan.maxLeafDuration,
  });
  const targets = Object.entries(capstan.addresses).map(([name, address]) => ({
    url: `http://${address}`,
    labels: { job: `capstan-${name}`, namespace: defaultNamespace, pod: `${name}-0` },
  }));
  try {
    const recorder = new MetricsRecorder(targets, { now: time.now, folder });
    await recorder.start();
    const fromSeconds = time.now().getTime() / 1_000;
    const running = Array.from({ length: workloads }, (_, index) =>
      renew(leaves, `web-${index + 1}`, stopLeaves.signal),
    );
    const untilMinute = async (minute: number): Promise<void> =>
      await delay(Math.max(0, ((fromSeconds + minute * 60) * 1_000 - time.now().getTime()) / factor));
    const events = [];
    for (const { minute, what, run } of moments) {
      await untilMinute(minute);
      process.stdout.write(`${minute} min: ${what}\n`);
      events.push({ seconds: time.now().getTime() / 1_000, what });
      await run(capstan, leaves);
    }
    await untilMinute(lastMinute);
    const toSeconds = time.now().getTime() / 1_000;
    stopLeaves.abort(new Error("the run is over"));
    await Promise.allSettled(running);
    const storage = await recorder.toBlocks(path.join(prometheusFolder, "usr/bin/promtool"));
    const prometheus = await startPrometheus(prometheusFolder, { storage });
    const stop = async (): Promise<void> => {
      await prometheus.stop();
      await rm(folder, { recursive: true, force: true });
    };
    return { prometheus, fromSeconds, toSeconds, rateSeconds: 6 * factor, events, stop };
  } finally {
    stopLeaves.abort(new Error("the run is over"));
    leaves.stop();
    await capstan.stop();
  }
}

/** A new leaf each four minutes of the run's time. */
async function renew(leaves: RequestLeaves, name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await leaves.obtain(name, signal);
    await delay((4 * 60_000) / factor, undefined, { signal });
  }
}

/** Leaves that are valid for minutes yet. */
async function revoke({ client }: Environment, leaves: RequestLeaves, count: number): Promise<void> {
  const one = async (_: unknown, index: number): Promise<void> => {
    const { serial } = await leaves.obtain(`burst-${index}`, AbortSignal.timeout(60_000));
    await client.create<Revocation>(revocationResource, {
      apiVersion,
      kind: "Revocation",
      metadata: { name: `plot-${serial}`, namespace: defaultNamespace },
      // The name that the control plane's administrator has.
      spec: { target: { serial }, reason: "superseded", requestedBy: "admin" },
    });
  };
  for (let done = 0; done < count; done += 10) await Promise.all(Array.from({ length: 10 }, one));
}
