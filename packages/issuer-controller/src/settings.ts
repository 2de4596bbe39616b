import { parseDuration } from "@capstan/api";
import { auditLogSetting, type LeaseSettings, leaseSettings, type Setting } from "@capstan/kube";
import { type Approver, parseApprover } from "./approval/approve-right.ts";
import { ledgerLimitSetting, ledgerRetentionSetting } from "./ledger/ledger-settings.ts";

/** The issuer controller's own settings. */
export interface IssuerSettings extends Pick<LeaseSettings, "leaseDurationMs" | "renewDeadlineMs" | "retryPeriodMs"> {
  readonly [name: string]: Setting<unknown>;
  readonly auditLog: Setting<string | undefined>;
  readonly workers: Setting<number>;
  readonly retryLimit: Setting<number>;
  readonly ledgerRetention: Setting<number>;
  readonly ledgerLimit: Setting<number>;
  readonly approver: Setting<Approver>;
}

export const issuerSettings: IssuerSettings = {
  ...leaseSettings(parseDuration),
  auditLog: auditLogSetting,
  workers: {
    flag: "workers",
    // A worker waits for the API server most of the time; more than this wait for one another at the event loop.
    default: "16",
    description: "Requests in work at once, of each kind.",
    parse: (text) => {
      const workers = Number(text);
      if (Number.isInteger(workers) && workers >= 1 && workers <= 256) return workers;
      throw new Error(`${JSON.stringify(text ?? "")} is not a whole number from 1 to 256`);
    },
  },
  retryLimit: {
    flag: "retry-limit",
    default: "10m",
    description:
      "How long signing for a request is tried while its issuer is Ready, as a Go duration; then it fails, and cert-manager asks anew after an hour or more. 0 tries for ever.",
    parse: (text) => {
      const limitMs = parseDuration(text ?? "");
      if (limitMs < 0) throw new Error(`${JSON.stringify(text ?? "")} is negative`);
      return limitMs;
    },
  },
  ledgerRetention: ledgerRetentionSetting,
  ledgerLimit: ledgerLimitSetting,
  approver: {
    flag: "approver",
    default: "cert-manager/cert-manager",
    description:
      "Service account of what approves requests, as namespace/name: events about unapproved requests say which rule it lacks.",
    parse: parseApprover,
  },
};
