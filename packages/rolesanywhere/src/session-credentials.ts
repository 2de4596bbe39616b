import { createSession, type SessionLeaf, type SessionTarget } from "./create-session.ts";
import type { AwsCredentials } from "./credentials.ts";

/**
 * A credential source, also for any AWS SDK client, that exchanges a leaf at CreateSession each time it is asked.
 *
 * @param input.leaf asked before each exchange, so that a renewed leaf is used
 *
 * @example
 * const credentials = sessionCredentials({ trustAnchorArn, profileArn, roleArn, region, leaf: readLeafFromDisk });
 * const aws = createControlPlane({ region, credentials });
 */
export function sessionCredentials(
  input: SessionTarget & { readonly leaf: () => Promise<SessionLeaf> },
): () => Promise<AwsCredentials> {
  const { leaf, ...target } = input;
  return async () => (await createSession({ ...target, ...(await leaf()) })).credentials;
}
