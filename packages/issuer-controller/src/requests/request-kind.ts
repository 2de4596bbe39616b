import type { CertificateAuthority } from "@capstan/api";
import type { KubeObject, ResourceType } from "@capstan/kube";
import type { Issuer, IssuerRef } from "../issuers/issuer-kinds.ts";
import type { Issuance } from "../signing/issuance.ts";
import type { Outcome } from "./outcome.ts";
import type { RequestDecision } from "./request-decision.ts";

/** How one kind of request is read and answered: all that differs between cert-manager's and Kubernetes' own. */
export interface RequestKind<R extends KubeObject> {
  readonly resource: ResourceType;
  /** The issuer that the request names; undefined when it is not ours. */
  readonly issuerOf: (request: R) => IssuerRef | undefined;
  /** What the request needs next. Pure. */
  readonly decide: (input: {
    readonly request: R;
    readonly issuer: Issuer | undefined;
    readonly authority: CertificateAuthority | undefined;
  }) => RequestDecision;
  /** Why this requester may not use this issuer at all; undefined when it may. Asked once, before anything is signed. */
  readonly authorize?: (request: R, issuer: IssuerRef, signal: AbortSignal) => Promise<Outcome | undefined>;
  readonly issuanceOf: (request: R, issuer: IssuerRef) => Issuance;
  /** The whole status to apply, or undefined when there is nothing to write. */
  readonly statusFor: (request: R, outcome: Outcome, now: Date) => object | undefined;
  /** What the request's status says it was told last. */
  readonly lastTold: (request: R) => Outcome["is"] | undefined;
}
