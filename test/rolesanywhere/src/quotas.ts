import type { QuotaGroup } from "./operation.ts";
import { TokenBucket } from "./token-bucket.ts";

/** How often something may be asked for: `perSecond` on the average, `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export type Quotas = Readonly<Record<QuotaGroup, Rate>>;

/**
 * What an account has in a region before anybody asks AWS for more:
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html
 * The bursts are not documented; these are the strictest that still work.
 */
const DEFAULT_QUOTAS: Quotas = {
  "trust-anchors": { perSecond: 1, burst: 1 },
  crls: { perSecond: 1, burst: 1 },
  profiles: { perSecond: 1, burst: 1 },
  subjects: { perSecond: 1, burst: 1 },
  tagging: { perSecond: 1, burst: 1 },
  "create-session": { perSecond: 10, burst: 10 },
};

export const QUOTA_GROUPS: readonly QuotaGroup[] = Object.keys(DEFAULT_QUOTAS) as readonly QuotaGroup[];

/** What is left of each quota. */
export type Buckets = ReadonlyMap<QuotaGroup, TokenBucket>;

export function newBuckets(raised: Partial<Quotas>, now: () => Date): Buckets {
  return new Map(
    QUOTA_GROUPS.map(
      (group) => [group, new TokenBucket({ ...(raised[group] ?? DEFAULT_QUOTAS[group]), now })] as const,
    ),
  );
}
