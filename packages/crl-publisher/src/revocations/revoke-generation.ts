import {
  apiVersion,
  type AuthorityOperation,
  authorityOperationResource,
  type CertificateAuthority,
  type Revocation,
  revocationReasons,
} from "@capstan/api";
import { isAlreadyExists, type KubeClient, type ReconcileResult } from "@capstan/kube";
import type { RevocationReconcilerOptions } from "./reconcile-revocation.ts";
import type { ConditionState } from "./revocation-progress.ts";
import type { RevocationTarget } from "./revocation-target.ts";
import { isAccepted, refuse, writeRevocationStatus } from "./write-revocation-status.ts";

type GenerationTarget = Extract<RevocationTarget, { readonly kind: "generation" }>;
type Phase = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number]["phase"];

/** The operation's answer is looked for so often. */
const lookAgainMs = 5_000;

/** Whether a trust anchor may hold a root of this phase. */
const mayBeTrusted: Readonly<Record<Phase, boolean>> = {
  Pending: true,
  Published: true,
  Active: true,
  Draining: true,
  Retired: false,
  Destroyed: false,
  Abandoned: false,
};

/**
 * Revokes a whole generation. No CRL can hold all of its leaves, and none of its own revokes a root: the root is taken out of
 * every trust anchor, by the operation Compromised, which is ordered here in the publisher's name and says who asked for it.
 */
export async function revokeGeneration(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  { authority, number }: GenerationTarget,
  signal: AbortSignal,
): Promise<ReconcileResult | undefined> {
  const { namespace = "" } = revocation.metadata;
  if (namespace !== options.namespace) {
    const message = `a generation is revoked in namespace ${options.namespace} alone`;
    await refuse(options, revocation, { reason: revocationReasons.notYours, message }, signal);
    return undefined;
  }
  const generation = options.authorities.get(authority)?.status?.generations?.find((one) => one.number === number);
  if (generation === undefined) {
    // It is ordered; the authority has been let go meanwhile.
    if (isAccepted(revocation)) return undefined;
    const message = `CertificateAuthority ${authority} has no generation ${number}; kubectl get capca ${authority} -o yaml lists them`;
    await refuse(options, revocation, { reason: revocationReasons.notFound, message }, signal);
    return undefined;
  }
  const identity = { authority, generation: number };
  const isGone = !mayBeTrusted[generation.phase];
  const operation = await operationOf(options, revocation, !isGone, signal);
  if (operation?.status?.phase === "Refused" && !isGone) {
    const message = `AuthorityOperation ${operation.metadata.name}: ${operation.status.message ?? "it was refused"}`;
    await refuse(options, revocation, { reason: revocationReasons.invalidTarget, message }, signal);
    return undefined;
  }
  if (!isGone && operation?.status?.phase === undefined) {
    await writeRevocationStatus(options, revocation, identity, [], signal);
    return { requeueAfterMs: lookAgainMs };
  }
  await writeRevocationStatus(
    options,
    revocation,
    identity,
    [accepted(operation), isGone ? gone(number, generation.phase) : waiting(operation)],
    signal,
  );
  // The authority's status wakes this when the root is gone.
  return isGone ? undefined : { requeueAfterMs: 12 * lookAgainMs };
}

/** The operation that this Revocation has ordered, ordered now when `mayOrder`. Its name makes its create atomic. */
async function operationOf(
  { client, namespace }: RevocationReconcilerOptions,
  revocation: Revocation,
  mayOrder: boolean,
  signal: AbortSignal,
): Promise<AuthorityOperation | undefined> {
  const ref = { namespace, name: `revocation-${revocation.metadata.uid ?? revocation.metadata.name}` };
  const known = await client.getOrUndefined<AuthorityOperation>(authorityOperationResource, ref, { signal });
  const { generation } = revocation.spec.target;
  if (known !== undefined || !mayOrder || generation === undefined) return known;
  const operation: AuthorityOperation = {
    apiVersion,
    kind: "AuthorityOperation",
    metadata: {
      ...ref,
      annotations: {
        "capstan.dev/revocation": revocation.metadata.name,
        "capstan.dev/revocation-requested-by": revocation.spec.requestedBy,
      },
    },
    spec: {
      authority: generation.authority,
      kind: "Compromised",
      generations: [generation.number],
      // Admission demands the creator's own name here.
      requestedBy: await ownUserName(client, signal),
    },
  };
  try {
    return await client.create<AuthorityOperation>(authorityOperationResource, operation, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return client.get<AuthorityOperation>(authorityOperationResource, ref, { signal });
  }
}

async function ownUserName(client: KubeClient, signal: AbortSignal): Promise<string> {
  const review = await client.request<{ readonly status?: { readonly userInfo?: { readonly username?: string } } }>({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    signal,
  });
  const username = review.status?.userInfo?.username;
  if (username === undefined) throw new Error("the API server does not say who the publisher is");
  return username;
}

function accepted(operation: AuthorityOperation | undefined): ConditionState {
  const [reason, message] =
    operation === undefined
      ? (["alreadyRevoked", "No trust anchor holds the generation's root any more"] as const)
      : (["recorded", `AuthorityOperation ${operation.metadata.name} carries it out; it cannot be undone`] as const);
  return { type: "Accepted", status: "True", reason: revocationReasons[reason], message };
}

function gone(number: number, phase: Phase): ConditionState {
  const message = `Generation ${number} is ${phase}: its root was read back as gone from every trust anchor`;
  return { type: "Published", status: "True", reason: revocationReasons.readBack, message };
}

function waiting(operation: AuthorityOperation | undefined): ConditionState {
  const message = operation?.status?.message ?? "the root is being taken out of the trust anchors";
  return { type: "Published", status: "False", reason: revocationReasons.waiting, message };
}
