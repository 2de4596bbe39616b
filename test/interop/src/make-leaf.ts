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
import { planNames, type PlannedName } from "./general-names.ts";
import { base64 } from "./go-opinion.ts";
import type { ProfileRow } from "./profile-rows.ts";
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
  /** As `spec.usages`. */
  readonly usages: readonly Usage[];
  readonly durationMs: number;
  readonly isCa: boolean;
  /** Of a CA; by default one less than its root's. */
  readonly pathLength: number | undefined;
}

const MINUTE = 60_000;
/** What a certificate holds beside names, keys and signature. */
const FRAME_BYTES = 1_000;
/** An attribute's type, tags and lengths. */
const ATTRIBUTE_BYTES = 24;
/** So that requests stay below the 8,192 octets that they may have, whatever the profile. */
const MAX_NAMES_BYTES = 4_000;

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
  const budget =
    row.maxCertificateBytes - FRAME_BYTES - bytesOf(subject) - KEY_BYTES[keyAlgorithm] - KEY_BYTES[algorithm];
  const names = planNames(random, Math.min(budget, MAX_NAMES_BYTES), row.nameMakers);
  // A CA without a subject is the oddest of all: it must come often enough to be seen in every run.
  const { isCa, pathLength } = planCa(random, authority, subject.length === 0 ? 2 : 5);
  return {
    label: `leaf ${number} with ${keyAlgorithm} under ${authority.label}`,
    privateKey,
    keyAlgorithm,
    subject,
    // RFC 5280, 4.2.1.6: a certificate without a subject needs one.
    names: subject.length === 0 && names.length === 0 ? [random.pick(row.nameMakers)(random, 200)] : names,
    usages: planUsages(random, row, isCa),
    durationMs: random.pick([
      10 * MINUTE,
      24 * 60 * MINUTE,
      row.maxDurationMs,
      random.between(10 * MINUTE, row.maxDurationMs),
    ]),
    isCa,
    pathLength,
  };
}

function bytesOf(subject: PlannedSubject): number {
  return subject.flat().reduce((sum, { value }) => sum + ATTRIBUTE_BYTES + Buffer.byteLength(value), 0);
}

/** One leaf in `n` is a CA, below a root that allows one. */
function planCa(random: Random, { row, root }: AuthoritySpecimen, n: number): Pick<LeafWish, "isCa" | "pathLength"> {
  const limit = root.plan.pathLength;
  if (row.profile !== "General" || limit === 0 || !random.oneIn(n)) return { isCa: false, pathLength: undefined };
  return { isCa: true, pathLength: random.oneIn(2) ? undefined : random.below(limit ?? 256) };
}

const USAGES_OF_CAS: readonly Usage[] = ["cert sign", "crl sign"];

/** Digital signature goes with every purpose and every key; without it and with others there are pairs that do not. */
function planUsages(random: Random, row: ProfileRow, isCa: boolean): Usage[] {
  const usages: Usage[] = random.some(isCa ? [...row.usages, ...USAGES_OF_CAS] : row.usages);
  const arePurposesAlone = usages.every((usage) => purposesOf([usage]).length > 0);
  return arePurposesAlone || usages.includes("signing") ? usages : [...usages, "digital signature"];
}

/** The question by which the Go program makes the request: not with our own writer. */
export function requestQuestion({ privateKey, subject, names, isCa, pathLength }: LeafWish): object {
  return {
    do: "request",
    privateKey: base64(privateKey.export({ format: "der", type: "pkcs8" })),
    subject,
    names: names.map(({ tag, content }) => ({ tag, value: Buffer.from(content).toString("hex") })),
    extensions: isCa ? [{ id: "2.5.29.19", critical: true, value: base64(basicConstraints(pathLength)) }] : [],
  };
}

/** BasicConstraints of a CA (RFC 5280, 4.2.1.9), DER. */
function basicConstraints(pathLength: number | undefined): Uint8Array {
  if (pathLength === undefined) return Uint8Array.of(0x30, 3, 1, 1, 0xff);
  const octets = pathLength < 0x80 ? [pathLength] : [pathLength >> 8, pathLength & 0xff];
  return Uint8Array.of(0x30, 5 + octets.length, 1, 1, 0xff, 2, octets.length, ...octets);
}

/** The request that Go made, and the subject in the order that the DER of a SET has. */
export interface MadeRequest {
  readonly der: Uint8Array;
  readonly subject: PlannedSubject;
}

/** @throws Error when Go made none */
export function madeRequestOf(wish: LeafWish, answer: unknown): MadeRequest {
  const { der, subject } = answer as { readonly der?: string; readonly subject?: PlannedSubject };
  if (der === undefined || subject === undefined) {
    throw new Error(`Go made no request for ${wish.label}: ${JSON.stringify(answer)}`);
  }
  return { der: Uint8Array.from(Buffer.from(der, "base64")), subject };
}

/** The whole way of a request: check, profile, validity, plan, signature. @throws Error when an honest one is refused */
export async function makeLeaf(
  random: Random,
  authority: AuthoritySpecimen,
  wish: LeafWish,
  made: MadeRequest,
): Promise<LeafSpecimen> {
  const { row, algorithm, era, signer } = authority;
  const { root } = authority.root;
  const { profile } = row;
  const { label, privateKey, keyAlgorithm, names, isCa, pathLength } = wish;
  const request = acceptedOf(label, checkCertificationRequest(encodePem("CERTIFICATE REQUEST", made.der)));
  const allowed = { allowedUsages: row.usages, isCa, allowCa: true, root };
  const violations = checkAgainstProfile({ profile, request, usages: wish.usages, ...allowed });
  if (violations.length > 0) throw new Error(`${label} is refused: ${formatViolations(violations)}`);
  const validity = chooseValidity({
    now: era.now,
    requestedMs: wish.durationMs,
    maxMs: row.maxDurationMs,
    overMaximum: "Refuse",
    root,
  });
  if (!validity.ok) throw new Error(`${label} is refused: ${validity.reason}`);
  const { bytes, serial } = drawSerial(random);
  const usages = usagesOf(wish.usages);
  const { ticket } = prepareLeaf({
    profile,
    root,
    subject: request.subject,
    subjectDer: request.subjectDer,
    subjectAlternativeNames: request.subjectAlternativeNames,
    publicKeySpki: request.publicKey.spki,
    usages,
    isCa,
    ...(pathLength === undefined ? {} : { pathLength }),
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    maxLifetimeMs: row.maxDurationMs,
    random: bytes,
  });
  const leaf = await issueLeaf({ ticket, signer });
  const below = authority.root.plan.pathLength === undefined ? undefined : authority.root.plan.pathLength - 1;
  const plan: CertificatePlan = {
    serial,
    subject: made.subject.map((rdn) => rdn.map(row.rewrite)),
    names,
    areNamesCritical: made.subject.length === 0,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    spki: Uint8Array.from(createPublicKey(privateKey as never).export({ format: "der", type: "spki" })),
    signature: { key: algorithm.startsWith("RSA") ? "RSA" : "EC", hash: row.hashOf(algorithm) },
    keyUsageBits: possibleBitsOf({ usages, keyAlgorithm, isCa, needsDigitalSignature: row.needsDigitalSignature }),
    purposes: purposesOf(usages),
    isCa,
    pathLength: isCa ? (pathLength ?? below) : undefined,
    hasAuthorityKey: true,
  };
  return { label, leaf, plan, privateKey };
}

function acceptedOf(label: string, checked: CheckResult<CertificationRequest>): CertificationRequest {
  if (checked.ok) return checked.value;
  throw new Error(`${label} is refused: ${formatViolations(checked.violations)}`);
}
