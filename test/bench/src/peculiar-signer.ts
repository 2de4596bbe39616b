import { createPrivateKey, webcrypto, type KeyObject } from "node:crypto";

/** A CA's key as WebCrypto and @peculiar/x509 take it: RSA, or EC on P-256. */
export async function peculiarSigner(privateKey: KeyObject | string): Promise<{
  readonly signingAlgorithm: { readonly name: string; readonly hash: string };
  readonly signingKey: webcrypto.CryptoKey;
}> {
  const key = typeof privateKey === "string" ? createPrivateKey(privateKey) : privateKey;
  const isRsa = key.asymmetricKeyType === "rsa";
  const signingAlgorithm = { name: isRsa ? "RSASSA-PKCS1-v1_5" : "ECDSA", hash: "SHA-256" };
  const pkcs8 = key.export({ format: "der", type: "pkcs8" });
  const kind = isRsa ? signingAlgorithm : { ...signingAlgorithm, namedCurve: "P-256" };
  return { signingAlgorithm, signingKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, kind, false, ["sign"]) };
}
