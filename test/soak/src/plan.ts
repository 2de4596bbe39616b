/** What a run does. Durations are Go durations of the run's own time. */
export interface Plan {
  /** Its files' in reports/soak. */
  readonly name: string;
  /** Generations to be retired. */
  readonly rotations: number;
  readonly workloads: number;
  /** How much faster than real time it runs. */
  readonly factor: number;
  /** Sessions asked for in a real second, by all workloads together. */
  readonly sessionsPerSecond: number;
  readonly rootDuration: string;
  readonly maxLeafDuration: string;
  readonly soak: string;
  /** Whether each rotation is ordered as soon as the one before is done; else they begin by themselves. */
  readonly isOrdered: boolean;
  /** How workloads get their leaves: by bare requests, or by Certificates of cert-manager. */
  readonly leaves: "requests" | "certificates";
  /** `real` are AWS's own for each real second; else accounts take as much as comes. */
  readonly quotas: "raised" | "real";
}

const short = {
  maxLeafDuration: "10m",
  rootDuration: "100m",
  leaves: "requests",
  quotas: "raised",
} as const;

/**
 * With leaves of ten minutes the old root goes 30 minutes after the switch. A root is replaced after half of its life, so one of
 * 100 minutes leaves time in which a retired root is still valid by its dates. A trust anchor is read three times in a soak:
 * every few real seconds, or a reading is out of date before the next one.
 */
export const PLANS: Readonly<Record<"full" | "smoke" | "real", Plan>> = {
  full: {
    ...short,
    name: "full",
    soak: "6m",
    rotations: 50,
    workloads: 200,
    factor: 30,
    sessionsPerSecond: 60,
    isOrdered: false,
  },
  smoke: {
    ...short,
    name: "smoke",
    rootDuration: "6h",
    soak: "9m",
    rotations: 2,
    workloads: 10,
    factor: 90,
    sessionsPerSecond: 40,
    isOrdered: true,
  },
  // cert-manager takes no Certificate of under an hour.
  real: {
    name: "real",
    rotations: 3,
    workloads: 30,
    factor: 30,
    sessionsPerSecond: 10,
    rootDuration: "9h",
    maxLeafDuration: "1h",
    soak: "15m",
    isOrdered: true,
    leaves: "certificates",
    quotas: "real",
  },
};
