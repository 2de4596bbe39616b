import type { Prometheus } from "../prometheus.ts";

/** What Prometheus has of a run. */
export interface Scraped {
  readonly prometheus: Prometheus;
  /** When scraping began and ended, in seconds since 1970. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** What `$__rate_interval` is: six scrapes. */
  readonly rateSeconds: number;
  readonly events: readonly { readonly seconds: number; readonly what: string }[];
  readonly stop: () => Promise<void>;
}
