import { parseAuthorization } from "./canonical-request.ts";
import type { Cloud } from "./cloud.ts";
import type { Principal } from "./credential-store.ts";
import { header, type HttpRequest, queryParameters } from "./http-request.ts";
import { isRecord } from "./input.ts";
import { placeOfArn } from "./region.ts";

/** What a request says of itself, nothing of it verified. */
export interface Claim {
  readonly account: string | undefined;
  readonly region: string | undefined;
  /** Undefined for CreateSession, and for a key that nobody has. */
  readonly caller: Principal | undefined;
}

export function readClaim(cloud: Cloud, request: HttpRequest): Claim {
  const authorization = parseAuthorization(header(request, "authorization") ?? "");
  const caller = cloud.credentials.find(authorization?.keyId ?? "")?.principal;
  const account = caller === undefined ? placeOfArn(trustAnchorArn(request) ?? "")?.account : caller.arn.split(":")[4];
  return { account, region: authorization?.scope.region, caller };
}

function trustAnchorArn(request: HttpRequest): string | undefined {
  const inQuery = queryParameters(request).find(([name]) => name === "trustAnchorArn")?.[1];
  if (inQuery !== undefined) return inQuery;
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(request.body));
    const inBody = isRecord(body) ? body["trustAnchorArn"] : undefined;
    return typeof inBody === "string" ? inBody : undefined;
  } catch {
    return undefined;
  }
}
