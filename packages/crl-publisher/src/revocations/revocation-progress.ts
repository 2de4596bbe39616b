import {
  type CertificateAuthority,
  type Condition,
  generationName,
  type Revocation,
  type RevocationList,
  revocationReasons,
} from "@capstan/api";
import type { ReadonlyStore } from "@capstan/kube";
import { entryOf } from "../crl/revocation-entries.ts";
import type { ReachedLeaf } from "./plan-revocation.ts";
import type { Readings } from "./readings.ts";

export type ConditionState = Pick<Condition, "type" | "status" | "reason" | "message">;
type AnchorProgress = NonNullable<NonNullable<Revocation["status"]>["anchors"]>[number];
type Authority = Pick<CertificateAuthority, "spec" | "status">;

/** What is known of where revoked serials have got to. */
export interface ProgressSources {
  readonly namespace: string;
  readonly authorities: Pick<ReadonlyStore<CertificateAuthority>, "get">;
  readonly lists: Pick<ReadonlyStore<RevocationList>, "get">;
  readonly readings: Readings;
}

export type LeafOfProgress = Pick<ReachedLeaf, "serial" | "authority" | "generation">;

/** Whether the generation's list has the serial, with a key compromise if that is asked for. */
export function isListed(
  { lists, namespace }: ProgressSources,
  { authority, generation, serial }: LeafOfProgress,
  reason?: Revocation["spec"]["reason"],
): boolean {
  const list = lists.get(`${namespace}/${generationName(authority, generation)}`);
  const entry = list === undefined ? undefined : entryOf(list.spec, serial);
  return entry !== undefined && (reason !== "keyCompromise" || entry.reason === "keyCompromise");
}

/** Of what was accepted, and whose certificate has ended before it was read back everywhere. */
export const ended: ConditionState = {
  type: "Published",
  status: "True",
  reason: revocationReasons.expired,
  message:
    "The certificate expired before every trust anchor was read back with a CRL that names it; nobody accepts it any more",
};

/**
 * How far listed serials have got in AWS. Published is said only when this process has read back, from every trust anchor
 * that may trust the root, a CRL that names each of them.
 */
export function progressOf(
  sources: ProgressSources,
  leaves: readonly LeafOfProgress[],
): { readonly anchors: readonly AnchorProgress[]; readonly published: ConditionState; readonly crlNumber?: number } {
  const names = [...new Set(leaves.map(({ authority }) => authority))].toSorted();
  const missing = names.find((name) => sources.authorities.get(name) === undefined);
  if (missing !== undefined) {
    // Nobody says any more where the root is trusted, so nothing can be said to be published.
    return { anchors: [], published: waiting(`CertificateAuthority ${missing} does not exist`) };
  }
  const found = names.flatMap((name) =>
    anchorsOf(
      sources,
      name,
      leaves.filter(({ authority }) => authority === name),
    ).map((anchor) => (names.length === 1 ? anchor : { ...anchor, name: `${name}/${anchor.name}` })),
  );
  if (found.length === 0 && !leaves.every((leaf) => isStored(sources, leaf))) {
    return { anchors: [], published: waiting("Waiting for the next CRL") };
  }
  // The schema's bound; what waits is what matters.
  const anchors = found.toSorted((a, b) => Number(a.published) - Number(b.published)).slice(0, 16);
  const ordered = found.filter((anchor) => anchors.includes(anchor));
  const late = found.filter(({ published }) => !published).map(({ name }) => name);
  const numbers = found.flatMap(({ crlNumber }) => crlNumber ?? []);
  return {
    anchors: ordered,
    published: late.length === 0 ? readBack(leaves.length, found.length) : waiting(`Waiting for ${late.join(", ")}`),
    ...(numbers.length === 0 ? {} : { crlNumber: Math.min(...numbers) }),
  };
}

/** Whether the CRL of everything that the list had is stored: its number was taken in the same write as the entries. */
function isStored({ lists, namespace }: ProgressSources, { authority, generation }: LeafOfProgress): boolean {
  const list = lists.get(`${namespace}/${generationName(authority, generation)}`);
  return list !== undefined && (list.status?.published?.number ?? -1) >= list.spec.crlNumber;
}

function anchorsOf(
  { authorities, readings }: ProgressSources,
  authority: string,
  leaves: readonly LeafOfProgress[],
): readonly AnchorProgress[] {
  const owner = authorities.get(authority);
  if (owner === undefined) return [];
  const generations = [...new Set(leaves.map(({ generation }) => generation))];
  return (owner.spec.trustAnchors ?? [])
    .filter(({ name }) => generations.some((generation) => mayTrust(owner, name, generation)))
    .map(({ name }) => {
      const relevant = leaves.filter(({ generation }) => mayTrust(owner, name, generation));
      const published = relevant.every(
        ({ generation, serial }) => readings.of(authority, name, generation)?.crl.serials.has(serial) === true,
      );
      const [generation, ...others] = generations;
      const number = generation === undefined ? undefined : readings.of(authority, name, generation)?.crl.number;
      return {
        name,
        published,
        ...(published && number !== undefined && others.length === 0 ? { crlNumber: Number(number) } : {}),
        ...(published ? {} : { message: doubtOf(readings, authority, name, generations) ?? messageOf(owner, name) }),
      };
    });
}

/**
 * Whether a leaf of the generation may be accepted at an anchor: unless the anchor is ignored, or its bundle was read back
 * without the generation's root. An anchor that was never read may hold anything.
 */
function mayTrust(owner: Authority, anchor: string, generation: number): boolean {
  if (owner.spec.trustAnchors?.find(({ name }) => name === anchor)?.ignore === true) return false;
  const bundle = owner.status?.trustAnchors?.find(({ name }) => name === anchor)?.bundle;
  const root = owner.status?.generations?.find(({ number }) => number === generation)?.fingerprint;
  return bundle === undefined || root === undefined || bundle.includes(root);
}

function readBack(leaves: number, anchors: number): ConditionState {
  const message =
    leaves === 0
      ? "There is no certificate that a CRL would have to name"
      : anchors === 0
        ? "No trust anchor trusts the root; the CRL is served"
        : "Every trust anchor was read back with a CRL that names the serial";
  return { type: "Published", status: "True", reason: revocationReasons.readBack, message };
}

function waiting(message: string): ConditionState {
  return { type: "Published", status: "False", reason: revocationReasons.waiting, message };
}

function doubtOf(
  readings: Readings,
  authority: string,
  anchor: string,
  generations: readonly number[],
): string | undefined {
  const doubts = generations.flatMap((generation) => readings.doubtOf(authority, anchor, generation) ?? []);
  return doubts[0]?.slice(0, 2048);
}

function messageOf(authority: Authority, anchor: string): string {
  return authority.status?.trustAnchors?.find(({ name }) => name === anchor)?.message ?? "the CRL is on its way";
}
