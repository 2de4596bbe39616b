// The worker of `readCrlAgain`: reads one CRL with pkijs, answers and ends.
import { parentPort, workerData } from "node:worker_threads";
import { fromBER } from "asn1js";
import { CertificateRevocationList } from "pkijs";
import { toHex } from "../lib/bytes.ts";

/** What a second, unrelated parser (pkijs) reads in a CRL. */
export interface SecondCrlReading {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly serials: readonly string[];
}

/** asn1js stops at 10,000 values by itself. Far above what AWS's bound of 300,000 characters lets a CRL have. */
const MAX_NODES = 1_000_000;

function read(der: Uint8Array): SecondCrlReading {
  const { result } = fromBER(der, { maxNodes: MAX_NODES });
  const crl = new CertificateRevocationList({ schema: result });
  return {
    thisUpdate: crl.thisUpdate.value,
    nextUpdate: crl.nextUpdate?.value,
    serials: (crl.revokedCertificates ?? []).map(({ userCertificate }) =>
      toHex(userCertificate.valueBlock.valueHexView).replace(/^(00)+(?=..)/, ""),
    ),
  };
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
parentPort?.postMessage(read(workerData as Uint8Array));
