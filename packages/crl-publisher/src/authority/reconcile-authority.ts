import { isDeepStrictEqual } from "node:util";
import {
  apiVersion,
  authorityLabel,
  authorityReasons,
  bundleKey,
  bundleName,
  type CertificateAuthority,
  certificateAuthorityResource,
  type Condition,
  type IssuedCertificate,
  publishedLabel,
} from "@capstan/api";
import type { RandomBytes } from "@capstan/ca-core";
import {
  type AuditLog,
  formatTime,
  type KubeClient,
  type Logger,
  type ReadonlyStore,
  type ReconcileResult,
  type Reconciler,
  setCondition,
  TerminalError,
} from "@capstan/kube";
import { parseTrustAnchorArn, type RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { type AnchorSpec, type AnchorSync, syncAnchor, type WantedGeneration } from "../anchors/sync-anchor.ts";
import { type ConfigMap, configMapResource, CrlRefused, publishCrl, type StoredCrl } from "../crl/publish-crl.ts";
import { fieldManager } from "../field-manager.ts";
import type { Readings } from "../revocations/readings.ts";
import { authorityStatus, type ConditionState } from "./authority-status.ts";
import type { Generation, GenerationStore } from "./generation-store.ts";

/** A trust anchor that is in sync is read again after so long, to notice what others changed. */
const rereadMs = 600_000;
const firstRetryMs = 2_000;
const longestRetryMs = 60_000;

export interface AuthorityReconcilerOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  /** The ledger's revoked records, with index "authority". */
  readonly records: ReadonlyStore<IssuedCertificate>;
  readonly generations: GenerationStore;
  /** The control plane of an account and region. */
  readonly controlPlaneOf: (anchor: AnchorSpec) => RolesAnywhereControlPlane;
  /** What trust anchors were read back with; told after each sync. */
  readonly readings: Readings;
  readonly now: () => Date;
  readonly random: RandomBytes;
  readonly recordName: () => string;
  readonly audit: AuditLog;
  readonly log: Logger;
}

/**
 * Brings a CertificateAuthority to have a generation, a CRL that says what the ledger says, and both in every trust
 * anchor. Each step resumes from what Secrets, lists and AWS hold.
 */
export function authorityReconciler(options: AuthorityReconcilerOptions): Reconciler {
  const failures = new Map<string, number>();
  return async (key, signal) => {
    if (options.authorities.get(key) === undefined) return {};
    const authority = await options.client.getOrUndefined<CertificateAuthority>(
      certificateAuthorityResource,
      { name: key },
      { signal },
    );
    if (authority === undefined || authority.metadata.deletionTimestamp !== undefined) return {};
    try {
      const anchors = await bringUp(options, authority, signal);
      const blocked = anchors.some(({ problem }) => problem !== undefined);
      failures.set(key, blocked ? (failures.get(key) ?? 0) + 1 : 0);
      return blocked ? retry(failures.get(key) ?? 1) : { requeueAfterMs: rereadMs };
    } catch (error) {
      if (!(error instanceof TerminalError)) throw error;
      await report(options, authority, failed(error), signal);
      options.log.error({ authority: key, err: error }, "an authority waits for a person");
      // A Secret that is restored wakes nobody here.
      return { requeueAfterMs: longestRetryMs };
    }
  };
}

function retry(failures: number): ReconcileResult {
  return { requeueAfterMs: Math.min(longestRetryMs, firstRetryMs * 2 ** (failures - 1)) };
}

async function bringUp(
  options: AuthorityReconcilerOptions,
  authority: CertificateAuthority,
  signal: AbortSignal,
): Promise<readonly AnchorSync[]> {
  const { generations } = options;
  const { name } = authority.metadata;
  const number = authority.status?.generations?.[0]?.number ?? 1;
  const generation = await generations.ensure(authority, number, signal);
  await generations.ensureRecords(authority, generation, signal);
  const crl = await publishOrReport(options, authority, generation, signal);
  await storeBundle(options, name, generation, signal);
  const wanted = [{ number, fingerprint: generation.root.sha256, rootPem: generation.root.pem, crl }];
  const anchors = await Promise.all(
    (authority.spec.trustAnchors ?? []).map((spec) => syncUnlessFresh(options, authority, spec, wanted, signal)),
  );
  await report(options, authority, stateOf(authority, generation, crl, anchors), signal);
  return anchors;
}

/** A CRL that cannot be made is said in status: what is published stays, and issuing goes on. */
async function publishOrReport(
  options: AuthorityReconcilerOptions,
  authority: CertificateAuthority,
  generation: Generation,
  signal: AbortSignal,
): Promise<StoredCrl> {
  const { name } = authority.metadata;
  const { number } = generation;
  try {
    return await publishCrl({
      ...options,
      authority: name,
      generation,
      revoked: options.records
        .byIndex("authority", name)
        .filter(({ spec, status }) => spec.generation === number && status?.revoked !== undefined),
      highestReadBack: options.readings.highestCrlNumber(name, number),
      signal,
    });
  } catch (error) {
    if (error instanceof CrlRefused) {
      const condition = {
        type: "CRLCurrent",
        status: "False",
        reason: authorityReasons.crlRefused,
        message: error.message,
      } as const;
      await report(options, authority, { conditions: [condition] }, signal);
    }
    throw error;
  }
}

/** AWS allows one call a second: what was read back lately and has nothing new is not read again. */
async function syncUnlessFresh(
  options: AuthorityReconcilerOptions,
  authority: CertificateAuthority,
  spec: AnchorSpec,
  wanted: readonly (WantedGeneration & { readonly crl: StoredCrl })[],
  signal: AbortSignal,
): Promise<AnchorSync> {
  const { name } = authority.metadata;
  const { readings } = options;
  const known = authority.status?.trustAnchors?.find((anchor) => anchor.name === spec.name);
  const before = known?.arn === undefined || isAt(known.arn, spec) ? known : undefined;
  // What was read of an anchor of that name elsewhere says nothing about this one.
  if (before === undefined) readings.forget(name, spec.name);
  const fresh = wanted.every(({ number, crl }) => {
    const reading = readings.of(name, spec.name, number);
    return (
      reading !== undefined && reading.crl.number === crl.number && options.now().getTime() - reading.at < rereadMs
    );
  });
  if (before?.joined === true && fresh) return { status: before };
  const synced = await syncAnchor({
    controlPlane: options.controlPlaneOf(spec),
    authority: name,
    spec,
    before,
    wanted,
    now: options.now,
    signal,
  });
  if (synced.problem === undefined) {
    const at = options.now().getTime();
    for (const { number: generation, crl } of wanted)
      readings.record({ authority: name, anchor: spec.name, generation, crl, at });
  }
  return synced;
}

/** Whether a trust anchor is the one, or in the place, that the spec names. */
function isAt(arn: string, spec: AnchorSpec): boolean {
  if (spec.arn !== undefined) return arn === spec.arn;
  const { region, account } = parseTrustAnchorArn(arn);
  return region === spec.region && account === spec.account;
}

async function storeBundle(
  { client, namespace }: AuthorityReconcilerOptions,
  authority: string,
  { root }: Generation,
  signal: AbortSignal,
): Promise<void> {
  const ref = { namespace, name: bundleName(authority) };
  const stored = await client.getOrUndefined<ConfigMap>(configMapResource, ref, { signal });
  if (stored?.data?.[bundleKey] === root.pem) return;
  const content = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...stored?.metadata, ...ref, labels: { [authorityLabel]: authority, [publishedLabel]: "bundle" } },
    data: { [bundleKey]: root.pem },
  };
  await (stored === undefined
    ? client.create(configMapResource, content, { signal })
    : client.replace(configMapResource, content, { signal }));
}

type StatusUpdate = ReturnType<typeof authorityStatus>;

function stateOf(
  authority: CertificateAuthority,
  { number, root }: Generation,
  crl: StoredCrl,
  anchors: readonly AnchorSync[],
): StatusUpdate {
  const before = authority.status?.generations?.find((generation) => generation.number === number);
  return authorityStatus({
    generation: {
      number,
      fingerprint: root.sha256,
      notBefore: formatTime(root.notBefore.getTime()),
      notAfter: formatTime(root.notAfter.getTime()),
      crl: {
        number: Number(crl.number),
        thisUpdate: formatTime(crl.thisUpdate.getTime()),
        nextUpdate: formatTime(crl.nextUpdate.getTime()),
        entries: crl.serials.size,
      },
    },
    phaseBefore: before?.phase,
    anchors,
  });
}

/** A failure that only a person can end stops issuing: the key is not what it should be. */
function failed(error: TerminalError): { readonly conditions: readonly ConditionState[]; readonly status?: undefined } {
  const reason = error.code === "ERR_KEY_MISSING" ? authorityReasons.keyMissing : authorityReasons.failed;
  return { conditions: [{ type: "Ready", status: "False", reason, message: error.message }] };
}

/** Writes the status, unless it says all this already. */
async function report(
  { client, now }: AuthorityReconcilerOptions,
  authority: CertificateAuthority,
  update: { readonly status?: StatusUpdate["status"] | undefined; readonly conditions: readonly ConditionState[] },
  signal: AbortSignal,
): Promise<void> {
  const { generation: observedGeneration = 0, name, resourceVersion } = authority.metadata;
  const before = authority.status ?? {};
  let conditions: readonly Condition[] = before.conditions ?? [];
  for (const condition of update.conditions)
    conditions = setCondition(conditions, { ...condition, observedGeneration }, now().getTime());
  const { conditions: _conditions, observedGeneration: _observed, ...kept } = before;
  const status = { ...(update.status ?? kept), observedGeneration, conditions };
  if (isDeepStrictEqual(status, before)) return;
  await client.apply(
    certificateAuthorityResource,
    {
      apiVersion,
      kind: "CertificateAuthority",
      metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
      status,
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
}
