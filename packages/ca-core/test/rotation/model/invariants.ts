import type { RotationAction } from "../../../src/rotation/action.ts";
import { sameBundle } from "../../../src/rotation/count-reading.ts";
import type { GenerationPhase, Operation, RotationObservation } from "../../../src/rotation/observation.ts";
import { type Anchor, AWS_SKEW, type Leaf, type Mark, MINUTE, Violation, type World } from "./world.ts";

/** The rules that hold in every state, whatever happened before. */
export function checkState(world: World): void {
  const { kube, anchors } = world;
  let active = 0;
  let inProgress = 0;
  for (const { phase } of kube.generations.values()) {
    if (phase === "Active") active += 1;
    if (phase === "Pending" || phase === "Published") inProgress += 1;
  }
  if (active > 1) throw new Violation("one active", `${active} generations are Active`);
  if (inProgress > 1) throw new Violation("one at a time", `${inProgress} generations are being introduced`);
  for (const anchor of anchors) {
    if (anchor.state.bundle.length > 2) throw new Violation("two certificates", anchor.name);
    if (anchor.state.crls.length > 2) throw new Violation("two CRLs", anchor.name);
    const refused = world.leaves.find(
      (leaf) => isAlive(world, leaf) && isUsedAt(leaf, anchor) && !anchor.state.bundle.includes(leaf.fingerprint),
    );
    if (refused === undefined) {
      if (isWhole(world, anchor)) anchor.disturbed = false;
      continue;
    }
    if (anchor.ignore || anchor.disturbed || kube.joined.get(anchor.name) !== true) continue;
    if (!anchor.state.exists || !anchor.state.enabled) continue;
    throw new Violation(
      "no session refused",
      `${anchor.name} holds ${anchor.state.bundle.join(", ")}, and a leaf of generation ${refused.generation} is alive`,
    );
  }
  for (const { generation, fingerprint, notAfter } of world.leaves) {
    const mark = kube.marks.get(generation);
    if (world.restored || kube.generations.get(generation)?.root.fingerprint !== fingerprint) continue;
    if (mark !== undefined && mark.notAfter < notAfter) {
      throw new Violation("the mark bounds every leaf", `generation ${generation} has signed beyond its mark`);
    }
  }
}

/** Rules about what is asked, by what the publisher knew. */
export function checkPlan(world: World, observation: RotationObservation, action: RotationAction): void {
  const { own, apiServer, aws } = observation.time;
  const clocks = [own, apiServer, aws].filter((clock) => clock !== undefined);
  const apart = Math.max(...clocks) - Math.min(...clocks);
  const removes = action.do === "WriteAnchor" && action.removes.length > 0;
  if (apart > 5 * MINUTE && (TRANSITIONS.has(action.do) || removes)) {
    throw new Violation("untrusted time", `${action.do} with clocks ${apart / MINUTE} minutes apart`);
  }
  const isBehind = observation.anchors.some(({ ignore, reading }) =>
    reading?.crls.some(({ generation, number }) => {
      const ours = observation.generations.find((one) => one.number === generation);
      return !ignore && ours !== undefined && number > (ours.crlNumber ?? 0n);
    }),
  );
  const isRecovering = observation.operations.some(({ kind }) => kind === "Recover");
  if ((isBehind || isRecovering) && (TRANSITIONS.has(action.do) || removes)) {
    throw new Violation("a restored state changes nothing", action.do);
  }
  const active = observation.generations.find(({ phase }) => phase === "Active");
  const compromised = active?.compromised === true;
  const known = new Set([
    ...observation.generations.map(({ root }) => root.fingerprint),
    ...observation.foreignRoots.map(({ fingerprint }) => fingerprint),
  ]);
  const unknown = (name: string) =>
    observation.anchors.find((anchor) => anchor.name === name)?.reading?.bundle.filter((one) => !known.has(one)) ?? [];
  const drift = observation.anchors.some(({ ignore, name }) => !ignore && unknown(name).length > 0);
  const isSwitch = action.do === "SealMark" && action.generation === active?.number;
  const isPublication = action.do === "SetPhases" && action.changes.some(({ phase }) => phase === "Published");
  const nobodySigns = active === undefined || active.mark?.sealed === true || world.now >= active.root.notAfter;
  if (drift && !compromised && (isSwitch || isPublication || (action.do === "MakeGeneration" && !nobodySigns))) {
    throw new Violation("drift stops the rotation", action.do);
  }
  if (action.do === "WriteAnchor") {
    const anchor = observation.anchors.find(({ name }) => name === action.anchor);
    if (anchor?.manage !== true || anchor.ignore) throw new Violation("never written", action.anchor);
    const held = anchor.reading?.bundle ?? [];
    const gone = held.filter((one) => !action.bundle.includes(one));
    if (action.bundle.length > 2) throw new Violation("two certificates", `${action.bundle.length} are asked for`);
    if (action.bundle.length === 0) throw new Violation("never an empty bundle", action.anchor);
    if (gone.some((one) => !known.has(one))) throw new Violation("nothing unknown is overwritten", gone.join(", "));
    if (!sameBundle(gone, action.removes)) throw new Violation("removals are named", gone.join(", "));
    const { intent } = observation;
    const isIntended =
      intent !== undefined && intent.anchor === action.anchor && sameBundle(intent.remaining, action.bundle);
    if (gone.length > 0 && !(isIntended && Math.min(...clocks) < intent.expiresAt)) {
      throw new Violation("removal by intent alone", `${gone.join(", ")} from ${action.anchor}`);
    }
    const ownRoot = observation.generations.find(({ number }) => number === anchor.ownLeaf?.generation)?.root;
    if (ownRoot !== undefined && gone.includes(ownRoot.fingerprint) && world.now < ownRoot.notAfter) {
      throw new Violation("the next call is not refused", `${action.anchor} would lose the root of our own leaf`);
    }
  }
  checkDisabled(observation, action);
  if (action.do === "DeleteCrl") {
    const bundle = observation.anchors.find(({ name }) => name === action.anchor)?.reading?.bundle ?? [];
    const root = observation.generations.find(({ number }) => number === action.generation)?.root.fingerprint;
    if (root !== undefined && bundle.includes(root)) throw new Violation("a root has its CRL", action.anchor);
  }
  if (action.do === "ImportCrl") {
    const crls = observation.anchors.find(({ name }) => name === action.anchor)?.reading?.crls ?? [];
    if (crls.length >= 2 && !crls.some(({ generation }) => generation === action.generation)) {
      throw new Violation("two CRLs", action.anchor);
    }
  }
  if (action.do === "MakeGeneration") {
    const busy = observation.generations.find(
      ({ phase }) =>
        phase === "Pending" || phase === "Published" || (phase === "Draining" && !compromised && !nobodySigns),
    );
    if (busy !== undefined) throw new Violation("one at a time", `${busy.number} is ${busy.phase}`);
  }
}

/** An anchor that an operator has disabled stays so, and no other is disabled; one that we may not write is neither. */
function checkDisabled({ anchors, disabledAnchors, generations }: RotationObservation, action: RotationAction): void {
  const isWrite = action.do === "DisableAnchor" || action.do === "EnableAnchor";
  if (!isWrite && action.do !== "CreateAnchor" && !(action.do === "SetJoined" && action.joined)) return;
  const anchor = anchors.find(({ name }) => name === action.anchor);
  if (isWrite && (anchor?.manage !== true || anchor.ignore)) throw new Violation("never written", action.anchor);
  const isOrdered = disabledAnchors.some((one) => one.anchor === action.anchor);
  if (isOrdered !== (action.do === "DisableAnchor"))
    throw new Violation("what is disabled by order stays so", `${action.do} of ${action.anchor}`);
  const held = anchor?.reading?.bundle ?? [];
  if (action.do === "EnableAnchor" && generations.some((one) => one.compromised && held.includes(one.root.fingerprint)))
    throw new Violation("what is enabled trusts no compromised root", action.anchor);
}

const TRANSITIONS: ReadonlySet<string> = new Set<RotationAction["do"]>([
  "SetPhases",
  "SealMark",
  "BeginAbandon",
  "MakeGeneration",
  "DestroyKey",
  "StoreRemovalIntent",
  "DeleteCrl",
]);

/** A write of ours takes no root away that a living leaf needs. */
export function checkWrite(world: World, anchor: Anchor, bundle: readonly string[], countsOwn = true): void {
  if (anchor.disturbed || world.restored) return;
  for (const fingerprint of anchor.state.bundle) {
    if (bundle.includes(fingerprint)) continue;
    const living = world.leaves.filter(
      (leaf) => leaf.fingerprint === fingerprint && isAlive(world, leaf) && isUsedAt(leaf, anchor),
    );
    // What we issued to ourselves is given up in an emergency.
    const own =
      world.activeGeneration()?.compromised === true ? living.filter((leaf) => leaf.anchor !== undefined) : [];
    for (const leaf of own) leaf.revoked = true;
    const alive = living.find((leaf) => !own.includes(leaf) && (countsOwn || leaf.anchor === undefined));
    if (alive !== undefined) {
      throw new Violation(
        "no root goes before its leaves",
        `${fingerprint} leaves ${anchor.name} ${(alive.notAfter - world.now) / MINUTE} minutes before the end of a leaf`,
      );
    }
  }
}

export function checkCrlDeletion(world: World, anchor: Anchor, generation: number): void {
  if (world.restored) return;
  const known = world.kube.generations.get(generation)?.root.fingerprint;
  const alive = world.leaves.find(
    (leaf) => leaf.generation === generation && leaf.anchor === undefined && isAlive(world, leaf),
  );
  // A root that our state has lost, and the anchor too, cannot come back.
  if (alive !== undefined && (alive.fingerprint === known || anchor.state.bundle.includes(alive.fingerprint))) {
    throw new Violation("no CRL goes before its leaves", `generation ${generation}`);
  }
}

export function checkNumber(world: World, number: number): void {
  const seen = [...world.kube.generations.keys(), ...world.kube.marks.keys()];
  if (seen.some((one) => one >= number))
    throw new Violation("numbers rise", `${number} is not above ${seen.join(", ")}`);
}

export function checkRaise({ notAfter, sealed }: Mark, to: number): void {
  if (to < notAfter) throw new Violation("a mark never falls", `${notAfter - to} ms`);
  if (sealed && to > notAfter) throw new Violation("a sealed mark is raised no more", "");
}

/** Sealing the mark of the active generation is the switch: the next one must be everywhere, and have been for a while. */
export function checkSeal(world: World, number: number): void {
  const generation = world.kube.generations.get(number);
  if (generation?.phase !== "Active") return;
  const abandons = world.kube.marks.get(number)?.abandons;
  const next = [...world.kube.generations.values()].find(({ phase }) => phase === "Published");
  if (next === undefined || next.root.generation === abandons || !world.kube.secrets.has(next.root.generation)) {
    throw new Violation("never sealed with nothing to follow", `generation ${number}`);
  }
  for (const anchor of world.anchors) {
    if (anchor.ignore || (generation.compromised && world.kube.joined.get(anchor.name) !== true)) continue;
    if (anchor.disturbed || world.restored) continue;
    if (!anchor.state.exists || !anchor.state.enabled) continue;
    const since = anchor.heldSince.get(next.root.fingerprint);
    if (since === undefined)
      throw new Violation("read back before the switch", `${anchor.name} lacks generation ${next.root.generation}`);
    // Nobody is harmed when what signed so far has expired.
    if (generation.compromised || world.now >= generation.root.notAfter) continue;
    // Clocks may differ by five minutes, and what a stranger did in between may not have been seen.
    if (world.now - anchor.disturbedAt < world.options.policy.soakMs + 15 * MINUTE) continue;
    if (world.now - since < world.options.policy.soakMs - 6 * MINUTE) {
      throw new Violation(
        "soak before the switch",
        `${anchor.name} holds it for ${(world.now - since) / MINUTE} minutes`,
      );
    }
    if (anchor.hasCanary && !anchor.canaryPassed.has(next.root.generation)) {
      throw new Violation("canary before the switch", anchor.name);
    }
  }
}

export function checkAbandon(mark: Mark): void {
  if (mark.sealed) throw new Violation("no way back after the seal", "");
}

const EDGES: Readonly<Record<GenerationPhase, readonly GenerationPhase[]>> = {
  Pending: ["Published", "Abandoned"],
  Published: ["Active", "Abandoned"],
  Active: ["Draining"],
  Draining: ["Retired"],
  Retired: ["Destroyed"],
  Destroyed: [],
  Abandoned: [],
};

export function checkPhase(world: World, number: number, to: GenerationPhase): void {
  const from = world.kube.generations.get(number);
  if (from === undefined ? to !== "Pending" : !EDGES[from.phase].includes(to)) {
    throw new Violation("phases", `generation ${number} goes from ${from?.phase ?? "nothing"} to ${to}`);
  }
  const { kube, anchors } = world;
  if (to === "Draining" && kube.marks.get(number)?.sealed !== true) {
    throw new Violation("the seal is the switch", `generation ${number} drains unsealed`);
  }
  if (to === "Active") {
    if (kube.marks.get(number)?.sealed !== false || !kube.secrets.has(number))
      throw new Violation("who is active can sign", `${number}`);
    for (const anchor of anchors) {
      if (anchor.ignore || anchor.disturbed || kube.joined.get(anchor.name) !== true || !anchor.state.exists) continue;
      if (!anchor.state.bundle.includes(from?.root.fingerprint ?? "")) {
        throw new Violation(
          "active only when every joined anchor holds it",
          `${anchor.name} lacks generation ${number}`,
        );
      }
    }
  }
  if (isMisled(world)) return;
  if ((to === "Retired" || to === "Abandoned") && from !== undefined && !from.compromised && !world.restored) {
    const emergency = world.activeGeneration()?.compromised === true;
    const alive = world.leaves.find((leaf) => leaf.generation === number && isAlive(world, leaf));
    if (alive !== undefined && !emergency)
      throw new Violation("no end before the last leaf", `generation ${number} becomes ${to}`);
    const active = world.activeGeneration();
    const isAlone =
      active === undefined ||
      active.compromised ||
      kube.marks.get(active.root.generation)?.sealed === true ||
      world.now > active.root.notAfter;
    if (to === "Abandoned" && isAlone) return;
    for (const anchor of anchors) {
      if (anchor.ignore || anchor.disturbed) continue;
      if (
        anchor.heldSince.has(from.root.fingerprint) &&
        world.now - (anchor.heldSince.get(from.root.fingerprint) ?? 0) > 10 * MINUTE
      ) {
        throw new Violation("retired when it is gone", `${anchor.name} holds generation ${number}`);
      }
    }
  }
}

export function checkDestroy(world: World, number: number): void {
  const generation = world.kube.generations.get(number);
  if (generation?.phase !== "Retired" && generation?.phase !== "Abandoned") {
    throw new Violation("keys in use are kept", `generation ${number} is ${generation?.phase}`);
  }
  if (!isMisled(world) && world.now - generation.phaseSince < world.options.policy.retentionMs - 6 * MINUTE) {
    throw new Violation("keys are retained", `generation ${number}`);
  }
}

export function checkFinish(world: World, operation: Operation, outcome: "Done" | "Refused"): void {
  if (operation.kind !== "Compromised" || outcome === "Refused") return;
  for (const number of operation.generations) {
    const root = world.kube.generations.get(number)?.root;
    // What came since the last reading is found by the next.
    const holding = world.anchors.find(
      ({ ignore, disturbed, heldSince }) =>
        !ignore &&
        !disturbed &&
        root !== undefined &&
        world.now - (heldSince.get(root.fingerprint) ?? world.now) > 12 * MINUTE,
    );
    if (holding !== undefined)
      throw new Violation("compromised roots are gone", `${holding.name} holds generation ${number}`);
  }
}

/** Two clocks that are wrong together are believed as long as there is no third: AWS out of reach, or no anchors. */
function isMisled({ apiOffset, awsDown, anchors }: World): boolean {
  return Math.abs(apiOffset) > 5 * MINUTE && (awsDown || anchors.length === 0);
}

/** With what signs, and what is about to. */
function isWhole({ kube }: World, { state }: Anchor): boolean {
  for (const { phase, root } of kube.generations.values()) {
    if ((phase === "Active" || phase === "Published") && !state.bundle.includes(root.fingerprint)) return false;
  }
  return true;
}

function isAlive(world: World, { fingerprint, notAfter, revoked }: Leaf): boolean {
  return !revoked && world.now < notAfter + AWS_SKEW && !world.compromised.has(fingerprint);
}

/** Our own leaves are used at one anchor. */
function isUsedAt({ anchor }: Leaf, { name }: Anchor): boolean {
  return anchor === undefined || anchor === name;
}
