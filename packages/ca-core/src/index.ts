export { CaError, DerError, PemError, type CaErrorCode, type DerErrorCode, type PemErrorCode } from "./errors.ts";
export { formatViolations, type CheckResult, type Violation, type ViolationCode } from "./violation.ts";

export { decodePem, decodePemBundle, encodePem, type PemBlock, type PemOptions } from "./der/pem.ts";

export {
  KEY_ALGORITHM_NAMES,
  LEAF_KEY_ALGORITHM_NAMES,
  type KeyAlgorithm,
  type LeafKeyAlgorithm,
  type SigningHash,
} from "./keys/algorithms.ts";
export { exportUnencryptedPrivateKey, generateCaKey, importCaKey, type CaKey } from "./keys/ca-key.ts";
export type { PublicKey } from "./keys/check-public-key.ts";
export { checkModulusIsComposite } from "./keys/composite-modulus.ts";
export type { Signer, SigningRequest } from "./keys/signer.ts";

export type { AttributeType, NameAttribute } from "./name/attribute-types.ts";
export { formatName } from "./name/format-name.ts";
export type { SanKind, SubjectAlternativeName } from "./san/subject-alternative-name.ts";

export type { CertificationRequest, RequestedExtensions } from "./csr/certification-request.ts";
export { checkCertificationRequest, MAX_REQUEST_BYTES } from "./csr/check-certification-request.ts";
export { createCertificationRequest, type CertificationRequestPlan } from "./csr/create-certification-request.ts";

export { isReservedName, ownCommonName, type OwnLeafRole } from "./profile/reserved-names.ts";
export { checkAgainstProfile, type ProfileQuestion } from "./profile/check-against-profile.ts";
export { checkUsageCount } from "./profile/check-usages.ts";
export { PROFILES, type Profile, type ProfileName, type SanRule, type SubjectRule } from "./profile/profiles.ts";
export { isUsage, usagesOf, type Usage } from "./profile/usages.ts";

export { issueLeaf, type Leaf } from "./certificate/issue-leaf.ts";
export { prepareLeaf, type LeafPlan, type PreparedLeaf } from "./certificate/prepare-leaf.ts";
export { parseSerial, type RandomBytes, type SerialHex } from "./certificate/serial.ts";
export type { LeafTicket } from "./certificate/ticket.ts";
export { chooseValidity, type Validity, type ValidityQuestion } from "./certificate/validity.ts";

export { createRoot, type CreateRootOptions, type RootSubject } from "./root/create-root.ts";
export { assertRootUsable, readRoot, type ReadRootOptions } from "./root/read-root.ts";
export type { Root } from "./root/root.ts";

export { checkCrlBeforePublication, type PublicationQuestion } from "./crl/check-crl-before-publication.ts";
export { CrlEntries } from "./crl/crl-entries.ts";
export { MAX_CRL_CHARACTERS, REVOCATION_REASONS, type Crl, type CrlEntry, type RevocationReason } from "./crl/crl.ts";
export { nextCrlNumber, parseCrlNumber, type CrlNumber } from "./crl/crl-number.ts";
export { encodeCrl, type CrlPlan } from "./crl/encode-crl.ts";
export { forecastCrlSize, type CrlForecast } from "./crl/forecast-crl-size.ts";
export { mayDropEntry } from "./crl/may-drop-entry.ts";
export { readCrl } from "./crl/read-crl.ts";

export { quote } from "./lib/quote.ts";

export type { RotationAction, RotationActionName } from "./rotation/action.ts";
export { crlToKeep } from "./rotation/crl-to-keep.ts";
export { countReading } from "./rotation/count-reading.ts";
export type {
  AnchorObservation,
  AnchorReading,
  CanaryResult,
  ClockReadings,
  CrlReading,
  ForeignRoot,
  FreezeState,
  GenerationObservation,
  GenerationPhase,
  Operation,
  RemovalIntent,
  RotationObservation,
} from "./rotation/observation.ts";
export { planRotation, type RotationPlan } from "./rotation/plan-rotation.ts";
export { nextRotationAt, rotationPolicy, type RotationPolicy } from "./rotation/policy.ts";
export type { WaitCode, WaitReason } from "./rotation/reason.ts";
export { trustedTime, type TrustedTime } from "./rotation/trusted-time.ts";
