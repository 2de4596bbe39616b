import { type Crl, encodeCrl, parseCrlNumber, parseSerial } from "@capstan/ca-core";
import type { Generation } from "../../src/authority/generation-store.ts";
import { after, day, hour, minute } from "./objects.ts";

/** A CRL of the generation from a minute ago, which names the serials. */
export async function signedCrl(
  { root, key }: Generation,
  crlNumber: number,
  serials: readonly string[] = ["4f1c"],
): Promise<Crl> {
  return encodeCrl({
    root,
    signer: key,
    number: parseCrlNumber(String(crlNumber)),
    thisUpdate: after(-minute),
    nextUpdate: after(30 * day),
    entries: serials.map((serial) => ({ serial: parseSerial(serial), revokedAt: after(-hour), reason: "superseded" })),
  });
}
