import { apiGroup } from "@capstan/api";
import { KubeApiError, type KubeObject, type ListPage } from "@capstan/kube";
import { certificateRequestResource } from "../revoke/cert-manager.ts";
import { asUnreadable } from "./unreadable.ts";
import type { World } from "./world.ts";

/** What the checks keep of a CertificateRequest: there may be many. */
export interface SeenRequest {
  readonly metadata: Pick<KubeObject["metadata"], "name" | "namespace" | "creationTimestamp" | "annotations">;
  readonly issuer: { readonly kind: string; readonly name: string };
  readonly failureTime?: string;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
}

interface CertificateRequest extends KubeObject {
  readonly spec?: { readonly issuerRef?: { readonly group?: string; readonly kind?: string; readonly name?: string } };
  readonly status?: { readonly failureTime?: string; readonly conditions?: SeenRequest["conditions"] };
}

const known = new WeakMap<World, Promise<readonly SeenRequest[]>>();

/** Requests for issuers of ours, in all namespaces; read once. @throws {Unreadable} */
export function ourRequests(world: World): Promise<readonly SeenRequest[]> {
  const reading = known.get(world) ?? readRequests(world);
  known.set(world, reading);
  return reading;
}

async function readRequests(world: World): Promise<readonly SeenRequest[]> {
  const seen: SeenRequest[] = [];
  // Selectable since cert-manager 1.20; older API servers answer 400.
  let fieldSelector: string | undefined = `spec.issuerRef.group=${apiGroup}`;
  for (let token: string | undefined; ;) {
    let page: ListPage<CertificateRequest>;
    try {
      page = await world.client.list<CertificateRequest>(certificateRequestResource, {
        limit: 500,
        fieldSelector,
        continue: token,
      });
    } catch (error) {
      if (error instanceof KubeApiError && error.code === 400 && fieldSelector !== undefined) {
        fieldSelector = undefined;
        continue;
      }
      throw asUnreadable(error);
    }
    seen.push(...page.items.flatMap(keep));
    token = page.continue;
    if (token === undefined) return seen;
  }
}

function keep({ metadata, spec, status }: CertificateRequest): readonly SeenRequest[] {
  const { group, kind = "", name: issuer = "" } = spec?.issuerRef ?? {};
  if (group !== apiGroup || metadata.deletionTimestamp !== undefined) return [];
  const { name, namespace, creationTimestamp, annotations } = metadata;
  return [
    {
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
        ...(annotations === undefined ? {} : { annotations }),
      },
      issuer: { kind: kind === "" ? "CapstanIssuer" : kind, name: issuer },
      ...(status?.failureTime === undefined ? {} : { failureTime: status.failureTime }),
      conditions: status?.conditions ?? [],
    },
  ];
}
