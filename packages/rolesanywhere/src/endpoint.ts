import type { EndpointVariant } from "./partitions.ts";

/**
 * The endpoint that the environment configures for Roles Anywhere, by the convention of the AWS SDKs: the service's own
 * variable wins over the general one, and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true turns both off.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 *
 * @example
 * createControlPlane({ region, endpoint: endpointFromEnvironment(process.env) });
 */
export function endpointFromEnvironment(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.toLowerCase() === "true") return undefined;
  return env["AWS_ENDPOINT_URL_ROLESANYWHERE"] || env["AWS_ENDPOINT_URL"] || undefined;
}

/**
 * Which of a region's endpoints the environment wants, by AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
 *
 * @example
 * createControlPlane({ region, ...endpointVariantFromEnvironment(process.env) });
 */
export function endpointVariantFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Required<EndpointVariant> {
  const isTrue = (name: string): boolean => env[name]?.toLowerCase() === "true";
  return { useFips: isTrue("AWS_USE_FIPS_ENDPOINT"), useDualStack: isTrue("AWS_USE_DUALSTACK_ENDPOINT") };
}
