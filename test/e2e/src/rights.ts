import { type Cluster, until } from "@capstan/test-cluster";

/**
 * Resolves when the API server lets somebody do what was just granted: its authorizer learns of roles and bindings by watches
 * of its own, a moment after they were written.
 *
 * @param what as for `kubectl auth can-i`: verb and resource, and the namespace if there is one
 * @param who a kubeconfig, or kubectl's flags that say as whom the administrator acts
 */
export async function untilAllowed(
  { kubectl }: Cluster,
  what: readonly string[],
  who: { readonly kubeconfig: string } | { readonly as: readonly string[] },
): Promise<void> {
  const [flags, options] = "as" in who ? [who.as, {}] : [[], who];
  await until(`the API server to allow ${what.join(" ")}`, async () => {
    const { exitCode } = await kubectl(["auth", "can-i", "--quiet", ...what, ...flags], options);
    return exitCode === 0 ? true : undefined;
  });
}
