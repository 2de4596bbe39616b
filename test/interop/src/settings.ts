import { randomBytes } from "node:crypto";

export interface Settings {
  /** Decides every choice but the keys and signatures. */
  readonly seed: string;
  /** How many leaves; roots and CRLs come on top: some for each profile, CA key algorithm and era. */
  readonly leaves: number;
}

/** CAPSTAN_SEED, any text without spaces, by default a new one; CAPSTAN_INTEROP, from 1, by default 500. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const seed = environment["CAPSTAN_SEED"] ?? randomBytes(6).toString("hex");
  if (!/^\S+$/.test(seed)) throw new Error("CAPSTAN_SEED must be a text without spaces");
  const leaves = environment["CAPSTAN_INTEROP"] ?? "500";
  if (!/^[1-9]\d{0,5}$/.test(leaves)) throw new Error("CAPSTAN_INTEROP must be a whole number from 1 to 999999");
  return { seed, leaves: Number(leaves) };
}
