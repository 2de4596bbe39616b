import { planRotation, type RotationAction, type RotationObservation, type RotationPlan } from "@capstan/ca-core";
import {
  KubeClient,
  type KubeObject,
  LeaderElector,
  type ListOptions,
  type ListPage,
  type ResourceType,
} from "@capstan/kube";
import { plannerWithout } from "../../../soak/src/broken-planner.ts";

/** Names the mutant that a test-only publisher is. */
export const mutantVariable = "CAPSTAN_TEST_MUTANT";

type Planner = typeof planRotation;

/** A publisher with one guard broken. */
export interface Mutant {
  /** What was broken. */
  readonly what: string;
  /** The case that has to fail, by its name, and with a complaint like this. */
  readonly diesIn: { readonly name: string; readonly by: RegExp };
  /** How fast its run's time is: what it does not wait for must be longer than what a busy machine takes. */
  readonly factor?: number;
  readonly plan?: Planner;
  /** Changes what the process is made of, before it starts. */
  readonly sabotage?: (client: KubeClient) => void;
}

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  "no-read-back": {
    what: "what was written counts without having been read back",
    diesIn: { name: "C01: an update has no effect", by: /read back before it counts/ },
    plan: plannerWithout("everyJoinedAnchorHolds"),
  },
  "no-soak": {
    what: "the switch comes before the soak is over",
    diesIn: { name: "guard: a whole rotation", by: /soak before the switch/ },
    factor: 6,
    plan: plannerWithout("soakIsOver"),
  },
  "no-seal": {
    what: "the next generation becomes Active and the old mark stays open",
    diesIn: { name: "guard: a whole rotation", by: /the seal is the switch/ },
    plan: withoutSeal,
  },
  "no-drain": {
    what: "the old root goes while its leaves are valid",
    diesIn: { name: "guard: a whole rotation", by: /no root goes before its leaves/ },
    factor: 6,
    plan: plannerWithout("drainIsOver"),
  },
  "no-fence": {
    what: "a process that has lost its lease goes on calling AWS",
    diesIn: {
      name: "C02: a leader that was paused while another one took over",
      by: /who does not lead writes nothing/,
    },
    sabotage: () => {
      Object.defineProperty(LeaderElector.prototype, "isLeader", { get: () => true });
      Object.defineProperty(LeaderElector.prototype, "remainingMs", { get: () => 30_000 });
      // Never heard of, as by a process that does not look.
      Object.defineProperty(LeaderElector.prototype, "lost", { get: () => new AbortController().signal });
    },
  },
  "crl-from-partial-list": {
    what: "the first page of the ledger is taken for all of it",
    diesIn: { name: "C02: the ledger is read page by page", by: /timed out waiting for revoke-\d to be Published/ },
    sabotage: (client) => {
      const list = client.list.bind(client);
      client.list = async <T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ListPage<T>> => {
        const page = await list<T>(type, options);
        return type.plural === "issuedcertificates" ? { ...page, continue: undefined } : page;
      };
    },
  },
  "intent-without-expiry": {
    what: "an intent to remove a root is good for ever",
    diesIn: { name: "guard: a removal that is held up until its intent has expired", by: /removal by intent alone/ },
    plan: (observation) => lasting(planRotation(observation)),
  },
};

/** @throws Error that names the mutants there are */
export function mutantNamed(name: string | undefined): Mutant | undefined {
  if (name === undefined || name === "") return undefined;
  const mutant = Object.hasOwn(MUTANTS, name) ? MUTANTS[name] : undefined;
  if (mutant === undefined) throw new Error(`there is no mutant ${name}; there are ${Object.keys(MUTANTS).join(", ")}`);
  return mutant;
}

/** Instead of sealing a mark it goes on as if it were sealed. */
function withoutSeal(observation: RotationObservation): RotationPlan {
  const plan = planRotation(observation);
  if (plan.next === "wait" || plan.action.do !== "SealMark") return plan;
  const { generation } = plan.action;
  return planRotation({
    ...observation,
    generations: observation.generations.map((one) =>
      one.number === generation && one.mark !== undefined ? { ...one, mark: { ...one.mark, sealed: true } } : one,
    ),
  });
}

const dayMs = 86_400_000;

function lasting(plan: RotationPlan): RotationPlan {
  if (plan.next === "wait" || plan.action.do !== "StoreRemovalIntent") return plan;
  const action: RotationAction = { ...plan.action, expiresAt: plan.action.at + dayMs };
  return { ...plan, action };
}
