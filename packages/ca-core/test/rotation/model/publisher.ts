import type { RotationAction, RotationActionName } from "../../../src/rotation/action.ts";
import type { GenerationObservation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { RotationPlan } from "../../../src/rotation/plan-rotation.ts";
import { isDone } from "../../../src/rotation/view.ts";
import { AWS_CALLS, type AwsCallName, callAws, emptyMemory, type Memory, type Outcome } from "./aws-calls.ts";
import { checkPlan } from "./invariants.ts";
import { KUBE_WRITES, type KubeWriteContext } from "./kube-writes.ts";
import type { World } from "./world.ts";

export interface Decision {
  readonly observation: RotationObservation;
  readonly plan: RotationPlan;
  readonly version: number;
  readonly markVersions: ReadonlyMap<number, number>;
}

/** A publisher: it observes, asks the planner, and carries out. Its memory is lost when it crashes. */
export class Publisher {
  readonly #world: World;
  readonly #plan: (observation: RotationObservation) => RotationPlan;
  #memory: Memory = emptyMemory();
  clockOffset = 0;
  /** When its clock stands still: where. */
  frozenAt: number | undefined;

  constructor(world: World, plan: (observation: RotationObservation) => RotationPlan) {
    this.#world = world;
    this.#plan = plan;
  }

  get own(): number {
    return this.frozenAt ?? this.#world.now + this.clockOffset;
  }

  crash(): void {
    this.#memory = emptyMemory();
  }

  decide(): Decision {
    const world = this.#world;
    const observation = this.#observe();
    const plan = this.#plan(observation);
    if (plan.next === "act") checkPlan(world, observation, plan.action);
    const markVersions = new Map<number, number>();
    for (const [number, { version }] of world.kube.marks) markVersions.set(number, version);
    return { observation, plan, version: world.kube.version, markVersions };
  }

  /** Carries out what was decided, perhaps long ago. */
  execute(decision: Decision, outcome: Outcome): void {
    const { plan } = decision;
    if (plan.next === "wait") return;
    if (outcome.kind === "CrashBefore") return this.crash();
    const { action } = plan;
    if (isAwsCall(action)) callAws({ world: this.#world, memory: this.#memory, own: this.own, action, outcome });
    else this.#write(action, decision);
    if (outcome.kind === "CrashAfter") this.crash();
  }

  #write(action: Exclude<RotationAction, { readonly do: AwsCallName }>, decision: Decision): void {
    const { kube } = this.#world;
    const context: KubeWriteContext = {
      world: this.#world,
      own: this.own,
      isCurrent: kube.version === decision.version,
      isMarkCurrent: (number) => kube.marks.get(number)?.version === decision.markVersions.get(number),
    };
    const write = KUBE_WRITES[action.do] as (context: KubeWriteContext, action: RotationAction) => void;
    write(context, action);
  }

  #observe(): RotationObservation {
    const { kube, options, anchors, now, apiOffset, awsDown } = this.#world;
    const { readings, writes, failures, canaries, ownLeaves } = this.#memory;
    let highest = kube.highestSeen;
    for (const { bundle, crls } of readings.values()) {
      for (const fingerprint of bundle) highest = Math.max(highest, generationInName(fingerprint));
      for (const { generation } of crls) highest = Math.max(highest, generation ?? 0);
    }
    return {
      time: {
        own: this.own,
        apiServer: now + apiOffset,
        aws: awsDown || anchors.length === 0 ? undefined : now,
        highWater: kube.highWater,
      },
      policy: options.policy,
      generations: this.#generations(),
      highestNumberSeen: highest,
      anchors: anchors.map(({ name, ignore, manage, create, hasCanary }) => {
        const ownLeaf = ownLeaves.get(name);
        return {
          name,
          ignore,
          manage,
          create,
          joined: kube.joined.get(name) === true,
          reading: readings.get(name),
          writtenAt: writes.get(name)?.at,
          doubtfulWriteAt: writes.get(name)?.doubtfulAt,
          failure: failures.get(name),
          canary: hasCanary ? { last: canaries.get(name) } : undefined,
          ownLeaf: ownLeaf === undefined ? undefined : { generation: ownLeaf },
        };
      }),
      foreignRoots: [...options.foreign, ...kube.accepted],
      intent: kube.intent,
      freeze: kube.freeze,
      disabledAnchors: [...kube.disabled].map(([anchor, operation]) => ({ anchor, operation })),
      operations: [...kube.operations],
      deleting: false,
    };
  }

  #generations(): readonly GenerationObservation[] {
    const { kube } = this.#world;
    const abandoned = new Set<number | undefined>(kube.firstAbandoned);
    for (const { abandons } of kube.marks.values()) abandoned.add(abandons);
    const generations: GenerationObservation[] = [];
    for (const number of new Set([...kube.generations.keys(), ...kube.secrets.keys()])) {
      const stored = kube.generations.get(number);
      const root = stored?.root ?? kube.secrets.get(number);
      if (root === undefined) continue;
      const phase = stored?.phase ?? "Pending";
      // Nobody reads the mark of what is done.
      const mark = isDone({ phase }) ? undefined : kube.marks.get(number);
      generations.push({
        number,
        phase,
        phaseSince: stored?.phaseSince ?? root.notBefore,
        recorded: stored !== undefined,
        root,
        hasKey: kube.secrets.has(number),
        mark: mark === undefined ? undefined : { notAfter: mark.notAfter, sealed: mark.sealed },
        crlNumber: kube.crlNumbers.get(number),
        abandoning: abandoned.has(number),
        compromised: stored?.compromised === true,
        reissueOrdered: stored?.reissueOrdered === true,
      });
    }
    return generations;
  }
}

function isAwsCall(action: RotationAction): action is Extract<RotationAction, { readonly do: AwsCallName }> {
  return (AWS_CALLS as ReadonlySet<RotationActionName>).has(action.do);
}

/** A root's name tells its generation. */
function generationInName(fingerprint: string): number {
  return Number(/^g(\d+)-/.exec(fingerprint)?.[1] ?? 0);
}
