import { createPublicKey, type KeyObject } from "node:crypto";
import {
  checkAgainstProfile,
  checkCertificationRequest,
  chooseValidity,
  encodePem,
  formatViolations,
  issueLeaf,
  prepareLeaf,
  usagesOf,
  type CertificationRequest,
  type CheckResult,
  type Leaf,
  type LeafKeyAlgorithm,
  type Usage,
} from "@capstan/ca-core";
import type { AuthoritySpecimen } from "./authority-specimen.ts";
import type { CertificatePlan } from "./certificate-plan.ts";
import type { PlannedName } from "./general-names.ts";
import { base64 } from "./go-opinion.ts";
import type { Random } from "./random.ts";
import { drawSerial } from "./serial-draws.ts";
import type { PlannedSubject } from "./subject.ts";
import { possibleBitsOf, purposesOf } from "./usages.ts";

export interface LeafSpecimen {
  readonly label: string;
  readonly leaf: Leaf;
  readonly plan: CertificatePlan;
  readonly privateKey: KeyObject;
}

/** What somebody asks for, before there is a request. */
export interface LeafWish {
  readonly label: string;
  readonly privateKey: KeyObject;
  readonly keyAlgorithm: LeafKeyAlgorithm;
  readonly subject: PlannedSubject;
  readonly names: readonly PlannedName[];
  readonly usages: readonly Usage[];
  readonly durationMs: number;
}

const MINUTE = 60_000;
/** What fits beside names into a leaf of 4,096 octets: frame, issuer and subject of the longest kind. */
const CERTIFICATE_BYTES = 4_096;
const FRAME_BYTES = 1_250;

/** Octets of public key and signature. */
const KEY_BYTES: { readonly [algorithm in LeafKeyAlgorithm]: number } = {
  "RSA-2048": 300,
  "RSA-3072": 430,
  "RSA-4096": 560,
  "ECDSA-P256": 100,
  "ECDSA-P384": 130,
  Ed25519: 50,
};

export function wishLeaf(options: {
  readonly random: Random;
  readonly authority: AuthoritySpecimen;
  readonly keyAlgorithm: LeafKeyAlgorithm;
  readonly privateKey: KeyObject;
  readonly number: number;
}): LeafWish {
  const { random, authority, keyAlgorithm, privateKey, number } = options;
  const { row, algorithm } = authority;
  const subject = row.planSubject(random);
  const budget = CERTIFICATE_BYTES - FRAME_BYTES - KEY_BYTES[keyAlgorithm] - KEY_BYTES[algorithm];
  return {
    label: `leaf ${number} with ${keyAlgorithm} under ${authority.label}`,
    privateKey,
    keyAlgorithm,
    subject,
    names: row.planNames(random, budget),
    usages: random.some(row.usages),
    durationMs: random.pick([
      10 * MINUTE,
      24 * 60 * MINUTE,
      row.maxDurationMs,
      random.between(10 * MINUTE, row.maxDurationMs),
    ]),
  };
}

/** The question by which the Go program makes the request: not with our own writer. */
export function requestQuestion({ privateKey, subject, names }: LeafWish): object {
  return {
    do: "request",
    privateKey: base64(privateKey.export({ format: "der", type: "pkcs8" })),
    subject,
    names: names.map(({ tag, content }) => ({ tag, value: Buffer.from(content).toString("hex") })),
  };
}

/** The whole way of a request: check, profile, validity, plan, signature. @throws Error when an honest one is refused */
export async function makeLeaf(
  random: Random,
  authority: AuthoritySpecimen,
  wish: LeafWish,
  requestDer: Uint8Array,
): Promise<LeafSpecimen> {
  const { row, algorithm, era, root, signer } = authority;
  const { label, privateKey, keyAlgorithm, subject, names, usages, durationMs } = wish;
  const request = acceptedOf(label, checkCertificationRequest(encodePem("CERTIFICATE REQUEST", requestDer)));
  const violations = checkAgainstProfile({ request, usages, allowedUsages: row.usages });
  if (violations.length > 0) throw new Error(`${label} is refused: ${formatViolations(violations)}`);
  const validity = chooseValidity({
    now: era.now,
    requestedMs: durationMs,
    maxMs: row.maxDurationMs,
    overMaximum: "Refuse",
    root: root.root,
  });
  if (!validity.ok) throw new Error(`${label} is refused: ${validity.reason}`);
  const { bytes, serial } = drawSerial(random);
  const granted = usagesOf(usages);
  const { ticket } = prepareLeaf({
    root: root.root,
    subject: request.subject,
    subjectAlternativeNames: request.subjectAlternativeNames,
    publicKeySpki: request.publicKey.spki,
    usages: granted,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    maxLifetimeMs: row.maxDurationMs,
    random: bytes,
  });
  const leaf = await issueLeaf({ ticket, signer });
  const plan: CertificatePlan = {
    serial,
    subject,
    names,
    areNamesCritical: subject.length === 0,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    spki: Uint8Array.from(createPublicKey(privateKey as never).export({ format: "der", type: "spki" })),
    signature: { key: algorithm.startsWith("RSA") ? "RSA" : "EC", hash: row.hashOf(algorithm) },
    keyUsageBits: possibleBitsOf({ usages: granted, keyAlgorithm, isCa: false, needsDigitalSignature: true }),
    purposes: purposesOf(granted),
    isCa: false,
    hasAuthorityKey: true,
  };
  return { label, leaf, plan, privateKey };
}

function acceptedOf(label: string, checked: CheckResult<CertificationRequest>): CertificationRequest {
  if (checked.ok) return checked.value;
  throw new Error(`${label} is refused: ${formatViolations(checked.violations)}`);
}
