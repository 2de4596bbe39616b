import { createHash } from "node:crypto";
import { decodePem, readCrl, readRoot } from "@capstan/ca-core";
import {
  type Crl,
  crlDerOf,
  type NotificationSetting,
  parseTrustAnchorArn,
  RolesAnywhereError,
  type RolesAnywhereControlPlane,
  splitBundle,
  type TrustAnchor,
} from "@capstan/rolesanywhere";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import { awsAnchorName } from "./aws-names.ts";

/** A trust anchor and its CRLs as AWS returned them. */
export interface FoundAnchor {
  readonly state: "Present" | "Disabled" | "Missing" | "NotABundle";
  /** Absent for one that is missing. */
  readonly arn?: string;
  /** In AWS. */
  readonly name?: string;
  readonly notificationSettings?: readonly NotificationSetting[];
  readonly certificates: readonly FoundCertificate[];
  readonly crls: readonly FoundCrl[];
}

export interface FoundCertificate {
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string;
  /** Canonical PEM, without whatever stood around it. */
  readonly pem: string;
  /** The number that a root of this authority carries in its subject, whether our state knows it or not. */
  readonly generation: number | undefined;
}

export interface FoundCrl {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  /** Undefined for what is no CRL of Capstan's form. */
  readonly content:
    | { readonly der: Uint8Array; readonly number: bigint; readonly thisUpdate: Date; readonly sha256: string }
    | undefined;
}

/**
 * Reads a trust anchor by its ARN, or by the name that Capstan gives to one that it creates, and then its CRLs.
 *
 * @throws {RolesAnywhereError} also ERR_AWS_VALIDATION when several anchors have the name: nobody knows which is meant
 */
export async function readAnchor(
  {
    controlPlane,
    authority,
    commonName,
    spec,
    knownArn,
  }: {
    readonly controlPlane: RolesAnywhereControlPlane;
    readonly authority: string;
    /** Of the authority's roots. */
    readonly commonName: string;
    readonly spec: AnchorSpec;
    /** Of the anchor that was read or created before, as status has it. */
    readonly knownArn: string | undefined;
  },
  signal: AbortSignal,
): Promise<FoundAnchor> {
  const arn = spec.arn ?? knownArn;
  const known = arn === undefined ? undefined : await controlPlane.getTrustAnchor(parseTrustAnchorArn(arn).id, signal);
  const anchor =
    known ??
    (spec.create === true ? await findByName(controlPlane, awsAnchorName(authority, spec.name), signal) : undefined);
  if (anchor === undefined) return { state: "Missing", certificates: [], crls: [] };
  const crls = (await controlPlane.listCrls(signal)).filter(({ trustAnchorArn }) => trustAnchorArn === anchor.arn);
  const certificates = certificatesOf(anchor, commonName);
  const { arn: foundArn, name, notificationSettings } = anchor;
  return { state: stateOf(anchor), arn: foundArn, name, notificationSettings, certificates, crls: crls.map(foundCrl) };
}

async function findByName(
  controlPlane: RolesAnywhereControlPlane,
  name: string,
  signal: AbortSignal,
): Promise<TrustAnchor | undefined> {
  const named = (await controlPlane.listTrustAnchors(signal)).filter((anchor) => anchor.name === name);
  if (named.length > 1) {
    throw new RolesAnywhereError(
      "ERR_AWS_VALIDATION",
      `${named.length} trust anchors are named ${name}; delete the unused ones, or name one by its arn in spec.trustAnchors`,
      { operation: "ListTrustAnchors" },
    );
  }
  return named[0];
}

function stateOf({ bundlePem, enabled }: TrustAnchor): FoundAnchor["state"] {
  if (bundlePem === undefined) return "NotABundle";
  return enabled ? "Present" : "Disabled";
}

function certificatesOf({ bundlePem }: TrustAnchor, commonName: string): readonly FoundCertificate[] {
  return (bundlePem === undefined ? [] : splitBundle(bundlePem)).map((pem) => {
    const { der } = decodePem(pem, { labels: ["CERTIFICATE"], maxBytes: 40_000 });
    const fingerprint = createHash("sha256").update(der).digest("hex");
    return { fingerprint, pem, generation: generationIn(der, commonName) };
  });
}

/** What is no root of Capstan's form has no number. */
function generationIn(der: Uint8Array, commonName: string): number | undefined {
  try {
    const { subject, generation } = readRoot(der);
    return subject.some(({ type, value }) => type === "CN" && value === commonName) ? generation : undefined;
  } catch {
    return undefined;
  }
}

function foundCrl({ id, name, enabled, crlPem }: Crl): FoundCrl {
  return { id, name, enabled, content: contentOf(crlPem) };
}

function contentOf(pem: string): FoundCrl["content"] {
  try {
    const { der, number, thisUpdate, sha256 } = readCrl(crlDerOf(pem), { maxBytes: 400_000 });
    return { der, number, thisUpdate, sha256 };
  } catch {
    return undefined;
  }
}
