import { PluginError } from "../exit-code.ts";
import { type PresentedCertificate, readPresentedCertificate } from "../presented-certificate.ts";
import type { Clue, SessionClaims } from "./clue.ts";
import { serialOfSessionName, sessionNameOfArn } from "./read-serial.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What an event of AWS CloudTrail tells of an IAM Roles Anywhere session, or undefined when it tells of none. Three kinds do:
 * CreateSession, which holds the certificate; AssumeRole by Roles Anywhere, which holds the session's tags; and any call of
 * a session, whose name is the serial number.
 *
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function clueOfEvent(event: unknown): Clue | undefined {
  const { eventSource, eventName, userIdentity } = fieldsOf(event);
  if (eventSource === "rolesanywhere.amazonaws.com" && eventName === "CreateSession") return ofCreateSession(event);
  const { type, invokedBy } = fieldsOf(userIdentity);
  if (eventName === "AssumeRole" && invokedBy === "rolesanywhere.amazonaws.com") return ofAssumeRole(event);
  return type === "AssumedRole" ? ofSessionCall(event) : undefined;
}

function ofCreateSession(event: unknown): Clue | undefined {
  const { requestParameters, responseElements, eventTime } = fieldsOf(event);
  const { cert, roleArn } = fieldsOf(requestParameters);
  const { credentialSet } = fieldsOf(responseElements);
  const { assumedRoleUser, sourceIdentity } = fieldsOf(Array.isArray(credentialSet) ? credentialSet[0] : undefined);
  const sessionName = sessionNameOfArn(textOf(fieldsOf(assumedRoleUser)["arn"]) ?? "");
  const certificate = certificateOf(cert);
  const serial = certificate?.serial ?? serialOfSessionName(sessionName ?? "");
  if (serial === undefined) return undefined;
  const session = claimsOf(event, {
    openedAt: timeOf(eventTime),
    roleArn: textOf(roleArn),
    sessionName,
    sourceIdentity: textOf(sourceIdentity),
    tags: {},
  });
  return { given: serial, serials: [serial], certificate, session };
}

/** Made by Roles Anywhere on behalf of the caller: the tags are what policies see of the certificate. */
function ofAssumeRole(event: unknown): Clue | undefined {
  const { requestParameters, eventTime } = fieldsOf(event);
  const { roleSessionName, roleArn, sourceIdentity, principalTags } = fieldsOf(requestParameters);
  const sessionName = textOf(roleSessionName);
  const serial = serialOfSessionName(sessionName ?? "");
  if (serial === undefined) return undefined;
  const session = claimsOf(event, {
    openedAt: timeOf(eventTime),
    roleArn: textOf(roleArn),
    sessionName,
    sourceIdentity: textOf(sourceIdentity),
    tags: textsOf(principalTags),
  });
  return { given: serial, serials: [serial], session };
}

function ofSessionCall(event: unknown): Clue | undefined {
  const { userIdentity } = fieldsOf(event);
  const { arn, sessionContext } = fieldsOf(userIdentity);
  const { attributes, sessionIssuer, sourceIdentity } = fieldsOf(sessionContext);
  const sessionName = sessionNameOfArn(textOf(arn) ?? "");
  const serial = serialOfSessionName(sessionName ?? "");
  if (serial === undefined) return undefined;
  const session = claimsOf(event, {
    openedAt: timeOf(fieldsOf(attributes)["creationDate"]),
    roleArn: textOf(fieldsOf(sessionIssuer)["arn"]),
    sessionName,
    sourceIdentity: textOf(sourceIdentity),
    tags: {},
  });
  // A call that failed was still made by the session.
  return { given: textOf(arn) ?? serial, serials: [serial], session: { ...session, refusal: undefined } };
}

function claimsOf(event: unknown, claims: Omit<SessionClaims, "eventTime" | "refusal">): SessionClaims {
  const { eventTime, errorCode, errorMessage } = fieldsOf(event);
  const refusal = [textOf(errorCode), textOf(errorMessage)].filter((text) => text !== undefined).join(": ");
  return { ...claims, eventTime: textOf(eventTime) ?? "", refusal: refusal === "" ? undefined : refusal };
}

function certificateOf(base64: unknown): PresentedCertificate | undefined {
  if (typeof base64 !== "string") return undefined;
  try {
    return readPresentedCertificate(Buffer.from(base64, "base64"), "CreateSession");
  } catch (error) {
    if (error instanceof PluginError) return undefined;
    throw error;
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fieldsOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Milliseconds since 1970 of a time as CloudTrail writes it. */
function timeOf(value: unknown): number | undefined {
  const time = Date.parse(textOf(value) ?? "");
  return Number.isNaN(time) ? undefined : time;
}
