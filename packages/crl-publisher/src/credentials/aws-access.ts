import {
  type CallOptions,
  type Clock,
  createControlPlane,
  type RolesAnywhereControlPlane,
} from "@capstan/rolesanywhere";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import { CrlProofs } from "./crl-proofs.ts";
import { OwnLeafSessions, type OwnLeafSessionsOptions } from "./own-leaf-sessions.ts";

export interface AwsAccessOptions extends OwnLeafSessionsOptions {
  /** Of every call to a control plane; see `CallOptions`. */
  readonly onServerDate: NonNullable<CallOptions["onServerDate"]>;
  readonly beforeSend: NonNullable<CallOptions["beforeSend"]>;
  readonly requestTimeoutMs: NonNullable<CallOptions["requestTimeoutMs"]>;
  /** Times the pace of those calls. Default is the monotonic clock of the process. */
  readonly pacing?: Clock | undefined;
}

/** The publisher's ways to AWS: a control plane for each trust anchor, with credentials of its own; sessions, and what they prove. */
export interface AwsAccess {
  readonly sessions: OwnLeafSessions;
  readonly proofs: CrlProofs;
  /** Those of one account and region have one pace. */
  readonly controlPlaneOf: (authority: string, anchor: AnchorSpec) => RolesAnywhereControlPlane;
}

export function createAwsAccess(options: AwsAccessOptions): AwsAccess {
  const { endpoint, useFips = false, useDualStack = false, requestHandler, now, log } = options;
  const { onServerDate, beforeSend, requestTimeoutMs, pacing } = options;
  const sessions = new OwnLeafSessions(options);
  const controlPlanes = new Map<string, RolesAnywhereControlPlane>();
  const proofs = new CrlProofs({
    ask: (...question) => sessions.proveRevoked(...question),
    metrics: options.metrics,
    now,
    log,
  });
  return {
    sessions,
    proofs,
    controlPlaneOf: (authority, anchor) => {
      const { name, region, account } = anchor;
      const id = [authority, name, region, account].join(" ");
      const known = controlPlanes.get(id);
      if (known !== undefined) return known;
      const made = createControlPlane({
        region,
        account,
        endpoint,
        useFips,
        useDualStack,
        credentials: sessions.credentialsOf(authority, anchor),
        requestHandler,
        requestTimeoutMs,
        onServerDate,
        beforeSend,
        now,
        log,
        ...(pacing === undefined ? {} : { clock: pacing }),
      });
      controlPlanes.set(id, made);
      return made;
    },
  };
}
