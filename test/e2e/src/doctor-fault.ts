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
  /** What the finding's cure asks for; "as printed" runs it in a shell, word for word. */
  readonly cure: "as printed" | ((lab: Lab) => Promise<void> | void);
}
