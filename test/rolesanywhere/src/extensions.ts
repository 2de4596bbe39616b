import { booleanValue, DerError, type DerReader, oidValue, TAG } from "./der.ts";

export interface Extension {
  readonly critical: boolean;
  /** The octets inside extnValue. */
  readonly value: Uint8Array;
}

/** Reads `Extensions` (RFC 5280, 4.1.2.9) into a map by OID. Refuses an empty list and an extension given twice. */
export function readExtensions(list: DerReader, at: string): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (list.done) throw new DerError(`${at}: an empty list of extensions`);
  while (!list.done) {
    const extension = list.enter(TAG.sequence, "extension");
    const oid = oidValue(extension.next(TAG.oid).content, at);
    const flag = extension.optional(TAG.boolean);
    const critical = flag !== undefined && booleanValue(flag.content, `${at}.${oid}`);
    if (flag !== undefined && !critical) throw new DerError(`${at}.${oid}: critical FALSE written out`);
    const value = extension.next(TAG.octetString).content;
    extension.end();
    if (extensions.has(oid)) throw new DerError(`${at}: extension ${oid} twice`);
    extensions.set(oid, { critical, value });
  }
  return extensions;
}
