import { Hash } from "@smithy/core/serde";
import { SignatureV4 } from "@smithy/signature-v4";

import type { SignableRequest } from "./canonical-request.ts";
import type { AwsCredentials } from "./credentials.ts";

/** A request as AWS's clients and their signers hand it to each other. */
export interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Record<string, string | string[] | null>;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** By whom and when requests are signed. */
export interface Signing {
  readonly region: string;
  /** Asked once for each request. */
  readonly credentials: () => Promise<AwsCredentials>;
  readonly now: () => Date;
}

/** AWS's own signer (Signature Version 4), in its newest release, by a clock that is given. */
export function sigV4Signer(options: Signing): { readonly sign: (request: SdkRequest) => Promise<SdkRequest> } {
  const { region, credentials, now } = options;
  const signer = new SignatureV4({
    credentials,
    region,
    service: "rolesanywhere",
    sha256: Hash.bind(undefined, "sha256"),
    // A checksum header of its own, which AWS asks of no service but S3.
    applyChecksum: false,
  });
  return {
    // The client passes a time of its own, from the system's clock.
    sign: (request) => signer.sign(request, { signingDate: now() }),
  };
}

/** Signs a request that no client of AWS's can write, and returns its headers. */
export async function signSigV4(request: SignableRequest, options: Signing): Promise<Readonly<Record<string, string>>> {
  const { method, url, query, headers, body } = request;
  const signed = await sigV4Signer(options).sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: { ...query },
    headers: { ...headers, host: url.host },
    body,
  });
  return signed.headers;
}
