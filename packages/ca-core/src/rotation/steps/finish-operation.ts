import type { Operation } from "../observation.ts";
import type { Candidate } from "./step.ts";

export function done({ name }: Operation, message: string, ...unless: Candidate["unless"]): Candidate {
  return { action: { do: "FinishOperation", operation: name, outcome: "Done", message }, unless };
}

export function refused({ name }: Operation, message: string): Candidate {
  return { action: { do: "FinishOperation", operation: name, outcome: "Refused", message }, unless: [] };
}
