import type { IssuedCertificate, Revocation } from "@capstan/api";
import { PluginError } from "../exit-code.ts";

/** A certificate that is to be revoked, or several by one target, as far as the caller may know it. */
export interface Leaf {
  /** As the user named it, for messages. */
  readonly label: string;
  readonly target: Revocation["spec"]["target"];
  /** Beginning of the Revocation's name. */
  readonly shortName: string;
  readonly serial?: string | undefined;
  readonly subject?: string | undefined;
  readonly commonName?: string | undefined;
  /** RFC 3339. */
  readonly notAfter?: string | undefined;
  /** `namespace/name` of the Revocation that the ledger says did it. */
  readonly revokedBy?: string | undefined;
  /** The certificate in PEM, its chain after it, where it was found in an object. */
  readonly pem?: string | undefined;
  /** The cert-manager Certificate that renews it, when that is known. */
  readonly certificate?: string | undefined;
  /** Who has the key, when that was named and may hold other certificates too. */
  readonly holder?: LeafHolder | undefined;
  /** Of a target that means several certificates: those that the ledger has; undefined when it may not be read. */
  readonly several?: { readonly what: string; readonly found: readonly Identity[] | undefined };
}

/** As the ledger's `spec.owner` names it. */
export type LeafHolder =
  | { readonly kind: "Certificate"; readonly name: string }
  | { readonly kind: "Pod"; readonly name: string; readonly uid: string };

/** What AWS knows a session by: its name is the serial number, its tags hold the common name. */
export interface Identity {
  readonly serial: string;
  readonly commonName: string | undefined;
}

/** What is known of whose sessions a Revocation is about. */
export function identitiesOf({ serial, commonName, several }: Leaf): readonly Identity[] {
  if (several !== undefined) return several.found ?? [];
  return serial === undefined ? [] : [{ serial, commonName }];
}

// generateName keeps room for five random characters, and is cut by the API server without a word.
const longestShortName = 50;

export function shortNameOf(name: string): string {
  return name.slice(0, longestShortName).replace(/[-.]+$/, "");
}

/**
 * Completes a leaf from the ledger, or refuses what the publisher would refuse: without `--wait` nobody would see that.
 *
 * `records` are those with the leaf's serial or name; undefined when the caller may not read the ledger.
 */
export function checkAgainstLedger(
  leaf: Leaf,
  records: readonly IssuedCertificate[] | undefined,
  where: { readonly namespace: string; readonly capstanNamespace: string; readonly now: number },
): Leaf {
  const found = records === undefined ? leaf : completed(leaf, records, where);
  if (found.revokedBy === undefined && Date.parse(found.notAfter ?? "") <= where.now) {
    throw new PluginError(
      `${leaf.label}: the certificate expired at ${found.notAfter ?? ""}, nobody accepts it any more`,
    );
  }
  return found;
}

function completed(
  leaf: Leaf,
  records: readonly IssuedCertificate[],
  where: { readonly namespace: string; readonly capstanNamespace: string },
): Leaf {
  const { namespace, capstanNamespace } = where;
  const reached =
    namespace === capstanNamespace ? records : records.filter(({ spec }) => spec.requestNamespace === namespace);
  const [record, ...others] = reached;
  if (record === undefined) throw new PluginError(outOfReach(leaf, records[0], where));
  if (others.length > 0) {
    const names = reached.map(({ metadata }) => `icert/${metadata.name}`).join(" or ");
    throw new PluginError(`${leaf.label}: ${reached.length} certificates have this serial number; name ${names}`);
  }
  const { serial, subject, commonName, notAfter } = record.spec;
  return { ...leaf, serial, subject, commonName, notAfter, revokedBy: record.status?.revoked?.revocation };
}

function outOfReach(
  { label, serial }: Leaf,
  record: IssuedCertificate | undefined,
  { namespace, capstanNamespace }: { readonly namespace: string; readonly capstanNamespace: string },
): string {
  const what = serial === undefined || serial === label ? label : `${label} (serial ${serial})`;
  if (record === undefined) {
    return `${what} is not in the ledger of namespace ${capstanNamespace}: Capstan did not issue it, or it expired and was pruned`;
  }
  const owner = record.spec.requestNamespace;
  const cure =
    owner === undefined ? `-n ${capstanNamespace}` : `-n ${owner}, or -n ${capstanNamespace} if you are an operator`;
  const issuedTo = owner === undefined ? "is Capstan's own" : `was issued to namespace ${owner}`;
  return `${what} ${issuedTo}, and a Revocation in namespace ${namespace} does not reach it: add ${cure}`;
}
