/**
 * Whether a request that gets no proper answer has done its work: `none` never, `done` before the answer went wrong,
 * `late` by `lateMs` later on the emulator's clock, when its sender has long given up.
 */
export type Effect = "none" | "done" | "late";

/** Default is `none`. */
interface WithEffect {
  readonly effect?: Effect;
  /** Default is 60,000. */
  readonly lateMs?: number;
}

/** One thing that goes wrong with a request. */
export type Fault =
  | { readonly kind: "latency"; readonly ms: number }
  | { readonly kind: "throttling"; readonly retryAfterSeconds?: number }
  | ({ readonly kind: "server-error"; readonly status?: ServerErrorStatus } & WithEffect)
  | { readonly kind: "access-denied" }
  | ({ readonly kind: "connection-reset" } & WithEffect)
  | ({ readonly kind: "no-answer" } & WithEffect)
  | { readonly kind: "no-effect" }
  | { readonly kind: "stale-read" }
  | { readonly kind: "date-header"; readonly skewMs?: number };

export type ServerErrorStatus = 500 | 502 | 503 | 504;

/** Which requests a fault strikes, and how many. What is left out limits nothing. */
export interface FaultRule {
  readonly fault: Fault;
  /** Names of AWS's model, for example `UpdateCrl`. */
  readonly operation?: string | readonly string[];
  /** The account of the caller's credentials, or of the trust anchor for CreateSession. */
  readonly account?: string;
  readonly region?: string;
  /** An id or ARN that the request must name. */
  readonly resource?: string;
  /** So many matching requests pass first. */
  readonly skip?: number;
  /** So many are struck. */
  readonly count?: number;
  /** Milliseconds on the emulator's clock from now. */
  readonly forMs?: number;
}

/** At which point of a request a fault strikes: one fault at each. */
export type Stage = "arrival" | "answer" | "state" | "date";

export const DEFAULT_LATE_MS = 60_000;

/** Every kind of fault. */
export const FAULTS: Readonly<Record<Fault["kind"], { readonly stage: Stage; readonly meaning: string }>> = {
  latency: {
    stage: "arrival",
    meaning: "The request lies `ms` of real time before anything happens with it, also when its sender has given up",
  },
  throttling: {
    stage: "answer",
    meaning: "429 ThrottlingException, with a Retry-After header if `retryAfterSeconds` is given; nothing is done",
  },
  "server-error": {
    stage: "answer",
    meaning: "`status` 500 (default) or 503 in the service's form, 502 or 504 as a load balancer's page; `effect`",
  },
  "access-denied": { stage: "answer", meaning: "403 AccessDeniedException; nothing is done" },
  "connection-reset": { stage: "answer", meaning: "The connection is reset instead of an answer; `effect`" },
  "no-answer": { stage: "answer", meaning: "The connection stays open and nothing comes; `effect`" },
  "no-effect": { stage: "state", meaning: "Success is answered, and nothing was stored" },
  "stale-read": {
    stage: "state",
    meaning: "Get and List answer what was stored when the fault was injected; CreateSession too where it is named",
  },
  "date-header": {
    stage: "date",
    meaning: "The Date header is `skewMs` ahead of the service's clock, or missing if that is left out",
  },
};
