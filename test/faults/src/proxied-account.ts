import { readFile, writeFile } from "node:fs/promises";
import type { Cluster } from "@capstan/test-cluster";

/** A service account whose calls go through a proxy. */
export interface ProxiedAccount {
  /** PEM of what signed the API server's certificate. */
  readonly ca: string;
  /** Writes a kubeconfig that speaks as this account to the proxy. */
  readonly writeKubeconfig: (file: string, proxyUrl: string) => Promise<void>;
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: { readonly "certificate-authority": string };
  }[];
}

export async function readAccount(
  cluster: Cluster,
  account: { readonly namespace: string; readonly name: string },
): Promise<ProxiedAccount> {
  const direct = await cluster.serviceAccountKubeconfig(account);
  const config = JSON.parse(await readFile(direct, "utf8")) as Kubeconfig;
  const [entry] = config.clusters;
  if (entry === undefined) throw new Error(`${direct} names no cluster`);
  return {
    ca: await readFile(entry.cluster["certificate-authority"], "utf8"),
    writeKubeconfig: async (file, server) => {
      const cluster = { server, "insecure-skip-tls-verify": true };
      const through = JSON.stringify({ ...config, clusters: [{ name: entry.name, cluster }] });
      await writeFile(file, through, { mode: 0o600 });
    },
  };
}
