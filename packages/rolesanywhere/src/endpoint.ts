/**
 * The endpoint that the environment configures for Roles Anywhere, by the convention of the AWS SDKs: the service's own
 * variable wins over the general one, and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true turns both off. The SDK release in
 * use is older than that convention, so a program passes the result as `endpoint`.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 *
 * @example
 * createControlPlane({ region, endpoint: endpointFromEnvironment(process.env) });
 */
export function endpointFromEnvironment(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.toLowerCase() === "true") return undefined;
  return env["AWS_ENDPOINT_URL_ROLESANYWHERE"] || env["AWS_ENDPOINT_URL"] || undefined;
}
