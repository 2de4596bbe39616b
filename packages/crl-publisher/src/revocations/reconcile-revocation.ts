import { isDeepStrictEqual } from "node:util";
import {
  apiVersion,
  type CertificateAuthority,
  type Condition,
  generationName,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  revocationReasons,
  revocationResource,
  type RevocationList,
} from "@capstan/api";
import {
  formatTime,
  type KubeClient,
  type Logger,
  type ReadonlyStore,
  type Reconciler,
  setCondition,
} from "@capstan/kube";
import { fieldManager } from "../field-manager.ts";
import { serialsOf } from "../crl/revocation-entries.ts";
import { planRevocation } from "./plan-revocation.ts";
import type { Readings } from "./readings.ts";

/** Less `reissue`, which the issuer controller writes. */
type RevocationStatus = Omit<NonNullable<Revocation["status"]>, "reissue">;

export interface RevocationReconcilerOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly revocations: ReadonlyStore<Revocation>;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly lists: ReadonlyStore<RevocationList>;
  readonly readings: Readings;
  readonly now: () => Date;
  readonly log: Logger;
}

/**
 * Marks the ledger record that a Revocation names, and reports when the generation's list and then every trust anchor
 * has the serial. The list itself is written by the authority's reconciler, for many revocations at once.
 */
export function revocationReconciler(options: RevocationReconcilerOptions): Reconciler {
  return async (key, signal) => {
    const revocation = options.revocations.get(key);
    if (revocation === undefined || revocation.metadata.deletionTimestamp !== undefined) return;
    if (isOver(revocation)) return;
    const records = await recordsOf(options, revocation, signal);
    const plan = planRevocation({ revocation, records, ownNamespace: options.namespace, now: options.now().getTime() });
    if (plan.do === "refuse") {
      await report(
        options,
        revocation,
        {},
        [{ type: "Accepted", status: "False", reason: plan.reason, message: plan.message }],
        signal,
      );
      return;
    }
    if (plan.do === "mark") await mark(options, revocation, plan.record, signal);
    await reportProgress(options, revocation, plan.record, signal);
  };
}

/** Refused or published: both are final, since neither target nor ledger record can change. */
function isOver(revocation: Revocation): boolean {
  return is(revocation, "Accepted", "False") || is(revocation, "Published", "True");
}

function is({ status }: Revocation, type: string, value: Condition["status"]): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === value) === true;
}

/** A DNS subdomain, as the names of ledger records are. */
const objectName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Read live: the ledger decides ownership, and a certificate may have been issued a moment ago. */
async function recordsOf(
  { client, namespace }: RevocationReconcilerOptions,
  revocation: Revocation,
  signal: AbortSignal,
): Promise<readonly IssuedCertificate[]> {
  const { serial, issuedCertificate } = revocation.spec.target;
  if (serial !== undefined) {
    const { items } = await client.listAll<IssuedCertificate>(issuedCertificateResource, {
      namespace,
      fieldSelector: `spec.serial=${serial}`,
      signal,
    });
    return items;
  }
  // What cannot be a name is not in the ledger, and must not become another path.
  if (issuedCertificate === undefined || !objectName.test(issuedCertificate)) return [];
  const record = await client.getOrUndefined<IssuedCertificate>(
    issuedCertificateResource,
    { namespace, name: issuedCertificate },
    { signal },
  );
  return record === undefined ? [] : [record];
}

async function mark(
  { client, now, log }: RevocationReconcilerOptions,
  revocation: Revocation,
  record: IssuedCertificate,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, resourceVersion } = record.metadata;
  const { reason, requestedBy } = revocation.spec;
  const revoked = {
    at: formatTime(now().getTime()),
    reason,
    revocation: `${revocation.metadata.namespace ?? ""}/${revocation.metadata.name}`,
    requestedBy,
  };
  await client.apply(
    issuedCertificateResource,
    {
      apiVersion,
      kind: "IssuedCertificate",
      // The first time and reason count: a record that changed meanwhile is looked at again.
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      status: { revoked },
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
  log.info({ serial: record.spec.serial, reason, requestedBy }, "revoked a certificate");
}

async function reportProgress(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  record: IssuedCertificate,
  signal: AbortSignal,
): Promise<void> {
  const { lists, authorities, readings, namespace } = options;
  const { serial, authority, generation } = record.spec;
  const identity = { serial, issuedCertificate: record.metadata.name, authority, generation };
  const list = lists.get(`${namespace}/${generationName(authority, generation)}`);
  if (list === undefined || !serialsOf(list.spec).has(serial)) {
    // The change of the ledger record wakes the authority, whose list wakes this; but expired leaves are listed no more.
    const expired = Date.parse(record.spec.notAfter) <= options.now().getTime() && !is(revocation, "Accepted", "True");
    const message = `the certificate expired at ${record.spec.notAfter}, before a CRL named it`;
    const refused = { type: "Accepted", status: "False", reason: revocationReasons.expired, message } as const;
    await report(options, revocation, identity, expired ? [refused] : [], signal);
    return;
  }
  const accepted = {
    type: "Accepted",
    status: "True",
    reason: revocationReasons.recorded,
    message: "The revocation is recorded and cannot be undone",
  } as const;
  const owner = authorities.get(authority);
  if (owner === undefined) {
    // Nobody says any more where the root is trusted, so nothing can be said to be published.
    const message = `CertificateAuthority ${authority} does not exist`;
    await report(
      options,
      revocation,
      identity,
      [accepted, { type: "Published", status: "False", reason: revocationReasons.waiting, message }],
      signal,
    );
    return;
  }
  const anchors = (owner.spec.trustAnchors ?? []).map(({ name }) => {
    const reading = readings.of(authority, name, generation);
    const published = reading?.crl.serials.has(serial) === true;
    return {
      name,
      published,
      ...(published ? { crlNumber: Number(reading.crl.number) } : {}),
      ...(published ? {} : { message: messageOf(owner, name) }),
    };
  });
  const waiting = anchors.filter(({ published }) => !published).map(({ name }) => name);
  const published =
    waiting.length === 0
      ? ({
          type: "Published",
          status: "True",
          reason: revocationReasons.readBack,
          message: "Every trust anchor was read back with a CRL that names the serial",
        } as const)
      : ({
          type: "Published",
          status: "False",
          reason: revocationReasons.waiting,
          message: `Waiting for ${waiting.join(", ")}`,
        } as const);
  // The first CRL that was read back with the serial stays the first.
  const before = revocation.status?.crlNumber;
  const numbers = [...(before === undefined ? [] : [before]), ...anchors.flatMap(({ crlNumber }) => crlNumber ?? [])];
  await report(
    options,
    revocation,
    { ...identity, anchors, ...(numbers.length === 0 ? {} : { crlNumber: Math.min(...numbers) }) },
    [accepted, published],
    signal,
  );
}

function messageOf(authority: CertificateAuthority, anchor: string): string {
  return authority.status?.trustAnchors?.find(({ name }) => name === anchor)?.message ?? "the CRL is on its way";
}

async function report(
  { client, now }: RevocationReconcilerOptions,
  revocation: Revocation,
  status: Omit<RevocationStatus, "conditions">,
  next: readonly Pick<Condition, "type" | "status" | "reason" | "message">[],
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, generation: observedGeneration = 0 } = revocation.metadata;
  const { reissue: _issuers, ...before } = revocation.status ?? {};
  let conditions: readonly Condition[] = before.conditions ?? [];
  for (const condition of next)
    conditions = setCondition(conditions, { ...condition, observedGeneration }, now().getTime());
  const update = { ...status, ...(conditions.length === 0 ? {} : { conditions }) };
  if (isDeepStrictEqual(update, before)) return;
  await client.apply(
    revocationResource,
    {
      apiVersion,
      kind: "Revocation",
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      status: update,
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
}
