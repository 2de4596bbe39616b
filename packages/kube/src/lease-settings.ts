import type { Setting } from "./settings.ts";

/** The times of a lease, by the names that {@link LeaderElectorOptions} has for them. All in milliseconds. */
export interface LeaseSettings {
  readonly [name: string]: Setting<number>;
  readonly leaseDurationMs: Setting<number>;
  readonly renewDeadlineMs: Setting<number>;
  readonly retryPeriodMs: Setting<number>;
}

/**
 * The settings of every program that is led by one of its replicas, under the flags that Kubernetes' own components
 * have for them. How they must relate is the elector's rule.
 *
 * @param parseDuration reads a Go duration into milliseconds, or throws an Error that says what to write
 *
 * @example
 * const settings = { ...leaseSettings(parseDuration), workers };
 */
export function leaseSettings(parseDuration: (text: string) => number): LeaseSettings {
  const parse = (text: string | undefined): number => {
    const milliseconds = parseDuration(text ?? "");
    if (milliseconds > 0) return milliseconds;
    throw new Error(`${JSON.stringify(text ?? "")} is not over zero`);
  };
  return {
    leaseDurationMs: {
      flag: "leader-elect-lease-duration",
      default: "30s",
      description:
        "How long the other replicas wait, after they last saw the lease renewed, before they take over, as a Go duration. Over --leader-elect-renew-deadline.",
      parse,
    },
    renewDeadlineMs: {
      flag: "leader-elect-renew-deadline",
      default: "20s",
      description:
        "How long after its last renewal of the lease a replica stops leading, as a Go duration. Over 1.2 times --leader-elect-retry-period.",
      parse,
    },
    retryPeriodMs: {
      flag: "leader-elect-retry-period",
      default: "5s",
      description: "Time between two tries to take or renew the lease, as a Go duration.",
      parse,
    },
  };
}
