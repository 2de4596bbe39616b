import { RolesAnywhereError } from "@capstan/rolesanywhere";
import { PluginError } from "../exit-code.ts";

/** Whether AWS said that the thing asked for does not exist. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && /^(NoSuchEntity|ResourceNotFound)Exception$/.test(error.name);
}

export function isThrottled(error: unknown): boolean {
  if (error instanceof RolesAnywhereError) return error.code === "ERR_AWS_THROTTLED";
  return error instanceof Error && /^(Throttling|ThrottlingException|TooManyRequestsException)$/.test(error.name);
}

/**
 * What AWS, the network or the provider chain said about a call, as an error that says what to do.
 *
 * @param call the call's IAM action, for example `iam:GetRole`
 */
export function explainAwsError(call: string, error: unknown): PluginError {
  if (error instanceof PluginError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const name = error instanceof RolesAnywhereError ? (error.awsType ?? "") : error instanceof Error ? error.name : "";
  const said = error instanceof RolesAnywhereError ? message : `${call}: AWS answered ${name}: ${message}`;
  if (name.startsWith("AccessDenied"))
    return new PluginError(`${said}. Your AWS credentials lack this right`, { cause: error });
  if (/^(CredentialsProviderError|TokenProviderError)$/.test(name)) {
    return new PluginError(
      `no AWS credentials (${message}): log in, for example by aws sso login, name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
      { cause: error },
    );
  }
  if (/^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch)/.test(name)) {
    return new PluginError(`${said}. AWS does not take your credentials: log in again`, { cause: error });
  }
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (!(error instanceof RolesAnywhereError) && code !== undefined) {
    return new PluginError(`${call}: AWS was not reached: ${code}. Check the network, HTTPS_PROXY and AWS_CA_BUNDLE`, {
      cause: error,
    });
  }
  return new PluginError(said, { cause: error });
}
