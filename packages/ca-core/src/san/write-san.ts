import { encodingOf, readDer } from "../der/read.ts";
import { contextPrimitive } from "../der/tag.ts";
import { sequence, tlv } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { fromHex } from "../lib/bytes.ts";
import { quote } from "../lib/quote.ts";
import { parseIp } from "./ip-address.ts";
import { SAN_KINDS, type SubjectAlternativeName } from "./subject-alternative-name.ts";

/**
 * GeneralNames of the kinds whose value is text, which has one encoding, and otherNames as they are.
 * @throws CaError ERR_LEAF_INPUT for a value that its kind cannot hold
 */
export function writeSan(names: readonly SubjectAlternativeName[]): Uint8Array {
  return sequence(...names.map(writeGeneralName));
}

function writeGeneralName(name: SubjectAlternativeName): Uint8Array {
  const { kind, value } = name;
  if (kind === "otherName" && /^a0([0-9a-f]{2})+$/.test(value)) return oneValue(name);
  return tlv(contextPrimitive(SAN_KINDS.indexOf(kind)), octetsOf(name));
}

/** Exactly one value: behind it another name could hide. What is in it, profile and lint judge. */
function oneValue({ kind, value }: SubjectAlternativeName): Uint8Array {
  try {
    return encodingOf(readDer(fromHex(value)));
  } catch (cause) {
    throw new CaError("ERR_LEAF_INPUT", `a subject alternative name of kind ${kind} is not one DER value`, { cause });
  }
}

function octetsOf({ kind, value }: SubjectAlternativeName): Uint8Array {
  if (kind === "IP") {
    const octets = parseIp(value);
    if (octets !== undefined) return octets;
  } else if ((kind === "DNS" || kind === "URI" || kind === "Email") && /^[\x21-\x7e]+$/.test(value)) {
    return new TextEncoder().encode(value);
  }
  throw new CaError("ERR_LEAF_INPUT", `a subject alternative name of kind ${kind} cannot hold ${quote(value)}`);
}
