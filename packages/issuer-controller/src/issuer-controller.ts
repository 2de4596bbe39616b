import type { RandomBytes } from "@capstan/ca-core";
import {
  Controller,
  EventRecorder,
  type KubeObject,
  keyOf,
  LeaderElector,
  Manager,
  openAuditLog,
  type ProgramContext,
  type Reflector,
  type ReflectorChange,
  refOfKey,
} from "@capstan/kube";
import { CelEvaluator, defaultProxies, QuotaBook } from "@capstan/policy";
import { userNameOf } from "./approval/approve-right.ts";
import { isUnapproved } from "./approval/decide-approval.ts";
import { approvalReconciler } from "./approval/reconcile-approval.ts";
import { type Caches, createCaches } from "./caches.ts";
import { BrokenIssuers } from "./issuers/broken-issuers.ts";
import { authorityIsWorthACheck, issuerIsWorthACheck } from "./issuers/is-worth-a-check.ts";
import { type Issuer, type IssuerKind, issuerIdOf, storeKeyOf } from "./issuers/issuer-kinds.ts";
import { probeKey } from "./issuers/probe-key.ts";
import { ProbedKeys } from "./issuers/probed-keys.ts";
import { issuerReconciler } from "./issuers/reconcile-issuer.ts";
import { liveLeavesKey, liveLeavesReconciler } from "./issuers/review-live-leaves.ts";
import { authorityWakesRequests, issuerWakesRequests } from "./issuers/wakes-requests.ts";
import { webhooksOf } from "./issuers/webhooks.ts";
import { signingRequestKind } from "./kubernetes-csr/signing-request-kind.ts";
import { createLedgerController } from "./ledger/ledger-controller.ts";
import { LedgerRoom } from "./ledger/ledger-room.ts";
import { createReissueCache, createReissueControllers } from "./reissue/reissue-controller.ts";
import { createRequestMetrics } from "./metrics/request-metrics.ts";
import { Attempts } from "./requests/attempts.ts";
import { certificateRequestKind } from "./requests/certificate-request-kind.ts";
import { Grace } from "./requests/grace.ts";
import { isWorthALook } from "./requests/is-worth-a-look.ts";
import { LooksUnderWay } from "./requests/looks-under-way.ts";
import { requestReconciler } from "./requests/reconcile-request.ts";
import { turnOfCertificateRequest, turnOfSigningRequest } from "./requests/turns.ts";
import type { IssuerSettings } from "./settings.ts";
import { BlockedKeys } from "./signing/blocked-keys.ts";
import { KeyRing } from "./signing/key-ring.ts";
import { Ledger } from "./signing/ledger.ts";
import { MarkKeeper } from "./signing/mark-keeper.ts";
import { takenByRecords } from "./signing/quota-records.ts";
import { ReleasedBefore } from "./signing/released-before.ts";
import { SharedReads } from "./signing/shared-reads.ts";
import type { SignerOptions } from "./signing/sign-issuance.ts";

export interface IssuerControllerOptions extends ProgramContext<IssuerSettings> {
  readonly now: () => Date;
  readonly random: RandomBytes;
}

/** Wires the issuer controller and runs it until the signal aborts. */
export async function startIssuerController(options: IssuerControllerOptions, signal: AbortSignal): Promise<void> {
  const { client, connection, health, log, metrics, now, random, settings, userAgent } = options;
  const { namespace, workers } = settings;
  const caches = createCaches({ client, namespace, log, metrics });
  const { requests, signingRequests, issuers, clusterIssuers, authorities, namespaces } = caches;
  const { mutatingWebhooks, validatingWebhooks, revocationLists } = caches;
  const webhooks = webhooksOf([mutatingWebhooks.store, validatingWebhooks.store]);
  const proxies = [...defaultProxies, userNameOf(settings.approver)];
  const elector = new LeaderElector({
    ...settings,
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
  const cel = new CelEvaluator();
  const audit = await openAuditLog({
    path: settings.auditLog,
    userAgent,
    onSignature: (signature, result) => requestMetrics.signature(signature, result),
  });
  health.addReadyCheck("audit-log", () => audit.problem);
  const room = new LedgerRoom({ limit: settings.ledgerLimit });
  const nowMs = (): number => now().getTime();
  const signer: SignerOptions = {
    namespace,
    ledger: new Ledger({ client, namespace, room }),
    reads: new SharedReads(client),
    keys: new KeyRing({ client, namespace }),
    marks: new MarkKeeper({ client, namespace }),
    blockedKeys: new BlockedKeys({
      lists: revocationLists.store,
      silentMs: () => revocationLists.lastActivityMs,
    }),
    audit,
    quotas: new QuotaBook({ nowMs, readTaken: takenByRecords({ client, namespace }, nowMs) }),
    cel,
    now,
    random,
    log,
  };
  authorities.onChange((_name, { current }) => {
    if (current !== undefined) void signer.keys.preload(current, signal);
  });
  const broken = new BrokenIssuers((issuer) => issuerControllers[issuer.kind].enqueue(storeKeyOf(issuer)));
  const underWay = new LooksUnderWay();
  const issuersByKind = { CapstanIssuer: issuers.store, CapstanClusterIssuer: clusterIssuers.store };
  const requestMetrics = createRequestMetrics(metrics, {
    requests: requests.store,
    signingRequests: signingRequests.store,
    issuers: issuersByKind,
    now,
  });
  const answering = {
    client,
    underWay,
    issuers: issuersByKind,
    authorities: authorities.store,
    namespaces: namespaces.store,
    webhooks,
    // What a namespace or a webhook is no longer may have been hidden by a proxy that keeps a dead connection open.
    silentMs: () =>
      Math.max(...[namespaces, mutatingWebhooks, validatingWebhooks].map(({ lastActivityMs }) => lastActivityMs)),
    signer,
    events,
    grace: new Grace({ released: new ReleasedBefore({ client, namespace }), now }),
    metrics: requestMetrics,
    onBroken: broken.report.bind(broken),
    now,
    log,
  };
  const attempts = (): Attempts => new Attempts({ limitMs: settings.retryLimit });

  const requestController = new Controller({
    name: "certificaterequest",
    log,
    metrics,
    workers,
    groupOf: (key) => turnOfCertificateRequest(requests.store.get(key)),
    reconcile: requestReconciler({
      ...answering,
      kind: certificateRequestKind({ proxies }),
      requests: requests.store,
      attempts: attempts(),
    }),
  });
  requestController.watch(requests, (key, change) => (isWorthALook(change) ? [key] : []));
  wakeWaiting(requestController, requests, caches);

  const approvalController = new Controller({
    name: "approval",
    log,
    metrics,
    workers: 1,
    reconcile: approvalReconciler({
      client,
      requests: requests.store,
      approver: settings.approver,
      events,
      now,
      log,
    }),
  });
  approvalController.watch(requests, (key, { current }) =>
    current === undefined || isUnapproved(current) ? [key] : [],
  );

  const signingRequestController = new Controller({
    name: "certificatesigningrequest",
    log,
    metrics,
    workers,
    groupOf: (key) => turnOfSigningRequest(signingRequests.store.get(key)),
    reconcile: requestReconciler({
      ...answering,
      kind: signingRequestKind({ client, proxies }),
      requests: signingRequests.store,
      attempts: attempts(),
    }),
  });
  signingRequestController.watch(signingRequests);
  wakeWaiting(signingRequestController, signingRequests, caches);

  const probed = new ProbedKeys((name) => authorities.store.get(name) !== undefined);
  health.addReadyCheck("signing", () => probed.problem);
  const issuerController = (kind: IssuerKind): Controller => {
    const reflector = kind === "CapstanIssuer" ? issuers : clusterIssuers;
    const controller = new Controller({
      name: kind.toLowerCase(),
      log,
      metrics,
      workers: 1,
      reconcile: issuerReconciler({
        client,
        kind,
        issuers: reflector.store,
        authorities: authorities.store,
        webhooks,
        cel,
        probe: (authority, signal) =>
          probed.note(authority.metadata.name, probeKey({ keys: signer.keys, audit, now }, authority, signal)),
        broken,
        underWay,
        ledgerRetentionMs: settings.ledgerRetention,
        attempts: new Attempts({ limitMs: 0 }),
        now,
      }),
    });
    const worthACheck = (key: string, change: ReflectorChange<Issuer>): readonly string[] =>
      issuerIsWorthACheck(change) ? [key] : [];
    if (kind === "CapstanIssuer") controller.watch(issuers, worthACheck);
    else controller.watch(clusterIssuers, worthACheck);
    controller.watch(authorities, (name, change) =>
      authorityIsWorthACheck(change) ? reflector.store.byIndex("authority", name).map(keyOf) : [],
    );
    for (const configurations of [mutatingWebhooks, validatingWebhooks]) {
      controller.watch(configurations, () => reflector.store.list().map(keyOf));
    }
    return controller;
  };
  const issuerControllers: Readonly<Record<IssuerKind, Controller>> = {
    CapstanIssuer: issuerController("CapstanIssuer"),
    CapstanClusterIssuer: issuerController("CapstanClusterIssuer"),
  };

  const revocations = createReissueCache({ client, log, metrics });
  const reissueControllers = createReissueControllers({ ...options, namespace, revocations, authorities, events });
  const liveLeavesController = new Controller({
    name: liveLeavesKey,
    log,
    metrics,
    workers: 1,
    reconcile: liveLeavesReconciler({ ...answering, namespace, proxies }),
  });
  liveLeavesController.watch(issuers, () => [liveLeavesKey]);
  liveLeavesController.watch(clusterIssuers, () => [liveLeavesKey]);
  liveLeavesController.watch(authorities, () => [liveLeavesKey]);
  liveLeavesController.watch(namespaces, () => []);

  const ledgerController = createLedgerController({
    ...options,
    namespace,
    retentionMs: settings.ledgerRetention,
    room,
    caches,
    events,
  });

  await new Manager({
    health,
    log,
    elector,
    reflectors: [...(Object.values(caches) as Reflector<KubeObject>[]), revocations],
    onLeading: async (_epoch, stop) => {
      await Promise.all([requests.whenSynced(stop), signingRequests.whenSynced(stop)]);
      // What is there when this process begins to lead may have been recorded by the one before it.
      const seen = [...requests.store.list(), ...signingRequests.store.list()];
      signer.ledger.doubt(seen.flatMap(({ metadata }) => metadata.uid ?? []));
    },
    controllers: [
      requestController,
      approvalController,
      signingRequestController,
      ledgerController,
      ...reissueControllers,
      liveLeavesController,
      ...Object.values(issuerControllers),
    ],
  }).run(signal);
  await events.flush();
  await audit.close();
  await cel.close();
}

/** A waiting request is woken by its issuer and, directly, by the authority that the issuer names. */
function wakeWaiting<R extends KubeObject>(
  controller: Controller,
  { store }: Reflector<R>,
  { issuers, clusterIssuers, authorities, namespaces, mutatingWebhooks, validatingWebhooks, revocationLists }: Caches,
): void {
  const waitingFor = (kind: IssuerKind, key: string): readonly string[] =>
    store.byIndex("waitingFor", issuerIdOf({ kind, ...refOfKey(key) })).map(keyOf);
  controller.watch(issuers, (key, change) => (issuerWakesRequests(change) ? waitingFor("CapstanIssuer", key) : []));
  controller.watch(clusterIssuers, (key, change) =>
    issuerWakesRequests(change) ? waitingFor("CapstanClusterIssuer", key) : [],
  );
  controller.watch(authorities, (name, change) =>
    authorityWakesRequests(change)
      ? [
          ...issuers.store.byIndex("authority", name).flatMap((issuer) => waitingFor("CapstanIssuer", keyOf(issuer))),
          ...clusterIssuers.store
            .byIndex("authority", name)
            .flatMap((issuer) => waitingFor("CapstanClusterIssuer", keyOf(issuer))),
        ]
      : [],
  );
  // Read, but no reason to look at a request: its namespace is there before it, and webhooks are its issuer's affair.
  controller.watch(namespaces, () => []);
  controller.watch(mutatingWebhooks, () => []);
  controller.watch(validatingWebhooks, () => []);
  // Nothing is signed before it is known which keys are blocked.
  controller.watch(revocationLists, () => []);
}
