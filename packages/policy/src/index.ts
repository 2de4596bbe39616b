export { minLeafDurationMs } from "./check-duration.ts";
export type { Requester } from "./check-requester.ts";
export { decide, type GrantedLeaf, type PolicyDecision, type PolicyQuestion } from "./decide.ts";
export type { IssuerSpec } from "./name-rules.ts";
export type { PolicyViolation, PolicyViolationCode } from "./policy-violation.ts";
export { validateIssuer } from "./validate-issuer.ts";
