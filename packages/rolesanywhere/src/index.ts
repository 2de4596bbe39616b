export { parseTrustAnchorArn } from "./arn.ts";
export type { TrustAnchorArn } from "./arn.ts";
export { caBundleFromEnvironment } from "./ca-bundle.ts";
export { sameCertificates, splitBundle } from "./bundle.ts";
export { callerIdentity } from "./caller-identity.ts";
export type { CallerIdentity } from "./caller-identity.ts";
export type { CallLog, CallOptions, ServerDate } from "./call.ts";
export type { Clock } from "./clock.ts";
export type {
  CreateTrustAnchorInput,
  Crl,
  ImportCrlInput,
  NotificationEvent,
  NotificationSetting,
  PutNotificationSettingsInput,
  ResetNotificationSettingsInput,
  RolesAnywhereControlPlane,
  Tags,
  TrustAnchor,
  UpdateCrlInput,
  UpdateTrustAnchorInput,
  WantedNotification,
} from "./control-plane.ts";
export { crlDerOf } from "./crl.ts";
export { createControlPlane } from "./create-control-plane.ts";
export type { ControlPlaneOptions } from "./create-control-plane.ts";
export { providerChain } from "./credentials.ts";
export type { AwsCredentialKeeper, AwsCredentials, AwsCredentialSource } from "./credentials.ts";
export { endpointFromEnvironment, endpointVariantFromEnvironment } from "./endpoint.ts";
export { RolesAnywhereError } from "./errors.ts";
export type { RolesAnywhereErrorCode, RolesAnywhereErrorDetails } from "./errors.ts";
export type { EndpointVariant } from "./partitions.ts";
export { proxyFromEnvironment } from "./proxy.ts";
export type { ProxySettings } from "./proxy.ts";
export { createRequestHandler } from "./request-handler.ts";
export type { RequestHandler, RequestHandlerOptions } from "./request-handler.ts";
export { createSession } from "./create-session.ts";
export type { CreateSessionInput, Session, SessionLeaf, SessionTarget } from "./create-session.ts";
export { sessionCredentials } from "./session-credentials.ts";
