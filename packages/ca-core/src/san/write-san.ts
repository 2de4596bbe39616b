import { contextPrimitive } from "../der/tag.ts";
import { sequence, tlv } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { quote } from "../lib/quote.ts";
import { parseIp } from "./ip-address.ts";
import { SAN_KINDS, type SubjectAlternativeName } from "./subject-alternative-name.ts";

/**
 * GeneralNames of the kinds whose value is text.
 * @throws CaError ERR_LEAF_INPUT for a value that its kind cannot hold
 */
export function writeSan(names: readonly SubjectAlternativeName[]): Uint8Array {
  return sequence(...names.map((name) => tlv(contextPrimitive(SAN_KINDS.indexOf(name.kind)), octetsOf(name))));
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
