import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { Generation } from "../authority/generation-store.ts";

/** Sessions in AWS that the publisher gets by leaves of its own. */
export interface OwnSessions {
  /** The generation whose leaf the credentials for an anchor came from; undefined for the standard provider chain. */
  ownLeaf(authority: string, anchor: AnchorSpec): { readonly generation: number } | undefined;
  /**
   * Gets the credentials for an anchor anew, by a leaf of this generation.
   *
   * @throws {RolesAnywhereError} when AWS refuses it; the credentials stay what they were
   */
  renew(authority: string, anchor: AnchorSpec, generation: Generation, signal: AbortSignal): Promise<void>;
  /** Whether AWS gives a session under the canary's role to a fresh leaf of the generation, and what it said. */
  runCanary(
    authority: string,
    anchor: AnchorSpec,
    generation: Generation,
    signal: AbortSignal,
  ): Promise<{ readonly passed: boolean; readonly message: string }>;
}
