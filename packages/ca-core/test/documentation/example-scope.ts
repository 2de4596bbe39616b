import { generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  checkCertificationRequest,
  prepareLeaf,
  rotationPolicy,
  type CertificationRequest,
  type Crl,
  type Leaf,
  type LeafTicket,
  type Root,
  type RotationAction,
  type RotationObservation,
  type SerialHex,
  type Signer,
} from "../../src/index.ts";
import { authority } from "../support/authority.ts";
import { entry, newCrl } from "../support/crl.ts";
import { leafPlan, newLeaf } from "../support/leaf.ts";
import { requestPem } from "../support/request.ts";

/** What the examples in doc comments speak of without making it; the package's README lists the same names. */
export interface ExampleScope {
  readonly now: Date;
  readonly signer: Signer;
  readonly root: Root;
  /** A workload's, of node:crypto. */
  readonly privateKey: KeyObject;
  /** A request as a tenant sends it, PEM. */
  readonly requestPem: string;
  /** The same, checked. */
  readonly request: CertificationRequest;
  readonly ticket: LeafTicket;
  readonly leaf: Leaf;
  /** The CRL that was published last. */
  readonly published: Crl;
  /** The next one. */
  readonly crl: Crl;
  /** What the ledger says of each revoked serial. */
  readonly records: ReadonlyMap<SerialHex, { readonly notAfter: Date }>;
  readonly observation: RotationObservation;
  readonly carryOut: (action: RotationAction) => Promise<void>;
  readonly status: { message: string };
}

export async function exampleScope(): Promise<ExampleScope> {
  const now = new Date();
  const ca = await authority("ECDSA-P256", 1, now);
  const text = requestPem();
  const checked = checkCertificationRequest(text);
  if (!checked.ok) throw new Error("the request of the examples is refused");
  const dates = { notBefore: new Date(now.getTime() - 60_000), notAfter: new Date(now.getTime() + 86_400_000) };
  const leaf = await newLeaf(ca, dates);
  const revoked = entry("4f1c");
  const thisUpdate = new Date(now.getTime() - 3_600_000);
  const published = await newCrl(ca, [{ ...revoked, revokedAt: thisUpdate }], { thisUpdate });
  const crl = await newCrl(ca, [...published.entries, { serial: leaf.serial, revokedAt: now }], { thisUpdate: now });
  return {
    now,
    ...ca,
    privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    requestPem: text,
    request: checked.value,
    ticket: prepareLeaf(leafPlan(ca, dates)).ticket,
    leaf,
    published,
    crl,
    records: new Map([revoked.serial, leaf.serial].map((serial) => [serial, leaf])),
    observation: emptyObservation(now.getTime()),
    carryOut: async () => undefined,
    status: { message: "" },
  };
}

/** Of an authority that was just created: the planner wants its first generation. */
function emptyObservation(now: number): RotationObservation {
  return {
    time: { own: now, apiServer: now, aws: undefined, highWater: 0 },
    policy: rotationPolicy(7 * 86_400_000),
    generations: [],
    highestNumberSeen: 0,
    anchors: [],
    foreignRoots: [],
    intent: undefined,
    freeze: { byOperator: false, byCompromise: false, acknowledged: false },
    disabledAnchors: [],
    operations: [],
    deleting: false,
  };
}
