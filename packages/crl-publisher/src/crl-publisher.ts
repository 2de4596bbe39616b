import {
  type AuthorityOperation,
  authorityOperationResource,
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  type RevocationList,
  revocationListResource,
  revocationResource,
} from "@capstan/api";
import type { planRotation, RandomBytes } from "@capstan/ca-core";
import {
  type Clock,
  Controller,
  EventRecorder,
  keyOf,
  LeaderElector,
  LeadershipLostError,
  Manager,
  openAuditLog,
  type ProgramContext,
  Reflector,
  type ReflectorChange,
  refOfKey,
  type SettingsTable,
  systemClock,
} from "@capstan/kube";
import type { Clock as PacingClock, EndpointVariant, RequestHandler } from "@capstan/rolesanywhere";
import { AnchorMemories } from "./anchors/anchor-memory.ts";
import { GenerationStore } from "./authority/generation-store.ts";
import { isWorthALook } from "./authority/is-worth-a-look.ts";
import { authorityReconciler } from "./authority/reconcile-authority.ts";
import { createAwsAccess } from "./credentials/aws-access.ts";
import { mintOwnLeaf } from "./credentials/mint-own-leaf.ts";
import { createOwnCredentialsMetrics } from "./metrics/own-credentials-metrics.ts";
import { announceCapacity } from "./crl/announce-capacity.ts";
import { CrlPace } from "./crl/crl-pace.ts";
import { earliestTime } from "./earliest-time.ts";
import { deletionsKey, deletionsReconciler } from "./deletions/reconcile-deletions.ts";
import { createPublisherMetrics } from "./metrics/publisher-metrics.ts";
import { KnownRoots } from "./revocations/known-roots.ts";
import { Readings } from "./revocations/readings.ts";
import { anyAuthority, authoritiesOf, revocationReconciler, unseenOf } from "./revocations/reconcile-revocation.ts";
import { RevocationRoom } from "./revocations/revocation-room.ts";
import { AwsClock } from "./rotation/aws-clock.ts";
import { CrlBook } from "./rotation/crl-book.ts";

type PublisherSettings = SettingsTable & {
  readonly awsEndpointUrl: { readonly parse: (text: string | undefined) => string | undefined };
  readonly auditLog: { readonly parse: (text: string | undefined) => string | undefined };
};

export interface CrlPublisherOptions extends ProgramContext<PublisherSettings> {
  readonly now: () => Date;
  /** Times what is waited for, at the pace of `now`; the lease keeps the system's. Default is the system's. */
  readonly clock?: Clock;
  /** Times the pace of calls to AWS. Default is the monotonic clock of the process. */
  readonly pacing?: PacingClock;
  /** Decides each step of a rotation. Default is `planRotation`; tests show by another one that they would notice. */
  readonly plan?: typeof planRotation;
  readonly random: RandomBytes;
  /** A new name for a ledger record of the publisher's own. */
  readonly recordName: () => string;
  /** Of every call to AWS. */
  readonly requestHandler: RequestHandler;
  /** Which of a region's endpoints are called, unless the settings name another. */
  readonly endpointVariant: EndpointVariant;
}

/** Longer than AWS ever took for an answer. */
const awsTimeoutMs = 30_000;

/** A clock that has not been heard for longer says nothing. */
const clockMaxAgeMs = 60_000;

/** Wires the publisher and runs it until the signal aborts. */
export async function startCrlPublisher(options: CrlPublisherOptions, signal: AbortSignal): Promise<void> {
  const { client, connection, health, log, metrics, now, settings, userAgent, clock = systemClock } = options;
  const { namespace } = settings;
  const shared = { client, log, metrics };
  const audit = await openAuditLog({
    path: settings.auditLog,
    userAgent,
    now,
    onSignature: (signature, result) => publisherMetrics.signature(signature, result),
  });
  health.addReadyCheck("audit-log", () => audit.problem);
  const authorities = new Reflector<CertificateAuthority>({ ...shared, type: certificateAuthorityResource });
  const records = new Reflector<IssuedCertificate>({
    ...shared,
    type: issuedCertificateResource,
    namespace,
    // The whole ledger is hundreds of megabytes, and a CRL is made of the revoked records alone.
    fieldSelector: "status.revoked.reason!=",
    selects: ({ status }) => status?.revoked !== undefined,
    // Of its bytes most are the certificate.
    transform: (record) => ({ ...record, spec: { ...record.spec, certificate: "" } }),
    indexes: { authority: ({ spec }) => [spec.authority], serial: ({ spec }) => [spec.serial] },
  });
  const lists = new Reflector<RevocationList>({ ...shared, type: revocationListResource, namespace });
  const revocations = new Reflector<Revocation>({
    ...shared,
    type: revocationResource,
    indexes: { authority: authoritiesOf, unseen: unseenOf },
  });
  const operations = new Reflector<AuthorityOperation>({
    ...shared,
    type: authorityOperationResource,
    namespace,
    indexes: { authority: ({ spec }) => [spec.authority] },
  });
  // They say whether they stand still while issuing is held.
  const issuers = new Reflector<CapstanIssuer>({
    ...shared,
    type: capstanIssuerResource,
    indexes: { authority: ({ spec }) => [spec.caRef.name] },
  });
  const clusterIssuers = new Reflector<CapstanClusterIssuer>({
    ...shared,
    type: capstanClusterIssuerResource,
    indexes: { authority: ({ spec }) => [spec.caRef.name] },
  });
  const elector = new LeaderElector({ connection, userAgent, namespace, name: "crl-publisher", log, metrics });
  const events = new EventRecorder({
    client,
    reportingController: "capstan.dev/crl-publisher",
    reportingInstance: elector.identity,
    log,
  });
  const generations = new GenerationStore({ client, namespace, audit, now });
  const readings = new Readings();
  const pace: CrlPace = new CrlPace({
    clock,
    wake: (authority) => authorityController.enqueue(authority),
    isBusy: () => revocations.store.byIndex("unseen", "").length > 0,
  });
  const awsClock = new AwsClock(() => clock.monotonic());

  const clocks = {
    kubernetes: () => client.serverNow(clockMaxAgeMs),
    aws: () => awsClock.now(clockMaxAgeMs),
  };
  const earliest = (): Date =>
    earliestTime({ own: now().getTime(), apiServer: clocks.kubernetes(), aws: clocks.aws() });
  const publisherMetrics = createPublisherMetrics(metrics, {
    authorities: authorities.store,
    lists: lists.store,
    clocks,
    now,
  });

  const authorityController = new Controller({
    name: "certificateauthority",
    log,
    metrics,
    clock,
    reconcile: authorityReconciler({
      ...options,
      namespace,
      records: records.store,
      generations,
      operations: operations.store,
      issuers: [issuers.store, clusterIssuers.store],
      crls: new CrlBook(),
      // What a leader knows of AWS ends with it: a process that loses its lease ends.
      memories: new AnchorMemories(),
      ...createAwsAccess({
        ...options.endpointVariant,
        endpoint: settings.awsEndpointUrl,
        requestHandler: options.requestHandler,
        pacing: options.pacing,
        authorityOf: (name) => authorities.store.get(name),
        findGeneration: (authority, number) => generations.find(authority, number, signal),
        mint: (leaf) => mintOwnLeaf({ ...options, ...leaf, namespace, now: earliest(), audit, signal }),
        metrics: createOwnCredentialsMetrics(metrics, authorities.store),
        onServerDate: ({ at }) => awsClock.heard(at),
        beforeSend: () => {
          if (!elector.isLeader) throw new LeadershipLostError("the lease was lost before a call to AWS was sent");
        },
        requestTimeoutMs: () => Math.min(awsTimeoutMs, elector.remainingMs),
        now,
        log,
      }),
      awsClock,
      readings,
      onMarks: publisherMetrics.marks,
      pace,
      audit,
      events,
    }),
  });
  authorityController.watch(authorities, (key, change) => (isWorthALook(change) ? [key] : []));
  authorities.onChange((_name, change) => {
    if (elector.isLeader) announceCapacity(events, change);
  });
  authorityController.watch(operations, (_, { current }) => (current === undefined ? [] : [current.spec.authority]));
  const standsStillFor = (_: string, { previous, current }: ReflectorChange<CapstanIssuer | CapstanClusterIssuer>) =>
    previous?.status?.standsStill?.order === current?.status?.standsStill?.order
      ? []
      : [current?.spec.caRef.name ?? ""].filter((name) => name !== "");
  authorityController.watch(issuers, standsStillFor);
  authorityController.watch(clusterIssuers, standsStillFor);
  // A record that is marked as revoked belongs into the next CRL.
  authorityController.watch(records, (_, { current }) => {
    if (current !== undefined) pace.noticed(current.spec.authority, current.spec.generation);
    return [];
  });

  const roots = new KnownRoots({ client, namespace, lists: lists.store });
  const room = new RevocationRoom({ records: records.store, now });
  const revocationController = new Controller({
    name: "revocation",
    log,
    metrics,
    clock,
    workers: 16,
    // A namespace with thousands of revocations does not keep the others waiting.
    groupOf: (key) => [refOfKey(key).namespace ?? ""],
    reconcile: revocationReconciler({
      client,
      namespace,
      revocations: revocations.store,
      authorities: authorities.store,
      lists: lists.store,
      records: records.store,
      roots,
      room,
      pace,
      readings,
      onOutcome: publisherMetrics.revocation,
      now,
      log,
    }),
  });
  revocationController.watch(revocations);
  const revocationsOf = (authority: string): readonly string[] =>
    [authority, anyAuthority].flatMap((name) => revocations.store.byIndex("authority", name).map(keyOf));
  revocationController.watch(lists, (_, { current }) =>
    current === undefined ? [] : revocationsOf(current.spec.authority),
  );
  revocationController.watch(authorities, revocationsOf);
  readings.onReading(({ authority }) => {
    for (const key of revocationsOf(authority)) revocationController.enqueue(key);
  });

  const deletionsController = new Controller({
    name: deletionsKey,
    log,
    metrics,
    clock,
    workers: 1,
    reconcile: deletionsReconciler({
      client,
      namespace,
      authorities: authorities.store,
      roots,
      room,
      pace,
      events,
      now,
      log,
    }),
  });
  deletionsController.watch(authorities, (_, { previous, current }) =>
    previous?.metadata.generation === current?.metadata.generation ? [] : [deletionsKey],
  );

  try {
    await new Manager({
      health,
      log,
      elector,
      reflectors: [authorities, records, lists, revocations, operations, issuers, clusterIssuers],
      controllers: [authorityController, revocationController, deletionsController],
    }).run(signal);
  } finally {
    await events.flush();
    await audit.close();
  }
}
