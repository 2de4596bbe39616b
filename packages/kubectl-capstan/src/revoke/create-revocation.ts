import { type Revocation, revocationResource } from "@capstan/api";
import { isOutcomeUnknown, type KubeClient, type NewObject, apiVersionOf } from "@capstan/kube";
import { PluginError } from "../exit-code.ts";

interface SelfSubjectReview {
  readonly status?: { readonly userInfo?: { readonly username?: string } };
}

/** The caller's user name as the API server knows it: admission demands exactly that in requestedBy. */
export async function readOwnUserName(client: KubeClient): Promise<string> {
  const review = await client.request<SelfSubjectReview>({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  });
  const username = review.status?.userInfo?.username;
  if (username === undefined || username === "") throw new PluginError("the API server does not say who you are");
  return username;
}

/** With `isDryRun` the API server checks everything, admission included, and stores nothing. */
export async function createRevocation(
  client: KubeClient,
  revocation: NewObject<Revocation>,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<Revocation> {
  const { namespace = "" } = revocation.metadata;
  try {
    return await client.request<Revocation>({
      method: "POST",
      path: `/apis/${apiVersionOf(revocationResource)}/namespaces/${namespace}/${revocationResource.plural}`,
      query: { dryRun: isDryRun ? "All" : undefined },
      body: revocation,
    });
  } catch (error) {
    if (isDryRun || !isOutcomeUnknown(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PluginError(
      `it is not known whether the Revocation was created (${reason}): run the command again, it never revokes twice`,
      { cause: error },
    );
  }
}
