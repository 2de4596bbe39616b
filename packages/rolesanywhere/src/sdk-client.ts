import { Readable } from "node:stream";

import { RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";

import type { Carry, SignedRequest } from "./call.ts";
import { queryString } from "./canonical-request.ts";
import type { HttpAnswer } from "./exchange.ts";
import { type SdkRequest, type Signing, sigV4Signer } from "./sign-sigv4.ts";

/**
 * Lets AWS's client write and sign one request, sends it by `carry`, and returns the answer as it came: this release of the client
 * drops the members that it does not know, such as notification settings.
 *
 * Each request has a client of its own, which holds neither connections nor credentials and takes two milliseconds to make.
 */
export async function sendBySdk(
  options: Signing & {
    /** Scheme, host and port. */
    readonly endpoint: string;
    readonly command: (client: RolesAnywhereClient) => Promise<unknown>;
    readonly carry: Carry;
  },
): Promise<HttpAnswer> {
  const { region, endpoint, command, carry } = options;
  let answer: HttpAnswer | undefined;
  const client = new RolesAnywhereClient({
    region,
    endpoint,
    signer: sigV4Signer(options),
    requestHandler: {
      handle: async (request) => {
        answer = await carry(signedRequest(request as SdkRequest));
        const { status: statusCode, headers, body } = answer;
        return { response: { statusCode, headers, body: Readable.from([Buffer.from(body)]) } } as never;
      },
    },
    // A repeated request would escape the pacing and double the caller's own retries. This release sends two for
    // `maxAttempts: 1`, so its strategy is replaced.
    retryStrategy: { mode: "standard", retry: (next, args) => next(args) },
  });
  try {
    await command(client);
  } catch (error) {
    // What the client says of an answer is said again by whoever reads it here, in errors of ours.
    if (answer === undefined) throw error;
  }
  if (answer === undefined) throw new Error("AWS's client has sent nothing");
  return answer;
}

function signedRequest({
  method,
  protocol,
  hostname,
  port,
  path,
  query = {},
  headers,
  body = "",
}: SdkRequest): SignedRequest {
  const url = new URL(path, `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`);
  url.search = queryString(query as Record<string, string>);
  return { method, url, headers, body };
}
