import { randomUUID } from "node:crypto";
import type { Account } from "./account.ts";
import { accountIn, type Cloud } from "./cloud.ts";
import { authorize } from "./authorization.ts";
import { callerIdentityXml, requireGetCallerIdentity, STS_SIGNATURE_ERRORS, stsErrorXml } from "./caller-identity.ts";
import type { Principal } from "./credential-store.ts";
import { createSession, unableToAssume, unknownArn } from "./create-session.ts";
import { crlOperations } from "./crls.ts";
import { ServiceError, throttled } from "./errors.ts";
import { header, type HttpRequest, path, queryParameters } from "./http-request.ts";
import { type HttpResponse, json, jsonError, xml } from "./http-response.ts";
import { IAM_OPERATION_NAMES, iamOperationOf, iamRefusal, isForIam, prepareIam } from "./iam-service.ts";
import { parseJsonBody } from "./input.ts";
import type { Operation, QuotaGroup } from "./operation.ts";
import { profileOperations } from "./profiles.ts";
import { remember, settled } from "./propagation.ts";
import { placeOfArn, regionOfHost } from "./region.ts";
import { readSessionRequest } from "./session-request.ts";
import { SignatureFault, type SignatureFaultReason, UNKNOWN_KEY, verifySigV4 } from "./sigv4.ts";
import { tagOperations } from "./tags.ts";
import { record, sessionEvent } from "./trail.ts";
import { trustAnchorOperations } from "./trust-anchors.ts";
import { verifyX509Signature } from "./x509-signature.ts";

/** What a request works on, instead of the account as it is. */
export type View = (account: Account) => Account;

/** A request that was found to be in order: does its work and says what to answer. @throws {ServiceError} */
export type Prepared = (view: View) => HttpResponse;

export interface Service {
  /** The operation's name in AWS's model; undefined when no operation has this method and path. */
  readonly operationOf: (request: HttpRequest) => string | undefined;
  /** Authenticates the caller and counts the request against its quota. @throws {ServiceError} */
  readonly prepare: (request: HttpRequest) => Prepared;
  /** A refusal in the form of the protocol that the request speaks. */
  readonly refusal: (request: HttpRequest, error: ServiceError) => HttpResponse;
}

const OPERATIONS: readonly Operation[] = [
  ...trustAnchorOperations,
  ...crlOperations,
  ...profileOperations,
  ...tagOperations,
];

/** Everything that can be asked for, by the names of AWS's models. */
export const OPERATION_NAMES: ReadonlySet<string> = new Set([
  ...OPERATIONS.map(({ name }) => name),
  "CreateSession",
  "GetCallerIdentity",
  ...IAM_OPERATION_NAMES,
]);

const SIGNATURE_ERRORS: Readonly<Record<SignatureFaultReason, string>> = {
  missing: "MissingAuthenticationTokenException",
  incomplete: "IncompleteSignatureException",
  "unknown-key": "UnrecognizedClientException",
  mismatch: "InvalidSignatureException",
  "expired-credentials": "ExpiredTokenException",
};

/** Serves every account and region: the credentials say which account, the signature's scope which region. */
export function createService(cloud: Cloud): Service {
  return {
    operationOf: (request) => findRoute(request)?.operation,
    prepare(request) {
      const route = findRoute(request);
      if (route === undefined) throw new ServiceError("UnknownOperationException", 404, "");
      return route.prepare(request);
    },
    refusal(request, error) {
      if (isForIam(request)) return iamRefusal(error);
      const requestId = randomUUID();
      const isSts = findRoute(request)?.operation === "GetCallerIdentity";
      return isSts ? xml(error.status, stsErrorXml(error, requestId)) : jsonError(error, requestId);
    },
  };

  function findRoute(request: HttpRequest): Route | undefined {
    const requestPath = path(request);
    if (isForIam(request)) return { operation: iamOperationOf(request), prepare: iam };
    if (requestPath === "/") return { operation: "GetCallerIdentity", prepare: getCallerIdentity };
    if (requestPath === "/sessions" && request.method === "POST")
      return { operation: "CreateSession", prepare: session };
    for (const operation of OPERATIONS) {
      const id = matchPath(operation.path, requestPath);
      if (id === undefined || operation.method !== request.method) continue;
      return { operation: operation.name, prepare: () => control(operation, id, request) };
    }
    return undefined;
  }

  function control(operation: Operation, id: string, request: HttpRequest): Prepared {
    const { account, caller } = authenticate(request, "rolesanywhere", (fault) => [SIGNATURE_ERRORS[fault], 403]);
    spend(account, operation.quota);
    const query = new Map(queryParameters(request));
    const call = { id, query, body: parseJsonBody(request.body), caller };
    authorize(account, operation, call);
    return (view) => {
      const state = view(account);
      if (operation.method !== "GET") remember(state);
      return json(operation.status, operation.handle(state, call), randomUUID());
    };
  }

  function session(request: HttpRequest): Prepared {
    const isRegion = (region: string): boolean => isServed(request, region);
    const proven = verifyX509Signature(request, { isRegion, now: cloud.now(), unknowns: cloud.unknowns });
    const asked = readSessionRequest(request);
    const place = placeOfArn(asked.trustAnchorArn);
    const account = place?.region === proven.region ? accountIn(cloud, place.account, place.region) : undefined;
    if (account === undefined) throw unknownArn(cloud.unknowns, asked.trustAnchorArn);
    if (account.unknowns.sessionThrottling === "throttling") spend(account, "create-session");
    else if (account.buckets.get("create-session")?.take() !== true) throw unableToAssume(asked.roleArn);
    return (view) => {
      const call = { account, proven, request: asked };
      try {
        const created = createSession(settled(view(account)), proven, asked);
        record(cloud.sessionEvents, sessionEvent(call, created));
        return json(201, created, randomUUID());
      } catch (error) {
        if (error instanceof ServiceError) record(cloud.sessionEvents, sessionEvent(call, error));
        throw error;
      }
    };
  }

  function getCallerIdentity(request: HttpRequest): Prepared {
    const { caller } = authenticate(request, "sts", (fault) => STS_SIGNATURE_ERRORS[fault]);
    const { method, body, target } = request;
    requireGetCallerIdentity(
      method === "GET" ? target.slice(path(request).length + 1) : new TextDecoder().decode(body),
    );
    return () => xml(200, callerIdentityXml(caller, randomUUID()));
  }

  function iam(request: HttpRequest): Prepared {
    // Roles are the account's, whatever the region; the rates of IAM are not documented.
    const { account, caller } = authenticate(request, "iam", (fault) => STS_SIGNATURE_ERRORS[fault]);
    const work = prepareIam(request, account, caller);
    return () => work();
  }

  function authenticate(
    request: HttpRequest,
    service: "rolesanywhere" | "sts" | "iam",
    name: (reason: SignatureFaultReason) => readonly [type: string, status: number],
  ): { readonly account: Account; readonly caller: Principal } {
    try {
      const { credentials } = cloud;
      const isGlobal = service === "iam";
      const isRegion = (region: string): boolean => isGlobal || isServed(request, region);
      const { now, unknowns } = cloud;
      const { principal, region } = verifySigV4(request, { service, isRegion, now: now(), credentials, unknowns });
      const id = principal.arn.split(":")[4];
      const account = isGlobal ? cloud.accounts.find((each) => each.id === id) : accountIn(cloud, id, region);
      // As AWS answers for a region that the account has not opted in to, or that is in another partition.
      if (account === undefined) throw new SignatureFault("unknown-key", UNKNOWN_KEY);
      return { account, caller: principal };
    } catch (error) {
      if (error instanceof SignatureFault) throw new ServiceError(...name(error.reason), error.message);
      throw error;
    }
  }

  /** Is this a region of ours, and the one of the endpoint's own name where the request carries that name? */
  function isServed(request: HttpRequest, region: string): boolean {
    const addressed = regionOfHost(header(request, "host") ?? "") ?? region;
    return addressed === region && cloud.accounts.some((account) => account.region === region);
  }
}

function spend(account: Account, group: QuotaGroup): void {
  if (account.buckets.get(group)?.take() !== true) throw throttled(account.unknowns);
}

interface Route {
  readonly operation: string | undefined;
  readonly prepare: (request: HttpRequest) => Prepared;
}

/** What `{id}` stands for in this path, empty when the pattern has none; undefined when the path is another one. */
function matchPath(pattern: string, actual: string): string | undefined {
  const [before = "", after] = pattern.split("{id}");
  if (after === undefined) return pattern === actual ? "" : undefined;
  if (!actual.startsWith(before) || !actual.endsWith(after)) return undefined;
  const id = actual.slice(before.length, actual.length - after.length);
  return id === "" || id.includes("/") ? undefined : id;
}
