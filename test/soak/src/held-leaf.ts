import type { KeyObject } from "node:crypto";
import { X509Certificate } from "node:crypto";

/** A leaf that a workload has, with its key. */
export interface HeldLeaf {
  readonly serial: string;
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
  /** Milliseconds since 1970 of the run's time. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 of the root that came with it, lower-case hex. */
  readonly rootFingerprint: string;
}

/** Where a workload gets leaves from. */
export interface LeafSource {
  /** A new one; waits until there is one. */
  readonly obtain: (workload: string, signal: AbortSignal) => Promise<HeldLeaf>;
}

export function readHeldLeaf(pems: {
  readonly certificatePem: string;
  readonly rootPem: string;
  readonly privateKey: KeyObject;
}): HeldLeaf {
  const { certificatePem, rootPem, privateKey } = pems;
  const leaf = new X509Certificate(certificatePem);
  const root = new X509Certificate(rootPem);
  return {
    serial: leaf.serialNumber.toLowerCase(),
    certificatePem,
    privateKey,
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    rootFingerprint: root.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}
