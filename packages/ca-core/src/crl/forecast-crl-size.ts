import { authorityKeyIdentifier, extension } from "../certificate/write-extension.ts";
import { TAG } from "../der/tag.ts";
import { header, sequence, tagged, unsignedInteger } from "../der/write.ts";
import { KEY_ALGORITHMS } from "../keys/algorithms.ts";
import { signatureAlgorithmOf } from "../keys/signer.ts";
import { OID } from "../lib/oids.ts";
import type { Root } from "../root/root.ts";
import { CRL_LABEL, MAX_CRL_CHARACTERS } from "./crl.ts";

export interface CrlForecast {
  /** Characters of PEM, at most. */
  readonly characters: number;
  /** Part of what AWS takes: 1 is full. */
  readonly fill: number;
}

const UTC_TIME_OCTETS = 15;
const GENERALIZED_TIME_OCTETS = 17;
const FIRST_GENERALIZED = new Date("2050-01-01T00:00:00Z");
/** INTEGER v2. */
const VERSION_OCTETS = 3;
/** SEQUENCE and INTEGER headers, and the 16 octets of every serial that Capstan makes. */
const ENTRY_OCTETS_WITHOUT_TIME = 2 + 2 + 16;
/** crlEntryExtensions with a reason code. */
const REASON_OCTETS = 14;
/** RFC 5280, 5.2.3 */
const LARGEST_NUMBER = new Uint8Array(20).fill(0x7f);

/**
 * How large a CRL will be: the least upper bound for entries with serials of 16 octets, whatever its number, its dates
 * and its signature turn out to be. A revocation may lie after 2049, and so take two octets more, once the root does.
 *
 * @example forecastCrlSize({ root, entries: 6_000, withReason: 6_000 }).fill // 1.33: AWS would not take it
 */
export function forecastCrlSize(options: {
  readonly root: Root;
  readonly entries: number;
  /** How many of them have a reason other than unspecified. */
  readonly withReason: number;
}): CrlForecast {
  const { root, entries, withReason } = options;
  const algorithm = signatureAlgorithmOf(root.algorithm).length;
  const timeOctets = root.notAfter < FIRST_GENERALIZED ? UTC_TIME_OCTETS : GENERALIZED_TIME_OCTETS;
  const list = entries * (ENTRY_OCTETS_WITHOUT_TIME + timeOctets) + withReason * REASON_OCTETS;
  const extensions = tagged(
    0,
    sequence(authorityKeyIdentifier(root.ski), extension(OID.crlNumber, false, unsignedInteger(LARGEST_NUMBER))),
  );
  const tbs = octetsOf(
    VERSION_OCTETS +
      algorithm +
      root.subjectDer.length +
      2 * GENERALIZED_TIME_OCTETS +
      (entries === 0 ? 0 : octetsOf(list)) +
      extensions.length,
  );
  const characters = pemCharacters(octetsOf(tbs + algorithm + octetsOf(1 + largestSignature(root))));
  return { characters, fill: characters / MAX_CRL_CHARACTERS };
}

/** A value whose content has so many octets. Tags have one octet each. */
function octetsOf(content: number): number {
  return header(TAG.sequence, content).length + content;
}

function largestSignature({ algorithm }: Root): number {
  const facts = KEY_ALGORITHMS[algorithm];
  // Two INTEGERs as long as the curve's order, behind a sign octet each.
  return facts.kind === "RSA" ? facts.modulusBits / 8 : octetsOf(2 * octetsOf(facts.coordinateBytes + 1));
}

/** Lines of 64 characters, a newline after each (RFC 7468). */
function pemCharacters(octets: number): number {
  const base64 = Math.ceil(octets / 3) * 4;
  return base64 + Math.ceil(base64 / 64) + `-----BEGIN ${CRL_LABEL}-----\n-----END ${CRL_LABEL}-----\n`.length;
}
