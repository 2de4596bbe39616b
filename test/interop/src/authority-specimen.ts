import type { CaKey, KeyAlgorithm } from "@capstan/ca-core";
import type { Era } from "./eras.ts";
import type { RootSpecimen } from "./make-root.ts";
import type { ProfileRow } from "./profile-rows.ts";

/** A root with its key: one for each profile, CA key algorithm and era. */
export interface AuthoritySpecimen {
  readonly label: string;
  readonly row: ProfileRow;
  readonly algorithm: KeyAlgorithm;
  readonly era: Era;
  readonly signer: CaKey;
  readonly root: RootSpecimen;
}
