import type { IssuedCertificate, Revocation } from "@capstan/api";
import type { Root } from "@capstan/ca-core";
import type { ReadonlyStore } from "@capstan/kube";
import { capacityMarks, capacityOf, type EntryCount } from "../crl/crl-capacity.ts";

type Reason = Revocation["spec"]["reason"];

/** Who wants something revoked: an administrator in Capstan's namespace, a workload's namespace, or nobody but a deletion. */
export type Revoker = "administrator" | "tenant" | "deletion";

interface Share {
  /** How full the CRL may become with it; 1 is full. */
  readonly ofCrl: number;
  /** How much of the CRL the leaves of one namespace may take; 1 is all of it. */
  readonly ofNamespace: number;
}

/**
 * Who may take how much of a CRL: one namespace cannot take the room of the others, and whatever fills it, the last
 * twentieth is left for an administrator whose keys leaked.
 */
export const shares: Readonly<Record<Revoker, Readonly<Record<"keyCompromise" | "other", Share>>>> = {
  administrator: {
    keyCompromise: { ofCrl: 1, ofNamespace: 1 },
    other: { ofCrl: capacityMarks.full, ofNamespace: 1 },
  },
  tenant: {
    keyCompromise: { ofCrl: capacityMarks.full, ofNamespace: 0.5 },
    other: { ofCrl: 0.9, ofNamespace: 0.25 },
  },
  deletion: {
    keyCompromise: { ofCrl: 0.5, ofNamespace: 0.1 },
    other: { ofCrl: 0.5, ofNamespace: 0.1 },
  },
};

/** Counts are taken anew so often: what expired is gone then, and what was admitted meanwhile is in the cache. */
const recountMs = 5_000;

interface Count {
  readonly at: number;
  readonly all: EntryCount;
  readonly byNamespace: Map<string, EntryCount>;
}

const none: EntryCount = { entries: 0, withReason: 0 };

/** What is revoked of each generation, and so how much room the CRL of each has left. For one process that admits alone. */
export class RevocationRoom {
  readonly #records: Pick<ReadonlyStore<IssuedCertificate>, "byIndex">;
  readonly #now: () => Date;
  readonly #counts = new Map<string, Count>();

  constructor(options: {
    /** The ledger's revoked records, with index "authority". */
    readonly records: Pick<ReadonlyStore<IssuedCertificate>, "byIndex">;
    readonly now: () => Date;
  }) {
    this.#records = options.records;
    this.#now = options.now;
  }

  /** Takes room for one more leaf. Returns why there is none for it, or undefined. */
  take(leaf: {
    readonly authority: string;
    readonly generation: number;
    readonly root: Root;
    /** Whose leaf it is. */
    readonly namespace: string | undefined;
    readonly reason: Reason;
    readonly revoker: Revoker;
  }): string | undefined {
    const { root, namespace = "", reason, revoker } = leaf;
    const count = this.#countOf(leaf);
    const share = shares[revoker][reason === "keyCompromise" ? "keyCompromise" : "other"];
    const all = plus(count.all, reason);
    const own = plus(count.byNamespace.get(namespace) ?? none, reason);
    const { fill } = capacityOf({ root, count: all });
    if (fill > share.ofCrl) return messageOfCrl(fill, share.ofCrl);
    const ownFill = capacityOf({ root, count: own }).fill;
    if (ownFill > share.ofNamespace) {
      return `the revoked certificates of namespace ${namespace} take ${percent(ownFill)} of the CRL, and one namespace may take ${percent(share.ofNamespace)}; an administrator can revoke it in Capstan's namespace`;
    }
    count.byNamespace.set(namespace, own);
    this.#counts.set(idOf(leaf), { ...count, all });
    return undefined;
  }

  #countOf(leaf: { readonly authority: string; readonly generation: number }): Count {
    const now = this.#now().getTime();
    const known = this.#counts.get(idOf(leaf));
    if (known !== undefined && Math.abs(now - known.at) < recountMs) return known;
    let all = none;
    const byNamespace = new Map<string, EntryCount>();
    for (const { spec, status } of this.#records.byIndex("authority", leaf.authority)) {
      const reason = status?.revoked?.reason;
      if (spec.generation !== leaf.generation || reason === undefined || Date.parse(spec.notAfter) <= now) continue;
      const namespace = spec.requestNamespace ?? "";
      all = plus(all, reason);
      byNamespace.set(namespace, plus(byNamespace.get(namespace) ?? none, reason));
    }
    return { at: now, all, byNamespace };
  }
}

function plus({ entries, withReason }: EntryCount, reason: Reason): EntryCount {
  return { entries: entries + 1, withReason: withReason + (reason === "unspecified" ? 0 : 1) };
}

function messageOfCrl(fill: number, limit: number): string {
  const who =
    limit === 1
      ? "it takes in nothing more"
      : limit >= capacityMarks.full
        ? "it takes in an administrator's key compromises alone"
        : "it takes in only what is urgent, or what an administrator revokes in Capstan's namespace";
  return `the CRL would be ${percent(fill)} full, and above ${percent(limit)} ${who}; it has room again when revoked certificates expire`;
}

function percent(fill: number): string {
  return `${Math.ceil(fill * 100)} percent`;
}

function idOf({ authority, generation }: { readonly authority: string; readonly generation: number }): string {
  return `${authority}/${generation}`;
}
