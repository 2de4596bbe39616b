/**
 * Errors of this package.
 *
 * What a tenant sent is never answered by an exception: `checkCertificationRequest` and `checkAgainstProfile` return
 * violations. A `CaError` means that our own side is at fault (a root that cannot be read, a signer that returns a wrong
 * signature, a certificate that fails its lint) or that a caller broke a contract. Callers switch on `code`; people read
 * `message`. No message holds key material, request bodies or passwords.
 */
export type DerErrorCode =
  | "ERR_DER_EMPTY"
  | "ERR_DER_SIZE"
  | "ERR_DER_TRUNCATED"
  | "ERR_DER_TAG_HIGH"
  | "ERR_DER_TAG_UNSUPPORTED"
  | "ERR_DER_TAG_CONSTRUCTED"
  | "ERR_DER_TAG_PRIMITIVE"
  | "ERR_DER_LENGTH_INDEFINITE"
  | "ERR_DER_LENGTH_NOT_MINIMAL"
  | "ERR_DER_LENGTH_TOO_LONG"
  | "ERR_DER_LENGTH_PAST_END"
  | "ERR_DER_TRAILING"
  | "ERR_DER_DEPTH"
  | "ERR_DER_NODES"
  | "ERR_DER_BOOLEAN"
  | "ERR_DER_DEFAULT_ENCODED"
  | "ERR_DER_INTEGER"
  | "ERR_DER_BIT_STRING"
  | "ERR_DER_NULL"
  | "ERR_DER_OID"
  | "ERR_DER_SET_ORDER"
  | "ERR_DER_SET_DUPLICATE"
  | "ERR_DER_STRING"
  | "ERR_DER_TIME"
  | "ERR_DER_STRUCTURE";

export type PemErrorCode =
  | "ERR_PEM_SIZE"
  | "ERR_PEM_CHARACTER"
  | "ERR_PEM_BEGIN"
  | "ERR_PEM_LABEL"
  | "ERR_PEM_BASE64"
  | "ERR_PEM_NEWLINE"
  | "ERR_PEM_END"
  | "ERR_PEM_TRAILING";

export type CaErrorCode =
  | DerErrorCode
  | PemErrorCode
  | "ERR_CA_KEY"
  | "ERR_SIGNER_KEY"
  | "ERR_SIGNER_SIGNATURE"
  | "ERR_SERIAL"
  | "ERR_LEAF_INPUT"
  | "ERR_LEAF_LINT"
  | "ERR_LEAF_TICKET"
  | "ERR_LEAF_READ_BACK"
  | "ERR_ROOT_INPUT"
  | "ERR_ROOT_PROFILE"
  | "ERR_ROOT_SIGNATURE"
  | "ERR_ROOT_READ_BACK"
  | "ERR_ROOT_UNUSABLE"
  | "ERR_CRL_INPUT"
  | "ERR_CRL_PROFILE"
  | "ERR_CRL_NUMBER";

export class CaError extends Error {
  override readonly name: string = "CaError";
  readonly code: CaErrorCode;

  constructor(code: CaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Bytes that are not DER, or not the structure that was expected. */
export class DerError extends CaError {
  override readonly name: string = "DerError";
  declare readonly code: DerErrorCode;
  /** Byte offset of the fault from the start of the bytes that were read. */
  readonly offset: number;
  /** The rule that was broken, without the place. */
  readonly rule: string;

  constructor(code: DerErrorCode, offset: number, rule: string) {
    super(code, `byte ${offset}: ${rule}`);
    this.offset = offset;
    this.rule = rule;
  }
}

/** Text that is not exactly the one PEM block that was expected (RFC 7468). */
export class PemError extends CaError {
  override readonly name: string = "PemError";
  declare readonly code: PemErrorCode;
}
