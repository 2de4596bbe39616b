import type { RotationPolicy } from "./policy.ts";

/**
 * Everything that a rotation is decided by. Plain data: instants are milliseconds since 1970, durations milliseconds,
 * fingerprints the SHA-256 of a root in lower-case hex. Whoever makes one reads Kubernetes live, not from a cache.
 */
export interface RotationObservation {
  readonly time: ClockReadings;
  readonly policy: RotationPolicy;
  /** Every generation of status or Secrets, in any order. */
  readonly generations: readonly GenerationObservation[];
  /** The highest number ever seen in status, Secrets, marks, and names of roots and CRLs in AWS; 0 for none. */
  readonly highestNumberSeen: number;
  readonly anchors: readonly AnchorObservation[];
  /** Roots of somebody else that an anchor may hold for a time: from the spec, or accepted by a Recover operation. */
  readonly foreignRoots: readonly ForeignRoot[];
  /** What was last stored by StoreRemovalIntent, expired or not. */
  readonly intent: RemovalIntent | undefined;
  readonly freeze: FreezeState;
  /** What SetAnchorDisabled was carried out for, also of anchors that the spec names no more. */
  readonly disabledAnchors: readonly DisabledAnchor[];
  /** Unfinished operations, in the order in which the publisher first saw them. */
  readonly operations: readonly Operation[];
  /** Whether the CertificateAuthority is being deleted. */
  readonly deleting: boolean;
}

/** Three clocks that must agree, and the highest trusted time that was ever stored. */
export interface ClockReadings {
  /** The publisher's own. */
  readonly own: number;
  /** The API server's Date header; undefined when it did not answer. */
  readonly apiServer: number | undefined;
  /** AWS's Date header, whatever the answer was; undefined while AWS cannot be reached, or with no anchors. */
  readonly aws: number | undefined;
  /** Highest `at` of an action that was carried out. */
  readonly highWater: number;
}

export type GenerationPhase = "Pending" | "Published" | "Active" | "Draining" | "Retired" | "Destroyed" | "Abandoned";

export interface GenerationObservation {
  readonly number: number;
  /** As in status; Pending for a Secret that status does not know yet. */
  readonly phase: GenerationPhase;
  /** When it entered the phase. */
  readonly phaseSince: number;
  /** Whether status knows it. Nothing is signed by one that is not recorded. */
  readonly recorded: boolean;
  readonly root: { readonly fingerprint: string; readonly notBefore: number; readonly notAfter: number };
  readonly hasKey: boolean;
  /** The GenerationMark; undefined when it is missing. */
  readonly mark:
    | {
        readonly notAfter: number;
        readonly sealed: boolean;
        /**
         * What it says of leaves of profile General; 0 when it tells of none. Absent where there were trust anchors all the
         * time, so that there can be none.
         */
        readonly generalNotAfter?: number;
      }
    | undefined;
  /** Highest CRL number that our own state holds; undefined before the first CRL. */
  readonly crlNumber: bigint | undefined;
  /**
   * Until when leaves of profile General may be valid that it has signed while there were no trust anchors: under an anchor
   * each would be an AWS credential. Absent where there were anchors all the time.
   */
  readonly generalUntil?: number;
  /** Whether BeginAbandon was carried out. */
  readonly abandoning: boolean;
  /** Whether MarkCompromised was carried out. */
  readonly compromised: boolean;
  /** Whether OrderReissue was carried out. */
  readonly reissueOrdered: boolean;
}

export interface AnchorObservation {
  readonly name: string;
  /** An ignored anchor gates nothing and is not touched. */
  readonly ignore: boolean;
  /** An anchor that is not managed gates the rotation and is never written. */
  readonly manage: boolean;
  /** Whether Capstan creates it when it is missing. */
  readonly create: boolean;
  /** As in status: SetJoined was last carried out with this value. */
  readonly joined: boolean;
  /** The last reading by this process; undefined after a start. */
  readonly reading: AnchorReading | undefined;
  /** When this process last sent a write to the anchor or its CRLs: what was read before is out of date. */
  readonly writtenAt: number | undefined;
  /** When it last sent one whose answer was never seen, so that it may still come to effect. */
  readonly doubtfulWriteAt: number | undefined;
  /** Why the last call failed, and when to try again; undefined once one succeeded. */
  readonly failure:
    | {
        readonly message: string;
        readonly retryAt: number;
        /** The credentials for the anchor were of another account, so that nothing was sent. */
        readonly isOfWrongAccount?: boolean;
      }
    | undefined;
  /** Since when a call has been under way that is not waited for any more: nothing else is asked of the anchor meanwhile. */
  readonly underWaySince?: number;
  /** Undefined where no canary is configured. */
  readonly canary: { readonly last: CanaryResult | undefined } | undefined;
  /** The generation whose leaf the publisher's own credentials came from; undefined for the provider chain. */
  readonly ownLeaf: { readonly generation: number } | undefined;
}

/** A CreateSession with a leaf of the generation. */
export interface CanaryResult {
  readonly generation: number;
  readonly passed: boolean;
  readonly at: number;
  readonly message: string;
  readonly retryAt: number;
}

/** A trust anchor as GetTrustAnchor and ListCrls returned it. `countReading` makes one. */
export interface AnchorReading {
  readonly readAt: number;
  readonly state: "Present" | "Disabled" | "Missing" | "NotABundle";
  /** Fingerprints of its certificates, in any order. */
  readonly bundle: readonly string[];
  readonly crls: readonly CrlReading[];
  /** How many readings in a row, this one included, found the same certificates, and when the first of them was. */
  readonly equal: { readonly count: number; readonly since: number };
}

export interface CrlReading {
  readonly id: string;
  /** Undefined for a CRL that is no generation's. */
  readonly generation: number | undefined;
  readonly enabled: boolean;
  readonly number: bigint;
  /** Whether it is, byte for byte, the newest CRL that was checked and stored. */
  readonly current: boolean;
}

export interface ForeignRoot {
  readonly fingerprint: string;
  readonly drainUntil: number;
}

export interface RemovalIntent {
  readonly anchor: string;
  /** Exactly what the anchor will hold. */
  readonly remaining: readonly string[];
  readonly expiresAt: number;
}

export interface FreezeState {
  /** Held by a Freeze operation until an Unfreeze one. */
  readonly byOperator: boolean;
  /** Held by a Compromised operation until its new generation is everywhere. */
  readonly byCompromise: boolean;
  /** Whether the issuer has said in its status that it stands still. */
  readonly acknowledged: boolean;
}

/** A trust anchor that is kept disabled by a DisableTrustAnchor operation, until an EnableTrustAnchor one. */
export interface DisabledAnchor {
  readonly anchor: string;
  /** Name of the operation. */
  readonly operation: string;
}

/** An AuthorityOperation, by its name. */
export type Operation = { readonly name: string } & (
  | { readonly kind: "Freeze" }
  | { readonly kind: "Unfreeze" }
  | { readonly kind: "Rotate" }
  | { readonly kind: "Abandon" }
  | { readonly kind: "Compromised"; readonly generations: readonly number[] }
  | { readonly kind: "Recover"; readonly accepted: readonly string[]; readonly startedAt: number | undefined }
  | { readonly kind: "Release"; readonly aws: "Keep" | "Delete" }
  | { readonly kind: "DisableTrustAnchor" | "EnableTrustAnchor"; readonly anchor: string }
);
