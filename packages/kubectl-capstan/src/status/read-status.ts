import {
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  type Revocation,
  revocationResource,
} from "@capstan/api";
import type { Clock, KubeClient, KubeObject, ResourceType } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import { PluginError } from "../exit-code.ts";
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
}

/**
 * Reads everything that `status` shows. Who may not read a part still gets the others; the authorities must be readable.
 *
 * @throws {PluginError} when the authority named does not exist, or none does
 */
export async function readStatus(
  client: KubeClient,
  { clock, authority }: { readonly clock: Clock; readonly authority?: string | undefined },
): Promise<Status> {
  const [authorities, clusterIssuers, issuers, revocations] = await Promise.all([
    client
      .listAll<CertificateAuthority>(certificateAuthorityResource)
      .then(({ items }) => ({ readAt: clock.now(), items })),
    listIfAllowed<CapstanClusterIssuer>(client, capstanClusterIssuerResource, clock),
    listIfAllowed<CapstanIssuer>(client, capstanIssuerResource, clock),
    listIfAllowed<Revocation>(client, revocationResource, clock),
  ]);
  const shown = authorities.items.filter(({ metadata }) => authority === undefined || metadata.name === authority);
  if (shown.length === 0) throw new PluginError(nothingToShow(authorities.items, authority));
  const isOfIssuer = ({ spec }: Issuer): boolean => authority === undefined || spec.caRef.name === authority;
  // Before it is accepted nobody knows whose a revocation is.
  const isOfRevocation = ({ status }: Revocation): boolean =>
    authority === undefined || status?.authority === undefined || status.authority === authority;
  return {
    authorities: { ...authorities, items: shown },
    clusterIssuers: filtered(clusterIssuers, isOfIssuer),
    issuers: filtered(issuers, isOfIssuer),
    revocations: filtered(revocations, (revocation) => isUnpublished(revocation) && isOfRevocation(revocation)),
  };
}

function nothingToShow(authorities: readonly CertificateAuthority[], authority: string | undefined): string {
  if (authority === undefined) return "there is no CertificateAuthority in this cluster: create one";
  const names = authorities.map(({ metadata }) => metadata.name).join(", ");
  return `there is no CertificateAuthority ${JSON.stringify(authority)}; ${names === "" ? "there is none at all" : `there is ${names}`}`;
}

async function listIfAllowed<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType,
  clock: Clock,
): Promise<Part<T>> {
  try {
    const { items } = await client.listAll<T>(type);
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
