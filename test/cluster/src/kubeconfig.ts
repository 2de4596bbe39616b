import { rename, writeFile } from "node:fs/promises";

import type { KeyPairFiles } from "./pki.ts";

/** Who a kubeconfig speaks as. */
export type KubeconfigUser = KeyPairFiles | { readonly tokenFile: string };

/** A kubeconfig's text (JSON, which is YAML), with files named and not embedded: client-go reads a token file anew. */
export function formatKubeconfig(options: {
  readonly serverUrl: string;
  readonly caFile: string;
  readonly user: KubeconfigUser;
}): string {
  const { serverUrl, caFile, user } = options;
  const credentials =
    "tokenFile" in user
      ? { tokenFile: user.tokenFile }
      : { "client-certificate": user.certificate, "client-key": user.key };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "cluster", cluster: { server: serverUrl, "certificate-authority": caFile } }],
    users: [{ name: "user", user: credentials }],
    contexts: [{ name: "context", context: { cluster: "cluster", user: "user" } }],
    "current-context": "context",
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes a file that its owner alone can read, so that a reader sees the old or the new content, never a part. */
export async function writeFileAtomically(file: string, content: string): Promise<void> {
  const next = `${file}.next`;
  await writeFile(next, content, { mode: 0o600 });
  await rename(next, file);
}
