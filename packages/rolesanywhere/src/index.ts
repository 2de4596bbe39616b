export { parseTrustAnchorArn } from "./arn.ts";
export type { TrustAnchorArn } from "./arn.ts";
export { sameCertificates, splitBundle } from "./bundle.ts";
export type { Clock } from "./clock.ts";
export type {
  CreateTrustAnchorInput,
  Crl,
  ImportCrlInput,
  RolesAnywhereControlPlane,
  Tags,
  TrustAnchor,
  UpdateCrlInput,
  UpdateTrustAnchorInput,
} from "./control-plane.ts";
export { createControlPlane } from "./create-control-plane.ts";
export type { ControlPlaneOptions } from "./create-control-plane.ts";
export type { AwsCredentials, AwsCredentialSource } from "./credentials.ts";
export { endpointFromEnvironment } from "./endpoint.ts";
export { RolesAnywhereError } from "./errors.ts";
export type { RolesAnywhereErrorCode, RolesAnywhereErrorDetails } from "./errors.ts";
export type { CallLog } from "./send.ts";
