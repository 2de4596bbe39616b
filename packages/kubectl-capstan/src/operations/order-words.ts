import type { CertificateAuthority } from "@capstan/api";
import type { Order, OrderKind } from "./order.ts";

/** What an order is called and brings about, for whoever is asked. */
export interface OrderWords {
  readonly title: (order: Order) => string;
  readonly consequences: (order: Order, authority: CertificateAuthority) => readonly string[];
  /** Workloads may lose their access to AWS, or it cannot be taken back. */
  readonly isDangerous: boolean;
}

const quoted = (order: Order): string => `"${order.trustAnchor ?? ""}"`;

export const orderWords: Readonly<Record<OrderKind, OrderWords>> = {
  Freeze: {
    title: ({ authority }) => `Issuing of ${authority} is to be held:`,
    consequences: () => [
      "no certificate is issued until kubectl capstan unfreeze; requests wait, none fails",
      "certificates that are out stay valid, and so do AWS sessions; roots and CRLs are kept up",
    ],
    isDangerous: false,
  },
  Unfreeze: {
    title: ({ authority }) => `Issuing of ${authority} is to go on:`,
    consequences: () => ["requests that wait are answered"],
    isDangerous: false,
  },
  DisableTrustAnchor: {
    title: (order) => `Trust anchor ${quoted(order)} of ${order.authority} is to be disabled in AWS:`,
    consequences: (order, { spec }) => [
      `every workload that uses it gets no new AWS session, until kubectl capstan unfreeze ${order.authority} --anchor ${order.trustAnchor ?? ""}`,
      "AWS sessions that are open already run on until they end",
      ...((spec.trustAnchors?.length ?? 0) > 1 ? ["other trust anchors are left as they are"] : []),
    ],
    isDangerous: true,
  },
  EnableTrustAnchor: {
    title: (order) => `Trust anchor ${quoted(order)} of ${order.authority} is to be enabled in AWS:`,
    consequences: () => ["every certificate under it that is not revoked gets AWS sessions again"],
    isDangerous: false,
  },
  Rotate: {
    title: ({ authority }) => `The active generation of ${authority} is to be replaced:`,
    consequences: (_, { status }) => [
      "a new root goes into every trust anchor beside the old one, and signs once each was read back for the soak time",
      `certificates of generation ${status?.activeGeneration ?? "…"} stay valid until they end; kubectl capstan rotate --dry-run shows the dates`,
    ],
    isDangerous: false,
  },
  Compromised: {
    title: ({ authority, generations = [] }) =>
      `Of ${authority}, ${generations.length === 1 ? "generation" : "generations"} ${generations.join(", ")} is to be treated as compromised; this cannot be undone:`,
    consequences: () => [
      "issuing is held until a new generation is in every trust anchor; soak, canary and drain are not waited for",
      "the compromised root leaves every trust anchor: its certificates are refused by AWS from then on",
      "workloads have no AWS access until their certificates are issued anew, which begins by itself",
      "AWS sessions that are open already run on until they end",
    ],
    isDangerous: true,
  },
  Abandon: {
    title: ({ authority }) => `The generation of ${authority} that is being introduced is to be given up:`,
    consequences: () => [
      "its root leaves the trust anchors, and the active generation goes on signing",
      "the next one is begun by itself after a pause, or by kubectl capstan rotate",
    ],
    isDangerous: false,
  },
  Recover: {
    title: ({ authority }) => `${authority} is to go on after a restore from a backup:`,
    consequences: ({ acceptedRoots = [] }) => [
      ...acceptedRoots.map(
        (fingerprint) => `kept in the trust anchors until its leaves have ended: root ${fingerprint}`,
      ),
      "marks are raised to now and the longest leaf, and what AWS's CRLs revoke is revoked here too",
      "a root that is not yours and is accepted makes AWS credentials for as long: compare the fingerprints",
    ],
    isDangerous: true,
  },
  Release: {
    title: ({ authority }) => `${authority}, which is being deleted, is to be let go; this cannot be undone:`,
    consequences: ({ aws }) => [
      aws === "Delete"
        ? "the trust anchors that Capstan created are deleted in AWS with their CRLs: every certificate under them is refused"
        : "trust anchors and CRLs stay in AWS as they are, and nobody keeps them up: certificates that are out can no longer be revoked",
    ],
    isDangerous: true,
  },
};
