import type { RotationAction } from "../action.ts";
import { crlsOf, heldBy, holdsCurrentCrl, holdsRoot, isReadWithin } from "../anchor-state.ts";
import { crlToKeep } from "../crl-to-keep.ts";
import type { AnchorObservation, CrlReading, GenerationObservation } from "../observation.ts";
import { type AnchorTask, SLOTS } from "../guards/one-anchor.ts";
import type { WaitReason } from "../reason.ts";
import { isLeaving, type RotationView } from "../view.ts";
import type { Candidate } from "./step.ts";

/** A missing anchor that is ours to create is created with what it is to hold. */
export function createAnchors(view: RotationView): readonly Candidate[] {
  const bundle = view.wanted.map(({ root }) => root.fingerprint);
  if (bundle.length === 0) return [];
  return view.anchors
    .filter(({ create, reading }) => create && reading?.state === "Missing")
    .map((anchor) => ({
      action: justRead(view, anchor, { do: "CreateAnchor", anchor: anchor.name, bundle }),
      unless: [
        view.guards.timeIsTrusted(view),
        view.guards.isNotDeleting(view),
        // It would be created enabled.
        view.guards.isNotDisabledByOrder(view, anchor),
        view.guards.isReachable(view, anchor),
        view.guards.hasRoom(view, anchor, { bundle, toAdd: view.wanted }),
        view.guards.isManaged(view, anchor, { code: "CreateAnchorByHand", order: "create it" }),
      ],
    }));
}

/**
 * A root whose leaves are out, and which an anchor has lost, is put back, whatever strangers have left there: nothing is
 * removed by it. The root that is being introduced goes with it, since a reading that is behind may only lack what was
 * written last.
 */
export function repairAnchors(view: RotationView): readonly Candidate[] {
  const lost = view.needed.filter((generation) => generation !== view.incoming);
  const mayPublish = publicationGuards(view).every((reason) => reason === undefined);
  return addRoots(view, { lost, together: mayPublish ? view.wanted : lost, unless: [] });
}

/** The root of the next generation comes into every anchor. */
export function publishRoot(view: RotationView): readonly Candidate[] {
  const { incoming } = view;
  if (incoming?.recorded !== true) return [];
  return addRoots(view, { lost: [incoming], together: [incoming], unless: publicationGuards(view) });
}

function publicationGuards(view: RotationView): readonly (WaitReason | undefined)[] {
  const { guards } = view;
  return [guards.stateIsCurrent(view), guards.isNotDeleting(view), view.isEmergency ? undefined : guards.noDrift(view)];
}

function addRoots(
  view: RotationView,
  {
    lost,
    together,
    unless,
  }: {
    /** Where one of these is missing, there is something to add. */
    readonly lost: readonly GenerationObservation[];
    /** What is written then, as far as there is room: these, most needed first. */
    readonly together: readonly GenerationObservation[];
    readonly unless: readonly (WaitReason | undefined)[];
  },
): readonly Candidate[] {
  const { guards } = view;
  return view.anchors.flatMap((anchor) => {
    const toAdd = lost.filter((generation) => !holdsRoot(anchor, generation));
    if (toAdd.length === 0) return [];
    const held = heldBy(anchor);
    if (hasBetterWrite(view, anchor)) return [];
    const added = together
      .filter((generation) => !holdsRoot(anchor, generation))
      .slice(0, Math.max(1, SLOTS - held.length));
    const bundle = [...held, ...added.map(({ root }) => root.fingerprint)];
    return [
      {
        action: justRead(view, anchor, { do: "WriteAnchor", anchor: anchor.name, bundle, removes: [] }),
        unless: [
          // Nobody knows how old a reading is by a clock that is wrong.
          guards.timeIsTrusted(view),
          guards.isBundle(view, anchor),
          ...unless,
          guards.isReachable(view, anchor),
          guards.hasRoom(view, anchor, { bundle, toAdd }),
          ...toAdd.map((generation) => guards.isManaged(view, anchor, rootTask("AddRootByHand", generation))),
        ],
      },
    ];
  });
}

/**
 * Whether one removal brings the anchor to what is wanted, for which there is no room otherwise. Then nothing is added
 * first: were the reading behind, half of what is wanted would be overwritten in between.
 */
function hasBetterWrite(view: RotationView, anchor: AnchorObservation): boolean {
  const both = new Set([...heldBy(anchor), ...view.wanted.map(({ root }) => root.fingerprint)]);
  if (both.size <= SLOTS) return false;
  return removalsFrom(view, anchor).some(({ unless }) => unless.every((reason) => reason === undefined));
}

interface Removal {
  readonly anchor: AnchorObservation;
  readonly removes: readonly string[];
  readonly remaining: readonly string[];
  readonly unless: readonly (WaitReason | undefined)[];
}

/** Before a certificate goes, it is stored what exactly is to remain. */
export function storeIntents(view: RotationView): readonly Candidate[] {
  const { intentMs } = view.observation.policy;
  return removals(view).map(({ anchor, removes, remaining, unless }) => ({
    action: {
      do: "StoreRemovalIntent",
      anchor: anchor.name,
      remaining,
      removes,
      at: view.atLeast,
      expiresAt: view.atLeast + intentMs,
    },
    unless,
  }));
}

/** A root that has drained, was given up or is compromised leaves an anchor, and so does a stranger's that has drained. */
export function removeRoots(view: RotationView): readonly Candidate[] {
  return removals(view).map(({ anchor, removes, remaining, unless }) => ({
    action: justRead(view, anchor, { do: "WriteAnchor", anchor: anchor.name, bundle: remaining, removes }),
    unless: [...unless, view.guards.intentIsStored(view, anchor, remaining)],
  }));
}

function removals(view: RotationView): readonly Removal[] {
  return view.anchors.flatMap((anchor) => removalsFrom(view, anchor));
}

function removalsFrom(view: RotationView, anchor: AnchorObservation): readonly Removal[] {
  const { guards, observation } = view;
  return heldBy(anchor).flatMap((fingerprint) => {
    const generation = view.byFingerprint.get(fingerprint);
    const foreign = observation.foreignRoots.find((root) => root.fingerprint === fingerprint);
    let drained: readonly (WaitReason | undefined)[];
    let task: AnchorTask;
    if (generation !== undefined) {
      if (!isLeaving(view, generation)) return [];
      drained = [
        guards.drainIsOver(view, generation),
        // A compromised root goes whatever else is there; a stranger's certificate beside it is kept.
        generation.compromised || view.isEmergency ? undefined : guards.noDrift(view),
      ];
      task = rootTask("RemoveRootByHand", generation);
    } else if (foreign !== undefined) {
      drained = [guards.foreignDrainIsOver(view, foreign), guards.noDrift(view)];
      task = { code: "RemoveRootByHand", order: `remove the foreign root with SHA-256 ${fingerprint}` };
    } else {
      return [];
    }
    const rest = heldBy(anchor).filter((held) => held !== fingerprint);
    const missing = view.wanted.map(({ root }) => root.fingerprint).filter((wanted) => !rest.includes(wanted));
    const remaining = [...rest, ...missing.slice(0, SLOTS - rest.length)];
    return [
      {
        anchor,
        removes: [fingerprint],
        remaining,
        unless: [
          guards.timeIsTrusted(view),
          guards.stateIsCurrent(view),
          guards.isNotDeleting(view),
          ...drained,
          guards.isReachable(view, anchor),
          guards.remainderIsComplete(view, anchor, remaining),
          generation?.compromised === true ? guards.successorRemains(view, anchor, remaining) : undefined,
          guards.ownLeafStays(view, anchor, remaining),
          guards.isManaged(view, anchor, task),
        ],
      },
    ];
  });
}

/** The CRL of every root in an anchor is there as well: the newest, and in force. */
export function importCrls(view: RotationView): readonly Candidate[] {
  const { guards } = view;
  return view.anchors.flatMap((anchor) =>
    view.wanted
      .filter((generation) => holdsRoot(anchor, generation))
      .filter((generation) => !holdsCurrentCrl(anchor, generation))
      .map((generation): Candidate => ({
        action: { do: "ImportCrl", anchor: anchor.name, generation: generation.number },
        unless: [
          guards.stateIsCurrent(view),
          guards.isReachable(view, anchor),
          // The last CRL is kept, and needs no key.
          generation.crlNumber === undefined ? guards.keyIsPresent(view, generation) : undefined,
          guards.hasCrlRoom(view, anchor, generation),
          guards.isManaged(view, anchor, crlTask("AddCrlByHand", generation.number)),
        ],
      })),
  );
}

/** The CRL of a generation that is done goes after its root. */
export function deleteCrls(view: RotationView): readonly Candidate[] {
  const { guards, observation } = view;
  return view.anchors.flatMap((anchor) =>
    crlsOf(anchor).flatMap(({ id, generation: number }): readonly Candidate[] => {
      if (number === undefined) return [];
      const generation = observation.generations.find((one) => one.number === number);
      if (generation !== undefined && !isLeaving(view, generation)) return [];
      const { rootIsGone, strangersAreGone, drainIsOver } = guards;
      return [
        {
          action: { do: "DeleteCrl", anchor: anchor.name, generation: number, id },
          unless: [
            guards.timeIsTrusted(view),
            guards.stateIsCurrent(view),
            guards.isNotDeleting(view),
            ...(generation === undefined
              ? // A generation that our state has lost: its root is among the accepted ones, or gone.
                [strangersAreGone(view, anchor)]
              : [drainIsOver(view, generation), rootIsGone(view, anchor, generation)]),
            guards.isReachable(view, anchor),
            guards.isManaged(view, anchor, crlTask("RemoveCrlByHand", number)),
          ],
        },
      ];
    }),
  );
}

/**
 * A second CRL of one generation goes: it takes the place of another generation's. There is one when an import took effect whose
 * answer was lost, and the list of CRLs was behind when it was looked for.
 */
export function deleteSecondCrls(view: RotationView): readonly Candidate[] {
  const { guards } = view;
  return view.anchors.flatMap((anchor) =>
    view.observation.generations.flatMap((generation) =>
      secondCrlsOf(anchor, generation).map(({ id }): Candidate => {
        const { number } = generation;
        const order = `delete CRL ${id}, the second one of generation ${number},`;
        return {
          action: justRead(view, anchor, { do: "DeleteCrl", anchor: anchor.name, generation: number, id }),
          unless: [
            guards.timeIsTrusted(view),
            // What a CRL revokes that our state does not know of is taken over before it goes.
            guards.stateIsCurrent(view),
            guards.isNotDeleting(view),
            guards.isReachable(view, anchor),
            guards.isManaged(view, anchor, { code: "RemoveCrlByHand", generation: number, order }),
          ],
        };
      }),
    ),
  );
}

function secondCrlsOf(anchor: AnchorObservation, { number }: GenerationObservation): readonly CrlReading[] {
  const crls = crlsOf(anchor).filter(({ generation }) => generation === number);
  const kept = crlToKeep(crls);
  return crls.filter((crl) => crl !== kept);
}

function rootTask(code: "AddRootByHand" | "RemoveRootByHand", { number, root }: GenerationObservation): AnchorTask {
  const verb = code === "AddRootByHand" ? "add" : "remove";
  return { code, generation: number, order: `${verb} the root of generation ${number} (SHA-256 ${root.fingerprint})` };
}

function crlTask(code: "AddCrlByHand" | "RemoveCrlByHand", number: number): AnchorTask {
  const order =
    code === "AddCrlByHand"
      ? `import the newest CRL of generation ${number}`
      : `delete the CRL of generation ${number}`;
  return { code, generation: number, order };
}

/** A write replaces the whole bundle, so it is made only by a reading of seconds ago: else the anchor is read again. */
function justRead(view: RotationView, anchor: AnchorObservation, action: RotationAction): RotationAction {
  return isReadWithin(view, anchor, view.observation.policy.intentMs)
    ? action
    : { do: "ReadAnchor", anchor: anchor.name };
}
