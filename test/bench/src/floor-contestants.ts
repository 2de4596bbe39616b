import { createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import type { BenchAuthority } from "./bench-authority.ts";
import { inProcess, type Contestant } from "./contestant.ts";
import type { BenchRequest } from "./requests.ts";

/**
 * The public-key operations of a leaf and nothing else: verify the request's signature, sign as many bytes, RSA on the
 * thread pool and ECDSA in place, as ca-core does; verify that signature. Every key is a KeyObject before the clock starts, though a request's key cannot be.
 */
export function floors(authority: BenchAuthority, requests: readonly BenchRequest[]): [Contestant, Contestant] {
  const caKey = createPublicKey(authority.privateKey);
  const ready = requests.map((request) => ({
    ...request,
    key: createPublicKey({ key: Buffer.from(request.spki), format: "der", type: "spki" }),
  }));
  const makeSignature = async (n: number): Promise<{ readonly signed: Uint8Array; readonly signature: Uint8Array }> => {
    const request = ready[n % ready.length];
    if (request === undefined || !verify("sha256", request.info, request.key, request.signature)) {
      throw new Error("a request's signature does not verify");
    }
    return { signed: request.info, signature: await signAsCaCoreDoes(request.info, authority.privateKey) };
  };
  return [
    inProcess("floor", async (n) => {
      const { signed, signature } = await makeSignature(n);
      if (!verify("sha256", signed, caKey, signature)) throw new Error("our own signature does not verify");
      return undefined;
    }),
    inProcess("floor-without-own-verify", async (n) => {
      await makeSignature(n);
      return undefined;
    }),
  ];
}

async function signAsCaCoreDoes(message: Uint8Array, key: KeyObject): Promise<Uint8Array> {
  if (key.asymmetricKeyType === "ec") return sign("sha256", message, key);
  return new Promise((resolve, reject) => {
    sign("sha256", message, key, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });
}
