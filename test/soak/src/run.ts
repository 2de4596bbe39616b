import { setTimeout as delay } from "node:timers/promises";
import { type AuthorityOperation, authorityOperationResource } from "@capstan/api";
import { SessionAsker } from "./ask-session.ts";
import { AuthorityWatch, type PhaseChange } from "./authority-watch.ts";
import { CertificateLeaves } from "./certificate-leaves.ts";
import type { Environment } from "./environment.ts";
import { rotateOperation } from "./manifests.ts";
import type { Plan } from "./plan.ts";
import { RequestLeaves } from "./request-leaves.ts";
import { StrayLeaves } from "./stray-leaves.ts";
import { Tally } from "./tally.ts";
import { runWorkload } from "./workload.ts";

export interface RunOutcome {
  readonly tally: Tally;
  readonly changes: readonly PhaseChange[];
  /** Generations whose roots are gone. */
  readonly retired: number;
  /** In milliseconds since 1970 of the run's time. */
  readonly begun: number;
  readonly ended: number;
  /** Why it ended before there were enough rotations. */
  readonly failure: string | undefined;
}

const lookEveryMs = 100;
const tryRetiredEveryMs = 1_000;
const sayEveryMs = 15_000;

/** Lets workloads live through as many rotations as planned. */
export async function runSoak(environment: Environment, plan: Plan, say: (line: string) => void): Promise<RunOutcome> {
  const { client, log, time, anchors, aws } = environment;
  const authority = new AuthorityWatch({ client, log, time });
  const tally = new Tally();
  const asker = new SessionAsker({ endpoint: aws.emulator.endpoint, time, authority });
  const leaves = leavesFor(environment, plan);
  const strays = new StrayLeaves({ client, anchors, asker, authority, tally, time });
  const stop = new AbortController();
  const begun = time.now().getTime();
  authority.onChange(({ generation, phase }) => say(`generation ${generation} is ${phase}`));
  const pauseMs = (plan.workloads * anchors.length * 1_000) / plan.sessionsPerSecond;
  const workloads = Array.from({ length: plan.workloads }, (_, index) =>
    runWorkload(
      { name: `web-${index + 1}`, anchors, leaves, asker, authority, tally, time, pauseMs, log: say },
      stop.signal,
    ),
  );
  let failure: string | undefined;
  try {
    await drive({ environment, plan, authority, strays, tally, say });
  } catch (error) {
    // What was counted until then tells most.
    failure = error instanceof Error ? error.message : String(error);
  } finally {
    stop.abort(new Error("the run is over"));
    await Promise.all(workloads);
    leaves.stop();
    authority.stop();
    asker.close();
  }
  const ended = time.now().getTime();
  return { tally, changes: authority.changes, retired: authority.retired, begun, ended, failure };
}

/** Orders rotations where they are ordered, and watches until there were enough. */
async function drive(given: {
  readonly environment: Environment;
  readonly plan: Plan;
  readonly authority: AuthorityWatch;
  readonly strays: StrayLeaves;
  readonly tally: Tally;
  readonly say: (line: string) => void;
}): Promise<void> {
  const { environment, plan, authority, strays, tally, say } = given;
  const planted = new Set<number>();
  let ordered = 0;
  let triedAt = 0;
  let saidAt = performance.now();
  for (;;) {
    authority.assertGetsOn();
    const [active] = authority.in("Active");
    if (active !== undefined && !planted.has(active)) {
      planted.add(active);
      await strays.plant(active);
    }
    if (performance.now() - triedAt > tryRetiredEveryMs) {
      await strays.tryRetired();
      triedAt = performance.now();
    }
    if (performance.now() - saidAt > sayEveryMs) {
      saidAt = performance.now();
      const { verdicts, leaves, withoutLeaf } = tally;
      say(
        `${authority.retired} of ${plan.rotations} rotations; ${leaves} leaves, ${verdicts.accepted} sessions, ${verdicts.refused} refused, ${verdicts.unanswered} without an answer, ${withoutLeaf} rounds without a leaf`,
      );
    }
    if (authority.retired >= plan.rotations && tally.stray.triesAfterRetirement > 0) return;
    const isAtRest = active !== undefined && authority.in("Pending", "Published", "Draining").length === 0;
    if (plan.isOrdered && isAtRest && ordered < active && authority.retired < plan.rotations) {
      ordered = active;
      await environment.client.create<AuthorityOperation>(
        authorityOperationResource,
        rotateOperation(active) as AuthorityOperation,
      );
    }
    await delay(lookEveryMs);
  }
}

function leavesFor({ client, log }: Environment, { leaves, maxLeafDuration: duration }: Plan) {
  const options = { client, log, duration };
  return leaves === "requests" ? new RequestLeaves(options) : new CertificateLeaves(options);
}
