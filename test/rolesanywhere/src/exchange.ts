import { type Claim, readClaim } from "./claim.ts";
import type { Cloud } from "./cloud.ts";
import { accessDenied, ServiceError, throttled } from "./errors.ts";
import type { FaultInjector, Strikes } from "./fault-injector.ts";
import { DEFAULT_LATE_MS, type Fault, type ServerErrorStatus } from "./faults.ts";
import { type HttpRequest, percentDecode } from "./http-request.ts";
import type { HttpResponse } from "./http-response.ts";
import { copyOf } from "./account.ts";
import { createService, type Service, type View } from "./service.ts";

/** A request and what becomes of it, faults included. */
export interface Exchange {
  /** How long to wait before `finish`. */
  readonly delayMs: number;
  readonly finish: () => Outcome;
}

export interface Outcome {
  /** The operation's name in AWS's model; undefined when no operation has this method and path. */
  readonly operation: string | undefined;
  readonly account: string | undefined;
  readonly region: string | undefined;
  /** The kind of fault that took the answer's place, if one did. */
  readonly fault: Fault["kind"] | undefined;
  readonly error: ServiceError | undefined;
  readonly response: HttpResponse | "reset" | "none";
  /** The Date header; undefined when there is to be none. */
  readonly date: Date | undefined;
}

type AnswerFault = NonNullable<Strikes["answer"]>;

/** Answers requests as the service does, but for the faults that are injected. `outage` is asked for each request anew. */
export function createExchanges(
  cloud: Cloud,
  faults: FaultInjector,
  outage: () => ServiceError | undefined,
): (request: HttpRequest) => Exchange {
  const service = createService(cloud);
  return (request) => {
    const claim = readClaim(cloud, request);
    const operation = service.operationOf(request);
    const text = `${percentDecode(request.target)} ${new TextDecoder().decode(request.body)}`;
    // During an outage nothing comes as far as a fault, so none is used up.
    const strikes = outage() === undefined ? faults.strike({ ...claim, operation, method: request.method, text }) : {};
    return {
      delayMs: strikes.arrival?.ms ?? 0,
      finish() {
        cloud.timeline.run(cloud.now());
        const { account, region } = claim;
        const answer = answerTo({ cloud, service, request, claim, strikes, outage: outage() });
        return { operation, account, region, fault: strikes.answer?.kind, ...answer, date: dateOf(cloud, strikes) };
      },
    };
  };
}

function answerTo(options: {
  readonly cloud: Cloud;
  readonly service: Service;
  readonly request: HttpRequest;
  readonly claim: Claim;
  readonly strikes: Strikes;
  readonly outage: ServiceError | undefined;
}): Pick<Outcome, "error" | "response"> {
  const { cloud, service, request, claim, strikes, outage } = options;
  const fault = strikes.answer;
  const refuse = (error: ServiceError): Pick<Outcome, "error" | "response"> => ({
    error,
    response: service.refusal(request, error),
  });
  if (outage !== undefined) return refuse(outage);
  if (fault === undefined) {
    try {
      return { error: undefined, response: service.prepare(request)(viewOf(strikes)) };
    } catch (error) {
      return refuse(serviceError(error));
    }
  }
  doBehind({ cloud, service, request, fault });
  const failure = failureOf(cloud, fault, claim, service.operationOf(request));
  return failure instanceof ServiceError ? refuse(failure) : { error: undefined, response: failure };
}

/** What a request without a proper answer does all the same. Its refusal is seen by nobody. */
function doBehind(options: {
  readonly cloud: Cloud;
  readonly service: Service;
  readonly request: HttpRequest;
  readonly fault: AnswerFault;
}): void {
  const { cloud, service, request, fault } = options;
  const effect = "effect" in fault ? (fault.effect ?? "none") : "none";
  if (effect === "none") return;
  const quietly = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      serviceError(error);
    }
  };
  quietly(() => {
    // Also what is done late was signed in time, and is counted when it comes.
    const work = service.prepare(request);
    const lateMs = "lateMs" in fault ? (fault.lateMs ?? DEFAULT_LATE_MS) : DEFAULT_LATE_MS;
    if (effect === "done") work((account) => account);
    else cloud.timeline.at(new Date(cloud.now().getTime() + lateMs), () => quietly(() => work((account) => account)));
  });
}

/** The bodies of the errors that no service writes itself. */
const PAGES: Readonly<Record<502 | 504, string>> = {
  502: "<html><body><h1>502 Bad Gateway</h1></body></html>",
  504: "<html><body><h1>504 Gateway Time-out</h1></body></html>",
};

const SERVER_ERRORS: Readonly<Record<500 | 503, readonly [type: string, message: string]>> = {
  500: ["InternalServerException", "An internal error occurred."],
  503: ["ServiceUnavailableException", "Service is unable to handle request."],
};

function failureOf(
  { unknowns }: Cloud,
  fault: AnswerFault,
  { caller }: Claim,
  operation = "an unknown operation",
): ServiceError | Outcome["response"] {
  if (fault.kind === "throttling") return throttled(unknowns, fault.retryAfterSeconds);
  if (fault.kind === "server-error") return serverError(fault.status ?? 500);
  if (fault.kind === "access-denied") {
    return accessDenied(`User: ${caller?.arn ?? "anonymous"} is not authorized to perform: rolesanywhere:${operation}`);
  }
  return fault.kind === "connection-reset" ? "reset" : "none";
}

function serverError(status: ServerErrorStatus): ServiceError | HttpResponse {
  if (status === 502 || status === 504)
    return { status, headers: { "content-type": "text/html" }, body: PAGES[status] };
  const [type, message] = SERVER_ERRORS[status];
  return new ServiceError(type, status, message);
}

function viewOf(strikes: Strikes): View {
  if (strikes.state?.kind === "no-effect") return copyOf;
  return strikes.past ?? ((account) => account);
}

function dateOf(cloud: Cloud, { date }: Strikes): Date | undefined {
  if (date === undefined) return cloud.now();
  return date.skewMs === undefined ? undefined : new Date(cloud.now().getTime() + date.skewMs);
}

function serviceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}
