import { randomUUID } from "node:crypto";
import type { Account } from "./account.ts";
import { callerIdentityXml, requireGetCallerIdentity, STS_SIGNATURE_ERRORS, stsErrorXml } from "./caller-identity.ts";
import { createSession } from "./create-session.ts";
import { crlOperations } from "./crls.ts";
import { ServiceError, throttled } from "./errors.ts";
import { type HttpRequest, path, queryParameters } from "./http-request.ts";
import { parseJsonBody } from "./input.ts";
import type { Operation, QuotaGroup } from "./operation.ts";
import { profileOperations } from "./profiles.ts";
import { readSessionRequest } from "./session-request.ts";
import { SignatureFault, type SignatureFaultReason, verifySigV4 } from "./sigv4.ts";
import { tagOperations } from "./tags.ts";
import { TokenBucket } from "./token-bucket.ts";
import { trustAnchorOperations } from "./trust-anchors.ts";
import { verifyX509Signature } from "./x509-signature.ts";

/** What a handler answers, still without transport. */
interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer and what it was an answer to. */
export interface Answer {
  /** The operation's name in AWS's model; undefined when no operation has this method and path. */
  readonly operation: string | undefined;
  readonly error: ServiceError | undefined;
  readonly response: HttpResponse;
}

const OPERATIONS: readonly Operation[] = [
  ...trustAnchorOperations,
  ...crlOperations,
  ...profileOperations,
  ...tagOperations,
];

// Requests per second, from the service's quotas. The bursts are not documented; these are the strictest that still work.
const QUOTAS: Readonly<Record<QuotaGroup, { readonly perSecond: number; readonly burst: number }>> = {
  "trust-anchors": { perSecond: 1, burst: 1 },
  crls: { perSecond: 1, burst: 1 },
  profiles: { perSecond: 1, burst: 1 },
  tagging: { perSecond: 1, burst: 1 },
  "create-session": { perSecond: 10, burst: 10 },
};

const SIGNATURE_ERRORS: Readonly<Record<SignatureFaultReason, string>> = {
  missing: "MissingAuthenticationTokenException",
  incomplete: "IncompleteSignatureException",
  "unknown-key": "UnrecognizedClientException",
  mismatch: "InvalidSignatureException",
  "expired-credentials": "ExpiredTokenException",
};

/** Answers requests for one account, with its rate limits. */
export function createService(account: Account): (request: HttpRequest, outage: ServiceError | undefined) => Answer {
  const buckets = new Map(
    Object.entries(QUOTAS).map(([group, quota]) => [group, new TokenBucket({ ...quota, now: account.now })] as const),
  );
  return (request, outage) => {
    const requestId = randomUUID();
    const route = findRoute(request);
    const isSts = route?.operation === "GetCallerIdentity";
    try {
      if (outage !== undefined) throw outage;
      if (route === undefined) throw new ServiceError("UnknownOperationException", 404, "");
      return { operation: route.operation, error: undefined, response: route.answer(request, requestId) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const response = isSts ? xml(error.status, stsErrorXml(error, requestId)) : jsonError(error, requestId);
      return { operation: route?.operation, error, response };
    }
  };

  function findRoute(request: HttpRequest): Route | undefined {
    const requestPath = path(request);
    if (requestPath === "/") return { operation: "GetCallerIdentity", answer: getCallerIdentity };
    if (requestPath === "/sessions" && request.method === "POST")
      return { operation: "CreateSession", answer: session };
    for (const operation of OPERATIONS) {
      const id = matchPath(operation.path, requestPath);
      if (id === undefined || operation.method !== request.method) continue;
      return { operation: operation.name, answer: (_, requestId) => control(operation, id, request, requestId) };
    }
    return undefined;
  }

  function control(operation: Operation, id: string, request: HttpRequest, requestId: string): HttpResponse {
    const caller = authenticate(request, "rolesanywhere", (fault) => [SIGNATURE_ERRORS[fault], 403]);
    spend(operation.quota);
    const query = new Map(queryParameters(request));
    const result = operation.handle(account, { id, query, body: parseJsonBody(request.body), caller });
    return json(operation.status, result, requestId);
  }

  function session(request: HttpRequest, requestId: string): HttpResponse {
    const proven = verifyX509Signature(request, { region: account.region, now: account.now() });
    spend("create-session");
    return json(201, createSession(account, proven, readSessionRequest(request)), requestId);
  }

  function getCallerIdentity(request: HttpRequest, requestId: string): HttpResponse {
    const principal = authenticate(request, "sts", (fault) => STS_SIGNATURE_ERRORS[fault]);
    requireGetCallerIdentity(new TextDecoder().decode(request.body));
    return xml(200, callerIdentityXml(principal, requestId));
  }

  function authenticate(
    request: HttpRequest,
    service: "rolesanywhere" | "sts",
    name: (reason: SignatureFaultReason) => readonly [type: string, status: number],
  ): ReturnType<typeof verifySigV4> {
    try {
      const { region, credentials } = account;
      return verifySigV4(request, { service, region, now: account.now(), credentials });
    } catch (error) {
      if (error instanceof SignatureFault) throw new ServiceError(...name(error.reason), error.message);
      throw error;
    }
  }

  function spend(group: QuotaGroup): void {
    if (buckets.get(group)?.take() !== true) throw throttled();
  }
}

interface Route {
  readonly operation: string;
  readonly answer: (request: HttpRequest, requestId: string) => HttpResponse;
}

/** What `{id}` stands for in this path, empty when the pattern has none; undefined when the path is another one. */
function matchPath(pattern: string, actual: string): string | undefined {
  const [before = "", after] = pattern.split("{id}");
  if (after === undefined) return pattern === actual ? "" : undefined;
  if (!actual.startsWith(before) || !actual.endsWith(after)) return undefined;
  const id = actual.slice(before.length, actual.length - after.length);
  return id === "" || id.includes("/") ? undefined : id;
}

function json(status: number, body: unknown, requestId: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json", "x-amzn-requestid": requestId },
    body: JSON.stringify(body),
  };
}

function jsonError(error: ServiceError, requestId: string): HttpResponse {
  const { headers, ...response } = json(error.status, { message: error.message }, requestId);
  return { ...response, headers: { ...headers, "x-amzn-errortype": error.type } };
}

function xml(status: number, body: string): HttpResponse {
  return { status, headers: { "content-type": "text/xml" }, body };
}
