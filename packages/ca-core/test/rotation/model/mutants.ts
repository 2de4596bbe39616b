import { ROTATION_GUARDS, type RotationGuards } from "../../../src/rotation/guards.ts";
import type { GenerationObservation } from "../../../src/rotation/observation.ts";
import type { RotationFacts } from "../../../src/rotation/view.ts";

export interface Mutant {
  /** What was broken. */
  readonly name: string;
  /** Rules that it breaks. */
  readonly rules: readonly string[];
  readonly guards: RotationGuards;
}

const always = (): undefined => undefined;

/** Planners with one guard broken. */
export const MUTANTS: readonly Mutant[] = [
  broken("the drain is not waited for", ["no root goes before its leaves", "no end before the last leaf"], {
    drainIsOver: always,
  }),
  broken("the drain ends without the skew", ["no root goes before its leaves", "no end before the last leaf"], {
    drainIsOver: (facts, generation) => ROTATION_GUARDS.drainIsOver(withPolicy(facts, { skewMs: 0 }), generation),
  }),
  broken(
    "the drain ends by a mark that is an hour too low",
    ["no root goes before its leaves", "no end before the last leaf"],
    {
      drainIsOver: (facts, generation) => ROTATION_GUARDS.drainIsOver(facts, lowered(generation)),
    },
  ),
  broken("a mark falls", ["a mark never falls"], { markOnlyRises: always }),
  broken(
    "what was written is not read back",
    ["read back before the switch", "active only when every joined anchor holds it", "no session refused"],
    { everyJoinedAnchorHolds: always },
  ),

  broken("the seal comes before the soak is over", ["soak before the switch"], { soakIsOver: always }),
  broken("canaries are not waited for", ["canary before the switch"], { canaryHasPassed: always }),
  broken("a joining anchor is not waited for", ["read back before the switch", "canary before the switch"], {
    everyAnchorIsJoined: always,
  }),
  broken("certificates are removed without an intent", ["removal by intent alone"], { intentIsStored: always }),
  broken("an unknown certificate is taken for ours", ["drift stops the rotation"], { noDrift: always }),
  broken("a generation is begun while another one drains", ["one at a time"], { noneIsInProgress: always }),
  broken("untrusted time is trusted", ["untrusted time"], { timeIsTrusted: always }),
  broken("the switch can be taken back", ["no way back after the seal"], { markIsOpen: always }),
  broken("the last root of our own leaf is removed", ["the next call is not refused"], { ownLeafStays: always }),
  broken("a removal leaves less than is wanted", ["never an empty bundle"], { remainderIsComplete: always }),
  broken("anchors take as much as one likes", ["two certificates"], { hasRoom: always }),
  broken("CRLs go before their roots", ["a root has its CRL"], { rootIsGone: always }),
  broken("an anchor takes a third CRL", ["two CRLs"], { hasCrlRoom: always }),
  broken("anchors that are not managed are written", ["never written"], { isManaged: always }),
  broken("an anchor that an operator has disabled is like any other", ["what is disabled by order stays so"], {
    isNotDisabledByOrder: always,
  }),
  broken(
    "a generation is done while an anchor holds it",
    ["retired when it is gone", "no CRL goes before its leaves", "compromised roots are gone"],
    { noAnchorHolds: always },
  ),
  broken("keys are not retained", ["keys are retained"], { retentionIsOver: always }),
  broken("a lost key does not matter", ["never sealed with nothing to follow", "who is active can sign"], {
    keyIsPresent: always,
  }),
  broken("a restored state is believed", ["a restored state changes nothing"], { stateIsCurrent: always }),
  broken("a foreign root is not drained", ["no root goes before its leaves"], { foreignDrainIsOver: always }),
];

function broken(name: string, rules: readonly string[], changes: Partial<RotationGuards>): Mutant {
  return { name, rules, guards: { ...ROTATION_GUARDS, ...changes } };
}

function withPolicy(facts: RotationFacts, changes: Partial<RotationFacts["observation"]["policy"]>): RotationFacts {
  const { observation } = facts;
  return { ...facts, observation: { ...observation, policy: { ...observation.policy, ...changes } } };
}

function lowered(generation: GenerationObservation): GenerationObservation {
  const { mark } = generation;
  return mark === undefined ? generation : { ...generation, mark: { ...mark, notAfter: mark.notAfter - 3_600_000 } };
}
