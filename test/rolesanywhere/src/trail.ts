import type { Account } from "./account.ts";
import type { ServiceError } from "./errors.ts";
import type { SessionRequest } from "./session-request.ts";
import type { ProvenCertificate } from "./x509-signature.ts";

/**
 * A call of CreateSession as AWS CloudTrail would have it, as far as looking a workload up by its session goes:
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export interface SessionEvent {
  readonly eventSource: "rolesanywhere.amazonaws.com";
  readonly eventName: "CreateSession";
  /** ISO 8601 in whole seconds. */
  readonly eventTime: string;
  readonly awsRegion: string;
  readonly recipientAccountId: string;
  readonly requestParameters: {
    readonly trustAnchorArn: string;
    readonly profileArn: string;
    readonly roleArn: string;
    /** The certificate in base64. */
    readonly cert: string;
  };
  /** As answered, without secrets; null for a refusal. */
  readonly responseElements: {
    readonly subjectArn: string;
    readonly credentialSet: readonly {
      readonly assumedRoleUser: { readonly arn: string; readonly assumedRoleId: string };
      readonly credentials: { readonly accessKeyId: string; readonly expiration: string };
      readonly roleArn: string;
      readonly sourceIdentity: string | undefined;
    }[];
  } | null;
  /** Absent for success. */
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

export function sessionEvent(
  call: { readonly account: Account; readonly proven: ProvenCertificate; readonly request: SessionRequest },
  outcome: NonNullable<SessionEvent["responseElements"]> | ServiceError,
): SessionEvent {
  const { account, proven, request } = call;
  const { trustAnchorArn, profileArn, roleArn } = request;
  return {
    eventSource: "rolesanywhere.amazonaws.com",
    eventName: "CreateSession",
    eventTime: account.now().toISOString().replace(/\.\d+/, ""),
    awsRegion: account.region,
    recipientAccountId: account.id,
    requestParameters: { trustAnchorArn, profileArn, roleArn, cert: Buffer.from(proven.leaf.der).toString("base64") },
    ...(outcome instanceof Error
      ? { responseElements: null, errorCode: outcome.type, errorMessage: outcome.message }
      : { responseElements: withoutSecrets(outcome) }),
  };
}

const MAX_EVENTS = 10_000;

/** Adds an event, and forgets the oldest when there are too many for a long test. */
export function record(events: SessionEvent[], event: SessionEvent): void {
  events.push(event);
  if (events.length > MAX_EVENTS) events.shift();
}

function withoutSecrets({
  subjectArn,
  credentialSet,
}: NonNullable<SessionEvent["responseElements"]>): NonNullable<SessionEvent["responseElements"]> {
  return {
    subjectArn,
    credentialSet: credentialSet.map(({ assumedRoleUser, credentials, roleArn, sourceIdentity }) => ({
      assumedRoleUser,
      credentials: { accessKeyId: credentials.accessKeyId, expiration: credentials.expiration },
      roleArn,
      sourceIdentity,
    })),
  };
}
