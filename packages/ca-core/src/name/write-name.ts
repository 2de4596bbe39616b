import { TAG } from "../der/tag.ts";
import { objectIdentifier, sequence, setOf, stringOf } from "../der/write.ts";
import { attributeOidOf, type NameAttribute } from "./attribute-types.ts";

/** What a PrintableString may hold (X.680, 41.4). */
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]+$/;

/** A Name with one attribute per RDN, in the given order: PrintableString where it fits, else UTF8String. */
export function writeName(attributes: readonly Pick<NameAttribute, "type" | "value">[]): Uint8Array {
  return sequence(
    ...attributes.map(({ type, value }) => {
      const tag = PRINTABLE.test(value) ? TAG.printableString : TAG.utf8String;
      return setOf(sequence(objectIdentifier(attributeOidOf(type) ?? type), stringOf(tag, value)));
    }),
  );
}
