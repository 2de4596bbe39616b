import type { SerialHex } from "@capstan/ca-core";
import type { PresentedCertificate } from "../presented-certificate.ts";

/** What somebody asks about: a serial number, with whatever else came along with it. */
export interface Clue {
  /** As it was given. */
  readonly given: string;
  /** What its serial number may be, the likelier first: a text of digits alone can be read in two ways. */
  readonly serials: readonly [SerialHex, ...SerialHex[]];
  readonly certificate?: PresentedCertificate | undefined;
  readonly session?: SessionClaims | undefined;
}

/** What CloudTrail says of the session that a serial number came from. */
export interface SessionClaims {
  /** When the event happened, RFC 3339. */
  readonly eventTime: string;
  /** When the session was opened, in milliseconds since 1970: the certificate was valid then. */
  readonly openedAt?: number | undefined;
  readonly roleArn?: string | undefined;
  /** Name of the session that was opened. */
  readonly sessionName?: string | undefined;
  readonly sourceIdentity?: string | undefined;
  /** By key, like `x509Subject/CN`. */
  readonly tags: Readonly<Record<string, string>>;
  /** Why AWS refused to open it. */
  readonly refusal?: string | undefined;
}
