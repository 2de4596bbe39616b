import { type KeyObject, sign, X509Certificate } from "node:crypto";

import { prepareSignature, type SignableRequest } from "./canonical-request.ts";

/** Both sign SHA-256, whatever the curve; an ECDSA signature is the DER of r and s. */
const algorithms: Readonly<Record<string, string>> = {
  rsa: "AWS4-X509-RSA-SHA256",
  ec: "AWS4-X509-ECDSA-SHA256",
};

/** The name of the algorithm for a key; undefined when CreateSession has none for it. */
export function x509Algorithm(key: KeyObject): string | undefined {
  return algorithms[key.asymmetricKeyType ?? ""];
}

/**
 * Signs a request by a certificate's key and returns its headers. The certificate travels in a header of its own, and
 * so do those between it and the trust anchor's.
 *
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html
 */
export function signX509(
  request: SignableRequest,
  options: {
    readonly algorithm: string;
    /** The leaf, then the intermediates if there are any; DER. */
    readonly certificates: readonly [Uint8Array, ...(readonly Uint8Array[])];
    readonly privateKey: KeyObject;
    readonly region: string;
    readonly at: Date;
  },
): Readonly<Record<string, string>> {
  const { algorithm, certificates, privateKey, region, at } = options;
  const [leaf, ...chain] = certificates;
  const { headers, signedHeaders, scope, stringToSign } = prepareSignature(
    {
      ...request,
      headers: {
        ...request.headers,
        "x-amz-x509": base64(leaf),
        ...(chain.length === 0 ? {} : { "x-amz-x509-chain": chain.map(base64).join(",") }),
      },
    },
    { algorithm, region, at },
  );
  const serial = BigInt(`0x${new X509Certificate(leaf).serialNumber}`).toString();
  const signature = sign("sha256", Buffer.from(stringToSign), privateKey).toString("hex");
  return {
    ...headers,
    authorization: `${algorithm} Credential=${serial}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString("base64");
}
