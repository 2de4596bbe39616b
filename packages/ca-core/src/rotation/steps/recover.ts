import { crlsOf, unknownIn } from "../anchor-state.ts";
import type { Operation } from "../observation.ts";
import type { RotationView } from "../view.ts";
import { done } from "./finish-operation.ts";
import type { Candidate } from "./step.ts";

/**
 * After our state was restored from a backup: what was issued since is not known. Every mark that can still be raised is
 * raised to a time that no such leaf outlives; of roots that our state lost, those that the operator lists are kept for
 * as long; what AWS's CRLs revoke is added to ours.
 */
export function recover(
  view: RotationView,
  operation: Extract<Operation, { readonly kind: "Recover" }>,
): readonly Candidate[] {
  const { observation, guards, anchors } = view;
  const { startedAt } = operation;
  if (startedAt === undefined) {
    const begin = { do: "BeginOperation", operation: operation.name, at: view.atLeast } as const;
    return [{ action: begin, unless: [guards.timeIsTrusted(view), guards.readingsAreFresh(view)] }];
  }
  const drainUntil = startedAt + observation.policy.maxLeafMs;
  for (const generation of observation.generations) {
    const { mark, root, number } = generation;
    if (mark === undefined || mark.sealed) continue;
    const notAfter = Math.min(drainUntil, root.notAfter);
    if (guards.markOnlyRises(view, generation, notAfter) !== undefined) continue;
    return [{ action: { do: "RaiseMark", generation: number, notAfter }, unless: [] }];
  }
  const unknown = new Set(anchors.flatMap((anchor) => unknownIn(view, anchor)));
  const accepted = operation.accepted.filter((fingerprint) => unknown.has(fingerprint));
  if (accepted.length > 0) {
    return [{ action: { do: "AcceptRoots", fingerprints: accepted, drainUntil }, unless: [] }];
  }
  for (const anchor of anchors) {
    for (const crl of crlsOf(anchor)) {
      const generation = observation.generations.find(({ number }) => number === crl.generation);
      if (generation === undefined || crl.number <= (generation.crlNumber ?? 0n)) continue;
      return [
        {
          action: { do: "MergeRevocations", anchor: anchor.name, generation: generation.number },
          unless: [guards.isReachable(view, anchor)],
        },
      ];
    }
  }
  return [
    done(
      operation,
      "marks and revocations cover what was restored",
      guards.readingsAreFresh(view),
      guards.noDrift(view),
    ),
  ];
}
