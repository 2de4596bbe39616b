import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { encodePem } from "../der/pem.ts";
import { bitString, objectIdentifier, sequence, setOf, tagged, unsignedInteger } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { SIGNATURE_ALGORITHM_DER } from "../keys/algorithms.ts";
import { OID } from "../lib/oids.ts";
import { formatViolations } from "../violation.ts";
import type { NameAttribute } from "../name/attribute-types.ts";
import { writeName } from "../name/write-name.ts";
import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import { writeSan } from "../san/write-san.ts";
import { extension } from "../certificate/write-extension.ts";
import { checkCertificationRequest } from "./check-certification-request.ts";

/** What a request is made of. */
export interface CertificationRequestPlan {
  /** RSA or EC. It signs the request and is not part of it. */
  readonly privateKey: KeyObject;
  /** In the order of the certificate. */
  readonly subject: readonly Pick<NameAttribute, "type" | "value">[];
  readonly subjectAlternativeNames?: readonly SubjectAlternativeName[];
}

const VERSION_1 = unsignedInteger(Uint8Array.of(0));

/**
 * A PKCS#10 request (RFC 2986) in PEM, signed with SHA-256. It is held against the same rules as a request of somebody
 * else's before it is returned.
 *
 * @throws CaError ERR_LEAF_INPUT for a name that its kind cannot hold, and for what no issuer would take; the message says what
 *
 * @example
 * createCertificationRequest({ privateKey, subject: [{ type: "CN", value: "web.demo" }] });
 */
export function createCertificationRequest(plan: CertificationRequestPlan): string {
  const { privateKey, subject, subjectAlternativeNames = [] } = plan;
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const san = subjectAlternativeNames.length === 0 ? [] : [sanRequest(subjectAlternativeNames)];
  const info = sequence(VERSION_1, writeName(subject), spki, tagged(0, ...san));
  const kind = privateKey.asymmetricKeyType === "rsa" ? "RSA" : "EC";
  const signature = sign("sha256", info, privateKey);
  const der = sequence(info, SIGNATURE_ALGORITHM_DER[kind].sha256, bitString(signature));
  const pem = encodePem("CERTIFICATE REQUEST", der);
  const checked = checkCertificationRequest(pem);
  if (checked.ok) return pem;
  throw new CaError("ERR_LEAF_INPUT", `the request would be refused: ${formatViolations(checked.violations)}`);
}

/** extensionRequest (RFC 2985, 5.4.2) with a subjectAltName. */
function sanRequest(names: readonly SubjectAlternativeName[]): Uint8Array {
  const wanted = sequence(extension(OID.subjectAltName, false, writeSan(names)));
  return sequence(objectIdentifier(OID.extensionRequest), setOf(wanted));
}
