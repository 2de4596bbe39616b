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
  type SettingsTable,
} from "@capstan/kube";
import { createControlPlane, type RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { GenerationStore } from "./authority/generation-store.ts";
import { isWorthALook } from "./authority/is-worth-a-look.ts";
import { authorityReconciler } from "./authority/reconcile-authority.ts";
import { Readings } from "./revocations/readings.ts";
import { revocationReconciler } from "./revocations/reconcile-revocation.ts";

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
    indexes: { authority: ({ status }) => (status?.authority === undefined ? [] : [status.authority]) },
  });
  const elector = new LeaderElector({ connection, userAgent, namespace, name: "crl-publisher", log, metrics });
  const readings = new Readings();

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
  authorityController.watch(records, (_, { current }) => (current === undefined ? [] : [current.spec.authority]));

  const revocationController = new Controller({
    name: "revocation",
    log,
    metrics,
    reconcile: revocationReconciler({
      client,
      namespace,
      revocations: revocations.store,
      authorities: authorities.store,
      lists: lists.store,
      readings,
      now,
      log,
    }),
  });
  revocationController.watch(revocations);
  const revocationsOf = (authority: string): readonly string[] =>
    revocations.store.byIndex("authority", authority).map(keyOf);
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
