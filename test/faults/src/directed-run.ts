import { setTimeout as delay } from "node:timers/promises";
import type { ApiCall, CallGroup } from "./api-call.ts";
import type { Environment } from "./environment.ts";
import type { Moment } from "./fault-proxy.ts";
import { type Fate, immortal, type Replica } from "./replica.ts";
import { createRequest, type PlannedRequest, planRequest, requestNamespace, risingDuration } from "./requests.ts";
import type { Result } from "./result.ts";

/**
 * waiting: the request is there when the replica starts, and another start of the same replica goes on. leading: it is
 * made while the replica leads, and the standby goes on.
 */
type Scenario = "waiting" | "leading";
const scenarios: readonly Scenario[] = ["waiting", "leading"];

/** One outbound call at which a replica is killed. */
export interface Failpoint {
  readonly scenario: Scenario;
  readonly call: string;
  /** The first, second, … of its name. */
  readonly nth: number;
  readonly group: CallGroup;
  readonly moment: Moment;
}

export interface DirectedOptions {
  /** Which of the failpoints that were seen are tried. Default: all. */
  readonly choose?: (seen: readonly Failpoint[]) => readonly Failpoint[];
  readonly log: (line: string) => void;
  readonly onResult: (result: Result) => void;
}

/** What a directed run leaves behind. */
export interface DirectedRun {
  readonly seen: readonly Failpoint[];
  readonly planned: readonly PlannedRequest[];
}

/** A step of over an hour: each request raises the mark. */
const durationStepMs = 3_700_000;
/** So long without a new call, and the recording is over: later ones are no answer to the request. */
const quietMs = 2_000;
const caseTimeoutMs = 120_000;
const pollMs = 25;

/**
 * Records which calls one request brings about, then tries each of them with one request: kills the replica before it
 * reaches the API server, or after it was answered, and lets another finish.
 */
export async function runDirected(environment: Environment, options: DirectedOptions): Promise<DirectedRun> {
  const { log, onResult, choose = (seen) => seen } = options;
  const planned: PlannedRequest[] = [];
  const nextRequest = async (): Promise<PlannedRequest> => {
    const request = await planRequest(`directed-${planned.length}`, risingDuration(planned.length, durationStepMs));
    planned.push(request);
    return request;
  };
  const seen: Failpoint[] = [];
  for (const scenario of scenarios) seen.push(...(await record(environment, scenario, await nextRequest())));
  for (const group of ["issue", "lease", "cache"] as const) {
    const calls = seen.filter((one) => one.group === group && one.moment === "before");
    log(`${calls.length} calls of group ${group}: ${calls.map(nameOf).join(", ")}`);
  }
  const chosen = choose(seen);
  for (const [index, failpoint] of chosen.entries()) {
    const request = await nextRequest();
    const result = await tryFailpoint(environment, failpoint, request);
    log(
      `${index + 1} of ${chosen.length}: ${result.outcome} ${result.name}${result.note === undefined ? "" : `: ${result.note}`}`,
    );
    onResult(result);
  }
  await stopAll(environment);
  return { seen, planned };
}

/** `leading: create issuedcertificates #1` */
function nameOf({ scenario, call, nth }: Failpoint): string {
  return `${scenario}: ${call} #${nth}`;
}

/** Runs one request without a fault, and names the calls that it brought about, before and after each. */
async function record(
  environment: Environment,
  scenario: Scenario,
  request: PlannedRequest,
): Promise<readonly Failpoint[]> {
  const calls: ApiCall[] = [];
  let lastAt = performance.now();
  const recorder: Fate = (call) => {
    calls.push(call);
    if (call.group === "issue") lastAt = performance.now();
    return undefined;
  };
  await begin(environment, scenario, request, recorder);
  await untilEnded(environment, request);
  while (performance.now() - lastAt < quietMs) await delay(pollMs);
  await stopAll(environment);

  const counted = new Map<string, number>();
  return calls.flatMap((call): Failpoint[] => {
    const nth = (counted.get(call.name) ?? 0) + 1;
    counted.set(call.name, nth);
    // Renewals and resumed watches go on for ever; each is like the one before.
    if (call.group !== "issue" && nth > (call.name === "update leases" ? 2 : 1)) return [];
    // While it leads already, the caches are as they are.
    if (call.group !== "issue" && scenario === "leading") return [];
    const point = { scenario, call: call.name, nth, group: call.group };
    return [
      { ...point, moment: "before" },
      { ...point, moment: "after" },
    ];
  });
}

/** Brings the victim to where its calls count, and the request with it. */
async function begin(
  environment: Environment,
  scenario: Scenario,
  request: PlannedRequest,
  fate: Fate,
): Promise<{ readonly victim: Replica; readonly other: Replica }> {
  const { client, replicas } = environment;
  const [victim, other] = replicas;
  await stopAll(environment);
  if (scenario === "waiting") {
    await createRequest(client, request);
    await victim.start(fate);
    return { victim, other };
  }
  let isLeading = false;
  // The audit log and the issuer's own calls tell nothing that a renewed lease does not.
  let renewals = 0;
  await victim.start((call) => {
    if (call.name === "update leases") renewals += 1;
    isLeading = renewals >= 3;
    return undefined;
  });
  await waitFor(`${victim.name} to lead`, () => isLeading, replicas);
  let standbyLooks = 0;
  await other.start((call) => {
    if (call.name === "get leases") standbyLooks += 1;
    return undefined;
  });
  await waitFor(`${other.name} to stand by`, () => standbyLooks >= 1, replicas);
  victim.setFate(fate);
  await createRequest(client, request);
  return { victim, other };
}

async function tryFailpoint(environment: Environment, failpoint: Failpoint, request: PlannedRequest): Promise<Result> {
  const { scenario, call, nth, moment } = failpoint;
  const name = `${moment} ${nameOf(failpoint)}`;
  let calls = 0;
  let isHit = false;
  const fate: Fate = (made) => {
    if (made.name !== call || (calls += 1) !== nth) return undefined;
    isHit = true;
    return moment;
  };
  try {
    const { victim } = await begin(environment, scenario, request, fate);
    await waitFor(
      `${victim.name} to be killed ${name}`,
      () => (isHit && !victim.isRunning) || isQuietAfterEnd(environment, request),
      environment.replicas,
      async () => {
        if (!isHit && !environment.replicas.some(({ isRunning }) => isRunning)) await victim.start(fate);
      },
    );
    if (!isHit) {
      await untilEnded(environment, request);
      return { run: "directed", name, outcome: "skipped", note: "the call was not made this time" };
    }
    const reason = await untilEnded(environment, request);
    return reason === "Issued"
      ? { run: "directed", name, outcome: "passed" }
      : { run: "directed", name, outcome: "failed", note: `the request ended ${reason}` };
  } catch (error) {
    return { run: "directed", name, outcome: "failed", note: error instanceof Error ? error.message : String(error) };
  }
}

/** A request that ended a while ago makes no more calls: what was to be hit will not come. */
const endedAt = new Map<string, number>();

function isQuietAfterEnd({ wire }: Environment, { name }: PlannedRequest): boolean {
  if (!wire.ended.has(`${requestNamespace}/${name}`)) return false;
  const since = endedAt.get(name) ?? performance.now();
  endedAt.set(name, since);
  return performance.now() - since > 2 * quietMs;
}

/** The reason of the answer that the API server took. */
async function untilEnded({ wire, replicas }: Environment, { name }: PlannedRequest): Promise<string> {
  const key = `${requestNamespace}/${name}`;
  const [first] = replicas;
  await waitFor(
    `request ${name} to end`,
    () => wire.ended.has(key),
    replicas,
    async () => {
      // As a kubelet would.
      if (!replicas.some(({ isRunning }) => isRunning)) await first.start(immortal);
    },
  );
  return wire.ended.get(key) ?? "";
}

async function waitFor(
  what: string,
  isSo: () => boolean,
  [first]: Environment["replicas"],
  supervise: () => Promise<void> = async () => {},
): Promise<void> {
  const deadline = performance.now() + caseTimeoutMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw await first.failure(`gave up waiting for ${what}`);
    await supervise();
    await delay(pollMs);
  }
}

async function stopAll({ replicas }: Environment): Promise<void> {
  // One by one: a leader that hands its lease back would only hand it to the other.
  for (const replica of replicas) await replica.stop();
}
