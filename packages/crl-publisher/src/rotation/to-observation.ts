import type { CertificateAuthority } from "@capstan/api";
import type {
  AnchorObservation,
  AnchorReading,
  CrlReading,
  ForeignRoot,
  GenerationObservation,
  Operation,
  RotationObservation,
  RotationPolicy,
} from "@capstan/ca-core";
import type { AnchorMemory, CountedReading } from "../anchors/anchor-memory.ts";
import { readAwsCrlName } from "../anchors/aws-names.ts";
import type { FoundCrl } from "../anchors/read-anchor.ts";
import type { AnchorSpec, OperationStatus } from "../authority/authority-parts.ts";
import { statusOfAnchor } from "../anchors/status-of-anchor.ts";
import { generalEndIn, mayHaveSignedGeneral } from "./general-leaves.ts";
import type { KnownCrl } from "./crl-book.ts";
import type { Seen, SeenGeneration } from "./seen.ts";

/** What this process knows beside what Kubernetes holds. */
export interface Known {
  readonly policy: RotationPolicy;
  readonly crlOf: (generation: number) => KnownCrl | undefined;
  readonly memoryOf: (anchor: AnchorSpec) => AnchorMemory;
  readonly ownLeafOf: (anchor: AnchorSpec) => { readonly generation: number } | undefined;
}

/** What the planner decides by. Pure: everything was read before. */
export function toObservation(seen: Seen, known: Known): RotationObservation {
  const { authority, time } = seen;
  const { spec, status = {}, metadata } = authority;
  const anchors = spec.trustAnchors ?? [];
  return {
    time: { ...time, highWater: highWaterOf(seen) },
    policy: known.policy,
    generations: seen.generations.map((generation) => generationObservation(seen, generation, known)),
    highestNumberSeen: Math.max(seen.highestNumber, ...anchors.map((anchor) => highestIn(authority, anchor, known))),
    anchors: anchors.map((anchor) => anchorObservation(seen, anchor, known)),
    foreignRoots: [...anchors.flatMap(({ foreignRoots = [] }) => foreignRoots), ...(status.acceptedRoots ?? [])].map(
      foreignRoot,
    ),
    intent:
      status.removalIntent === undefined
        ? undefined
        : {
            anchor: status.removalIntent.trustAnchor,
            remaining: status.removalIntent.remaining,
            expiresAt: Date.parse(status.removalIntent.expiresAt),
          },
    freeze: {
      byOperator: status.frozen?.holds.includes("Operator") === true,
      byCompromise: status.frozen?.holds.includes("Compromise") === true,
      acknowledged: seen.standsStill,
    },
    disabledAnchors: (status.disabledTrustAnchors ?? []).map(({ name, operation }) => ({ anchor: name, operation })),
    operations: (status.operations ?? []).filter(({ outcome }) => outcome === undefined).map(operationOf),
    deleting: metadata.deletionTimestamp !== undefined,
  };
}

/** A seal has its time in the mark, since it is written there and nowhere else. */
function highWaterOf({ authority, generations }: Seen): number {
  const times = [authority.status?.highWater, ...generations.map(({ mark }) => mark?.status?.sealedAt)];
  return Math.max(0, ...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])));
}

function generationObservation(
  { authority, generations }: Seen,
  seen: SeenGeneration,
  { crlOf }: Known,
): GenerationObservation {
  const { number, status, root, found, mark } = seen;
  return {
    number,
    phase: status?.phase ?? "Pending",
    phaseSince: status?.phaseSince === undefined ? root.notBefore : Date.parse(status.phaseSince),
    recorded: status !== undefined,
    root,
    hasKey: found.is === "Present",
    mark:
      mark === undefined
        ? undefined
        : {
            notAfter: Date.parse(mark.spec.notAfter),
            sealed: mark.status?.sealed === true,
            ...(mayHaveSignedGeneral(authority, seen) ? { generalNotAfter: generalEndIn(mark) ?? 0 } : {}),
          },
    crlNumber: crlOf(number)?.number,
    ...(status?.general?.until === undefined ? {} : { generalUntil: Date.parse(status.general.until) }),
    abandoning: status?.abandoning === true || generations.some((other) => other.mark?.status?.abandons === number),
    compromised: status?.compromised === true,
    reissueOrdered: status?.reissueOrderedAt !== undefined,
  };
}

function anchorObservation(seen: Seen, spec: AnchorSpec, known: Known): AnchorObservation {
  const { name, ignore = false, manage = true, create = false, canary } = spec;
  const memory = known.memoryOf(spec);
  const { reading, writtenAt, doubtfulWriteAt, failure, underWaySince } = memory;
  return {
    name,
    ignore,
    manage,
    create,
    joined: statusOfAnchor(seen.authority, spec)?.joined === true,
    reading: reading === undefined ? undefined : anchorReading(seen, reading, known),
    writtenAt,
    doubtfulWriteAt,
    failure,
    ...(underWaySince === undefined ? {} : { underWaySince }),
    canary: canary === undefined ? undefined : { last: memory.canary },
    ownLeaf: known.ownLeafOf(spec),
  };
}

function anchorReading(seen: Seen, reading: CountedReading, known: Known): AnchorReading {
  const { readAt, state, certificates, crls, equal } = reading;
  return {
    readAt,
    state,
    bundle: certificates.map(({ fingerprint }) => fingerprint),
    crls: crls.map((crl) => crlReading(seen, crl, known)),
    equal,
  };
}

/** A CRL of an anchor, as the planner wants it. */
export function crlReading(seen: Seen, crl: FoundCrl, { crlOf }: Pick<Known, "crlOf">): CrlReading {
  const generation = generationOfCrl(seen, crl);
  const stored = generation === undefined ? undefined : crlOf(generation)?.stored;
  return {
    id: crl.id,
    generation,
    enabled: crl.enabled,
    number: crl.content?.number ?? 0n,
    current: stored !== undefined && crl.content?.sha256 === stored.sha256,
  };
}

/** The generation that a CRL's name tells, unless that is one whose root is another. */
export function generationOfCrl(
  { authority, generations }: Seen,
  { name }: Pick<FoundCrl, "name">,
): number | undefined {
  const said = readAwsCrlName(authority.metadata.name, name);
  if (said === undefined) return undefined;
  const known = generations.find(({ number }) => number === said.number);
  return known === undefined || known.root.fingerprint.startsWith(said.fingerprintStart) ? said.number : undefined;
}

function highestIn({ metadata }: CertificateAuthority, anchor: AnchorSpec, { memoryOf }: Known): number {
  const { certificates = [], crls = [] } = memoryOf(anchor).reading ?? {};
  const numbers = [
    ...certificates.map(({ generation }) => generation),
    ...crls.map(({ name }) => readAwsCrlName(metadata.name, name)?.number),
  ];
  return Math.max(0, ...numbers.map((number = 0) => number));
}

function foreignRoot({
  fingerprint,
  drainUntil,
}: {
  readonly fingerprint: string;
  readonly drainUntil: string;
}): ForeignRoot {
  return { fingerprint, drainUntil: Date.parse(drainUntil) };
}

function operationOf(operation: OperationStatus): Operation {
  const { name, kind, generations, acceptedRoots, aws, trustAnchor, startedAt } = operation;
  if (kind === "Compromised") return { name, kind, generations: generations ?? [] };
  if (kind === "DisableTrustAnchor" || kind === "EnableTrustAnchor") return { name, kind, anchor: trustAnchor ?? "" };
  if (kind === "Release") return { name, kind, aws: aws ?? "Keep" };
  if (kind !== "Recover") return { name, kind };
  return {
    name,
    kind,
    accepted: acceptedRoots ?? [],
    startedAt: startedAt === undefined ? undefined : Date.parse(startedAt),
  };
}
