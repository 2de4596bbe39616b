import { sign, type KeyObject } from "node:crypto";
import { median } from "./statistics.ts";

/** What an RSA signature on the thread pool costs the one who waits for it. */
export interface HandoverResult {
  /** How long the main thread works on something else before it asks for the next signature, in microseconds. */
  readonly workBetweenUs: number;
  /** From asking to having it, median. */
  readonly signatureUs: number;
  /** The part of it that asking took: the main thread does nothing else meanwhile. Median. */
  readonly askingUs: number;
}

const WORK_BETWEEN_US = [0, 500, 1_000];
const MESSAGE = new Uint8Array(700).fill(7); // about as long as a leaf's signed part

/**
 * Asks for one signature after the other, with a pause of work in between. While the main thread works, the pool's
 * thread sleeps, and waking it is not free; the floor, which asks again at once, hardly pays for that.
 */
export async function measureHandover(privateKey: KeyObject, signatures: number): Promise<HandoverResult[]> {
  const signOnPool = (): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      sign("sha256", MESSAGE, privateKey, (error, signature) => {
        if (error === null) resolve(signature);
        else reject(error);
      });
    });
  const measured = WORK_BETWEEN_US.map((workBetweenUs) => ({
    workBetweenUs,
    signature: new Array<number>(),
    asking: new Array<number>(),
  }));
  for (let n = 0; n < signatures; n += 1) {
    // In turn, so that a slow moment hurts all alike.
    for (const { workBetweenUs, signature, asking } of measured) {
      await signOnPool();
      work(workBetweenUs);
      const begun = performance.now();
      const pending = signOnPool();
      asking.push((performance.now() - begun) * 1000);
      await pending;
      signature.push((performance.now() - begun) * 1000);
    }
  }
  return measured.map(({ workBetweenUs, signature, asking }) => ({
    workBetweenUs,
    signatureUs: median(signature),
    askingUs: median(asking),
  }));
}

function work(durationUs: number): void {
  const end = performance.now() + durationUs / 1000;
  while (performance.now() < end);
}
