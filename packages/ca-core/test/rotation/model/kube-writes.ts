import type { RotationAction, RotationActionName } from "../../../src/rotation/action.ts";
import type { AwsCallName } from "./aws-calls.ts";
import {
  checkAbandon,
  checkDestroy,
  checkFinish,
  checkNumber,
  checkPhase,
  checkRaise,
  checkSeal,
} from "./invariants.ts";
import { MINUTE, SECOND, type World } from "./world.ts";

type KubeWriteName = Exclude<RotationActionName, AwsCallName>;

export interface KubeWriteContext {
  readonly world: World;
  /** The publisher's clock. */
  readonly own: number;
  /** Whether nobody wrote the status since the observation: else the API server refuses. */
  readonly isCurrent: boolean;
  readonly isMarkCurrent: (generation: number) => boolean;
}

type KubeWrites = {
  readonly [K in KubeWriteName]: (
    context: KubeWriteContext,
    action: Extract<RotationAction, { readonly do: K }>,
  ) => void;
};

/** How each write to Kubernetes is guarded, and what it does. */
export const KUBE_WRITES: KubeWrites = {
  Freeze: status(({ kube }, { hold }) => setHold(kube, hold, true)),
  Unfreeze: status(({ kube }, { hold }) => setHold(kube, hold, false)),
  SetJoined: status(({ kube }, { anchor, joined }) => {
    kube.joined.set(anchor, joined);
  }),
  SetAnchorDisabled: status(({ kube }, { anchor, operation, disabled }) => {
    if (disabled) kube.disabled.set(anchor, operation);
    else kube.disabled.delete(anchor);
  }),
  StoreRemovalIntent: status((world, { anchor, remaining, expiresAt, at }) => {
    world.kube.intent = { anchor, remaining, expiresAt };
    raiseHighWater(world, at);
  }),
  SetPhases: status((world, { changes, at }) => {
    const { kube } = world;
    for (const { generation: number, phase } of changes) {
      checkPhase(world, number, phase);
      const stored = kube.generations.get(number);
      const root = kube.secrets.get(number);
      if (stored !== undefined) {
        if (phase === "Abandoned" && world.activeGeneration()?.compromised === true) world.giveUp(stored.root);
        stored.phase = phase;
        stored.phaseSince = at;
      } else if (root !== undefined) {
        kube.generations.set(number, { root, phase, phaseSince: at, compromised: false, reissueOrdered: false });
        kube.highestSeen = Math.max(kube.highestSeen, number);
      }
    }
    raiseHighWater(world, at);
  }),
  MarkCompromised: status(({ kube, compromised }, { generations }) => {
    for (const number of generations) {
      const stored = kube.generations.get(number);
      if (stored === undefined) continue;
      stored.compromised = true;
      compromised.add(stored.root.fingerprint);
    }
  }),
  OrderReissue: status(({ kube }, { generation }) => {
    const stored = kube.generations.get(generation);
    if (stored !== undefined) stored.reissueOrdered = true;
  }),
  BeginOperation: status(({ kube }, { operation: name, at }) => {
    kube.operations = kube.operations.map((one) =>
      one.name === name && one.kind === "Recover" ? { ...one, startedAt: at } : one,
    );
  }),
  FinishOperation: status((world, { operation: name, outcome }) => {
    const { kube } = world;
    const operation = kube.operations.find((one) => one.name === name);
    if (operation === undefined) return;
    checkFinish(world, operation, outcome);
    kube.operations = kube.operations.filter((one) => one !== operation);
    if (operation.kind === "Recover") world.restored = false;
  }),
  AcceptRoots: status(({ kube }, { fingerprints, drainUntil }) => {
    kube.accepted.push(...fingerprints.map((fingerprint) => ({ fingerprint, drainUntil })));
  }),
  MergeRevocations: status((world, { anchor, generation }) => {
    const crl = world.anchor(anchor).state.crls.find((one) => one.generation === generation);
    const ours = world.kube.crlNumbers.get(generation) ?? 0n;
    if (crl !== undefined && crl.number > ours) world.kube.crlNumbers.set(generation, crl.number + 1n);
  }),
  RemoveFinalizer: () => {},
  // The Secret's name makes this create atomic.
  MakeGeneration: ({ world, own }, { generation, at }) => {
    const { kube } = world;
    if (kube.secrets.has(generation) || kube.marks.has(generation)) return;
    checkNumber(world, generation);
    const notBefore = Math.floor((own - 5 * MINUTE) / SECOND) * SECOND;
    const fingerprint = `g${generation}-${world.id("")}`;
    kube.secrets.set(generation, { generation, fingerprint, notBefore, notAfter: notBefore + world.options.rootMs });
    raiseHighWater(world, at);
  },
  RestoreMark: ({ world }, { generation, notAfter }) => {
    const { marks, version } = world.kube;
    if (!marks.has(generation)) marks.set(generation, { notAfter, sealed: false, abandons: undefined, version });
  },
  RaiseMark: ({ world, isMarkCurrent }, { generation, notAfter }) => {
    const mark = world.kube.marks.get(generation);
    if (mark === undefined || !isMarkCurrent(generation)) return;
    checkRaise(mark, notAfter);
    world.raiseMark(generation, notAfter);
  },
  SealMark: ({ world, isMarkCurrent }, { generation, at }) => {
    const mark = world.kube.marks.get(generation);
    if (mark === undefined || mark.sealed || !isMarkCurrent(generation)) return;
    checkSeal(world, generation);
    mark.sealed = true;
    mark.version += 1;
    raiseHighWater(world, at);
  },
  BeginAbandon: ({ world, isCurrent, isMarkCurrent }, { generation, recordedIn }) => {
    const { kube } = world;
    if (recordedIn === undefined) {
      if (!isCurrent) return;
      kube.firstAbandoned.add(generation);
      world.touch();
      return;
    }
    const mark = kube.marks.get(recordedIn);
    if (mark === undefined || !isMarkCurrent(recordedIn)) return;
    checkAbandon(mark);
    mark.abandons = generation;
    mark.version += 1;
  },
  DestroyKey: ({ world, isCurrent }, { generation }) => {
    if (!isCurrent) return;
    checkDestroy(world, generation);
    world.kube.secrets.delete(generation);
    world.touch();
  },
};

/** One write of the status: refused when somebody else wrote since the observation. */
function status<A extends RotationAction>(
  write: (world: World, action: A) => void,
): (context: KubeWriteContext, action: A) => void {
  return ({ world, isCurrent }, action) => {
    if (!isCurrent) return;
    write(world, action);
    world.touch();
  };
}

function setHold(kube: World["kube"], hold: "Operator" | "Compromise", held: boolean): void {
  const change = hold === "Operator" ? { byOperator: held } : { byCompromise: held };
  kube.freeze = { ...kube.freeze, ...change, acknowledged: false };
}

function raiseHighWater({ kube }: World, at: number): void {
  kube.highWater = Math.max(kube.highWater, at);
}
