import type { AuthorityOperation, CapstanClusterIssuer, CapstanIssuer, IssuedCertificate } from "@capstan/api";
import type { RandomBytes } from "@capstan/ca-core";
import type { AuditLog, EventRecorder, KubeClient, Logger, ReadonlyStore } from "@capstan/kube";
import type { RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import type { AnchorMemories } from "../anchors/anchor-memory.ts";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { GenerationStore } from "../authority/generation-store.ts";
import type { CrlProofs } from "../credentials/crl-proofs.ts";
import type { CrlPace } from "../crl/crl-pace.ts";
import type { PublisherMetrics } from "../metrics/publisher-metrics.ts";
import type { Readings } from "../revocations/readings.ts";
import type { AwsClock } from "./aws-clock.ts";
import type { CrlBook } from "./crl-book.ts";
import type { OwnSessions } from "./own-sessions.ts";

/** What carrying out a rotation takes. */
export interface RotationOptions {
  readonly client: KubeClient;
  /** Where keys, marks, lists and the ledger are. */
  readonly namespace: string;
  /** The ledger's revoked records, with index "authority". */
  readonly records: ReadonlyStore<IssuedCertificate>;
  /** With index "authority". */
  readonly operations: ReadonlyStore<AuthorityOperation>;
  /** Of both kinds, each with index "authority": they say whether they stand still while issuing is held. */
  readonly issuers: readonly ReadonlyStore<CapstanClusterIssuer | CapstanIssuer>[];
  readonly generations: GenerationStore;
  /** Collects revocations into one CRL. */
  readonly pace?: CrlPace | undefined;
  /** Whether AWS acts on the CRLs that it holds. Without it a CRL counts as published once it was read back. */
  readonly proofs?: CrlProofs | undefined;
  /** Newest CRLs of this process. */
  readonly crls: CrlBook;
  /** What this process knows of AWS. Made anew when it begins to lead. */
  readonly memories: AnchorMemories;
  /** The control plane that an anchor is read and written by. */
  readonly controlPlaneOf: (authority: string, anchor: AnchorSpec) => RolesAnywhereControlPlane;
  readonly sessions: OwnSessions;
  readonly awsClock: AwsClock;
  /** What trust anchors were read back with; told after each reading. */
  readonly readings: Readings;
  /** Is told of the marks that a look has read. */
  readonly onMarks?: PublisherMetrics["marks"];
  /** How long a look waits for calls to trust anchors before it goes on without their answers, ms of real time. Default is 2,000. */
  readonly patienceMs?: number;
  readonly now: () => Date;
  readonly random: RandomBytes;
  readonly recordName: () => string;
  readonly audit: AuditLog;
  readonly events: EventRecorder;
  readonly log: Logger;
}
