import type { FindingId } from "./findings.ts";
import type { World } from "./world.ts";

/** One thing that is wrong, and what to do about it. */
export interface Finding {
  readonly id: FindingId;
  /** What it is about, as kubectl or AWS names it: `certificateauthority/fleet`, `trust anchor prod`. */
  readonly subject: string;
  /** Why, in one sentence without a full stop. */
  readonly cause: string;
  /** A command, or what to write where. */
  readonly cure: string;
  /** The CertificateAuthority it is about: what is wrong with one explains nothing of another. */
  readonly authority?: string;
  /** Checks whose findings would explain this one; by default those of the check's `after`. */
  readonly explainedBy?: readonly string[];
}

/** What a check found: nothing is an empty list. */
export type Observation = readonly Finding[] | Unseen;

/** A check that could not be made: it neither passed nor failed. */
export interface Unseen {
  /** Why, and what is missing. */
  readonly unseen: string;
}

export type Group = "Cluster" | "Capstan" | "Authority" | "Requests" | "AWS";

/** One named check. Checks run in the order of the table, which is that of causes before effects. */
export interface Check {
  readonly id: string;
  readonly group: Group;
  /** True when nothing was found. */
  readonly title: string;
  /** What it reads, for those who wonder which right it needs. */
  readonly reads: string;
  /** It cannot be made while one of these has a finding. */
  readonly needs?: readonly string[];
  /** A finding of one of these explains the findings of this one. */
  readonly after?: readonly string[];
  readonly run: (world: World) => Promise<Observation>;
}
