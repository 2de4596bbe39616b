import { IAMClient } from "@aws-sdk/client-iam";
import { RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import {
  caBundleFromEnvironment,
  createControlPlane,
  createRequestHandler,
  endpointVariantFromEnvironment,
  providerChain,
  proxyFromEnvironment,
  RolesAnywhereError,
  type RolesAnywhereControlPlane,
  type ServerDate,
} from "@capstan/rolesanywhere";
import { sleep } from "@capstan/kube";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { PluginError } from "../exit-code.ts";
import type { PluginContext } from "../invocation.ts";
import { Pace } from "./pace.ts";
import { Profiles } from "./profiles.ts";
import { Roles } from "./roles.ts";

/** AWS as the caller's own credentials see it, in one region. Close it when done. */
export interface Aws {
  /** Who is calling, by STS. Takes no right. */
  readonly caller: () => Promise<{ readonly account: string; readonly arn: string }>;
  /** Trust anchors and CRLs. Throttled calls are the caller's to repeat: see `Pace`. */
  readonly controlPlane: RolesAnywhereControlPlane;
  readonly anchors: Pace;
  readonly profiles: Profiles;
  /** Of the whole account. */
  readonly roles: Roles;
  /** By the Date header of the control plane's last answer, errors included. */
  readonly serverDate: () => ServerDate | undefined;
  readonly close: () => void;
}

/** This release counts retries where it says attempts: none, since a repeated creation would make a second thing. */
const noRetries = 0;

/** A request a second: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html */
const rolesAnywhereIntervalMs = 1_000;

/**
 * Connects with the caller's own credentials: AWS's standard provider chain, proxies, AWS_CA_BUNDLE, FIPS and dual-stack
 * endpoints, AWS_ENDPOINT_URL and its forms for single services, as in the AWS CLI. Nothing is sent yet.
 *
 * @throws {PluginError} for settings that make no sense
 *
 * @example
 * const aws = await connectAws("eu-central-1", context);
 * const role = await aws.roles.get("capstan-fleet-prod-publisher");
 */
export async function connectAws(region: string, { env, clock }: Pick<PluginContext, "env" | "clock">): Promise<Aws> {
  try {
    const caBundlePem = await caBundleFromEnvironment(env);
    const handler = createRequestHandler({ proxy: proxyFromEnvironment(env), caBundlePem });
    const { httpAgent, httpsAgent } = handler;
    const credentials = keepOnce(providerChain({ region, requestHandler: handler }), () => clock.now());
    const { useFips, useDualStack } = endpointVariantFromEnvironment(env);
    const common = (service: string, maxAttempts: number) => ({
      region,
      credentials,
      maxAttempts,
      requestHandler: new NodeHttpHandler({ httpAgent, httpsAgent }),
      ...placeOf(serviceEndpoint(env, service), { useFips, useDualStack }),
    });
    const pace = (): Pace => new Pace(clock, rolesAnywhereIntervalMs);
    const rolesAnywhere = new RolesAnywhereClient(common("ROLESANYWHERE", noRetries));
    const iam = new IAMClient(common("IAM", 1));
    const sts = new STSClient(common("STS", 3));
    const endpoint = serviceEndpoint(env, "ROLESANYWHERE");
    let serverDate: ServerDate | undefined;
    const controlPlane = createControlPlane({
      region,
      credentials,
      requestHandler: handler,
      onServerDate: (reading) => {
        serverDate = reading;
      },
      ...(endpoint === undefined ? { useFips, useDualStack } : { endpoint }),
      clock: {
        now: () => clock.monotonic(),
        sleep: (ms, signal) => sleep(clock, ms, signal ?? new AbortController().signal),
      },
    });
    const unpaced = new Pace(clock, 0);
    return {
      caller: () =>
        unpaced.call("sts:GetCallerIdentity", async () => {
          const { Account = "", Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
          return { account: Account, arn: Arn };
        }),
      controlPlane,
      // The control plane keeps the rate itself.
      anchors: new Pace(clock, 0),
      profiles: new Profiles(rolesAnywhere, { profiles: pace(), tagging: pace() }),
      roles: new Roles(iam, unpaced),
      serverDate: () => serverDate,
      close: () => {
        for (const client of [rolesAnywhere, iam, sts]) client.destroy();
        handler.close();
      },
    };
  } catch (error) {
    if (error instanceof RolesAnywhereError) throw new PluginError(error.message, { cause: error });
    throw error;
  }
}

/**
 * The endpoint that the environment configures for a service.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function serviceEndpoint(
  env: Readonly<Record<string, string | undefined>>,
  service: string,
): string | undefined {
  if (env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.toLowerCase() === "true") return undefined;
  return env[`AWS_ENDPOINT_URL_${service}`] || env["AWS_ENDPOINT_URL"] || undefined;
}

/** A named endpoint is the one that is meant. */
function placeOf(
  endpoint: string | undefined,
  variant: { readonly useFips: boolean; readonly useDualStack: boolean },
): { readonly endpoint: string } | { readonly useFipsEndpoint: boolean; readonly useDualstackEndpoint: boolean } {
  if (endpoint !== undefined) return { endpoint };
  return { useFipsEndpoint: variant.useFips, useDualstackEndpoint: variant.useDualStack };
}

/** One reading of the provider chain serves all clients: it may ask for a second factor. Renewed five minutes early. */
function keepOnce<T extends { readonly expiration?: Date }>(
  load: () => Promise<T>,
  now: () => number,
): () => Promise<T> {
  let kept: Promise<T> | undefined;
  return async () => {
    const known = await kept?.catch(() => undefined);
    if (known === undefined || (known.expiration?.getTime() ?? Infinity) < now() + 5 * 60_000) kept = load();
    return (kept ??= load());
  };
}
