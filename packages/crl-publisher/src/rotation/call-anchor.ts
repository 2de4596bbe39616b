import { AuditLogError, KubeApiError, KubeConnectionError, LeadershipLostError } from "@capstan/kube";
import { RolesAnywhereError, type RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import type { AnchorMemory } from "../anchors/anchor-memory.ts";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { CarryOut } from "./carry-out.ts";

/** A trust anchor that an action is about. */
export interface NamedAnchor {
  readonly spec: AnchorSpec;
  readonly memory: AnchorMemory;
  readonly controlPlane: RolesAnywhereControlPlane;
}

/**
 * Calls AWS for one anchor. What AWS refuses, and that it cannot be reached, is kept with the anchor and tried again
 * later: the others go on meanwhile.
 */
export async function callAnchor(
  { options, seen, signal }: CarryOut,
  name: string,
  call: (anchor: NamedAnchor) => Promise<void>,
): Promise<void> {
  const { authority } = seen;
  const spec = authority.spec.trustAnchors?.find((anchor) => anchor.name === name);
  if (spec === undefined) throw new TypeError(`trust anchor ${name} is not in the spec`);
  const memory = options.memories.of(authority.metadata.name, spec);
  try {
    await call({ spec, memory, controlPlane: options.controlPlaneOf(authority.metadata.name, spec) });
    memory.succeeded();
  } catch (error) {
    if (signal.aborted || !isOfAnchor(error)) throw error;
    const message = error instanceof Error ? error.message : "unknown error";
    const { retryAfterMs, code } = error instanceof RolesAnywhereError ? error : {};
    if (error instanceof WriteNotSeen) memory.unseen(message, options.now().getTime());
    else
      memory.failed(message, options.now().getTime(), {
        retryAfterMs,
        isOfWrongAccount: code === "ERR_AWS_WRONG_ACCOUNT",
      });
    options.log.warn(
      { authority: authority.metadata.name, trustAnchor: name, err: error },
      "a call for a trust anchor failed",
    );
  }
}

/** What AWS is asked to change, for the log. */
export interface ChangeInAws {
  readonly operation: string;
  readonly generation?: number;
  /** Of the list that is sent. */
  readonly crlNumber?: number;
  readonly crlId?: string;
}

/** Sends a write, whose answer may get lost, and logs AWS's own id of the call: CloudTrail has the rest. */
export async function write<T>(
  { options, seen }: CarryOut,
  { spec, memory, controlPlane }: NamedAnchor,
  change: ChangeInAws,
  send: () => Promise<T>,
): Promise<T> {
  const answer = await memory.write(options.now().getTime(), send, isAnswered);
  // One call of an anchor is under way at a time, so that the last answer is this one's.
  const { lastRequestId: requestId } = controlPlane;
  const { name: authority } = seen.authority.metadata;
  options.log.info({ authority, trustAnchor: spec.name, ...change, requestId }, "AWS took a change");
  return answer;
}

/** The act cannot be carried out for this anchor, and AWS has not been asked. */
export class AnchorActionImpossible extends Error {
  override readonly name = "AnchorActionImpossible";
  readonly code = "ERR_ANCHOR_ACTION_IMPOSSIBLE";
}

/** AWS has answered a write, and what was read afterwards is as before. */
export class WriteNotSeen extends Error {
  override readonly name = "WriteNotSeen";
  readonly code = "ERR_WRITE_NOT_SEEN";

  constructor(writes: number) {
    super(`AWS has taken ${writes === 1 ? "a write" : `${writes} writes`}, and what is read is as it was before`);
  }
}

/** Kubernetes, our own lease and the audit log are everybody's affair: without them nothing goes on. */
function isOfAnchor(error: unknown): boolean {
  return !(
    error instanceof KubeApiError ||
    error instanceof KubeConnectionError ||
    error instanceof LeadershipLostError ||
    error instanceof AuditLogError
  );
}

/** Without an answer of AWS's own, a write that was sent may come to effect later. */
function isAnswered(error: unknown): boolean {
  if (error instanceof AnchorActionImpossible) return true;
  return (
    error instanceof RolesAnywhereError && error.code !== "ERR_AWS_UNAVAILABLE" && error.code !== "ERR_AWS_RESPONSE"
  );
}
