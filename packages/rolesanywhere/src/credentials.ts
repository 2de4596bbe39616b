import { defaultProvider } from "@aws-sdk/credential-provider-node";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end. Without it they are kept until AWS refuses them. */
  readonly expiration?: Date;
}

/**
 * Fixed credentials, or a function that gets some. It is called before the first request, again within five minutes of
 * `expiration`, and after AWS refused what it gave; any error it throws becomes ERR_AWS_NO_CREDENTIALS.
 */
export type AwsCredentialSource = AwsCredentials | (() => Promise<AwsCredentials>);

/** Thrown inside the SDK so that the error of a credential source is told from one of the request itself. */
export class CredentialSourceError extends Error {
  override readonly name = "CredentialSourceError";
}

/**
 * A provider in the form that the SDK's client takes. Without a source it is AWS's standard chain: environment, shared
 * files, SSO, process, web identity, container and instance metadata.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function credentialProvider(
  source: AwsCredentialSource | undefined,
  region: string,
): () => Promise<AwsCredentials> {
  const provide = providerOf(source, region);
  return async () => {
    try {
      return await provide();
    } catch (error) {
      throw new CredentialSourceError(error instanceof Error ? error.message : "the credential source failed");
    }
  };
}

function providerOf(source: AwsCredentialSource | undefined, region: string): () => Promise<AwsCredentials> {
  if (source === undefined) {
    // The region is for STS, which must be asked in the same partition. The files are read anew, since a new chain is
    // made when AWS has refused what the last one found.
    return defaultProvider({ clientConfig: { region }, ignoreCache: true });
  }
  return typeof source === "function" ? source : () => Promise.resolve(source);
}
