import { createHash } from "node:crypto";
import type { CertificateAuthority } from "@capstan/api";
import { decodePem } from "@capstan/ca-core";
import { formatTime } from "@capstan/kube";
import {
  type Crl,
  parseTrustAnchorArn,
  type RolesAnywhereControlPlane,
  splitBundle,
  type TrustAnchor,
} from "@capstan/rolesanywhere";
import { type AnchorReading, planAnchor } from "./plan-anchor.ts";
import { type CrlSlot, type CrlSlotPlan, planCrlSlot } from "./plan-crl-slot.ts";

export type AnchorSpec = NonNullable<CertificateAuthority["spec"]["trustAnchors"]>[number];
export type AnchorStatus = NonNullable<NonNullable<CertificateAuthority["status"]>["trustAnchors"]>[number];

/** A generation's root and CRL as they should be in every trust anchor. */
export interface WantedGeneration {
  readonly number: number;
  /** SHA-256 of the root, lower-case hex. */
  readonly fingerprint: string;
  readonly rootPem: string;
  readonly crl: { readonly number: bigint; readonly der: Uint8Array; readonly pem: string };
}

export interface AnchorSync {
  readonly status: AnchorStatus;
  /** What stopped the sync; undefined when everything was read back as wanted. */
  readonly problem?: { readonly kind: "conflict" | "aws"; readonly message: string };
}

/** Name of a trust anchor that Capstan creates. */
export function awsAnchorName(authority: string, anchor: string): string {
  return `capstan-${authority}-${anchor}`;
}

/** Name of a generation's CRL in AWS: the authority and its root, so that a repeated import finds the first one. */
export function awsCrlName(authority: string, fingerprint: string): string {
  return `capstan-${authority}-${fingerprint.slice(0, 16)}`;
}

/**
 * Brings one trust anchor to hold the wanted roots and CRLs, and reads everything back.
 *
 * Never throws for what AWS says: what was reached so far is in the returned status, so that an anchor that was created
 * is known even when the next call failed. Running it again goes on from there.
 */
export async function syncAnchor(input: {
  readonly controlPlane: RolesAnywhereControlPlane;
  readonly authority: string;
  readonly spec: AnchorSpec;
  readonly before: AnchorStatus | undefined;
  readonly wanted: readonly WantedGeneration[];
  readonly now: () => Date;
  readonly signal: AbortSignal;
}): Promise<AnchorSync> {
  const { authority, spec, before, wanted } = input;
  let status: AnchorStatus = before ?? { name: spec.name, joined: false };
  try {
    const anchor = await reachAnchor(input);
    status = {
      name: spec.name,
      joined: anchor.plan.do === "join",
      ...(anchor.reading === undefined
        ? spec.arn === undefined
          ? {}
          : { arn: spec.arn }
        : { arn: anchor.reading.arn, bundle: [...(anchor.reading.bundle ?? [])] }),
      ...(before?.crls === undefined ? {} : { crls: before.crls }),
    };
    if (anchor.plan.do !== "join")
      return blocked(status, "conflict", anchor.plan.do === "wait" ? anchor.plan.message : "it could not be created");
    const { arn } = anchor.plan.anchor;
    for (const generation of wanted) {
      const awsName = awsCrlName(authority, generation.fingerprint);
      const crl = await reachCrl({ ...input, arn, awsName, generation });
      if (typeof crl === "string") return blocked(status, "conflict", crl);
      const others = (status.crls ?? []).filter((one) => one.generation !== generation.number);
      status = {
        ...status,
        crls: [...others, { generation: generation.number, id: crl.id, number: Number(generation.crl.number) }],
      };
    }
    return { status: { ...status, readAt: formatTime(input.now().getTime()) } };
  } catch (error) {
    if (input.signal.aborted) throw error;
    return blocked(status, "aws", error instanceof Error ? error.message : "unknown error");
  }
}

function blocked(status: AnchorStatus, kind: "conflict" | "aws", message: string): AnchorSync {
  return { status: { ...status, message: message.slice(0, 2048) }, problem: { kind, message } };
}

type Input = Parameters<typeof syncAnchor>[0];

async function reachAnchor({ controlPlane, authority, spec, before, wanted, signal }: Input): Promise<{
  readonly plan: ReturnType<typeof planAnchor>;
  readonly reading: AnchorReading | undefined;
}> {
  const awsName = awsAnchorName(authority, spec.name);
  const roots = wanted.map(({ fingerprint }) => fingerprint);
  const create = spec.create === true;
  const arn = spec.arn ?? before?.arn;
  const found = arn === undefined ? undefined : await controlPlane.getTrustAnchor(parseTrustAnchorArn(arn).id, signal);
  const known = arn === undefined ? undefined : { arn, found: found === undefined ? undefined : readAnchor(found) };
  const listed =
    known?.found !== undefined || !create ? [] : (await controlPlane.listTrustAnchors(signal)).map(readAnchor);
  const plan = planAnchor({ awsName, create, wanted: roots, known, listed });
  if (plan.do !== "create") return { plan, reading: plan.anchor };
  const bundlePem = wanted.map(({ rootPem }) => rootPem).join("");
  const created = await controlPlane.createTrustAnchor({ name: awsName, bundlePem }, signal);
  // Read back, since the answer to a create is what we sent, not what is stored.
  const stored = await controlPlane.getTrustAnchor(created.id, signal);
  const again = planAnchor({
    awsName,
    create: false,
    wanted: roots,
    known: { arn: created.arn, found: stored === undefined ? undefined : readAnchor(stored) },
    listed: [],
  });
  return { plan: again, reading: again.do === "create" ? undefined : again.anchor };
}

async function reachCrl({
  controlPlane,
  before,
  signal,
  arn,
  awsName,
  generation,
}: Input & { readonly arn: string; readonly awsName: string; readonly generation: WantedGeneration }): Promise<
  { readonly id: string } | string
> {
  const { der, pem } = generation.crl;
  const knownId = before?.crls?.find((crl) => crl.generation === generation.number)?.id;
  const known = knownId === undefined ? undefined : await controlPlane.getCrl(knownId, signal);
  // A known CRL that belongs to an anchor before this one says nothing: what an import left here is found by its name.
  const isOurs = known?.trustAnchorArn === arn && known.name === awsName;
  const slots = (isOurs ? [known] : await controlPlane.listCrls(signal)).map(readSlot);
  const plan = planCrlSlot({ awsName, trustAnchorArn: arn, wanted: der, slots });
  let id: string;
  switch (plan.do) {
    case "wait":
      return plan.message;
    case "nothing":
      return { id: plan.id };
    case "import":
      ({ id } = await controlPlane.importCrl({ name: awsName, trustAnchorArn: arn, crlPem: pem }, signal));
      break;
    case "update":
      ({ id } = await controlPlane.updateCrl({ id: plan.id, crlPem: pem }, signal));
      break;
    case "enable":
      ({ id } = await controlPlane.enableCrl(plan.id, signal));
      break;
  }
  let after = await readBack();
  // An update neither enables a CRL nor disables it: a second pass does what is left.
  if (after.do === "enable") {
    await controlPlane.enableCrl(id, signal);
    after = await readBack();
  }
  return after.do === "nothing" ? { id } : `CRL ${id} of ${arn} was not read back as it was published`;

  async function readBack(): Promise<CrlSlotPlan> {
    const stored = await controlPlane.getCrl(id, signal);
    const slots = stored === undefined ? [] : [readSlot(stored)];
    return planCrlSlot({ awsName, trustAnchorArn: arn, wanted: der, slots });
  }
}

function readAnchor(anchor: TrustAnchor): AnchorReading {
  const { id, arn, name, enabled } = anchor;
  const bundle = anchor.bundlePem === undefined ? undefined : splitBundle(anchor.bundlePem).map(fingerprintOf);
  return { id, arn, name, enabled, bundle };
}

function readSlot({ id, name, enabled, trustAnchorArn, crlPem }: Crl): CrlSlot {
  return { id, name, enabled, trustAnchorArn, der: crlBytes(crlPem) };
}

/** What is no single CRL in PEM cannot be equal to ours: no bytes stand for it. */
function crlBytes(pem: string): Uint8Array {
  try {
    return decodePem(pem, { labels: ["X509 CRL"], maxBytes: 400_000 }).der;
  } catch {
    return new Uint8Array();
  }
}

function fingerprintOf(pem: string): string {
  const { der } = decodePem(pem, { labels: ["CERTIFICATE"], maxBytes: 40_000 });
  return createHash("sha256").update(der).digest("hex");
}
