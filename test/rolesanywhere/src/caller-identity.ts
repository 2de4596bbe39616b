import type { Principal } from "./credential-store.ts";
import { ServiceError } from "./errors.ts";
import { escapeXml } from "./http-response.ts";
import type { SignatureFaultReason } from "./sigv4.ts";

// The one operation of AWS STS that is emulated, in the Query protocol:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

/** STS's names for a request that is not authenticated. */
export const STS_SIGNATURE_ERRORS: Readonly<Record<SignatureFaultReason, readonly [code: string, status: number]>> = {
  missing: ["MissingAuthenticationToken", 403],
  incomplete: ["IncompleteSignature", 400],
  "unknown-key": ["InvalidClientTokenId", 403],
  mismatch: ["SignatureDoesNotMatch", 403],
  "expired-credentials": ["ExpiredToken", 403],
};

/** Refuses every other action of STS. `form` is the body. */
export function requireGetCallerIdentity(form: string): void {
  const action = new URLSearchParams(form).get("Action");
  if (action === "GetCallerIdentity") return;
  throw new ServiceError("InvalidAction", 400, `Could not find operation ${action ?? ""} for version 2011-06-15`);
}

export function callerIdentityXml(principal: Principal, requestId: string): string {
  const account = principal.arn.split(":")[4] ?? "";
  return (
    `<GetCallerIdentityResponse xmlns="${NAMESPACE}"><GetCallerIdentityResult>` +
    `<Arn>${escapeXml(principal.arn)}</Arn><UserId>${escapeXml(principal.userId)}</UserId><Account>${account}</Account>` +
    `</GetCallerIdentityResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`
  );
}

export function stsErrorXml(error: ServiceError, requestId: string): string {
  const type = error.status < 500 ? "Sender" : "Receiver";
  return (
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${type}</Type><Code>${error.type}</Code>` +
    `<Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`
  );
}
