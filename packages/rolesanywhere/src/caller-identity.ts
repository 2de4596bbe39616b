import { GetCallerIdentityCommand, STSClient, STSServiceException } from "@aws-sdk/client-sts";
import { NodeHttpHandler } from "@smithy/node-http-handler";

import type { AwsCredentials } from "./credentials.ts";
import { RolesAnywhereError } from "./errors.ts";
import { mapFailure } from "./map-error.ts";
import { redactMessage } from "./redact.ts";
import type { RequestHandler } from "./request-handler.ts";

const operation = "GetCallerIdentity";
const timeoutMs = 10_000;

/** Whose credentials they are, as AWS says it. */
export interface CallerIdentity {
  /** Twelve digits. */
  readonly account: string;
  /** Of the user, role session or root. */
  readonly arn: string;
}

/**
 * Asks STS whose credentials these are: nothing else tells the account of what the provider chain gives, and nobody can be
 * denied it. The endpoint is the region's own, or what AWS's variables such as AWS_ENDPOINT_URL_STS say.
 *
 * @param options.region STS is asked in the partition of what is called later.
 * @throws {RolesAnywhereError} ERR_AWS_UNAVAILABLE when STS cannot be reached, ERR_AWS_CREDENTIALS_REFUSED for credentials that AWS
 *   does not take
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 *
 * @example
 * const credentials = await providerChain({ region, requestHandler })();
 * const { account } = await callerIdentity({ credentials, region, requestHandler });
 */
export async function callerIdentity(options: {
  readonly credentials: AwsCredentials;
  readonly region: string;
  readonly requestHandler: RequestHandler;
}): Promise<CallerIdentity> {
  const { credentials, region, requestHandler } = options;
  const { httpAgent, httpsAgent } = requestHandler;
  const client = new STSClient({
    region,
    credentials,
    // One repeat, by which the client corrects a clock that is off.
    maxAttempts: 2,
    requestHandler: new NodeHttpHandler({
      httpAgent,
      httpsAgent,
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    }),
  });
  try {
    const { Account: account = "", Arn: arn = "" } = await client.send(new GetCallerIdentityCommand({}));
    if (!/^\d{12}$/u.test(account)) {
      throw new RolesAnywhereError(
        "ERR_AWS_RESPONSE",
        `${operation}: the answer names no account: check the endpoint of STS and any proxy before it`,
        { operation },
      );
    }
    return { account, arn };
  } catch (error) {
    throw error instanceof STSServiceException ? refusal(error) : mapFailure(operation, error);
  }
}

function refusal({ name, message, $metadata }: STSServiceException): RolesAnywhereError {
  const { httpStatusCode: status = 0 } = $metadata;
  const code =
    status === 429 || /throttl/iu.test(name)
      ? "ERR_AWS_THROTTLED"
      : status >= 400 && status < 500
        ? "ERR_AWS_CREDENTIALS_REFUSED"
        : "ERR_AWS_UNAVAILABLE";
  const said = redactMessage(`${name}: ${message}`);
  return new RolesAnywhereError(code, `${operation}: AWS answered ${said}`, { operation });
}
