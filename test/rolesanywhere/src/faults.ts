import {
  type Field,
  list,
  optional,
  present,
  readInput,
  readKind,
  required,
  text,
  unread,
  wholeNumber,
} from "./input.ts";

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

interface FaultKind {
  readonly stage: Stage;
  readonly meaning: string;
  /** Besides `kind`. */
  readonly members: Readonly<Record<string, Field<unknown>>>;
}

const MS = wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER });

const EFFECT = { effect: optional(text({ oneOf: ["none", "done", "late"] })), lateMs: optional(MS) };

/** Every kind of fault. */
export const FAULTS: Readonly<Record<Fault["kind"], FaultKind>> = {
  latency: {
    stage: "arrival",
    meaning: "The request lies `ms` of real time before anything happens with it, also when its sender has given up",
    members: { ms: required(MS) },
  },
  throttling: {
    stage: "answer",
    meaning: "Throttled, with a Retry-After header if `retryAfterSeconds` is given; nothing is done",
    members: { retryAfterSeconds: optional(wholeNumber({ min: 0, max: 86_400 })) },
  },
  "server-error": {
    stage: "answer",
    meaning: "`status` 500 (default) or 503 in the service's form, 502 or 504 as a load balancer's page; `effect`",
    members: { status: optional(serverErrorStatus), ...EFFECT },
  },
  "access-denied": { stage: "answer", meaning: "403 AccessDeniedException; nothing is done", members: {} },
  "connection-reset": {
    stage: "answer",
    meaning: "The connection is reset instead of an answer; `effect`",
    members: EFFECT,
  },
  "no-answer": { stage: "answer", meaning: "The connection stays open and nothing comes; `effect`", members: EFFECT },
  "no-effect": { stage: "state", meaning: "Success is answered, and nothing was stored", members: {} },
  "stale-read": {
    stage: "state",
    meaning: "Get and List answer what was stored when the fault was injected; CreateSession too where it is named",
    members: {},
  },
  "date-header": {
    stage: "date",
    meaning: "The Date header is `skewMs` ahead of the service's clock, or missing if that is left out",
    members: { skewMs: optional(wholeNumber({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })) },
  },
};

const RULE = {
  fault: required(unread),
  operation: optional(operations),
  account: optional(text({})),
  region: optional(text({})),
  resource: optional(text({ min: 1 })),
  skip: optional(MS),
  count: optional(wholeNumber({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  forMs: optional(MS),
};

/** Reads a rule as JSON has it. @throws {ServiceError} that names the member, the rule and the value */
export function readFaultRule(value: unknown): FaultRule {
  const { fault, ...limits } = readInput(RULE, value);
  return { ...present(limits), fault: readKind(fault, FAULTS, ({ members }) => members) as Fault };
}

function serverErrorStatus(value: unknown, at: string, faults: string[]): number {
  if (value !== 500 && value !== 502 && value !== 503 && value !== 504) {
    faults.push(`'${at}' must be 500, 502, 503 or 504`);
    return 500;
  }
  return value;
}

function operations(value: unknown, at: string, faults: string[]): string | readonly string[] {
  return typeof value === "string" ? value : list(text({}), { max: 100 })(value, at, faults);
}
