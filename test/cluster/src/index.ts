export { startCluster } from "./cluster.ts";
export type { Cluster, ClusterOptions, KubectlOptions } from "./cluster.ts";
export type { CommandResult } from "./command.ts";
export { ClusterError } from "./errors.ts";
export type { ClusterErrorCode } from "./errors.ts";
export { installTools } from "./install-tools.ts";
export type { InstallOptions, Tools } from "./install-tools.ts";
export type { ServiceAccount } from "./service-account-token.ts";
