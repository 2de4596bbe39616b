import { createHash } from "node:crypto";
import type { Account } from "./account.ts";
import type { Cloud } from "./cloud.ts";

/** What is stored, whatever reads would show, and without using up a rate. */
export interface TrustAnchorState {
  readonly arn: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly account: string;
  readonly region: string;
  readonly bundle: string;
  /** Lower-case hex of the SHA-256 of each certificate that counts, in their order. */
  readonly fingerprints: readonly string[];
  readonly crls: readonly {
    readonly arn: string;
    readonly name: string;
    readonly enabled: boolean;
    /** As decimal text; undefined for a CRL without one. */
    readonly number: string | undefined;
    /** Lower-case hex of each serial that it lists, of even length. */
    readonly serials: readonly string[];
  }[];
}

/** Every trust anchor in every account and region, in order of creation. */
export function trustAnchorStates(cloud: Cloud): readonly TrustAnchorState[] {
  cloud.timeline.run(cloud.now());
  return cloud.accounts.flatMap((account) =>
    Array.from(account.trustAnchors.values(), ({ arn, name, enabled, bundle, certificates }) => ({
      arn,
      name,
      enabled,
      account: account.id,
      region: account.region,
      bundle,
      fingerprints: certificates.map(({ der }) => createHash("sha256").update(der).digest("hex")),
      crls: crlStates(account, arn),
    })),
  );
}

function crlStates(account: Account, trustAnchorArn: string): TrustAnchorState["crls"] {
  return [...account.crls.values()]
    .filter((crl) => crl.trustAnchorArn === trustAnchorArn)
    .map(({ arn, name, enabled, list }) => ({
      arn,
      name,
      enabled,
      number: list.number?.toString(),
      serials: Array.from(list.revoked, (serial) => {
        const hex = serial.toString(16);
        return hex.length % 2 === 0 ? hex : `0${hex}`;
      }),
    }));
}
