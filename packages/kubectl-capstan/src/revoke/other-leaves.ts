import type { IssuedCertificate } from "@capstan/api";
import { type CertificateRequest, isOfCapstan } from "./cert-manager.ts";
import type { Leaf, LeafHolder } from "./leaf.ts";
import { readLeafCertificate } from "./leaf-certificate.ts";
import { readRecords, stillValid } from "./read-ledger.ts";
import type { ResolveOptions } from "./resolve-selection.ts";

/** A valid certificate of the same holder, beside those that are to be revoked. */
interface Other {
  readonly serial: string;
  readonly notAfter: string;
}

/**
 * Names the other valid certificates of those who hold what is to be revoked: a renewal ends no certificate, and whoever
 * has got a key may have got the one before it too. Only the ledger has them all, since cert-manager deletes the requests of
 * those before the newest.
 */
export async function tellOtherLeaves(leaves: readonly Leaf[], options: ResolveOptions): Promise<void> {
  const { namespace, now, note, lists } = options;
  const holders = new Map(leaves.flatMap(({ holder }) => (holder === undefined ? [] : [[labelOf(holder), holder]])));
  if (holders.size === 0) return;
  const chosen = new Set(leaves.map(({ serial }) => serial));
  const records = await readRecords(`spec.requestNamespace=${namespace}`, options);
  const requests = records === undefined ? await lists.requestsIfAllowed() : [];
  for (const [label, holder] of holders) {
    const found = records === undefined ? ofRequests(holder, requests) : ofRecords(holder, stillValid(records, now));
    const others = found.filter(({ serial, notAfter }) => !chosen.has(serial) && Date.parse(notAfter) > now);
    if (others.length > 0) note(`${label} also has ${describe(others, namespace)}`);
  }
  if (records !== undefined) return;
  note(
    `you may not read the ledger: earlier certificates of the same holder, whose requests cert-manager has deleted, may be valid and are not seen here; whoever may read it (capstan-operator, capstan-viewer) sees them by kubectl capstan list -n ${namespace}`,
  );
}

function labelOf({ kind, name }: LeafHolder): string {
  return `${kind.toLowerCase()}/${name}`;
}

/** A Certificate that was made anew has the same Secret, and so its predecessor's keys; a pod with the name of one before has not. */
function isSame(holder: LeafHolder, owner: { readonly kind: string; readonly name: string; readonly uid: string }) {
  return (
    owner.kind === holder.kind && owner.name === holder.name && (holder.kind !== "Pod" || owner.uid === holder.uid)
  );
}

function ofRecords(holder: LeafHolder, records: readonly IssuedCertificate[]): readonly Other[] {
  return records.flatMap(({ spec: { owner, serial, notAfter } }) =>
    owner !== undefined && isSame(holder, owner) ? [{ serial, notAfter }] : [],
  );
}

function ofRequests(holder: LeafHolder, requests: readonly CertificateRequest[]): readonly Other[] {
  return requests.filter(isOfCapstan).flatMap(({ metadata, status }) => {
    const isHolders = metadata.ownerReferences?.some((owner) => isSame(holder, owner)) === true;
    if (!isHolders || status?.certificate === undefined) return [];
    return [readLeafCertificate(status.certificate, `certificaterequest/${metadata.name}`)];
  });
}

function describe(others: readonly Other[], namespace: string): string {
  const command = `kubectl capstan revoke ${others.map(({ serial }) => serial).join(" ")} -n ${namespace}`;
  const [first, ...more] = others;
  if (first !== undefined && more.length === 0) {
    return `the certificate ${first.serial}, valid until ${first.notAfter}; if its key leaked: ${command}`;
  }
  const last = others.map(({ notAfter }) => notAfter).toSorted((left, right) => Date.parse(left) - Date.parse(right));
  return `${others.length} other certificates, the last of them valid until ${last.at(-1) ?? ""}; if their keys leaked: ${command}`;
}
