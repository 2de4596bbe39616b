import { KEY_ALGORITHMS } from "../keys/algorithms.ts";
import type { Root } from "../root/root.ts";
import { MAX_CRL_CHARACTERS } from "./crl.ts";

export interface CrlForecast {
  /** Characters of PEM, at most. */
  readonly characters: number;
  /** Part of what AWS takes: 1 is full. */
  readonly fill: number;
}

/** An entry with a 16-octet serial and UTCTime; the reason's extension. */
const ENTRY_BYTES = 35;
const REASON_BYTES = 14;
/** Versions, times, numbers and headers, generously. */
const FRAME_BYTES = 220;

/** How large a CRL will be: an upper bound, for serials of 16 octets. */
export function forecastCrlSize(options: {
  readonly root: Root;
  readonly entries: number;
  /** How many of them have a reason other than unspecified. */
  readonly withReason: number;
}): CrlForecast {
  const { root, entries, withReason } = options;
  const facts = KEY_ALGORITHMS[root.algorithm];
  const signatureBytes = facts.kind === "RSA" ? facts.modulusBits / 8 : 2 * facts.coordinateBytes + 9;
  const derBytes =
    FRAME_BYTES + signatureBytes + root.subjectDer.length + entries * ENTRY_BYTES + withReason * REASON_BYTES;
  const base64 = Math.ceil(derBytes / 3) * 4;
  const characters = base64 + Math.ceil(base64 / 64) + "-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n".length;
  return { characters, fill: characters / MAX_CRL_CHARACTERS };
}
