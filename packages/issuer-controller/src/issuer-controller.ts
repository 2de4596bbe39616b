import {
  apiGroup,
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
} from "@capstan/api";
import type { RandomBytes } from "@capstan/ca-core";
import {
  Controller,
  EventRecorder,
  type KubeObject,
  keyOf,
  LeaderElector,
  Manager,
  type ProgramContext,
  Reflector,
} from "@capstan/kube";
import { issuerReconciler } from "./issuers/reconcile-issuer.ts";
import { type CertificateRequest, certificateRequestResource, issuerKindOf } from "./requests/certificate-request.ts";
import { isWorthALook } from "./requests/is-worth-a-look.ts";
import { requestReconciler } from "./requests/reconcile-request.ts";
import { KeyRing } from "./signing/key-ring.ts";
import { MarkKeeper } from "./signing/mark-keeper.ts";

const namespaceResource = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
} as const;

export interface IssuerControllerOptions extends ProgramContext {
  readonly now: () => Date;
  readonly random: RandomBytes;
}

/** Wires the issuer controller and runs it until the signal aborts. */
export async function startIssuerController(options: IssuerControllerOptions, signal: AbortSignal): Promise<void> {
  const { client, connection, health, log, metrics, now, random, settings, userAgent } = options;
  const { namespace } = settings;
  const shared = { client, log, metrics };
  const requests = new Reflector<CertificateRequest & KubeObject>({
    ...shared,
    type: certificateRequestResource,
    // Selectable since cert-manager 1.20.
    fieldSelector: `spec.issuerRef.group=${apiGroup}`,
    indexes: { issuer: (request) => [issuerIdOf(request)] },
  });
  const issuers = new Reflector<CapstanIssuer>({
    ...shared,
    type: capstanIssuerResource,
    indexes: { authority: authorityOf },
  });
  const clusterIssuers = new Reflector<CapstanClusterIssuer>({
    ...shared,
    type: capstanClusterIssuerResource,
    indexes: { authority: authorityOf },
  });
  const authorities = new Reflector<CertificateAuthority>({ ...shared, type: certificateAuthorityResource });
  const namespaces = new Reflector<KubeObject>({ ...shared, type: namespaceResource });
  const elector = new LeaderElector({
    connection,
    userAgent,
    namespace,
    name: "issuer-controller",
    log,
    metrics,
  });
  const events = new EventRecorder({
    client,
    reportingController: "capstan.dev/issuer-controller",
    reportingInstance: elector.identity,
    log,
  });

  const requestController = new Controller({
    name: "certificaterequest",
    log,
    metrics,
    reconcile: requestReconciler({
      client,
      requests: requests.store,
      issuers: { CapstanIssuer: issuers.store, CapstanClusterIssuer: clusterIssuers.store },
      authorities: authorities.store,
      namespaces: namespaces.store,
      signer: {
        client,
        namespace,
        keys: new KeyRing({ client, namespace }),
        marks: new MarkKeeper({ client, namespace }),
        now,
        random,
        log,
      },
      events,
      now,
      log,
    }),
  });
  requestController.watch(requests, (key, change) => (isWorthALook(change) ? [key] : []));
  // A waiting request is woken by its issuer; a change of the authority reaches it through the issuer's condition, or directly.
  const waitingFor = (id: string): readonly string[] => requests.store.byIndex("issuer", id).map(keyOf);
  requestController.watch(issuers, (key) => waitingFor(`CapstanIssuer/${key}`));
  requestController.watch(clusterIssuers, (key) => waitingFor(`CapstanClusterIssuer/${key}`));
  requestController.watch(authorities, (name) => [
    ...issuers.store.byIndex("authority", name).flatMap((issuer) => waitingFor(`CapstanIssuer/${keyOf(issuer)}`)),
    ...clusterIssuers.store
      .byIndex("authority", name)
      .flatMap((issuer) => waitingFor(`CapstanClusterIssuer/${keyOf(issuer)}`)),
  ]);
  requestController.watch(namespaces, () => []);

  const issuerController = (
    kind: "CapstanIssuer" | "CapstanClusterIssuer",
    reflector: Reflector<CapstanIssuer> | Reflector<CapstanClusterIssuer>,
  ): Controller => {
    const controller = new Controller({
      name: kind.toLowerCase(),
      log,
      metrics,
      workers: 1,
      reconcile: issuerReconciler({ client, kind, issuers: reflector.store, authorities: authorities.store, now }),
    });
    if (kind === "CapstanIssuer") controller.watch(issuers);
    else controller.watch(clusterIssuers);
    controller.watch(authorities, (name) => reflector.store.byIndex("authority", name).map(keyOf));
    return controller;
  };

  await new Manager({
    health,
    log,
    elector,
    reflectors: [requests, issuers, clusterIssuers, authorities, namespaces],
    controllers: [
      requestController,
      issuerController("CapstanIssuer", issuers),
      issuerController("CapstanClusterIssuer", clusterIssuers),
    ],
  }).run(signal);
  await events.flush();
}

function authorityOf(issuer: CapstanIssuer | CapstanClusterIssuer): readonly string[] {
  return [issuer.spec.caRef.name];
}

/** kind/namespace/name of the issuer that a request names, without the namespace for the cluster's kind; "" for others. */
function issuerIdOf(request: CertificateRequest): string {
  const kind = issuerKindOf(request);
  const { name } = request.spec.issuerRef;
  if (kind === undefined) return "";
  return kind === "CapstanClusterIssuer" ? `${kind}/${name}` : `${kind}/${request.metadata.namespace ?? ""}/${name}`;
}
