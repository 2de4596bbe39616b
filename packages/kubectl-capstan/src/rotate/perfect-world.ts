import {
  type AnchorObservation,
  type AnchorReading,
  countReading,
  type GenerationObservation,
  type RotationAction,
  type RotationActionName,
  type RotationObservation,
} from "@capstan/ca-core";

/** What AWS holds of a trust anchor. */
type Content = Pick<AnchorReading, "state" | "bundle" | "crls">;

const nothing: Content = { state: "Missing", bundle: [], crls: [] };

/** A world in which every call and write does at once what it was made for. */
export interface World {
  readonly observation: RotationObservation;
  readonly cloud: ReadonlyMap<string, Content>;
  /** Of a root, in milliseconds. */
  readonly rootMs: number;
}

type Effects = {
  readonly [K in RotationActionName]: (world: World, action: Extract<RotationAction, { readonly do: K }>) => World;
};

// The issuer raises a mark for leaves to come by at most this: an hour, or the longest leaf if that is less.
const longestReserveMs = 3_600_000;
const clockSkewOfRootMs = 5 * 60_000;

/** The world as it was observed. */
export function worldOf(observation: RotationObservation, rootMs: number): World {
  const cloud = new Map(observation.anchors.map(({ name, reading }) => [name, reading ?? nothing] as const));
  return { observation, cloud, rootMs };
}

/** The world after an action. */
export function carriedOut<K extends RotationActionName>(
  world: World,
  action: Extract<RotationAction, { readonly do: K }>,
): World {
  return effects[action.do](world, action);
}

/** The same world at a later time, by every clock. */
export function at(world: World, now: number): World {
  const { observation } = world;
  const { highWater } = observation.time;
  return { ...world, observation: { ...observation, time: { own: now, apiServer: now, aws: now, highWater } } };
}

const effects: Effects = {
  Freeze: (world, { hold }) => withHold(world, hold, true),
  Unfreeze: (world, { hold }) => withHold(world, hold, false),
  ReadAnchor: (world, { anchor }) => {
    const { time, policy } = world.observation;
    const content = world.cloud.get(anchor) ?? nothing;
    return withAnchor(world, anchor, ({ reading }) => ({
      reading: countReading(reading, { ...content, readAt: time.own }, policy),
    }));
  },
  CreateAnchor: (world, { anchor, bundle }) => written(world, anchor, () => ({ state: "Present", bundle, crls: [] })),
  WriteAnchor: (world, { anchor, bundle }) => written(world, anchor, (content) => ({ ...content, bundle })),
  ImportCrl: (world, { anchor, generation }) =>
    written(world, anchor, (content) => ({
      ...content,
      crls: [
        ...content.crls.filter((crl) => crl.generation !== generation),
        {
          id: `crl-${generation}`,
          generation,
          enabled: true,
          number: world.observation.generations.find(({ number }) => number === generation)?.crlNumber ?? 1n,
          current: true,
        },
      ],
    })),
  DeleteCrl: (world, { anchor, id }) =>
    written(world, anchor, (content) => ({ ...content, crls: content.crls.filter((crl) => crl.id !== id) })),
  DeleteAnchor: (world, { anchor }) => written(world, anchor, () => nothing),
  DisableAnchor: (world, { anchor }) => written(world, anchor, (content) => ({ ...content, state: "Disabled" })),
  EnableAnchor: (world, { anchor }) => written(world, anchor, (content) => ({ ...content, state: "Present" })),
  SetAnchorDisabled: (world, { anchor, operation, disabled }) => {
    const others = world.observation.disabledAnchors.filter((known) => known.anchor !== anchor);
    return changed(world, { disabledAnchors: disabled ? [...others, { anchor, operation }] : others });
  },
  SetJoined: (world, { anchor, joined }) => withAnchor(world, anchor, () => ({ joined })),
  RunCanary: (world, { anchor, generation }) => {
    const now = world.observation.time.own;
    const last = { generation, passed: true, at: now, message: "it got a session", retryAt: now };
    return withAnchor(world, anchor, () => ({ canary: { last } }));
  },
  RenewOwnLeaf: (world, { anchor, generation }) => withAnchor(world, anchor, () => ({ ownLeaf: { generation } })),
  StoreRemovalIntent: (world, { anchor, remaining, expiresAt }) =>
    changed(world, { intent: { anchor, remaining, expiresAt } }),
  MakeGeneration: (world, { generation: number, at }) => {
    const notBefore = at - clockSkewOfRootMs;
    const made: GenerationObservation = {
      number,
      phase: "Pending",
      phaseSince: at,
      recorded: false,
      root: { fingerprint: `generation-${number}`, notBefore, notAfter: notBefore + world.rootMs },
      hasKey: true,
      mark: { notAfter: notBefore, sealed: false },
      crlNumber: 1n,
      abandoning: false,
      compromised: false,
      reissueOrdered: false,
    };
    return changed(world, { generations: [...world.observation.generations, made], highestNumberSeen: number });
  },
  RestoreMark: (world, { generation, notAfter }) =>
    withGeneration(world, generation, () => ({ mark: { notAfter, sealed: false } })),
  RaiseMark: (world, { generation, notAfter }) =>
    withGeneration(world, generation, () => ({ mark: { notAfter, sealed: false } })),
  SealMark: (world, { generation, at }) =>
    withGeneration(world, generation, (sealed) => ({
      mark: { notAfter: lastLeafOf(world, sealed, at), sealed: true },
    })),
  BeginAbandon: (world, { generation }) => withGeneration(world, generation, () => ({ abandoning: true })),
  SetPhases: (world, { changes, at }) =>
    changes.reduce(
      (before, { generation, phase }) =>
        withGeneration(before, generation, () => ({ phase, phaseSince: at, recorded: true })),
      world,
    ),
  DestroyKey: (world, { generation }) => withGeneration(world, generation, () => ({ hasKey: false })),
  MarkCompromised: (world, { generations }) =>
    generations.reduce((before, number) => withGeneration(before, number, () => ({ compromised: true })), world),
  OrderReissue: (world, { generation }) => withGeneration(world, generation, () => ({ reissueOrdered: true })),
  BeginOperation: (world) => world,
  FinishOperation: (world, { operation }) =>
    changed(world, { operations: world.observation.operations.filter(({ name }) => name !== operation) }),
  AcceptRoots: (world, { fingerprints, drainUntil }) =>
    changed(world, {
      foreignRoots: [
        ...world.observation.foreignRoots,
        ...fingerprints.map((fingerprint) => ({ fingerprint, drainUntil })),
      ],
    }),
  MergeRevocations: (world) => world,
  RemoveFinalizer: (world) => world,
};

/** Until it is sealed, the longest leaf may be signed, and the mark raised for those after it. */
function lastLeafOf({ observation: { policy } }: World, generation: GenerationObservation, sealedAt: number): number {
  const { mark, root, phase, compromised } = generation;
  const raised = mark?.notAfter ?? root.notBefore;
  if (phase !== "Active" || compromised) return raised;
  const { maxLeafMs } = policy;
  return Math.max(raised, Math.min(root.notAfter, sealedAt + maxLeafMs + Math.min(longestReserveMs, maxLeafMs)));
}

function changed(world: World, changes: Partial<RotationObservation>): World {
  return { ...world, observation: { ...world.observation, ...changes } };
}

function withHold(world: World, hold: "Operator" | "Compromise", held: boolean): World {
  const change = hold === "Operator" ? { byOperator: held } : { byCompromise: held };
  return changed(world, { freeze: { ...world.observation.freeze, ...change, acknowledged: true } });
}

function withAnchor(
  world: World,
  name: string,
  change: (anchor: AnchorObservation) => Partial<AnchorObservation>,
): World {
  const anchors = world.observation.anchors.map((anchor) =>
    anchor.name === name ? { ...anchor, ...change(anchor) } : anchor,
  );
  return changed(world, { anchors });
}

function withGeneration(
  world: World,
  number: number,
  change: (generation: GenerationObservation) => Partial<GenerationObservation>,
): World {
  const generations = world.observation.generations.map((generation) =>
    generation.number === number ? { ...generation, ...change(generation) } : generation,
  );
  return changed(world, { generations });
}

function written(world: World, name: string, change: (content: Content) => Content): World {
  const before = world.cloud.get(name) ?? nothing;
  const cloud = new Map(world.cloud).set(name, change(before));
  return withAnchor({ ...world, cloud }, name, () => ({ writtenAt: world.observation.time.own }));
}
