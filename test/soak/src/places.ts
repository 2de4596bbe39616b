import path from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const repository: string = path.resolve(fileURLToPath(import.meta.url), "../../../..");

/** Where a run leaves its counts, its plot and the logs of our programs. */
export const reports: string = path.join(repository, "reports/soak");

export const authorityName = "soak";
/** Of the workloads. */
export const workloadNamespace = "soak";
/** Of every root. Role trust policies match on it. */
export const issuerCommonName = "Soak CA";
