import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { beforeAll, describe, expect, test } from "vitest";
import { checkCrlBeforePublication, type Crl } from "../../src/index.ts";
import { readCrlAgain, type SecondReaderOptions } from "../../src/x509/second-reading.ts";
import { authority, NOW, type Authority } from "../support/authority.ts";
import { entry, newCrl } from "../support/crl.ts";

let ca: Authority;
let crl: Crl;

beforeAll(async () => {
  ca = await authority();
  crl = await newCrl(ca, [entry("01"), entry("ff02", "keyCompromise")]);
});

test("pkijs reads the times and serials that were written", async () => {
  expect(await readCrlAgain(crl.der)).toEqual({
    thisUpdate: crl.thisUpdate,
    nextUpdate: crl.nextUpdate,
    serials: ["01", "ff02"],
  });
});

/** A worker that runs this text and is told nothing; what it has become is seen in its thread's number, -1 once over. */
const running = (script: string, started: Worker[] = []): SecondReaderOptions & { readonly started: Worker[] } => ({
  started,
  startReader: () => {
    const worker = new Worker(script, { eval: true });
    started.push(worker);
    return worker;
  },
});

const answer = (changes: string): string => `
  const reading = { thisUpdate: new Date(${NOW.getTime()}), nextUpdate: new Date(${NOW.getTime()} + 30 * 86400000), serials: ["01", "ff02"] };
  require("node:worker_threads").parentPort.postMessage({ ...reading, ${changes} });`;

describe("publication is refused when the second reader", () => {
  test.each<[fact: string, script: string, timeLimitMs: number, rule: string]>([
    ["hangs", "for (;;);", 200, "pkijs cannot read it: the second reader gave no answer within 200 ms"],
    ["never answers", "setInterval(() => {}, 1000)", 200, "the second reader gave no answer within 200 ms"],
    ["ends without an answer", "", 60_000, "the second reader ended with 0 and without an answer"],
    ["exits", "process.exit(3)", 60_000, "the second reader ended with 3 and without an answer"],
    ["throws", "throw new Error('broken')", 60_000, "pkijs cannot read it: broken"],
    ["throws what is no error", "throw 7", 60_000, "pkijs cannot read it: 7"],
    ["reads a serial less", answer("serials: ['01']"), 60_000, "pkijs reads other times or serials in it"],
    ["reads a serial more", answer("serials: ['01', 'ff02', 'ff03']"), 60_000, "pkijs reads other times or serials"],
    ["reads another serial", answer("serials: ['01', 'ff03']"), 60_000, "pkijs reads other times or serials in it"],
    ["reads another thisUpdate", answer("thisUpdate: new Date(0)"), 60_000, "pkijs reads other times or serials in it"],
    ["reads no nextUpdate", answer("nextUpdate: undefined"), 60_000, "pkijs reads other times or serials in it"],
  ])("%s", async (_, script, timeLimitMs, rule) => {
    const reader = running(script);
    const question = { next: crl.der, root: ca.root, now: NOW, expectedCount: 2, notAfterOf: () => undefined };
    const violations = await checkCrlBeforePublication(question, { ...reader, timeLimitMs });
    expect(violations).toMatchObject([{ code: "ERR_CRL_SECOND_READER", rule: expect.stringContaining(rule) }]);
    expect(reader.started.map(({ threadId }) => threadId)).toEqual([-1]);
  });

  test("runs out of the memory that it may have", async () => {
    const startReader = (): Worker =>
      new Worker("const a = []; for (;;) a.push(new Array(1e5).fill(a.length));", {
        eval: true,
        resourceLimits: { maxOldGenerationSizeMb: 16 },
      });
    await expect(readCrlAgain(crl.der, { startReader })).rejects.toMatchObject({ code: "ERR_WORKER_OUT_OF_MEMORY" });
  });
});

test("the example of these rows, unchanged, is a reading that is taken", async () => {
  const question = { next: crl.der, root: ca.root, now: NOW, expectedCount: 2, notAfterOf: () => undefined };
  expect(await checkCrlBeforePublication(question, running(answer("")))).toEqual([]);
});

test.each([
  ["no CRL", Uint8Array.of(0x30, 0)],
  ["no DER", Uint8Array.of(1, 2, 3)],
  ["nothing", new Uint8Array()],
])("pkijs refuses %s", async (_, der) => {
  await expect(readCrlAgain(der)).rejects.toThrow(/./);
});

describe("outside of the tests' own loader", () => {
  async function readInNode(module: URL): Promise<string> {
    const script = `
      const { readCrlAgain } = await import(${JSON.stringify(module.href)});
      const { serials } = await readCrlAgain(Buffer.from(${JSON.stringify(Buffer.from(crl.der).toString("base64"))}, "base64"));
      console.log(serials.join());`;
    const args = ["--input-type=module", "--eval", script];
    return (await promisify(execFile)(process.execPath, args, { timeout: 60_000 })).stdout;
  }

  test("the sources start the worker as they are, and no handle keeps the process", async () => {
    expect(await readInNode(new URL("../../src/x509/second-reading.ts", import.meta.url))).toBe("01,ff02\n");
  });

  const built = new URL("../../dist/x509/second-reading.js", import.meta.url);
  test.skipIf(!existsSync(built))("so does the built package", async () => {
    expect(await readInNode(built)).toBe("01,ff02\n");
  });
});
