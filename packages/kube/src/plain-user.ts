import { readFile } from "node:fs/promises";
import type { Credentials } from "./kube-connection.ts";
import { type KubeconfigContext, text } from "./kubeconfig.ts";
import type { TokenFile } from "./token-file.ts";

/** All that a user may have who needs nothing but files and what the kubeconfig says itself. */
const plainFields: ReadonlySet<string> = new Set([
  "token",
  "tokenFile",
  "client-certificate",
  "client-certificate-data",
  "client-key",
  "client-key-data",
]);

/**
 * Whether the context's user is read here, as a pod's service account is. For all others there is client-node, which
 * takes a second and 50 MB to load: a controller that has no use for it starts sooner after its leader is gone.
 */
export function isPlainUser({ user }: KubeconfigContext): boolean {
  return Object.keys(user).every((field) => plainFields.has(field));
}

/** Credentials of a plain user. Files are read anew each time. */
export async function readPlainUser(
  { cluster, user }: KubeconfigContext,
  tokenFile: TokenFile | undefined,
): Promise<Credentials> {
  const token = tokenFile === undefined ? text(user, "token") : await tokenFile.read();
  return {
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    tls: {
      ca: await bytesOf(cluster, "certificate-authority"),
      cert: await bytesOf(user, "client-certificate"),
      key: await bytesOf(user, "client-key"),
      servername: text(cluster, "tls-server-name"),
      rejectUnauthorized: cluster["insecure-skip-tls-verify"] === true ? false : undefined,
    },
  };
}

async function bytesOf(from: Readonly<Record<string, unknown>>, field: string): Promise<Uint8Array | undefined> {
  const [data, file] = [text(from, `${field}-data`), text(from, field)];
  if (data !== undefined) return Buffer.from(data, "base64");
  return file === undefined ? undefined : await readFile(file);
}
