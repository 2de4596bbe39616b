import { type CertificateAuthority, generationName, type GenerationMark } from "@capstan/api";
import type { AnchorObservation, GenerationObservation, Operation, RotationObservation } from "@capstan/ca-core";
import { rotationPolicyOf } from "@capstan/crl-publisher/rotation-policy";
import type { Generation } from "../operations/order.ts";

type AnchorSpec = NonNullable<CertificateAuthority["spec"]["trustAnchors"]>[number];

/** What a plan is made from: all that people may read. */
export interface Known {
  readonly authority: CertificateAuthority;
  /** Those of the authority; undefined when they may not be read. */
  readonly marks: readonly GenerationMark[] | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const signsNoMore: ReadonlySet<string> = new Set(["Draining", "Retired", "Destroyed"]);

/**
 * What the publisher decides by, as far as status tells it, and as if it had just ordered `operation`. What status does not
 * tell is taken to be well: the clocks agree, keys are there, and AWS answers.
 */
export function observeAuthority(known: Known, operation: Operation): RotationObservation {
  const { authority, now } = known;
  const { spec, status = {} } = authority;
  const generations = (status.generations ?? []).map((generation) => observeGeneration(known, generation));
  const anchors = spec.trustAnchors ?? [];
  return {
    time: { own: now, apiServer: now, aws: now, highWater: instant(status.highWater, 0) },
    policy: rotationPolicyOf(spec),
    generations,
    highestNumberSeen: Math.max(status.highestGeneration ?? 0, ...generations.map(({ number }) => number)),
    anchors: anchors.map((anchor) => observeAnchor(known, anchor)),
    foreignRoots: [...anchors.flatMap(({ foreignRoots = [] }) => foreignRoots), ...(status.acceptedRoots ?? [])].map(
      ({ fingerprint, drainUntil }) => ({ fingerprint, drainUntil: Date.parse(drainUntil) }),
    ),
    intent: undefined,
    freeze: {
      byOperator: status.frozen?.holds.includes("Operator") === true,
      byCompromise: status.frozen?.holds.includes("Compromise") === true,
      acknowledged: status.frozen !== undefined,
    },
    disabledAnchors: (status.disabledTrustAnchors ?? []).map(({ name, operation }) => ({ anchor: name, operation })),
    operations: [operation],
    deleting: authority.metadata.deletionTimestamp !== undefined,
  };
}

function observeGeneration({ authority, marks, now }: Known, generation: Generation): GenerationObservation {
  const { number, phase, crl, fingerprint = `generation-${number}` } = generation;
  const notBefore = instant(generation.notBefore, now);
  const notAfter = instant(generation.notAfter, now);
  const name = generationName(authority.metadata.name, number);
  const mark = marks?.find(({ metadata }) => metadata.name === name);
  const { maxLeafMs } = rotationPolicyOf(authority.spec);
  return {
    number,
    phase,
    phaseSince: instant(generation.phaseSince, notBefore),
    recorded: true,
    root: { fingerprint, notBefore, notAfter },
    hasKey: phase !== "Destroyed",
    mark:
      mark === undefined
        ? { notAfter: Math.min(notAfter, now + maxLeafMs), sealed: signsNoMore.has(phase) }
        : { notAfter: Date.parse(mark.spec.notAfter), sealed: mark.status?.sealed === true },
    crlNumber: crl === undefined ? undefined : BigInt(crl.number),
    abandoning: generation.abandoning === true,
    compromised: generation.compromised === true,
    reissueOrdered: generation.reissueOrderedAt !== undefined,
  };
}

function observeAnchor({ authority: { status }, now }: Known, spec: AnchorSpec): AnchorObservation {
  const { name, ignore = false, manage = true, create = false, canary, publisher } = spec;
  const { generations = [], activeGeneration } = status ?? {};
  const anchor = status?.trustAnchors?.find((known) => known.name === name);
  const readAt = instant(anchor?.readAt, now);
  return {
    name,
    ignore,
    manage,
    create,
    joined: anchor?.joined === true,
    reading:
      anchor === undefined
        ? undefined
        : {
            readAt: Math.min(readAt, now - 1000),
            state: anchor.state ?? (anchor.arn === undefined && create ? "Missing" : "Present"),
            bundle: anchor.bundle ?? [],
            crls: (anchor.crls ?? []).map(({ generation, id = `crl-${generation}`, number }) => ({
              id,
              generation,
              enabled: true,
              number: BigInt(number),
              current: number === generations.find((known) => known.number === generation)?.crl?.number,
            })),
            // How often it was read equal is in nobody's status; since the last phase nothing was written, if all is well.
            equal: { count: 3, since: Math.max(0, ...generations.map(({ phaseSince }) => instant(phaseSince, 0))) },
          },
    writtenAt: undefined,
    doubtfulWriteAt: undefined,
    failure: undefined,
    canary: canary === undefined ? undefined : { last: undefined },
    ownLeaf: publisher === undefined || activeGeneration === undefined ? undefined : { generation: activeGeneration },
  };
}

function instant(time: string | undefined, otherwise: number): number {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? otherwise : at;
}
