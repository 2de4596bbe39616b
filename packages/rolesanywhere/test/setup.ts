import type { Crl, TrustAnchor } from "../src/control-plane.ts";
import { createControlPlane } from "../src/create-control-plane.ts";
import type { ControlPlaneOptions } from "../src/create-control-plane.ts";
import type { RolesAnywhereControlPlane } from "../src/control-plane.ts";
import { RolesAnywhereError } from "../src/errors.ts";
import { rootA } from "./certificates.ts";
import { jumpingClock } from "./jumping-clock.ts";

export const region = "eu-central-1";
export const anchorId = "11111111-aaaa-4bbb-8ccc-222222222222";
export const crlId = "33333333-dddd-4eee-8fff-444444444444";
export const anchorArn = `arn:aws:rolesanywhere:${region}:111122223333:trust-anchor/${anchorId}`;
const crlArn = `arn:aws:rolesanywhere:${region}:111122223333:crl/${crlId}`;
export const crlPem = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n";

/** A control plane on which pacing takes no time. */
export function controlPlaneAt(
  endpoint: string,
  options: Partial<ControlPlaneOptions> = {},
): RolesAnywhereControlPlane {
  return createControlPlane({
    region,
    endpoint,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not a real key" },
    clock: jumpingClock(),
    ...options,
  });
}

export const wireAnchor = {
  trustAnchorId: anchorId,
  trustAnchorArn: anchorArn,
  name: "prod",
  enabled: true,
  source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: rootA } },
  createdAt: "2026-07-19T15:55:25.986591Z",
  updatedAt: "2026-07-19T15:55:25.986591Z",
  notificationSettings: [],
};
export const anchor: TrustAnchor = {
  id: anchorId,
  arn: anchorArn,
  name: "prod",
  enabled: true,
  sourceType: "CERTIFICATE_BUNDLE",
  bundlePem: rootA,
  notificationSettings: [],
};

export const wireCrl = {
  crlId,
  crlArn,
  name: "fleet 1",
  enabled: true,
  crlData: Buffer.from(crlPem).toString("base64"),
  trustAnchorArn: anchorArn,
  createdAt: "2026-07-19T15:55:25.986591Z",
  updatedAt: "2026-07-19T15:55:25.986591Z",
};
export const crl: Crl = { id: crlId, arn: crlArn, name: "fleet 1", enabled: true, trustAnchorArn: anchorArn, crlPem };

/** The error that a call ends with; anything else fails the test. */
export async function errorOf(call: Promise<unknown>): Promise<RolesAnywhereError> {
  const outcome: unknown = await call.then(
    (value) => new Error(`no error, but ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof RolesAnywhereError) return outcome;
  throw outcome;
}
