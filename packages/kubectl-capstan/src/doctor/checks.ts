import { authorityChecks } from "./authority-checks.ts";
import { awsChecks } from "./aws-checks.ts";
import { capstanChecks } from "./capstan-checks.ts";
import type { Check } from "./check.ts";
import { clusterChecks } from "./cluster-checks.ts";
import { requestChecks } from "./request-checks.ts";

/** Every check, causes before effects. */
export const checks: readonly Check[] = [
  ...clusterChecks,
  ...capstanChecks,
  ...authorityChecks,
  ...requestChecks,
  ...awsChecks,
];
