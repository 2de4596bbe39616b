import type { RevocationList } from "@capstan/api";
import { REVOCATION_REASONS, type RevocationReason } from "@capstan/ca-core";

/** One revoked serial, as a RevocationList holds it. Times are seconds since 1970. */
export interface RevocationEntry {
  readonly serial: string;
  readonly revokedAt: number;
  readonly reason: RevocationReason;
  /** The certificate's notAfter: what decides when the entry may be dropped. */
  readonly notAfter: number;
  readonly actor: string;
}

const reasons = new Map(
  Object.entries(REVOCATION_REASONS).map(([reason, code]): [number, RevocationReason] => [
    code,
    reason as RevocationReason,
  ]),
);

/** As in the schema of RevocationList. */
const pattern =
  /^(?<serial>[0-9a-f]{2,40}) (?<revokedAt>\d{1,12}) (?<reasonCode>\d{1,2}) (?<notAfter>\d{1,12}) (?<actorIndex>\d{1,5})$/;

/**
 * Reads the compact entries of a RevocationList.
 *
 * Throws on the first entry that cannot be read: a CRL is never built from a part of its list.
 */
export function parseEntries(spec: Pick<RevocationList["spec"], "entries" | "actors">): readonly RevocationEntry[] {
  const actors = spec.actors ?? [];
  return (spec.entries ?? []).map((text, index) => {
    const { serial, revokedAt, reasonCode, notAfter, actorIndex } = pattern.exec(text)?.groups ?? {};
    const reason = reasons.get(Number(reasonCode));
    const actor = actors[Number(actorIndex)];
    if (serial === undefined || reason === undefined || actor === undefined) {
      throw new Error(
        `RevocationList entry ${index} cannot be read: five fields, a known reason code and an actor are needed`,
      );
    }
    return { serial, revokedAt: Number(revokedAt), reason, notAfter: Number(notAfter), actor };
  });
}

/** The publisher itself, as the revoker of its sentinels. */
export const sentinelActor = "capstan-crl-publisher";

/** Stands for the names of revokers that the list has no room for: the ledger has them. */
export const elsewhere = "(see the ledger)";

/** Characters of revokers' names, so that etcd takes a list that is full of entries, too. */
const mostActorCharacters = 262_144;

/** The reverse of {@link parseEntries}; each actor is stored once, and beyond 256 KiB of them not at all. */
export function formatEntries(entries: readonly RevocationEntry[]): {
  readonly entries: string[];
  readonly actors: string[];
} {
  const actors = new Map<string, number>();
  let characters = 0;
  const nameOf = (actor: string): string => {
    if (actors.has(actor) || actor === sentinelActor || characters + actor.length <= mostActorCharacters) return actor;
    return elsewhere;
  };
  const lines = entries.map((entry) => {
    const name = nameOf(entry.actor);
    const known = actors.get(name);
    const actor = known ?? actors.size;
    if (known === undefined) {
      actors.set(name, actor);
      characters += name.length;
    }
    return `${entry.serial} ${entry.revokedAt} ${REVOCATION_REASONS[entry.reason]} ${entry.notAfter} ${actor}`;
  });
  return { entries: lines, actors: [...actors.keys()] };
}

const entriesByList = new WeakMap<RevocationList["spec"], ReadonlyMap<string, RevocationEntry>>();

/** A list's entry for a serial. The list is read strictly, as by {@link parseEntries}: once per version, for many revocations. */
export function entryOf(spec: RevocationList["spec"], serial: string): RevocationEntry | undefined {
  const known = entriesByList.get(spec);
  if (known !== undefined) return known.get(serial);
  const entries = new Map(parseEntries(spec).map((entry) => [entry.serial, entry]));
  entriesByList.set(spec, entries);
  return entries.get(serial);
}
