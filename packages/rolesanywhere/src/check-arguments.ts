import { X509Certificate } from "node:crypto";

import { parseTrustAnchorArn } from "./arn.ts";
import type { NotificationEvent, WantedNotification } from "./control-plane.ts";
import { crlDerOf } from "./crl.ts";
import { RolesAnywhereError } from "./errors.ts";
import { type EndpointVariant, partitionOf, regionalEndpoint } from "./partitions.ts";
import { decodePemBlocks, outsidePem } from "./pem.ts";

/**
 * The documented rules of the service, checked before anything is sent: AWS's own answers are terse, cost a call of a
 * scarce rate, and the one for an over-long bundle repeats the bundle.
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/
 */
const limits = {
  nameCharacters: 255,
  /** Newer models of the API say 16,000; older ones, which may still be enforced, 8,000. */
  bundleCharacters: 8_000,
  /** Not adjustable. @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html */
  bundleCertificates: 2,
  /** Of the PEM text, before the base64 of the JSON body. */
  crlBytes: 300_000,
} as const;

export function checkName(operation: string, name: string): void {
  const refuse = refusal(operation, "name");
  if (name.length < 1 || name.length > limits.nameCharacters) {
    throw refuse(`has ${name.length} characters, 1 to ${limits.nameCharacters} are allowed: shorten it`);
  }
  if (!/^[ a-zA-Z0-9\-_]+$/u.test(name)) {
    throw refuse(
      `${JSON.stringify(name)} holds characters other than letters, digits, spaces, hyphens and underscores: replace them`,
    );
  }
}

export function checkId(operation: string, id: string): void {
  if (!/^[a-f0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12}$/u.test(id)) {
    const shown = JSON.stringify(id.slice(0, 120));
    throw refusal(operation, "id")(`${shown} is not an id: take the last part of the ARN, after the slash`);
  }
}

export function checkTrustAnchorArn(operation: string, arn: string, region: string): void {
  const refuse = refusal(operation, "trustAnchorArn");
  const { partition, region: actual } = parseTrustAnchorArn(arn);
  if (actual !== region) {
    throw refuse(`lies in ${actual}, this control plane in ${region}: use a control plane of the anchor's region`);
  }
  checkPartition(operation, "trustAnchorArn", partition, region);
}

/** A region belongs to one partition: an ARN with another is a typing error. */
export function checkPartition(operation: string, field: string, partition: string, region: string): void {
  const expected = partitionOf(region);
  if (expected !== undefined && partition !== expected) {
    throw refusal(
      operation,
      field,
    )(`says partition ${partition}, but ${region} belongs to ${expected}: copy the ARN again`);
  }
}

export function checkBundle(operation: string, bundlePem: string): void {
  const refuse = refusal(operation, "bundlePem");
  if (bundlePem.length > limits.bundleCharacters) {
    throw refuse(
      `has ${bundlePem.length} characters, at most ${limits.bundleCharacters} are allowed: remove text outside the PEM blocks, or use smaller keys`,
    );
  }
  const blocks = decodePemBlocks(bundlePem, "bundlePem");
  checkArmour(refuse, bundlePem);
  if (blocks.length < 1 || blocks.length > limits.bundleCertificates) {
    throw refuse(
      `holds ${blocks.length} certificates, 1 to ${limits.bundleCertificates} are allowed in a trust anchor: remove roots that no unexpired leaf needs`,
    );
  }
  for (const [index, { label, der }] of blocks.entries()) {
    if (label !== "CERTIFICATE") {
      throw refuse(`block ${index + 1} is labelled ${JSON.stringify(label)}: only CERTIFICATE blocks belong into it`);
    }
    if (!isCertificate(der))
      throw refuse(`block ${index + 1} is not an X.509 certificate: export it again from its CA`);
  }
}

export function checkCrl(operation: string, crlPem: string): void {
  const refuse = refusal(operation, "crlPem");
  const bytes = Buffer.byteLength(crlPem);
  if (bytes > limits.crlBytes) {
    throw refuse(`has ${bytes} bytes, at most ${limits.crlBytes} are allowed: drop entries of expired certificates`);
  }
  crlDerOf(crlPem);
  checkArmour(refuse, crlPem);
}

function checkArmour(refuse: (fault: string) => RolesAnywhereError, pem: string): void {
  if (outsidePem(pem).trim() !== "") throw refuse("holds text outside its PEM blocks: remove it");
}

function isCertificate(der: Uint8Array): boolean {
  try {
    return new X509Certificate(der).raw.equals(der);
  } catch {
    return false;
  }
}

/** @returns the URL that calls go to, of the given endpoint or the region's own */
export function checkPlace(
  operation: string,
  place: { readonly region: string; readonly endpoint?: string | undefined } & EndpointVariant,
): URL {
  const { region, endpoint, useFips = false, useDualStack = false } = place;
  const refuse = (text: string): RolesAnywhereError =>
    new RolesAnywhereError("ERR_AWS_CONFIGURATION", text, { operation });
  // A missing region would otherwise be found out only by the first call.
  if (!/^[a-z]{2,}(?:-[a-z0-9]+)+$/u.test(region)) {
    throw refuse(`region ${JSON.stringify(region)} is not an AWS region: name one such as "eu-central-1"`);
  }
  if (endpoint === undefined) return new URL(regionalEndpoint(region, { useFips, useDualStack }));
  if (useFips || useDualStack) {
    throw refuse("an endpoint is given, and so are FIPS or dual-stack: they choose among the region's own, drop one");
  }
  const url = URL.parse(endpoint);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
    throw refuse("endpoint is not an http or https URL without user name: write one such as https://host:8443");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw refuse("endpoint has a path: requests are signed for the service's own paths, so name scheme, host and port");
  }
  return url;
}

export function checkAccount(operation: string, account: string): void {
  if (!/^\d{12}$/u.test(account)) {
    throw refusal(
      operation,
      "account",
    )(`${JSON.stringify(account.slice(0, 120))} is not twelve digits: take it from an ARN`);
  }
}

export function checkNotifications(operation: string, settings: readonly WantedNotification[]): void {
  const refuse = refusal(operation, "settings");
  checkEvents(
    operation,
    "settings",
    settings.map(({ event }) => event),
  );
  for (const setting of settings) {
    if (!setting.enabled) continue;
    const { event, thresholdDays } = setting;
    if (!Number.isInteger(thresholdDays) || thresholdDays < 1 || thresholdDays > 360) {
      throw refuse(
        `of ${event} begin ${thresholdDays} days before, 1 to 360 whole days are allowed: change it, or disable the event`,
      );
    }
  }
}

export function checkEvents(operation: string, field: string, events: readonly NotificationEvent[]): void {
  const refuse = refusal(operation, field);
  if (events.length === 0) throw refuse("name no event: name at least one");
  if (new Set(events).size < events.length) throw refuse("name an event twice: name each once");
}

function refusal(operation: string, field: string): (fault: string) => RolesAnywhereError {
  return (fault) => new RolesAnywhereError("ERR_INVALID_ARGUMENT", `${field} ${fault}`, { operation, field });
}
