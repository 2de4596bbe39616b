/** What one record takes, in bytes, and where the figures are from. */
export interface LedgerCosts {
  /** In etcd's database, index included. */
  readonly etcdBytesPerRecord: number;
  /** In the memory of each kube-apiserver, which caches every object, after somebody has read the whole ledger: ten times what etcd holds of it. */
  readonly apiServerBytesPerRecord: number;
  readonly source: string;
}

export const measuredLedgerCosts: LedgerCosts = {
  etcdBytesPerRecord: 4_115,
  apiServerBytesPerRecord: 41_380,
  source: "pnpm bench:ledger, 2026-11-22, Kubernetes 1.36, 100,000 records of leaves with RSA-2048 keys",
};

/** etcd refuses every write of the cluster beyond this, unless it was started with another --quota-backend-bytes. */
export const etcdDefaultQuotaBytes: number = 2 * 1024 ** 3;

export interface LedgerForecastInput {
  /** Leaves issued a day, renewals included. */
  readonly issuesPerDay: number;
  /** How long a leaf is valid, and how long its record is kept after that, in milliseconds. */
  readonly lifetimeMs: number;
  readonly retentionMs: number;
  /** Default: as measured. */
  readonly costs?: LedgerCosts;
}

export interface LedgerForecast {
  /** Records once as many expire as are made. */
  readonly records: number;
  readonly etcdBytes: number;
  /** Of each kube-apiserver. */
  readonly apiServerBytes: number;
}

const dayMs = 86_400_000;

/**
 * How large the ledger grows when this many leaves are issued for long enough: a record lives as long as its leaf and
 * the retention together.
 *
 * Leaves of Capstan's own are not counted: one for each CRL with something new in it, at most 145 at a time for each
 * authority with a retention of a day.
 *
 * @example
 * // 5,000 workloads with leaves of a day, renewed after 16 hours
 * forecastLedger({ issuesPerDay: 7_500, lifetimeMs: 86_400_000, retentionMs: 86_400_000 }).records; // 15_000
 * @throws RangeError for what is negative or no number
 */
export function forecastLedger(input: LedgerForecastInput): LedgerForecast {
  const { issuesPerDay, lifetimeMs, retentionMs, costs = measuredLedgerCosts } = input;
  for (const [name, value] of Object.entries({ issuesPerDay, lifetimeMs, retentionMs })) {
    if (!(Number.isFinite(value) && value >= 0)) throw new RangeError(`${name} ${value}: must be a number from 0`);
  }
  const records = Math.ceil((issuesPerDay * (lifetimeMs + retentionMs)) / dayMs);
  return {
    records,
    etcdBytes: records * costs.etcdBytesPerRecord,
    apiServerBytes: records * costs.apiServerBytesPerRecord,
  };
}
