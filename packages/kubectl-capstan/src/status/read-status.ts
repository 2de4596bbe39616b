import {
  type AuthorityOperation,
  authorityOperationResource,
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  type GenerationMark,
  generationMarkResource,
  type Revocation,
  revocationResource,
} from "@capstan/api";
import type { Clock, KubeClient, KubeObject, ResourceType } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import { PluginError } from "../exit-code.ts";
import { isOver } from "../operations/order.ts";
import { explainMissingAuthority } from "../operations/read-authority.ts";
import { isUnpublished } from "../revoke/revocation.ts";

export type Issuer = CapstanClusterIssuer | CapstanIssuer;

/** What was read in one go, or why it may not be read. Times are milliseconds since 1970. */
export type Part<T> =
  | { readonly readAt: number; readonly items: readonly T[] }
  | { readonly readAt: number; readonly refusal: string };

export interface Status {
  readonly authorities: { readonly readAt: number; readonly items: readonly CertificateAuthority[] };
  readonly clusterIssuers: Part<CapstanClusterIssuer>;
  readonly issuers: Part<CapstanIssuer>;
  /** Those that some trust anchor still lacks. */
  readonly revocations: Part<Revocation>;
  /** Those that are not over. */
  readonly operations: Part<AuthorityOperation>;
  readonly marks: Part<GenerationMark>;
}

/** What is shown of all that there is. */
export interface StatusScope {
  /** Only this one, and what belongs to it. */
  readonly authority?: string | undefined;
  readonly capstanNamespace: string;
}

/**
 * Reads everything that `status` shows. Who may not read a part still gets the others; the authorities must be readable.
 *
 * @throws {PluginError} when the authority named does not exist, or none does
 */
export async function readStatus(
  client: KubeClient,
  { clock, ...scope }: StatusScope & { readonly clock: Clock },
): Promise<Status> {
  const namespace = scope.capstanNamespace;
  const [authorities, clusterIssuers, issuers, revocations, operations, marks] = await Promise.all([
    client
      .listAll<CertificateAuthority>(certificateAuthorityResource)
      .then(({ items }) => ({ readAt: clock.now(), items })),
    listIfAllowed<CapstanClusterIssuer>(client, capstanClusterIssuerResource, clock),
    listIfAllowed<CapstanIssuer>(client, capstanIssuerResource, clock),
    listIfAllowed<Revocation>(client, revocationResource, clock),
    listIfAllowed<AuthorityOperation>(client, authorityOperationResource, clock, namespace),
    listIfAllowed<GenerationMark>(client, generationMarkResource, clock, namespace),
  ]);
  return inScope({ authorities, clusterIssuers, issuers, revocations, operations, marks }, scope);
}

/**
 * Leaves out what is not asked for, and what is over.
 *
 * @throws {PluginError} when the authority named does not exist, or none does
 */
export function inScope(all: Status, { authority }: StatusScope): Status {
  const { authorities, clusterIssuers, issuers, revocations, operations, marks } = all;
  const shown = authorities.items.filter(({ metadata }) => authority === undefined || metadata.name === authority);
  if (shown.length === 0) throw new PluginError(explainMissingAuthority(authorities.items, authority));
  const isOf = (name: string | undefined): boolean => authority === undefined || name === authority;
  return {
    authorities: { ...authorities, items: shown },
    clusterIssuers: filtered(clusterIssuers, ({ spec }) => isOf(spec.caRef.name)),
    issuers: filtered(issuers, ({ spec }) => isOf(spec.caRef.name)),
    revocations: filtered(
      revocations,
      // Before it is accepted nobody knows whose a revocation is.
      (revocation) =>
        isUnpublished(revocation) && (revocation.status?.authority === undefined || isOf(revocation.status.authority)),
    ),
    operations: filtered(operations, (operation) => !isOver(operation) && isOf(operation.spec.authority)),
    marks: filtered(marks, ({ spec }) => isOf(spec.authority)),
  };
}

async function listIfAllowed<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType,
  clock: Clock,
  namespace?: string,
): Promise<Part<T>> {
  try {
    const { items } = await client.listAll<T>(type, { namespace });
    return { readAt: clock.now(), items };
  } catch (error) {
    const refusal = missingRight(error);
    if (refusal === undefined) throw error;
    return { readAt: clock.now(), refusal };
  }
}

function filtered<T>(part: Part<T>, isShown: (item: T) => boolean): Part<T> {
  return "items" in part ? { ...part, items: part.items.filter(isShown) } : part;
}
