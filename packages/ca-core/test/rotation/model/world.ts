import type {
  ForeignRoot,
  FreezeState,
  GenerationPhase,
  Operation,
  RemovalIntent,
} from "../../../src/rotation/observation.ts";
import type { RotationPolicy } from "../../../src/rotation/policy.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** AWS's own clock may differ from a client's by so much: a leaf counts as alive for that long after its end. */
export const AWS_SKEW = 5 * MINUTE;

/** A rule that must hold after every step did not. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly rule: string;

  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.rule = rule;
  }
}

export interface Root {
  readonly generation: number;
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface StoredGeneration {
  readonly root: Root;
  phase: GenerationPhase;
  phaseSince: number;
  compromised: boolean;
  reissueOrdered: boolean;
}

export interface Mark {
  notAfter: number;
  sealed: boolean;
  /** The generation that was given up before this one was sealed. */
  abandons: number | undefined;
  version: number;
}

/** What etcd holds, and what a backup of it brings back. */
export interface Kube {
  version: number;
  generations: Map<number, StoredGeneration>;
  /** Key Secrets, by generation. */
  secrets: Map<number, Root>;
  marks: Map<number, Mark>;
  /** Newest CRL of each generation. */
  crlNumbers: Map<number, bigint>;
  joined: Map<string, boolean>;
  firstAbandoned: Set<number>;
  accepted: ForeignRoot[];
  intent: RemovalIntent | undefined;
  freeze: FreezeState;
  /** Operations that keep an anchor disabled, by its name. */
  disabled: Map<string, string>;
  operations: Operation[];
  highWater: number;
  highestSeen: number;
}

export interface AwsCrl {
  readonly id: string;
  readonly generation: number | undefined;
  enabled: boolean;
  number: bigint;
}

interface AwsState {
  readonly exists: boolean;
  readonly enabled: boolean;
  readonly bundle: readonly string[];
  readonly crls: readonly Readonly<AwsCrl>[];
}

/** A trust anchor as it really is, and how it is meant to be used. */
export interface Anchor {
  readonly name: string;
  ignore: boolean;
  readonly manage: boolean;
  readonly create: boolean;
  readonly hasCanary: boolean;
  readonly usesOwnLeaf: boolean;
  state: AwsState;
  /** Former states, newest last, for stale reads. */
  history: { readonly until: number; readonly state: AwsState }[];
  /** Since when it holds a certificate. */
  heldSince: Map<string, number>;
  /** Somebody else changed it, or a write of long ago came to effect: what it lacks is nobody's fault until it is whole again. */
  disturbed: boolean;
  disturbedAt: number;
  canaryWorks: boolean;
  canaryPassed: Set<number>;
}

export interface Leaf {
  readonly generation: number;
  /** Its root. */
  readonly fingerprint: string;
  readonly notAfter: number;
  /** Only where it is used: our own leaves. */
  readonly anchor: string | undefined;
  revoked: boolean;
}

export interface LateWrite {
  readonly anchor: string;
  readonly bundle: readonly string[];
  readonly sentAt: number;
  readonly landsAt: number;
}

export interface WorldOptions {
  readonly policy: RotationPolicy;
  readonly rootMs: number;
  readonly anchors: readonly Pick<Anchor, "name" | "manage" | "create" | "hasCanary" | "usesOwnLeaf">[];
  /** Certificates in each anchor before Capstan comes. */
  readonly foreign: readonly ForeignRoot[];
  readonly publishers: 1 | 2;
}

const START = Date.UTC(2027, 0, 1);

/** The world outside the publisher: Kubernetes, AWS, the issuer, strangers and time. */
export class World {
  readonly options: WorldOptions;
  now: number = START;
  kube: Kube;
  readonly anchors: readonly Anchor[];
  leaves: Leaf[] = [];
  /** Fingerprints of compromised roots. */
  readonly compromised: Set<string> = new Set();
  readonly givenUp: Set<string> = new Set();
  late: LateWrite[] = [];
  backups: Kube[] = [];
  /** From a restore until a Recover operation is done. */
  restored = false;
  apiOffset = 0;
  awsDown = false;
  /** A leaf that the issuer has raised the mark for, and not released yet. */
  pendingLeaf: { readonly generation: number; readonly notAfter: number } | undefined;
  #nextId = 1;

  constructor(options: WorldOptions) {
    this.options = options;
    this.kube = {
      version: 1,
      generations: new Map(),
      secrets: new Map(),
      marks: new Map(),
      crlNumbers: new Map(),
      joined: new Map(),
      firstAbandoned: new Set(),
      accepted: [],
      intent: undefined,
      freeze: { byOperator: false, byCompromise: false, acknowledged: false },
      disabled: new Map(),
      operations: [],
      highWater: 0,
      highestSeen: 0,
    };
    const bundle = options.foreign.map(({ fingerprint }) => fingerprint);
    this.anchors = options.anchors.map((spec) => ({
      ...spec,
      ignore: false,
      state: { exists: !spec.create, enabled: true, bundle: spec.create ? [] : bundle, crls: [] },
      history: [],
      heldSince: new Map(),
      disturbed: false,
      disturbedAt: -Infinity,
      canaryWorks: true,
      canaryPassed: new Set(),
    }));
    // What a stranger's root has issued, where it is trusted.
    for (const { state, name } of this.anchors) {
      for (const { fingerprint, drainUntil } of state.exists ? options.foreign : []) {
        this.leaves.push({ generation: 0, fingerprint, notAfter: drainUntil, anchor: name, revoked: false });
      }
    }
  }

  id(prefix: string): string {
    this.#nextId += 1;
    return `${prefix}${this.#nextId}`;
  }

  anchor(name: string): Anchor {
    const found = this.anchors.find((anchor) => anchor.name === name);
    if (found === undefined) throw new Violation("sense", `there is no anchor ${name}`);
    return found;
  }

  disturb(anchor: Anchor): void {
    anchor.disturbed = true;
    anchor.disturbedAt = this.now;
  }

  /** Changes an anchor. AWS takes no third certificate and no third CRL. */
  change(anchor: Anchor, change: Partial<AwsState>): boolean {
    const next = { ...anchor.state, ...change };
    if (next.bundle.length > 2 || next.crls.length > 2 || (next.exists && next.bundle.length === 0)) return false;
    anchor.history.push({ until: this.now, state: anchor.state });
    if (anchor.history.length > 4) anchor.history.shift();
    for (const fingerprint of anchor.state.bundle) {
      if (!next.bundle.includes(fingerprint)) anchor.heldSince.delete(fingerprint);
    }
    for (const fingerprint of next.bundle) {
      if (!anchor.heldSince.has(fingerprint)) anchor.heldSince.set(fingerprint, this.now);
    }
    anchor.state = next;
    return true;
  }

  /** What a read that is so old finds. */
  stateAt(anchor: Anchor, ageMs: number): AwsState {
    return anchor.history.find(({ until }) => until > this.now - ageMs)?.state ?? anchor.state;
  }

  /** Writes Kubernetes; a later write with an older version is refused. */
  touch(): void {
    this.kube.version += 1;
  }

  raiseMark(generation: number, to: number): boolean {
    const mark = this.kube.marks.get(generation);
    if (mark === undefined) return false;
    if (mark.notAfter >= to) return true;
    if (mark.sealed) return false;
    mark.notAfter = to;
    mark.version += 1;
    return true;
  }

  release(leaf: { readonly generation: number; readonly notAfter: number; readonly anchor: string | undefined }): void {
    const fingerprint = this.kube.generations.get(leaf.generation)?.root.fingerprint;
    // A leaf of ours that was never any good is no loss.
    if (leaf.anchor !== undefined && !this.anchor(leaf.anchor).state.bundle.includes(fingerprint ?? "")) return;
    if (fingerprint === undefined) return;
    this.leaves.push({ ...leaf, fingerprint, revoked: leaf.anchor !== undefined && this.givenUp.has(fingerprint) });
  }

  /** Given up in an emergency: what we issued to ourselves by it does not count. */
  giveUp({ fingerprint }: Root): void {
    this.givenUp.add(fingerprint);
    for (const leaf of this.leaves)
      if (leaf.anchor !== undefined && leaf.fingerprint === fingerprint) leaf.revoked = true;
  }

  activeGeneration(): StoredGeneration | undefined {
    for (const generation of this.kube.generations.values()) if (generation.phase === "Active") return generation;
    return undefined;
  }

  backup(): void {
    this.backups.push(structuredClone(this.kube));
    if (this.backups.length > 3) this.backups.shift();
  }

  restore(index: number): boolean {
    const chosen = this.backups[index % Math.max(1, this.backups.length)];
    if (chosen === undefined) return false;
    const version = this.kube.version + 1;
    this.kube = structuredClone(chosen);
    this.kube.version = version;
    for (const mark of this.kube.marks.values()) mark.version = version;
    this.pendingLeaf = undefined;
    this.restored = true;
    for (const anchor of this.anchors) this.disturb(anchor);
    return true;
  }
}
