import type { CelInput } from "./cel-variables.ts";
import type { CelFault, CelOutcome } from "./cel-language.ts";

/** What the host sends to the worker. */
export type CelTask = { readonly id: number; readonly expression: string } & (
  | { readonly do: "check" }
  | { readonly do: "evaluate"; readonly input: CelInput }
);

/** What the worker sends back, after one "ready". */
export type CelAnswer = { readonly id: number } & (
  | { readonly fault: CelFault | undefined }
  | { readonly outcome: CelOutcome }
);
