import type { Case } from "./case.ts";
import type { Lab } from "./lab.ts";
import type { OutboundCall } from "./outbound-call.ts";
import type { Fate } from "./publisher.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { World } from "./world.ts";

/** A call of a scenario at which the publisher dies. */
export interface Killpoint {
  readonly scenario: string;
  /** `create secrets 2 #1`, `get secrets 2 in 1 Active` */
  readonly call: string;
  readonly isRoutine: boolean;
  readonly moment: "before" | "after";
}

/** Names the calls of one life so that they are found again in another one. */
export class CallCounter {
  readonly #counts = new Map<string, number>();
  readonly #phases: () => string;

  constructor(phases: () => string) {
    this.#phases = phases;
  }

  /**
   * What changes something is counted out. What comes again and again, as reads do, is called by the phases of the generations: how
   * often it comes is up to the machine.
   */
  readonly nameOf = ({ name, isRoutine }: OutboundCall): string => {
    if (isRoutine) return `${name} in ${this.#phases()}`;
    const nth = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, nth);
    return `${name} #${nth}`;
  };
}

/** Lets a scenario run without a kill, and lists its calls, each before and after. Elections are for those who lead. */
export async function recordKillpoints(lab: Lab, scenario: Scenario, name: string): Promise<readonly Killpoint[]> {
  await using world = await World.start(lab, { name, ...timesOf(scenario) });
  await scenario.prepare(world);
  const seen = new Map<string, boolean>();
  const counter = new CallCounter(() => world.witness.phases);
  world.publisher.onCall = (call) => void seen.set(counter.nameOf(call), call.isRoutine);
  await scenario.run(world);
  world.publisher.onCall = () => {};
  await scenario.expectEnd(world);
  const { violations } = world.witness;
  if (violations.length > 0) throw new Error(`${scenario.name} without a kill: ${violations.join("; ")}`);
  return [...seen].flatMap(([call, isRoutine]) =>
    (["before", "after"] as const).map((moment) => ({ scenario: scenario.name, call, isRoutine, moment })),
  );
}

function timesOf({ maxLeafDuration }: Scenario): { readonly maxLeafDuration?: string } {
  return maxLeafDuration === undefined ? {} : { maxLeafDuration };
}

/** So many kills at calls that change nothing share a life. */
const killsInALife = 10;

/** A life for each call that changes something; those that only look are spread over lives. */
export function killCases(killpoints: readonly Killpoint[]): readonly Case[] {
  return scenarios.flatMap((scenario) => {
    const own = killpoints.filter((one) => one.scenario === scenario.name);
    const looks = own.filter(({ isRoutine }) => isRoutine);
    const lives = Math.ceil(looks.length / killsInALife);
    return [
      ...own.filter(({ isRoutine }) => !isRoutine).map((one) => killCase(scenario, [one])),
      ...Array.from({ length: lives }, (_, life) =>
        killCase(
          scenario,
          looks.filter((_one, index) => index % lives === life),
        ),
      ),
    ];
  });
}

function killCase(scenario: Scenario, killpoints: readonly Killpoint[]): Case {
  const [first] = killpoints;
  const name =
    killpoints.length === 1
      ? `kill: ${scenario.name} ${first?.moment} ${first?.call}`
      : `kill: ${scenario.name} at ${killpoints.length} calls, first ${first?.moment} ${first?.call}`;
  return {
    name,
    world: timesOf(scenario),
    run: async (world) => {
      await scenario.prepare(world);
      const open = [...killpoints];
      const counter = new CallCounter(() => world.witness.phases);
      const fate: Fate = (call) => {
        const named = counter.nameOf(call);
        const found = open.findIndex((one) => one.call === named);
        return found < 0 ? undefined : open.splice(found, 1)[0]?.moment;
      };
      world.publisher.fate = fate;
      await scenario.run(world);
      world.publisher.fate = () => undefined;
      await world.keepRunning();
      await scenario.expectEnd(world);
      const missed = open.length === 0 ? "" : `, ${open.length} calls were not made this time`;
      return `${killpoints.length - open.length} kills${missed}`;
    },
  };
}
