import type { EventRecorder, KubeClient, KubeObject, Logger, ReadonlyStore, Reconciler } from "@capstan/kube";
import type { CertificateRequest } from "../requests/certificate-request.ts";
import { type Approver, reviewApproveRight, signerNamesOf } from "./approve-right.ts";
import { decideApproval } from "./decide-approval.ts";
import { explainUnapproved } from "./explain-unapproved.ts";

export interface ApprovalReconcilerOptions {
  readonly client: KubeClient;
  readonly requests: ReadonlyStore<CertificateRequest & KubeObject>;
  /** Who is expected to approve. */
  readonly approver: Approver;
  readonly events: EventRecorder;
  readonly now: () => Date;
  readonly log: Logger;
}

/**
 * Tells the owner of a request that stays unapproved why, in one event. An unapproved request has nothing in its status,
 * and who reads only that waits for ever. It never approves, and writes nothing but the event.
 */
export function approvalReconciler(options: ApprovalReconcilerOptions): Reconciler {
  const { client, requests, approver, events, now, log } = options;
  /** uid of the request of that key which was told. A restart tells once more: events live for an hour. */
  const told = new Map<string, string | undefined>();
  return async (key, signal) => {
    const request = requests.get(key);
    if (request === undefined) {
      told.delete(key);
      return {};
    }
    const { uid, namespace, name } = request.metadata;
    const decision = decideApproval(request, now());
    if (decision.do === "wait") return { requeueAfterMs: decision.ms };
    const signer = signerNamesOf(request);
    if (decision.do === "ignore" || signer === undefined || (told.has(key) && told.get(key) === uid)) return {};
    const right = await reviewApproveRight(client, { approver, signer }, signal);
    const note = explainUnapproved({ right, approver, signer, requester: request.spec.username });
    events.record({ regarding: request, type: "Warning", reason: "NotApproved", action: "Approve", note });
    log.warn({ namespace, name, uid, signer: signer.one, approveRight: right }, "a request stays unapproved");
    told.set(key, uid);
    return {};
  };
}
