export {
  attestRequester,
  certificateAnnotation,
  defaultProxies,
  type AttestedRequester,
  type RequestMaker,
  type RequestPlace,
} from "./attest-requester.ts";
export { CelEvaluator, type CelEvaluatorOptions } from "./cel/cel-evaluator.ts";
export { minLeafDurationMs } from "./check-duration.ts";
export type { Requester } from "./check-requester.ts";
export { decide, type GrantedLeaf, type PolicyDecision, type PolicyQuestion } from "./decide.ts";
export { checkCertificate, type CertificateQuestion } from "./check-certificate.ts";
export type { CertificateSpec } from "./certificate-names.ts";
export { decideFully, validateIssuerFully, type RequestQuestion } from "./decide-fully.ts";
export { selects, type LabelSelector } from "./label-selector.ts";
export { decideRefusal, hasSameNames, refusalGraceMs, type Refusal, type ReleasedNames } from "./grace.ts";
export type { IssuerSpec } from "./name-rules.ts";
export type { PolicyViolation, PolicyViolationCode } from "./policy-violation.ts";
export { addLiveLeaves, countRefusedLeaves, type LeafReview, type LiveLeaves } from "./live-leaves.ts";
export { namesOfRecord } from "./released-leaf.ts";
export { QuotaBook, type QuotaOwner, type QuotaQuestion, type ReadTaken } from "./quota-book.ts";
export { limitOf, takeToken, type Taking, type TokenBucket, type TokenLimit } from "./take-token.ts";
export { validateIssuer } from "./validate-issuer.ts";
export { webhookFaults, webhooksThatSkip, type WebhookConfiguration } from "./webhook-configurations.ts";
