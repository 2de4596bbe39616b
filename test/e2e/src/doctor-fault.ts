import type { Lab } from "./doctor-lab.ts";

/** One thing that goes wrong in a Capstan in which all is well. */
export interface DoctorFault {
  readonly group:
    | "chart"
    | "RBAC"
    | "policy"
    | "clock"
    | "anchor"
    | "CRL"
    | "profile"
    | "role"
    | "trust policy"
    | "leaf"
    | "network";
  readonly name: string;
  readonly inject: (lab: Lab) => Promise<void> | void;
  /** Id of the cause that doctor has to name first. */
  readonly expected: string;
  /**
   * What the finding's cure asks for, which is told as it was printed; "as printed" runs it in a shell, word for word.
   */
  readonly cure: "as printed" | ((lab: Lab, printed: string) => Promise<void> | void);
}

/** Of a cure that has words for people before it, the command. */
export function commandIn(printed: string): string {
  const [command] = /kubectl .*$/.exec(printed) ?? [];
  if (command === undefined) throw new Error(`no command is in the cure: ${printed}`);
  return command;
}
