import type { RotationAction } from "../../../src/rotation/action.ts";
import { countReading, sameBundle } from "../../../src/rotation/count-reading.ts";
import type { AnchorObservation, AnchorReading, CanaryResult } from "../../../src/rotation/observation.ts";
import { trustedTime } from "../../../src/rotation/trusted-time.ts";
import { checkCrlDeletion, checkWrite } from "./invariants.ts";
import { type Anchor, HOUR, MINUTE, SECOND, type World } from "./world.ts";

/** How a call ends. Writes to Kubernetes know `Done`, `CrashBefore` and `CrashAfter` alone. */
export type Outcome =
  | { readonly kind: "Done" }
  | { readonly kind: "Throttled" }
  /** It had its effect, and the answer was lost. */
  | { readonly kind: "AnswerLost" }
  /** It has its effect later, and the answer was lost. */
  | { readonly kind: "Late"; readonly afterMs: number }
  /** AWS says that it was done, and it was not. */
  | { readonly kind: "NoEffect" }
  | { readonly kind: "CrashBefore" }
  | { readonly kind: "CrashAfter" }
  /** Reads alone: what was so a while ago. */
  | { readonly kind: "Stale"; readonly ageMs: number };

/** What a publisher knows of AWS since it started. */
export interface Memory {
  readonly readings: Map<string, AnchorReading>;
  readonly writes: Map<string, { readonly at: number; readonly doubtfulAt: number | undefined }>;
  readonly failures: Map<string, NonNullable<AnchorObservation["failure"]>>;
  readonly canaries: Map<string, CanaryResult>;
  readonly ownLeaves: Map<string, number>;
}

export function emptyMemory(): Memory {
  return { readings: new Map(), writes: new Map(), failures: new Map(), canaries: new Map(), ownLeaves: new Map() };
}

type Effects = { readonly [K in AwsCallName]: (call: Call<K>) => string | undefined };
type ActionOf<K extends AwsCallName> = Extract<RotationAction, { readonly do: K }>;

export type AwsCallName =
  | "ReadAnchor"
  | "CreateAnchor"
  | "WriteAnchor"
  | "DeleteAnchor"
  | "DisableAnchor"
  | "EnableAnchor"
  | "ImportCrl"
  | "DeleteCrl"
  | "RunCanary"
  | "RenewOwnLeaf";

interface Call<K extends AwsCallName> {
  readonly world: World;
  readonly anchor: Anchor;
  readonly memory: Memory;
  readonly own: number;
  readonly action: ActionOf<K>;
  readonly ageMs: number;
}

/** What each call does; a string says why AWS refused it. */
const EFFECTS: Effects = {
  ReadAnchor: ({ world, anchor, memory, own, ageMs }) => {
    const { exists, enabled, bundle, crls } = world.stateAt(anchor, ageMs);
    const reading = countReading(
      memory.readings.get(anchor.name),
      {
        readAt: own,
        state: !exists ? "Missing" : enabled ? "Present" : "Disabled",
        bundle,
        crls: crls.map((crl) => ({
          ...crl,
          current: crl.generation !== undefined && crl.number === world.kube.crlNumbers.get(crl.generation),
        })),
      },
      world.options.policy,
    );
    memory.readings.set(anchor.name, reading);
    return undefined;
  },
  CreateAnchor: ({ world, anchor, action }) => {
    if (anchor.state.exists) return "ConflictException";
    world.change(anchor, { exists: true, enabled: true, bundle: action.bundle, crls: [] });
    return undefined;
  },
  WriteAnchor: ({ world, anchor, action }) => {
    if (!anchor.state.exists) return "ResourceNotFoundException";
    checkWrite(world, anchor, action.bundle);
    return world.change(anchor, { bundle: action.bundle }) ? undefined : "ValidationException";
  },
  DeleteAnchor: ({ world, anchor }) => {
    world.change(anchor, { exists: false, bundle: [], crls: [] });
    return undefined;
  },
  DisableAnchor: ({ world, anchor }) => {
    if (!anchor.state.exists) return "ResourceNotFoundException";
    world.change(anchor, { enabled: false });
    return undefined;
  },
  EnableAnchor: ({ world, anchor }) => {
    if (!anchor.state.exists) return "ResourceNotFoundException";
    world.change(anchor, { enabled: true });
    return undefined;
  },
  ImportCrl: ({ world, anchor, action: { generation } }) => {
    const { bundle, crls } = anchor.state;
    if (!makeCrl(world, generation)) return "the CRL cannot be made";
    const root = world.kube.generations.get(generation)?.root.fingerprint ?? "";
    if (!bundle.includes(root)) return "ValidationException";
    const number = world.kube.crlNumbers.get(generation) ?? 0n;
    const id = crls.find((one) => one.generation === generation)?.id ?? world.id("crl");
    const others = crls.filter((crl) => crl.generation !== generation);
    return world.change(anchor, { crls: [...others, { id, generation, enabled: true, number }] })
      ? undefined
      : "ValidationException";
  },
  DeleteCrl: ({ world, anchor, action }) => {
    checkCrlDeletion(world, anchor, action.generation);
    world.change(anchor, { crls: anchor.state.crls.filter(({ id }) => id !== action.id) });
    return undefined;
  },
  RunCanary: ({ world, anchor, memory, own, action: { generation } }) => {
    const notAfter = world.now + 10 * MINUTE;
    const stored = world.kube.generations.get(generation);
    if (stored === undefined || !world.raiseMark(generation, notAfter)) return "the mark is sealed";
    world.release({ generation, notAfter, anchor: anchor.name });
    const { enabled, bundle } = anchor.state;
    const passed = anchor.canaryWorks && enabled && bundle.includes(stored.root.fingerprint);
    if (passed) anchor.canaryPassed.add(generation);
    const message = passed ? "it got a session" : "AccessDeniedException";
    memory.canaries.set(anchor.name, { generation, passed, at: own, message, retryAt: own + MINUTE });
    return undefined;
  },
  RenewOwnLeaf: ({ world, anchor, memory, action }) =>
    useOwnLeaf(world, anchor, memory, action.generation) ? undefined : "AccessDeniedException",
};

export const AWS_CALLS: ReadonlySet<AwsCallName> = new Set(Object.keys(EFFECTS) as AwsCallName[]);
const NO_WRITES: ReadonlySet<AwsCallName> = new Set(["ReadAnchor", "RunCanary", "RenewOwnLeaf"]);

/** Makes a call, with what may happen to it on the way. */
export function callAws(call: {
  readonly world: World;
  readonly memory: Memory;
  readonly own: number;
  readonly action: ActionOf<AwsCallName>;
  readonly outcome: Outcome;
}): void {
  const { world, memory, own, action, outcome } = call;
  const anchor = world.anchor(action.anchor);
  const isWrite = !NO_WRITES.has(action.do);
  const fail = (message: string) => memory.failures.set(anchor.name, { message, retryAt: own + 30 * SECOND });
  // Noted before it is sent: whoever crashes afterwards has no memory at all.
  const doubtfulAt = memory.writes.get(anchor.name)?.doubtfulAt;
  if (isWrite) memory.writes.set(anchor.name, { at: own, doubtfulAt: own });
  const answered = () => {
    if (isWrite) memory.writes.set(anchor.name, { at: own, doubtfulAt });
  };
  if (world.awsDown) return void fail("connection refused");
  if (outcome.kind === "Throttled") {
    answered();
    return void fail("ThrottlingException");
  }
  logIn(world, anchor, memory);
  if (action.do === "WriteAnchor") {
    if (action.removes.length > 0 && !intentStands(world, own, action)) return answered();
    if (outcome.kind === "Late") {
      world.late.push({ ...action, sentAt: world.now, landsAt: world.now + outcome.afterMs });
      return void fail("the answer did not come in time");
    }
  }
  const effect = EFFECTS[action.do] as (call: Call<AwsCallName>) => string | undefined;
  const ageMs = outcome.kind === "Stale" ? outcome.ageMs : 0;
  const refusal =
    outcome.kind === "NoEffect" && isWrite ? undefined : effect({ world, memory, own, action, anchor, ageMs });
  if (outcome.kind === "AnswerLost" && isWrite) return void fail("the answer was lost");
  answered();
  if (refusal !== undefined) return void fail(refusal);
  memory.failures.delete(anchor.name);
}

/** Right before a call that removes, the stored intent is read once more. */
function intentStands(world: World, own: number, { anchor, bundle }: ActionOf<"WriteAnchor">): boolean {
  const { intent, highWater } = world.kube;
  const time = trustedTime({ own, apiServer: world.now + world.apiOffset, aws: world.now, highWater });
  if (!time.ok || intent === undefined || intent.anchor !== anchor) return false;
  return sameBundle(intent.remaining, bundle) && time.now < intent.expiresAt;
}

/** The first CRL revokes a leaf of our own, so that it is not empty. */
function makeCrl(world: World, generation: number): boolean {
  const { kube, now } = world;
  if (kube.crlNumbers.has(generation)) return true;
  if (!kube.secrets.has(generation) || !world.raiseMark(generation, now + 10 * MINUTE)) return false;
  kube.crlNumbers.set(generation, 1n);
  return true;
}

/** Every held generation is tried in turn; the provider chain when none is trusted. */
function logIn(world: World, anchor: Anchor, memory: Memory): void {
  if (!anchor.usesOwnLeaf) return;
  const last = memory.ownLeaves.get(anchor.name);
  if (last !== undefined && useOwnLeaf(world, anchor, memory, last)) return;
  memory.ownLeaves.delete(anchor.name);
  for (const number of [...world.kube.generations.keys()].toReversed()) {
    if (useOwnLeaf(world, anchor, memory, number)) return;
  }
}

function useOwnLeaf(world: World, anchor: Anchor, memory: Memory, number: number): boolean {
  const generation = world.kube.generations.get(number);
  const mark = world.kube.marks.get(number);
  if (generation === undefined || mark === undefined || !world.kube.secrets.has(number)) return false;
  if (!anchor.state.bundle.includes(generation.root.fingerprint)) return false;
  const longest = Math.min(world.now + HOUR, generation.root.notAfter - 5 * MINUTE);
  const notAfter = mark.sealed ? Math.min(longest, mark.notAfter) : longest;
  if (notAfter <= world.now || !world.raiseMark(number, notAfter)) return false;
  world.release({ generation: number, notAfter, anchor: anchor.name });
  memory.ownLeaves.set(anchor.name, number);
  return true;
}
