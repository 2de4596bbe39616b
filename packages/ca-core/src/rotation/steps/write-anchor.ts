import type { RotationAction } from "../action.ts";
import { heldBy, holdsCrl, holdsCurrentCrl, holdsRoot, isReadWithin } from "../anchor-state.ts";
import type { AnchorObservation, GenerationObservation } from "../observation.ts";
import type { WaitReason } from "../reason.ts";
import { isLeaving, neededGenerations, type RotationView, wantedGenerations } from "../view.ts";
import type { Candidate } from "./step.ts";

/** A missing anchor that is ours to create is created with what it is to hold. */
export function createAnchors(view: RotationView): readonly Candidate[] {
  const bundle = wantedGenerations(view).map(({ root }) => root.fingerprint);
  if (bundle.length === 0) return [];
  return view.anchors
    .filter(({ create, reading }) => create && reading?.state === "Missing")
    .map((anchor) => ({
      action: justRead(view, anchor, { do: "CreateAnchor", anchor: anchor.name, bundle }),
      unless: [
        view.guards.isManaged(view, anchor),
        view.guards.isReachable(view, anchor),
        view.guards.hasRoom(view, anchor, { bundle, toAdd: wantedGenerations(view) }),
      ],
    }));
}

/**
 * A root whose leaves are out, and which an anchor has lost, is put back, whatever the time and the strangers there:
 * nothing is removed by it.
 */
export function repairAnchors(view: RotationView): readonly Candidate[] {
  const lost = neededGenerations(view).filter((generation) => generation !== view.incoming);
  return addRoots(view, lost, []);
}

/** The root of the next generation comes into every anchor. */
export function publishRoot(view: RotationView): readonly Candidate[] {
  const { incoming, guards } = view;
  if (incoming?.recorded !== true) return [];
  return addRoots(
    view,
    [incoming],
    [
      guards.timeIsTrusted(view),
      guards.stateIsCurrent(view),
      guards.isNotDeleting(view),
      view.isEmergency ? undefined : guards.noDrift(view),
    ],
  );
}

function addRoots(
  view: RotationView,
  generations: readonly GenerationObservation[],
  more: readonly (WaitReason | undefined)[],
): readonly Candidate[] {
  return view.anchors.flatMap((anchor) => {
    if (anchor.reading?.state === "Missing") return [];
    const toAdd = generations.filter((generation) => !holdsRoot(anchor, generation));
    if (toAdd.length === 0) return [];
    const held = heldBy(anchor);
    // If there is not room for all, the most needed comes first.
    const fitting = Math.max(1, 2 - held.length);
    const bundle = [...held, ...toAdd.slice(0, fitting).map(({ root }) => root.fingerprint)];
    return [
      {
        action: justRead(view, anchor, { do: "WriteAnchor", anchor: anchor.name, bundle, removes: [] }),
        unless: [
          view.guards.isBundle(view, anchor),
          view.guards.isManaged(view, anchor),
          view.guards.isReachable(view, anchor),
          view.guards.hasRoom(view, anchor, { bundle, toAdd }),
          ...more,
        ],
      },
    ];
  });
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
  return removals(view)
    .filter(({ anchor, remaining }) => view.guards.intentIsStored(view, anchor, remaining) !== undefined)
    .map(({ anchor, removes, remaining, unless }) => ({
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
  const { guards, observation } = view;
  return view.anchors.flatMap((anchor) =>
    heldBy(anchor).flatMap((fingerprint) => {
      const generation = view.byFingerprint.get(fingerprint);
      const foreign = observation.foreignRoots.find((root) => root.fingerprint === fingerprint);
      let drained: readonly (WaitReason | undefined)[];
      if (generation !== undefined) {
        if (!isLeaving(view, generation)) return [];
        drained = [
          guards.drainIsOver(view, generation),
          // A compromised root goes whatever else is there; a stranger's certificate beside it is kept.
          generation.compromised || view.isEmergency ? undefined : guards.noDrift(view),
        ];
      } else if (foreign !== undefined) {
        drained = [guards.foreignDrainIsOver(view, foreign), guards.noDrift(view)];
      } else {
        return [];
      }
      const rest = heldBy(anchor).filter((held) => held !== fingerprint);
      const missing = wantedGenerations(view).map(({ root }) => root.fingerprint);
      const remaining = [...rest, ...missing.filter((wanted) => !rest.includes(wanted)).slice(0, 2 - rest.length)];
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
            guards.isManaged(view, anchor),
            guards.isReachable(view, anchor),
            guards.remainderIsComplete(view, anchor, remaining),
            guards.ownLeafStays(view, anchor, remaining),
          ],
        },
      ];
    }),
  );
}

/** The CRL of every root in an anchor is there as well: the newest, and in force. */
export function importCrls(view: RotationView): readonly Candidate[] {
  const { guards } = view;
  return view.anchors.flatMap((anchor) =>
    wantedGenerations(view)
      .filter((generation) => generation.recorded && holdsRoot(anchor, generation))
      .filter((generation) => !(holdsCrl(anchor, generation) && holdsCurrentCrl(anchor, generation)))
      .map((generation): Candidate => ({
        action: { do: "ImportCrl", anchor: anchor.name, generation: generation.number },
        unless: [
          guards.stateIsCurrent(view),
          guards.isManaged(view, anchor),
          guards.isReachable(view, anchor),
          guards.keyIsPresent(view, generation),
          guards.hasCrlRoom(view, anchor, generation),
        ],
      })),
  );
}

/** The CRL of a generation that is done goes after its root. */
export function deleteCrls(view: RotationView): readonly Candidate[] {
  const { guards, observation } = view;
  return view.anchors.flatMap((anchor) =>
    (anchor.reading?.crls ?? []).flatMap((crl): readonly Candidate[] => {
      const generation = observation.generations.find(({ number }) => number === crl.generation);
      if (generation === undefined || !isLeaving(view, generation)) return [];
      return [
        {
          action: { do: "DeleteCrl", anchor: anchor.name, generation: generation.number, id: crl.id },
          unless: [
            guards.timeIsTrusted(view),
            guards.stateIsCurrent(view),
            guards.isNotDeleting(view),
            guards.drainIsOver(view, generation),
            guards.rootIsGone(view, anchor, generation),
            guards.isManaged(view, anchor),
            guards.isReachable(view, anchor),
          ],
        },
      ];
    }),
  );
}

/** A write replaces the whole bundle, so it is made only by a reading of seconds ago: else the anchor is read again. */
function justRead(view: RotationView, anchor: AnchorObservation, action: RotationAction): RotationAction {
  return isReadWithin(view, anchor, view.observation.policy.intentMs)
    ? action
    : { do: "ReadAnchor", anchor: anchor.name };
}
