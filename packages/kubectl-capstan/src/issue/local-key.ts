import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);

/** Keys that AWS takes of a leaf, and that its helper can read. */
export type LocalKeyAlgorithm = "ECDSA-P256" | "ECDSA-P384" | "RSA-2048" | "RSA-3072" | "RSA-4096";

const algorithms: Readonly<Record<LocalKeyAlgorithm, () => Promise<{ readonly privateKey: KeyObject }>>> = {
  "ECDSA-P256": () => generate("ec", { namedCurve: "P-256" }),
  "ECDSA-P384": () => generate("ec", { namedCurve: "P-384" }),
  "RSA-2048": () => generate("rsa", { modulusLength: 2048 }),
  "RSA-3072": () => generate("rsa", { modulusLength: 3072 }),
  "RSA-4096": () => generate("rsa", { modulusLength: 4096 }),
};

export const keyAlgorithmNames: readonly LocalKeyAlgorithm[] = Object.keys(algorithms) as LocalKeyAlgorithm[];

/** A key of this machine's making. It goes into one file here, and nowhere else. */
export async function generateLocalKey(algorithm: LocalKeyAlgorithm): Promise<KeyObject> {
  return (await algorithms[algorithm]()).privateKey;
}
