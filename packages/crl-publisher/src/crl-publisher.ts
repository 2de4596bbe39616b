import {
  type CertificateAuthority,
  certificateAuthorityResource,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  type RevocationList,
  revocationListResource,
  revocationResource,
} from "@capstan/api";
import type { RandomBytes } from "@capstan/ca-core";
import {
  Controller,
  keyOf,
  LeaderElector,
  Manager,
  openAuditLog,
  type ProgramContext,
  Reflector,
  refOfKey,
  type SettingsTable,
} from "@capstan/kube";
import { createControlPlane, type RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { GenerationStore } from "./authority/generation-store.ts";
import { isWorthALook } from "./authority/is-worth-a-look.ts";
import { authorityReconciler } from "./authority/reconcile-authority.ts";
import { CrlPace } from "./crl/crl-pace.ts";
import { KnownRoots } from "./revocations/known-roots.ts";
import { Readings } from "./revocations/readings.ts";
import { anyAuthority, authoritiesOf, revocationReconciler } from "./revocations/reconcile-revocation.ts";
import { RevocationRoom } from "./revocations/revocation-room.ts";

type PublisherSettings = SettingsTable & {
  readonly awsEndpointUrl: { readonly parse: (text: string | undefined) => string | undefined };
  readonly auditLog: { readonly parse: (text: string | undefined) => string | undefined };
};

export interface CrlPublisherOptions extends ProgramContext<PublisherSettings> {
  readonly now: () => Date;
  readonly random: RandomBytes;
  /** A new name for a ledger record of the publisher's own. */
  readonly recordName: () => string;
}

/** Wires the publisher and runs it until the signal aborts. */
export async function startCrlPublisher(options: CrlPublisherOptions, signal: AbortSignal): Promise<void> {
  const { client, connection, health, log, metrics, now, settings, userAgent } = options;
  const { namespace } = settings;
  const shared = { client, log, metrics };
  const audit = await openAuditLog({ path: settings.auditLog, userAgent, now });
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
    indexes: { authority: ({ spec }) => [spec.authority] },
  });
  const lists = new Reflector<RevocationList>({ ...shared, type: revocationListResource, namespace });
  const revocations = new Reflector<Revocation>({
    ...shared,
    type: revocationResource,
    indexes: { authority: authoritiesOf },
  });
  const elector = new LeaderElector({ connection, userAgent, namespace, name: "crl-publisher", log, metrics });
  const readings = new Readings();
  const pace: CrlPace = new CrlPace({ wake: (authority) => authorityController.enqueue(authority) });

  const authorityController = new Controller({
    name: "certificateauthority",
    log,
    metrics,
    reconcile: authorityReconciler({
      ...options,
      namespace,
      authorities: authorities.store,
      records: records.store,
      generations: new GenerationStore({ client, namespace, audit, now }),
      controlPlaneOf: sharedControlPlanes(settings.awsEndpointUrl),
      readings,
      audit,
    }),
  });
  authorityController.watch(authorities, (key, change) => (isWorthALook(change) ? [key] : []));
  // A record that is marked as revoked belongs into the next CRL.
  authorityController.watch(records, (_, { current }) => {
    if (current !== undefined) pace.noticed(current.spec.authority, current.spec.generation);
    return [];
  });

  const revocationController = new Controller({
    name: "revocation",
    log,
    metrics,
    workers: 16,
    // A namespace with thousands of revocations does not keep the others waiting.
    groupOf: (key) => [refOfKey(key).namespace ?? ""],
    reconcile: revocationReconciler({
      client,
      namespace,
      revocations: revocations.store,
      authorities: authorities.store,
      lists: lists.store,
      roots: new KnownRoots({ client, namespace, lists: lists.store }),
      room: new RevocationRoom({ records: records.store, now }),
      pace,
      readings,
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

  try {
    await new Manager({
      health,
      log,
      elector,
      reflectors: [authorities, records, lists, revocations],
      controllers: [authorityController, revocationController],
    }).run(signal);
  } finally {
    await audit.close();
  }
}

/** One control plane, and so one pace of calls, for each account and region. */
function sharedControlPlanes(
  endpoint: string | undefined,
): (anchor: { readonly region: string; readonly account: string }) => RolesAnywhereControlPlane {
  const controlPlanes = new Map<string, RolesAnywhereControlPlane>();
  return ({ region, account }) => {
    const id = `${account}/${region}`;
    const known = controlPlanes.get(id);
    if (known !== undefined) return known;
    const made = createControlPlane({ region, ...(endpoint === undefined ? {} : { endpoint }) });
    controlPlanes.set(id, made);
    return made;
  };
}
