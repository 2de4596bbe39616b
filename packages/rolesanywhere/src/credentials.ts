import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { NodeHttpHandler } from "@smithy/node-http-handler";

import type { RequestHandler } from "./request-handler.ts";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end. Without it they are kept until AWS refuses them. */
  readonly expiration?: Date;
}

/** Credentials that somebody else keeps and renews: every request asks for the current ones. */
export interface AwsCredentialKeeper {
  /** An error it throws becomes ERR_AWS_NO_CREDENTIALS, unless it is an outage or ERR_AWS_WRONG_ACCOUNT. */
  readonly current: () => Promise<AwsCredentials>;
  /** AWS refused these: the next `current` gives others, if it can. */
  readonly discard: (refused: AwsCredentials) => void;
}

/**
 * Fixed credentials, a keeper, or a function that gets some. The function is called before the first request, again within five
 * minutes of `expiration`, and after AWS refused what it gave; any error it throws becomes ERR_AWS_NO_CREDENTIALS.
 */
export type AwsCredentialSource = AwsCredentials | AwsCredentialKeeper | (() => Promise<AwsCredentials>);

/** So that a request that is sent now is not answered when they have ended. */
const renewBeforeMs = 5 * 60_000;

/**
 * Keeps what a source gives. Without a source it is AWS's standard chain: environment, shared files, SSO, process, web
 * identity, container and instance metadata.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function keepCredentials(options: {
  readonly source: AwsCredentialSource | undefined;
  readonly region: string;
  readonly requestHandler: RequestHandler;
  readonly now: () => Date;
}): AwsCredentialKeeper {
  const { source, region, requestHandler, now } = options;
  if (typeof source === "object") {
    return "current" in source ? source : { current: () => Promise.resolve(source), discard: () => undefined };
  }
  let kept: AwsCredentials | undefined;
  return {
    current: async () => {
      if (kept === undefined || (kept.expiration?.getTime() ?? Infinity) <= now().getTime() + renewBeforeMs) {
        kept = await (source ?? providerChain({ region, requestHandler }))();
      }
      return kept;
    },
    discard: (refused) => {
      if (kept === refused) kept = undefined;
    },
  };
}

/**
 * AWS's standard provider chain, from its beginning. It asks STS and SSO through the request handler; the addresses of
 * container and instance metadata are the machine's own, and never behind a proxy.
 *
 * @param options.region STS must be asked in the partition of what is called later.
 *
 * @example
 * const credentials = await providerChain({ region: "eu-central-1", requestHandler: createRequestHandler() })();
 */
export function providerChain(options: {
  readonly region: string;
  readonly requestHandler: RequestHandler;
}): () => Promise<AwsCredentials> {
  const { region, requestHandler } = options;
  const { httpAgent, httpsAgent } = requestHandler;
  const clientConfig = { region, requestHandler: new NodeHttpHandler({ httpAgent, httpsAgent }) };
  // The files are read anew, since this is called when what they held was refused, or has ended.
  return defaultProvider({ clientConfig, parentClientConfig: clientConfig, ignoreCache: true });
}
