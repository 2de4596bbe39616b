export { ClusterError } from "./errors.ts";
export type { ClusterErrorCode } from "./errors.ts";
export { installTools } from "./install-tools.ts";
export type { InstallOptions, Tools } from "./install-tools.ts";
