import type { KeyObject } from "node:crypto";
import { CaError } from "../errors.ts";
import type { LeafDecision } from "../lint/rule.ts";
import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import type { NameAttribute } from "../name/attribute-types.ts";
import type { TbsCertificate } from "./read-certificate.ts";
import type { SerialHex } from "./serial.ts";

/** The right to sign one prepared leaf, once. It has no content of its own: it cannot be made, changed or stored. */
export interface LeafTicket {
  readonly __brand: "LeafTicket";
}

/** What was decided, built and linted. */
export interface PlannedLeaf extends LeafDecision {
  readonly tbs: Uint8Array;
  /** `tbs`, as the strict reader read it for the lint. */
  readonly certificate: TbsCertificate;
  readonly serial: SerialHex;
  readonly subject: readonly Pick<NameAttribute, "type" | "value">[];
  /** Name, DER. */
  readonly subjectDer: Uint8Array;
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  /** GeneralNames, DER; undefined when there are none. */
  readonly subjectAlternativeNamesDer: Uint8Array | undefined;
  /** Object identifiers of extendedKeyUsage. */
  readonly purposes: readonly string[];
  readonly publicKeySpki: Uint8Array;
  /** The same key, as OpenSSL read it when it was checked. */
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const OPEN = new WeakMap<LeafTicket, PlannedLeaf>();

export function createTicket(plan: PlannedLeaf): LeafTicket {
  const ticket: LeafTicket = Object.freeze({ __brand: "LeafTicket" });
  OPEN.set(ticket, plan);
  return ticket;
}

/** Hands the plan out once. @throws CaError ERR_LEAF_TICKET for a ticket that was used before, or is none */
export function redeemTicket(ticket: LeafTicket): PlannedLeaf {
  const plan = OPEN.get(ticket);
  if (plan === undefined) throw new CaError("ERR_LEAF_TICKET", "this ticket has been used: prepare the leaf again");
  OPEN.delete(ticket);
  return plan;
}
