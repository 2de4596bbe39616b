import { type Clock, KubeClient, KubeConnectionError, loadKubeConnection } from "@capstan/kube";
import { PluginError, UsageError } from "./exit-code.ts";
import { pluginVersion } from "./version.ts";

/** Which cluster a command talks to, as kubectl would choose it. */
export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

export interface Cluster {
  readonly client: KubeClient;
  /** From `-n`, else the kubeconfig's context, else "default". */
  readonly namespace: string;
}

/**
 * Runs the work with a client that is closed afterwards.
 *
 * @throws {UsageError} for a namespace that cannot exist
 * @throws {KubeconfigError} when there is no usable kubeconfig
 * @throws {PluginError} when the API server cannot be reached: it says which one
 */
export async function withCluster<T>(
  flags: ClusterFlags,
  { env, clock }: { readonly env: Readonly<Record<string, string | undefined>>; readonly clock: Clock },
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const { kubeconfig, context } = flags;
  if (flags.namespace !== undefined) checkNamespace("--namespace", flags.namespace);
  const home = env["HOME"] ?? env["USERPROFILE"];
  const connection = loadKubeConnection({ kubeconfig, context, env, clock, ...(home === undefined ? {} : { home }) });
  const client = new KubeClient(connection, { userAgent: `kubectl-capstan/${pluginVersion}`, clock });
  try {
    return await work({ client, namespace: flags.namespace ?? connection.namespace ?? "default" });
  } catch (error) {
    if (!(error instanceof KubeConnectionError)) throw error;
    throw new PluginError(`${error.message} (API server ${connection.server})`, { cause: error });
  } finally {
    await client.close();
  }
}

/** RFC 1123, as the API server demands of a namespace's name. */
export function checkNamespace(flag: string, namespace: string): void {
  if (namespace.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(namespace)) return;
  throw new UsageError(
    `${flag}: ${JSON.stringify(namespace)} is not a namespace's name: use at most 63 lower-case letters, digits and "-"`,
  );
}
