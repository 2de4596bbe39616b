import { failureReasons } from "@capstan/api";
import type { Outcome } from "../requests/outcome.ts";
import { boundedMessage } from "../requests/bounded-message.ts";
import type { SigningRequest, SigningRequestCondition } from "./signing-request.ts";

/**
 * The status to apply for an outcome, or undefined when there is nothing to say: a CertificateSigningRequest has no
 * condition for waiting, and no field for a CA.
 */
export function signingRequestStatus(_request: SigningRequest, outcome: Outcome): SigningRequest["status"] | undefined {
  if (outcome.is === "Issued") return { certificate: Buffer.from(outcome.certificate, "utf8").toString("base64") };
  if (outcome.is !== "Failed") return undefined;
  const { reason = failureReasons.refused, message } = outcome;
  const failed: SigningRequestCondition = { type: "Failed", status: "True", reason, message: boundedMessage(message) };
  return { conditions: [failed] };
}
