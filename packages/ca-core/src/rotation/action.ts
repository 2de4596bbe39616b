import type { GenerationPhase } from "./observation.ts";

/**
 * One step, small enough to be done by one guarded write or one call, and safe to be done twice. `at` is the trusted time
 * of the decision: whoever carries the step out stores it as the high-water time, together with what it writes.
 *
 * Writes to Kubernetes carry the resourceVersion of what was observed. A write to AWS has no such guard: it is sent
 * within seconds of the observation, and an anchor's `writtenAt` and `doubtfulWriteAt` are noted before it is sent.
 */
export type RotationAction =
  /** Hold issuing to requesters. */
  | { readonly do: "Freeze"; readonly hold: "Operator" | "Compromise" }
  | { readonly do: "Unfreeze"; readonly hold: "Operator" | "Compromise" }
  /** Read an anchor and its CRLs. */
  | { readonly do: "ReadAnchor"; readonly anchor: string }
  /** Create an anchor that is missing, enabled, with these roots. */
  | { readonly do: "CreateAnchor"; readonly anchor: string; readonly bundle: readonly string[] }
  /** Replace an anchor's bundle by these certificates: roots of generations, and others as they were read. */
  | {
      readonly do: "WriteAnchor";
      readonly anchor: string;
      readonly bundle: readonly string[];
      /** Certificates that go. If there are any, the stored intent is read again right before the call. */
      readonly removes: readonly string[];
    }
  /** Import or update a generation's newest CRL in an anchor, and enable it. */
  | { readonly do: "ImportCrl"; readonly anchor: string; readonly generation: number }
  | { readonly do: "DeleteCrl"; readonly anchor: string; readonly generation: number; readonly id: string }
  | { readonly do: "DeleteAnchor"; readonly anchor: string }
  | { readonly do: "DisableAnchor"; readonly anchor: string }
  | { readonly do: "EnableAnchor"; readonly anchor: string }
  /** Keep that an anchor is to be disabled, by which operation, or that it is to be so no more. */
  | {
      readonly do: "SetAnchorDisabled";
      readonly anchor: string;
      readonly operation: string;
      readonly disabled: boolean;
    }
  | { readonly do: "SetJoined"; readonly anchor: string; readonly joined: boolean; readonly because: string }
  /** CreateSession with a fresh leaf of the generation, under the canary's role. */
  | { readonly do: "RunCanary"; readonly anchor: string; readonly generation: number }
  /** Get the publisher's own credentials by a leaf of another generation. */
  | { readonly do: "RenewOwnLeaf"; readonly anchor: string; readonly generation: number }
  | {
      readonly do: "StoreRemovalIntent";
      readonly anchor: string;
      readonly remaining: readonly string[];
      readonly removes: readonly string[];
      readonly at: number;
      readonly expiresAt: number;
    }
  /** Create the key Secret of this name; that it exists already is success. Then its mark, at the root's notBefore. */
  | { readonly do: "MakeGeneration"; readonly generation: number; readonly at: number }
  /** Make a mark that is missing. */
  | { readonly do: "RestoreMark"; readonly generation: number; readonly notAfter: number }
  /** Each of its times that is lower, those of profile General where there can be such leaves. */
  | { readonly do: "RaiseMark"; readonly generation: number; readonly notAfter: number }
  /** Compare-and-swap: the generation signs nothing new from here on. */
  | { readonly do: "SealMark"; readonly generation: number; readonly at: number }
  /**
   * Give a generation up. When `recordedIn` is given it is written to that generation's mark, by the same
   * compare-and-swap as its seal: of the two exactly one happens.
   */
  | {
      readonly do: "BeginAbandon";
      readonly generation: number;
      readonly recordedIn: number | undefined;
      readonly because: string;
      readonly at: number;
    }
  /** One write of status for all of them. */
  | {
      readonly do: "SetPhases";
      readonly changes: readonly { readonly generation: number; readonly phase: GenerationPhase }[];
      readonly at: number;
    }
  | { readonly do: "DestroyKey"; readonly generation: number; readonly at: number }
  | { readonly do: "MarkCompromised"; readonly generations: readonly number[] }
  /** Let everything that a generation has issued be issued anew. */
  | { readonly do: "OrderReissue"; readonly generation: number }
  /** Record when an operation began. */
  | { readonly do: "BeginOperation"; readonly operation: string; readonly at: number }
  | {
      readonly do: "FinishOperation";
      readonly operation: string;
      readonly outcome: "Done" | "Refused";
      readonly message: string;
    }
  /** Keep these roots of somebody else until they have drained. */
  | { readonly do: "AcceptRoots"; readonly fingerprints: readonly string[]; readonly drainUntil: number }
  /** Add what an anchor's CRL revokes to our own list, and raise our CRL number to its. */
  | { readonly do: "MergeRevocations"; readonly anchor: string; readonly generation: number }
  /** Let the CertificateAuthority go; `left` says what stays in AWS. */
  | { readonly do: "RemoveFinalizer"; readonly left: string };

export type RotationActionName = RotationAction["do"];
