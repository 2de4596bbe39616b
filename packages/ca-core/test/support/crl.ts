import { encodeCrl, nextCrlNumber, parseSerial, type Crl, type CrlEntry, type CrlPlan } from "../../src/index.ts";
import { DAY, HOUR, NOW, type Authority } from "./authority.ts";

export function entry(serial: string, reason?: CrlEntry["reason"]): CrlEntry {
  const revokedAt = new Date(NOW.getTime() - HOUR);
  return { serial: parseSerial(serial), revokedAt, ...(reason === undefined ? {} : { reason }) };
}

/** Serials of 16 octets, all different. */
export function manyEntries(count: number, reason?: CrlEntry["reason"]): CrlEntry[] {
  return Array.from({ length: count }, (_, i) => entry(`4a${i.toString(16).padStart(30, "0")}`, reason));
}

export async function newCrl(
  { root, signer }: Authority,
  entries: readonly CrlEntry[],
  changes: Partial<CrlPlan> = {},
): Promise<Crl> {
  const thisUpdate = changes.thisUpdate ?? NOW;
  return encodeCrl({
    root,
    signer,
    number: nextCrlNumber({ now: thisUpdate }),
    thisUpdate,
    nextUpdate: new Date(thisUpdate.getTime() + 30 * DAY),
    entries,
    ...changes,
  });
}
