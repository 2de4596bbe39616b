import { fieldsOf, oidOf, wholeOctetsOf } from "../der/fields.ts";
import { contentOf, encodingOf, readDer, type DerNode } from "../der/read.ts";
import { decodePem } from "../der/pem.ts";
import { TAG, contextConstructed } from "../der/tag.ts";
import { DER_NULL } from "../der/write.ts";
import { DerError, PemError } from "../errors.ts";
import { KEY_ALGORITHMS, REQUEST_SIGNATURE_ALGORITHMS } from "../keys/algorithms.ts";
import { checkPublicKey, type CheckedKey } from "../keys/check-public-key.ts";
import { assertSignatureForm, verifySignature } from "../keys/signature.ts";
import { equalBytes, plain } from "../lib/bytes.ts";
import { readName } from "../name/read-name.ts";
import { resultOf, type CheckResult, type Violation, type ViolationCode } from "../violation.ts";
import type { CertificationRequest } from "./certification-request.ts";
import { readAttributes } from "./read-attributes.ts";

/** Of the PEM. */
export const MAX_REQUEST_BYTES = 16_384;
const MAX_DER_BYTES = 8_192;
/** RFC 7468, 7: both labels are in use. */
const LABELS = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

const FIELD = "spec.request";
const PREFIX = `${FIELD}: `;

/**
 * Checks one PEM-encoded PKCS#10 request (RFC 2986) from an untrusted sender, cheap checks first: size and PEM, strict
 * DER, structure and names, key policy, signature algorithm, and last the proof of possession over the bytes as they
 * were sent. Never throws for any input; reports every violation that can be found at once.
 *
 * Whether the requester may have what the request asks for is decided later, by `checkAgainstProfile` and by policy.
 *
 * @example
 * const checked = checkCertificationRequest(requestPem);
 * if (!checked.ok) console.error(formatViolations(checked.violations));
 */
export function checkCertificationRequest(pem: Uint8Array | string): CheckResult<CertificationRequest> {
  try {
    const { der } = decodePem(pem, { labels: LABELS, maxBytes: MAX_REQUEST_BYTES });
    return checkRequest(readDer(der, { maxBytes: MAX_DER_BYTES }));
  } catch (error) {
    if (error instanceof DerError || error instanceof PemError) {
      return { ok: false, violations: [{ code: error.code, field: FIELD, rule: error.message }] };
    }
    throw error;
  }
}

function checkRequest(node: DerNode): CheckResult<CertificationRequest> {
  const outer = fieldsOf(node, TAG.sequence, "CertificationRequest");
  const infoNode = outer.take(TAG.sequence, "certificationRequestInfo");
  const algorithmNode = outer.take(TAG.sequence, "signatureAlgorithm");
  const signatureNode = outer.take(TAG.bitString, "signature");
  outer.end();

  const info = fieldsOf(infoNode, TAG.sequence, "certificationRequestInfo");
  const version = info.take(TAG.integer, "version");
  const subjectNode = info.take(TAG.sequence, "subject");
  const spkiNode = info.take(TAG.sequence, "subjectPKInfo");
  const attributesNode = info.take(contextConstructed(0), "attributes");
  info.end();

  const violations: Violation[] = [];
  if (!equalBytes(contentOf(version), Uint8Array.of(0))) {
    const rule = "the version must be 0, which means v1 (RFC 2986, 4.1)";
    violations.push({ code: "ERR_CSR_VERSION", field: `${PREFIX}version`, rule });
  }
  const subject = readName(subjectNode, `${PREFIX}subject`);
  const attributes = readAttributes(attributesNode, PREFIX);
  const key = checkPublicKey(spkiNode, `${PREFIX}public key`);
  violations.push(...subject.violations, ...attributes.violations, ...(key.ok ? [] : key.violations));
  // A refused key proves nothing, and may be made so that verifying with it is slow.
  if (key.ok) violations.push(...checkPossession(key.value, encodingOf(infoNode), algorithmNode, signatureNode));

  return resultOf(violations, () => ({
    subject: subject.attributes,
    sharedRdnTypes: subject.sharedRdnTypes,
    subjectDer: plain(encodingOf(subjectNode)),
    subjectAlternativeNames: attributes.subjectAlternativeNames,
    publicKey: publicPartOf(key),
    requested: attributes.requested,
    ignored: attributes.ignored,
  }));
}

function publicPartOf(key: CheckResult<CheckedKey>): CertificationRequest["publicKey"] {
  if (!key.ok) throw new TypeError("a refused key was about to be used");
  const { algorithm, spki, sha256 } = key.value;
  return { algorithm, spki, sha256 };
}

function checkPossession(
  key: CheckedKey,
  signed: Uint8Array,
  algorithmNode: DerNode,
  signatureNode: DerNode,
): Violation[] {
  const field = `${PREFIX}signature`;
  const violation = (code: ViolationCode, rule: string): Violation[] => [{ code, field, rule }];

  const identifier = fieldsOf(algorithmNode, TAG.sequence, "signatureAlgorithm");
  const oid = oidOf(identifier.takeAny("algorithm"), "algorithm");
  const accepted = Object.hasOwn(REQUEST_SIGNATURE_ALGORITHMS, oid) ? REQUEST_SIGNATURE_ALGORITHMS[oid] : undefined;
  if (accepted === undefined) {
    return violation(
      "ERR_SIGNATURE_ALGORITHM",
      `the signature algorithm ${oid} is not accepted: use SHA-256 or stronger`,
    );
  }
  if (accepted.kind !== KEY_ALGORITHMS[key.algorithm].kind) {
    return violation(
      "ERR_SIGNATURE_KEY_MISMATCH",
      `the signature algorithm ${oid} does not fit a key of type ${key.algorithm}`,
    );
  }
  const expected = accepted.kind === "RSA" ? DER_NULL : new Uint8Array(0);
  const oidNode = algorithmNode.children[0];
  if (oidNode === undefined || !equalBytes(algorithmNode.source.subarray(oidNode.end, algorithmNode.end), expected)) {
    return violation(
      "ERR_SIGNATURE_ALGORITHM",
      "the parameters must be NULL for RSA and absent for ECDSA and Ed25519 (RFC 4055, RFC 5758, RFC 8410)",
    );
  }
  try {
    const signature = wholeOctetsOf(signatureNode, "signature");
    assertSignatureForm(key.algorithm, signature);
    if (verifySignature(accepted.hash, signed, key.keyObject, signature)) return [];
  } catch (error) {
    if (error instanceof DerError || error instanceof RangeError)
      return violation("ERR_SIGNATURE_ENCODING", error.message);
    throw error;
  }
  return violation(
    "ERR_SIGNATURE_INVALID",
    "the signature does not verify: the sender has not shown to hold the private key",
  );
}
