import { randomBytes, X509Certificate } from "node:crypto";
import { wholeOctetsOf } from "../der/fields.ts";
import { readDer } from "../der/read.ts";
import { bitString, sequence } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { MAX_PATH_LENGTH } from "../certificate/path-length.ts";
import { randomSerial, type RandomBytes } from "../certificate/serial.ts";
import { checkPublicKey } from "../keys/check-public-key.ts";
import { signatureAlgorithmOf, signVerified, type Signer } from "../keys/signer.ts";
import { equalBytes, sha1 } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { quote } from "../lib/quote.ts";
import { PROFILES, type ProfileName } from "../profile/profiles.ts";
import type { SecondReading } from "../x509/read-certificate-again.ts";
import { readRoot } from "./read-root.ts";
import type { Root } from "./root.ts";

export interface RootSubject {
  /** The same in every generation: trust policies match on `x509Issuer/CN`. */
  readonly commonName: string;
  readonly organization?: string;
}

export interface CreateRootOptions {
  readonly subject: RootSubject;
  /** 1, 2, 3…; becomes the subject's serialNumber attribute, so that each generation has a name of its own. */
  readonly generation: number;
  readonly notBefore: Date;
  /** Inclusive. */
  readonly notAfter: Date;
  readonly signer: Signer;
  /** Default: RolesAnywhere. */
  readonly profile?: ProfileName;
  /**
   * How many CAs may stand between this root and a leaf, 0 to 255. Profile RolesAnywhere has always 0; in General there is
   * no bound when it is absent.
   */
  readonly pathLength?: number;
  readonly random?: RandomBytes;
}

/** As for leaves: AWS maps the issuer's name into session tags, and refuses the session over what it cannot map. */
const VALUE = /^[A-Za-z0-9_.:=+@-]([A-Za-z0-9 _.:=+@-]{0,62}[A-Za-z0-9_.:=+@-])?$/;

/**
 * Makes the self-signed root of one generation and reads it back with the strict reader, OpenSSL and pkijs. Signed with
 * SHA-256; in profile General with SHA-384 by a P-384 key.
 *
 * @throws CaError ERR_ROOT_INPUT, ERR_SIGNER_SIGNATURE, ERR_ROOT_READ_BACK
 *
 * @example
 * const first = await createRoot({
 *   subject: { commonName: "Example Fleet CA", organization: "Example Corp" },
 *   generation: 1,
 *   notBefore: now,
 *   notAfter: new Date(now.getTime() + 365 * 86_400_000),
 *   signer,
 * });
 */
export async function createRoot(options: CreateRootOptions): Promise<Root> {
  const { subject, generation, signer, profile = "RolesAnywhere", random = randomBytes } = options;
  assertValue("commonName", subject.commonName);
  if (subject.organization !== undefined) assertValue("organization", subject.organization);
  if (!(Number.isSafeInteger(generation) && generation >= 1 && generation < 1_000_000_000)) {
    throw inputError("generation must be a whole number from 1");
  }
  const notBefore = wholeSecond(options.notBefore, "notBefore");
  const notAfter = wholeSecond(options.notAfter, "notAfter");
  if (notAfter <= notBefore) throw inputError("notAfter must be after notBefore");
  const pathLength = pathLengthOf(options);

  const spkiNode = readDer(signer.publicKeySpki);
  const key = checkPublicKey(spkiNode, "signer");
  if (!key.ok) throw inputError(`the signer's key is refused: ${key.violations[0].rule}`);
  const bits = spkiNode.children[1];
  if (bits === undefined || key.value.algorithm !== signer.algorithm)
    throw inputError("the signer's key is not what it says");

  const hash = PROFILES[profile].signingHash[signer.algorithm];
  const serial = randomSerial(random);
  // Loaded only when a root is made: they take 30 MB, and whoever signs leaves or CRLs never needs them.
  const { buildRootTbs } = await import("../x509/build-certificate.ts");
  const { readCertificateAgain } = await import("../x509/read-certificate-again.ts");
  const tbs = await buildRootTbs({
    subject: [
      { type: "CN", value: subject.commonName },
      ...(subject.organization === undefined ? [] : [{ type: "O", value: subject.organization }]),
      { type: "serialNumber", value: String(generation) },
    ],
    serial,
    notBefore,
    notAfter,
    spki: signer.publicKeySpki,
    algorithm: signer.algorithm,
    hash,
    pathLength,
    ski: sha1(wholeOctetsOf(bits, "subjectPublicKey")),
  });
  const signature = await signVerified(signer, tbs, key.value.keyObject, hash);
  const der = sequence(tbs, signatureAlgorithmOf(signer.algorithm, hash), bitString(signature));
  const root = readRoot(der, { profile });
  const expected = { ...options, notBefore, notAfter, pathLength };
  assertReadBack(root, { expected, serial, pkijs: readCertificateAgain(root.der) });
  return root;
}

function pathLengthOf({ profile = "RolesAnywhere", pathLength }: CreateRootOptions): number | undefined {
  if (PROFILES[profile].rootPathLength === 0) {
    if (pathLength === undefined || pathLength === 0) return 0;
    throw inputError(`pathLength must be 0 in profile ${profile}`);
  }
  if (pathLength === undefined) return undefined;
  const isWhole = Number.isSafeInteger(pathLength) && pathLength >= 0 && pathLength <= MAX_PATH_LENGTH;
  if (!isWhole) throw inputError(`pathLength must be a whole number from 0 to ${MAX_PATH_LENGTH}`);
  return pathLength;
}

/** What came out says what was asked for, in the eyes of all three readers. */
function assertReadBack(
  root: Root,
  planned: {
    readonly expected: Omit<CreateRootOptions, "pathLength"> & { readonly pathLength: number | undefined };
    readonly serial: string;
    readonly pkijs: SecondReading;
  },
): void {
  const { expected, serial, pkijs } = planned;
  const openssl = new X509Certificate(root.der);
  const values = root.subject.map(({ type, value }) => `${type}=${value}`).join("/");
  const { commonName, organization } = expected.subject;
  const facts: { readonly [fact: string]: boolean } = {
    bytes: equalBytes(openssl.raw, root.der),
    subject:
      values ===
      `CN=${commonName}${organization === undefined ? "" : `/O=${organization}`}/serialNumber=${expected.generation}`,
    generation: root.generation === expected.generation,
    CA: openssl.ca && root.pathLength === expected.pathLength,
    serial: openssl.serialNumber.toLowerCase() === serial && pkijs.serial === serial,
    notBefore: sameInstant(expected.notBefore, root.notBefore, new Date(openssl.validFrom), pkijs.notBefore),
    notAfter: sameInstant(expected.notAfter, root.notAfter, new Date(openssl.validTo), pkijs.notAfter),
    key:
      equalBytes(pkijs.spki, root.spki) &&
      equalBytes(openssl.publicKey.export({ format: "der", type: "spki" }), root.spki),
    extensions: pkijs.extensionOids.join() === [OID.basicConstraints, OID.keyUsage, OID.subjectKeyIdentifier].join(),
    signature: openssl.verify(openssl.publicKey),
  };
  const wrong = Object.keys(facts).filter((fact) => facts[fact] !== true);
  if (wrong.length > 0)
    throw new CaError("ERR_ROOT_READ_BACK", `root: not as planned when read back: ${wrong.join(", ")}`);
}

function sameInstant(...dates: readonly Date[]): boolean {
  return new Set(dates.map((date) => date.getTime())).size === 1;
}

function wholeSecond(date: Date, name: string): Date {
  const seconds = Math.floor(date.getTime() / 1000) * 1000;
  if (!(seconds >= Date.UTC(2000, 0, 1) && seconds < Date.UTC(2100, 0, 1))) {
    throw inputError(`${name} must be a date in the years 2000 to 2099`);
  }
  return new Date(seconds);
}

function assertValue(name: string, value: string): void {
  if (VALUE.test(value)) return;
  throw inputError(
    `${name} ${quote(value)}: 1 to 64 letters, digits, inner spaces and _ . : = + @ - (AWS maps it into a tag)`,
  );
}

function inputError(rule: string): CaError {
  return new CaError("ERR_ROOT_INPUT", `root: ${rule}`);
}
