export { type LongRun, runMain } from "./run-main.ts";
export { say } from "./say.ts";
export { formatTotals, type Outcome, outcomes, type Tried } from "./totals.ts";
export { withStop } from "./with-stop.ts";
