import { setTimeout as delay } from "node:timers/promises";
import type { ApiCall } from "./api-call.ts";
import type { Environment } from "./environment.ts";
import { type Failpoint, formatCall, groups, listFailpoints, type Scenario, scenarios } from "./failpoint.ts";
import { type Fate, immortal, type Replica } from "./replica.ts";
import { createRequest, type PlannedRequest, planRequest, requestNamespace, risingDuration } from "./requests.ts";
import type { Result } from "./result.ts";

export interface TrialOptions {
  readonly log: (line: string) => void;
  readonly onResult: (result: Result) => void;
}

/** A step of over an hour: each request raises the mark. */
const durationStepMs = 3_700_000;
/** So long without a new call, and nothing that a request brings about is still to come. */
const quietMs = 2_000;
const caseTimeoutMs = 180_000;
const pollMs = 25;

/** The requests of a directed run, each with a name of its own. */
export class DirectedRequests {
  readonly #planned: PlannedRequest[] = [];

  get planned(): readonly PlannedRequest[] {
    return this.#planned;
  }

  async next(): Promise<PlannedRequest> {
    const { length } = this.#planned;
    const request = await planRequest(`directed-${length}`, risingDuration(length, durationStepMs));
    this.#planned.push(request);
    return request;
  }
}

/** Records which calls one request brings about in each scenario: these are the failpoints. */
export async function recordFailpoints(
  environment: Environment,
  requests: DirectedRequests,
  log: (line: string) => void,
): Promise<readonly Failpoint[]> {
  const recorded: Failpoint[] = [];
  for (const scenario of scenarios) recorded.push(...(await record(environment, scenario, await requests.next())));
  const seen = groups.flatMap((group) => recorded.filter((one) => one.group === group));
  for (const group of groups) {
    const calls = seen.filter((one) => one.group === group && one.moment === "before");
    log(`${calls.length} calls of group ${group}: ${calls.map(formatCall).join(", ")}`);
  }
  return seen;
}

/**
 * Tries failpoints with one request each: kills the replica before the call reaches the API server or after it was
 * answered, or lets it come late, and another finishes.
 */
export async function tryFailpoints(
  environment: Environment,
  requests: DirectedRequests,
  failpoints: readonly Failpoint[],
  { log, onResult }: TrialOptions,
): Promise<void> {
  for (const [index, failpoint] of failpoints.entries()) {
    const name = `${failpoint.moment} ${formatCall(failpoint)}`;
    const { outcome, note } = await tryFailpoint(environment, failpoint, await requests.next());
    log(`${index + 1} of ${failpoints.length}: ${outcome} ${name}${note === undefined ? "" : `: ${note}`}`);
    onResult({ run: "directed", name, outcome, ...(note === undefined ? {} : { note }) });
  }
  await stopAll(environment);
}

/** Runs one request without a fault, and lists the calls that it brought about. */
async function record(
  environment: Environment,
  scenario: Scenario,
  request: PlannedRequest,
): Promise<readonly Failpoint[]> {
  const calls: ApiCall[] = [];
  let lastAt = performance.now();
  await begin(environment, scenario, request, (call) => {
    calls.push(call);
    if (call.group === "issue") lastAt = performance.now();
    return undefined;
  });
  await untilEnded(environment, request);
  while (performance.now() - lastAt < quietMs) await delay(pollMs);
  await stopAll(environment);
  return listFailpoints(scenario, calls);
}

/** Brings the victim, which is the first replica, to where its calls count, and the request with it. */
async function begin(environment: Environment, scenario: Scenario, request: PlannedRequest, fate: Fate): Promise<void> {
  const { client, replicas } = environment;
  const [victim, standby] = replicas;
  await stopAll(environment);
  if (scenario === "waiting") {
    await createRequest(client, request);
    await victim.start(fate);
    return;
  }
  // Three updates: one that takes the lease, and two renewals.
  await startUntil(victim, "update leases", 3);
  await startUntil(standby, "get leases", 1);
  victim.setFate(fate);
  await createRequest(client, request);
}

/** Starts it and waits until it has made a call so often. On a busy machine it may lose its lease meanwhile, and begin anew. */
async function startUntil(replica: Replica, call: string, times: number): Promise<void> {
  let made = 0;
  const count: Fate = ({ name }) => {
    if (name === call) made += 1;
    return undefined;
  };
  await replica.start(count);
  await waitFor(
    replica,
    `${replica.name} to ${call} ${times} times`,
    () => made >= times,
    async () => {
      if (replica.isRunning) return;
      made = 0;
      await replica.start(count);
    },
  );
}

async function tryFailpoint(
  environment: Environment,
  { scenario, call, nth, moment }: Failpoint,
  request: PlannedRequest,
): Promise<Pick<Result, "outcome" | "note">> {
  const { replicas, wire } = environment;
  const [victim, standby] = replicas;
  let made = 0;
  let isHit = false;
  let hasTakenOver = false;
  const fate: Fate = ({ name }) => {
    if (name !== call || (made += 1) !== nth) return undefined;
    isHit = true;
    return moment;
  };
  const hasEnded = (): boolean => wire.ended.has(keyOf(request));
  try {
    await begin(environment, scenario, request, fate);
    standby.setFate(({ name }) => {
      // A standby only reads the lease, until it takes it.
      if (name === "update leases") hasTakenOver = true;
      return undefined;
    });
    let endedAt: number | undefined;
    const isHitOrOver = (): boolean => {
      if (isHit && (moment === "late" || !victim.isRunning)) return true;
      if (!isHit && hasEnded()) endedAt ??= performance.now();
      return endedAt !== undefined && performance.now() - endedAt > 2 * quietMs;
    };
    await waitFor(victim, `${victim.name} to ${call}`, isHitOrOver, async () => {
      if (!isHit && !replicas.some(({ isRunning }) => isRunning)) await victim.start(fate);
    });
    const reason = await untilEnded(environment, request);
    if (!isHit) return { outcome: "skipped", note: "the call was not made this time" };
    if (moment === "late") {
      await waitFor(standby, `${standby.name} to take over`, () => hasTakenOver);
      victim.thaw();
      // It has lost its lease, and ends when it finds out.
      await waitFor(victim, `${victim.name} to end`, () => !victim.isRunning);
    }
    return reason === "Issued" ? { outcome: "passed" } : { outcome: "failed", note: `the request ended ${reason}` };
  } catch (error) {
    victim.thaw();
    return { outcome: "failed", note: error instanceof Error ? error.message : String(error) };
  }
}

/** The reason of the answer that the API server took. */
async function untilEnded({ wire, replicas }: Environment, request: PlannedRequest): Promise<string> {
  const [first] = replicas;
  const key = keyOf(request);
  await waitFor(
    first,
    `request ${key} to end`,
    () => wire.ended.has(key),
    async () => {
      // As a kubelet would.
      if (!replicas.some(({ isRunning }) => isRunning)) await first.start(immortal);
    },
  );
  return wire.ended.get(key) ?? "";
}

function keyOf({ name }: PlannedRequest): string {
  return `${requestNamespace}/${name}`;
}

async function waitFor(
  atFault: Replica,
  what: string,
  isSo: () => boolean,
  supervise: () => Promise<void> = async () => {},
): Promise<void> {
  const deadline = performance.now() + caseTimeoutMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw await atFault.failure(`gave up waiting for ${what}`);
    await supervise();
    await delay(pollMs);
  }
}

async function stopAll({ replicas }: Environment): Promise<void> {
  // One by one: a leader that hands its lease back would only hand it to the other.
  for (const replica of replicas) await replica.stop();
}
