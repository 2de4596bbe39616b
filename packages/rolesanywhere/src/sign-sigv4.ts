import { createHmac } from "node:crypto";

import { prepareSignature, type SignableRequest } from "./canonical-request.ts";
import type { AwsCredentials } from "./credentials.ts";

const algorithm = "AWS4-HMAC-SHA256";

/**
 * Signs a request by an access key (Signature Version 4) and returns its headers.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signSigV4(
  request: SignableRequest,
  options: { readonly credentials: AwsCredentials; readonly region: string; readonly at: Date },
): Readonly<Record<string, string>> {
  const { credentials, region, at } = options;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const token = sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken };
  const { headers, signedHeaders, scope, stringToSign } = prepareSignature(
    { ...request, headers: { ...request.headers, ...token } },
    { algorithm, region, at },
  );
  const [date = "", ...rest] = scope.split("/");
  let key = hmac(`AWS4${secretAccessKey}`, date);
  for (const part of rest) key = hmac(key, part);
  const signature = Buffer.from(hmac(key, stringToSign)).toString("hex");
  return {
    ...headers,
    authorization: `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}
