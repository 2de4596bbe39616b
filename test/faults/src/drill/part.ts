import type { Lab } from "../publisher/lab.ts";

/** One thing that is measured. Times are told, and none is a reason to fail. */
export interface Part {
  readonly name: string;
  readonly run: (drill: Drill) => Promise<void>;
}

/** What a part does its work with. */
export interface Drill {
  /** A control plane that parts share, started when it is first asked for. */
  readonly lab: () => Promise<Lab>;
  readonly say: (line: string) => void;
  readonly smoke: boolean;
  /** A rule, and what was counted. */
  readonly rule: (name: string, holds: boolean, note: string) => void;
  readonly measured: (name: string, value: unknown) => void;
}
