/** What can go wrong here, as a stable code. */
export type ClusterErrorCode =
  /** A program that the host must have is missing; the message names it and what to install. */
  | "ERR_HOST_PROGRAM_MISSING"
  /** Go is there but older than the modules demand. */
  | "ERR_GO_TOO_OLD"
  /** Go could not download a module. */
  | "ERR_MODULE_UNAVAILABLE"
  /** `go build` failed for another reason; the message ends with its last lines. */
  | "ERR_BUILD_FAILED"
  /** A process of the control plane ended by itself. */
  | "ERR_PROCESS_EXITED"
  /** A port that was free when it was picked is not free any more. */
  | "ERR_PORT_TAKEN"
  /** Something did not become ready in time; the message ends with the last log lines. */
  | "ERR_NOT_READY"
  /** A command or API call that sets up the cluster was refused. */
  | "ERR_SETUP_REFUSED"
  /** A kubeconfig was asked for a service account that does not exist. */
  | "ERR_SERVICE_ACCOUNT_MISSING";

/** The one error of this package; act on `code`, read `message`. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ClusterError";
    this.code = code;
  }
}
