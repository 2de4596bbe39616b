import { isDeepStrictEqual } from "node:util";
import { apiVersion, type CertificateAuthority } from "@capstan/api";
import { type KubeClient, type ReadonlyStore, type Reconciler, setCondition } from "@capstan/kube";
import type { IssuerKind } from "../requests/certificate-request.ts";
import type { Issuer } from "../requests/decide-request.ts";
import { fieldManager } from "../requests/reconcile-request.ts";
import { checkIssuer } from "./check-issuer.ts";
import { issuerResourceOf } from "./issuer-kinds.ts";

export interface IssuerReconcilerOptions {
  readonly client: KubeClient;
  readonly kind: IssuerKind;
  readonly issuers: ReadonlyStore<Issuer>;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly now: () => Date;
}

/** Keeps an issuer's Ready condition true to its policy and its authority. */
export function issuerReconciler({ client, kind, issuers, authorities, now }: IssuerReconcilerOptions): Reconciler {
  return async (key, signal) => {
    const issuer = issuers.get(key);
    if (issuer === undefined || issuer.metadata.deletionTimestamp !== undefined) return;
    const { name, namespace, generation: observedGeneration = 0 } = issuer.metadata;
    const condition = { ...checkIssuer(issuer, authorities.get(issuer.spec.caRef.name)), observedGeneration };
    const status = {
      observedGeneration,
      conditions: setCondition(issuer.status?.conditions ?? [], condition, now().getTime()),
    };
    if (isDeepStrictEqual(status, issuer.status)) return;
    await client.apply(
      issuerResourceOf(kind),
      { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, status },
      { fieldManager, force: true, subresource: "status", signal },
    );
  };
}
