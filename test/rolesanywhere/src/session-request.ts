import { validation } from "./errors.ts";
import { type HttpRequest, queryParameters } from "./http-request.ts";
import { optional, parseJsonBody, readInput, text, wholeNumber } from "./input.ts";
import { DURATION } from "./profiles.ts";

/** What a caller of CreateSession asks for. */
export interface SessionRequest {
  readonly profileArn: string;
  readonly roleArn: string;
  readonly trustAnchorArn: string;
  readonly durationSeconds: number | undefined;
  readonly roleSessionName: string | undefined;
}

const ARN = optional(text({ min: 1, max: 1011 }));

const BODY = {
  profileArn: ARN,
  roleArn: ARN,
  trustAnchorArn: ARN,
  durationSeconds: optional(wholeNumber(DURATION)),
  roleSessionName: optional(text({ min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ })),
  // Deprecated, and ignored by the service.
  sessionName: optional(text({})),
};

/** Reads the three ARNs from the query or the body, as either kind of client sends them, and the rest from the body. */
export function readSessionRequest(request: HttpRequest): SessionRequest {
  const query = new Map(queryParameters(request));
  const body = readInput(BODY, parseJsonBody(request.body));
  const arn = (name: "profileArn" | "roleArn" | "trustAnchorArn"): string => {
    const inQuery = query.get(name);
    const given = body[name] ?? inQuery;
    if (given === undefined)
      throw validation(`Value null at '${name}' failed to satisfy constraint: Member must not be null`);
    if (inQuery !== undefined && inQuery !== given)
      throw validation(`The query and the body name a different ${name}.`);
    return given;
  };
  return {
    profileArn: arn("profileArn"),
    roleArn: arn("roleArn"),
    trustAnchorArn: arn("trustAnchorArn"),
    durationSeconds: body.durationSeconds,
    roleSessionName: body.roleSessionName,
  };
}
