import { createHash } from "node:crypto";
import { mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { genesis, hashLine } from "../src/audit-chain.ts";
import { type AuditLog, AuditLogError, auditLogSetting, openAuditLog, type SignatureIntent } from "../src/index.ts";

const signature: SignatureIntent = {
  purpose: "Leaf",
  authority: "fleet",
  generation: 1,
  serial: "4f1c",
  subject: "CN=web.demo",
  notAfter: "2026-11-23T00:00:00Z",
  record: "uid-1",
};
const der = new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x05]);
const at = new Date("2026-11-22T10:00:00.000Z");

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "capstan-audit-"));
  file = path.join(folder, "audit.log");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

let chains = 0;
function open(): Promise<AuditLog> {
  return openAuditLog({
    path: file,
    userAgent: "capstan-test/1.2.3",
    now: () => at,
    newId: () => `chain-${(chains += 1)}`,
  });
}

async function lines(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await readFile(file, "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

test("each signature is told of once it was made or failed, and none that was not begun", async () => {
  const told: string[] = [];
  let isFull = false;
  const audit = await openAuditLog({
    path: undefined,
    userAgent: "capstan-test/1.2.3",
    openSink: () =>
      Promise.resolve({
        write: () => (isFull ? Promise.reject(new Error("ENOSPC")) : Promise.resolve()),
        close: () => Promise.resolve(),
      }),
    onSignature: ({ purpose, generation }, result) => told.push(`${purpose} ${generation} ${result}`),
  });
  await audit.sign(
    signature,
    () => der,
    (bytes) => bytes,
  );
  const failed = audit.sign(
    { ...signature, purpose: "CRL" },
    () => Promise.reject(new Error("no key")),
    () => der,
  );
  await expect(failed).rejects.toThrow("no key");
  isFull = true;
  await expect(
    audit.sign(
      signature,
      () => der,
      (bytes) => bytes,
    ),
  ).rejects.toBeInstanceOf(AuditLogError);
  isFull = false;
  const act = (): Uint8Array => {
    isFull = true;
    return der;
  };
  await expect(audit.sign({ ...signature, purpose: "Root" }, act, (bytes) => bytes)).rejects.toThrow(AuditLogError);
  // It was made, though it does not leave the process.
  expect(told).toEqual(["Leaf 1 Signed", "CRL 1 Failed", "Root 1 Signed"]);
});

test("a signature stands between two lines, in a chain that begins with program and version and ends with its end", async () => {
  chains = 0;
  const audit = await open();
  const order: string[] = [];
  const signed = await audit.sign(
    signature,
    async () => {
      order.push(`${(await lines()).length} lines before the signature`);
      return { der };
    },
    ({ der }) => der,
  );
  await audit.close();
  expect(signed.der).toBe(der);
  expect(order).toEqual(["2 lines before the signature"]);
  const text = (await readFile(file, "utf8")).split("\n");
  const time = at.toISOString();
  const head = { audit: true, chain: "chain-1", time };
  expect(await lines()).toEqual([
    { ...head, sequence: 0, previous: genesis, event: "start", program: "capstan-test", version: "1.2.3" },
    { ...head, sequence: 1, previous: hashLine(text[0] ?? ""), event: "signing", signature },
    {
      ...head,
      sequence: 2,
      previous: hashLine(text[1] ?? ""),
      event: "signed",
      of: "chain-1/1",
      sha256: createHash("sha256").update(der).digest("hex"),
    },
    { ...head, sequence: 3, previous: hashLine(text[2] ?? ""), event: "end" },
  ]);
});

test("a signature that fails leaves its code and nothing of its message", async () => {
  const audit = await open();
  const error = Object.assign(new Error("the request was MIIBsecret"), { code: "ERR_KEY" });
  await expect(
    audit.sign(
      signature,
      () => Promise.reject(error),
      () => der,
    ),
  ).rejects.toBe(error);
  await audit.close();
  expect((await lines()).at(-2)).toMatchObject({ event: "failed", code: "ERR_KEY" });
  expect(await readFile(file, "utf8")).not.toContain("MIIB");
});

test("signatures side by side share writes, keep their order and name their own line", async () => {
  let writes = 0;
  let text = "";
  const audit = await openAuditLog({
    path: undefined,
    userAgent: "t/1",
    newId: () => "c",
    openSink: () =>
      Promise.resolve({
        write: async (more: string) => {
          writes += 1;
          await new Promise((resolve) => setImmediate(resolve));
          text += more;
        },
        close: () => Promise.resolve(),
      }),
  });
  const serials = Array.from({ length: 50 }, (_, index) => index.toString(16).padStart(4, "0"));
  await Promise.all(
    serials.map((serial) =>
      audit.sign(
        { ...signature, serial },
        () => serial,
        (one) => Buffer.from(one),
      ),
    ),
  );
  const all = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { sequence: number; of?: string; sha256?: string; signature?: SignatureIntent });
  expect(all.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 101 }, (_, index) => index));
  for (const { of, sha256 } of all.filter((line) => line.of !== undefined)) {
    const serial = all[Number(of?.split("/")[1])]?.signature?.serial ?? "";
    expect(sha256).toBe(createHash("sha256").update(serial).digest("hex"));
  }
  expect(writes).toBeLessThan(20);
});

test("nothing is signed when the line before it cannot be written, and the log heals with a new chain", async () => {
  chains = 0;
  let isFull = false;
  let text = "";
  const audit = await openAuditLog({
    path: "/var/log/audit",
    userAgent: "t/1",
    newId: () => `chain-${(chains += 1)}`,
    openSink: () =>
      Promise.resolve({
        write: (more: string) => {
          if (isFull) return Promise.reject(new Error("ENOSPC: no space left on device"));
          text += more;
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      }),
  });
  isFull = true;
  let signatures = 0;
  const sign = (): Promise<number> =>
    audit.sign(
      signature,
      () => (signatures += 1),
      () => der,
    );
  await expect(sign()).rejects.toMatchObject({ code: "ERR_AUDIT_LOG" });
  await expect(sign()).rejects.toBeInstanceOf(AuditLogError);
  expect(signatures).toBe(0);
  expect(audit.problem).toBe(
    "the audit log /var/log/audit cannot be written, so nothing is signed: ENOSPC: no space left on device",
  );
  isFull = false;
  await sign();
  expect(audit.problem).toBeUndefined();
  expect(signatures).toBe(1);
  const events = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ chain, event }) => `${String(chain)} ${String(event)}`)).toEqual([
    "chain-1 start",
    "chain-3 start",
    "chain-3 signing",
    "chain-3 signed",
  ]);
});

test("what was signed does not leave when the line after it cannot be written", async () => {
  let writes = 0;
  const audit = await openAuditLog({
    path: undefined,
    userAgent: "t/1",
    openSink: () =>
      Promise.resolve({
        write: () => ((writes += 1) === 3 ? Promise.reject(new Error("EIO")) : Promise.resolve()),
        close: () => Promise.resolve(),
      }),
  });
  let signatures = 0;
  await expect(
    audit.sign(
      signature,
      () => (signatures += 1),
      () => der,
    ),
  ).rejects.toMatchObject({ code: "ERR_AUDIT_LOG" });
  expect(signatures).toBe(1);
});

test("a log that cannot be opened is refused at once", async () => {
  await expect(
    openAuditLog({ path: path.join(folder, "missing", "audit.log"), userAgent: "t/1" }),
  ).rejects.toMatchObject({
    code: "ERR_AUDIT_LOG",
    message: expect.stringContaining("ENOENT") as unknown,
  });
});

test("a closed log takes no line", async () => {
  const audit = await open();
  await audit.close();
  await audit.close();
  await expect(
    audit.sign(
      signature,
      () => 1,
      () => der,
    ),
  ).rejects.toMatchObject({ code: "ERR_AUDIT_LOG" });
  expect((await lines()).length).toBe(2);
});

test("only the owner may read the file", async () => {
  await (await open()).close();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("a line that a crash cut off does not swallow the first line of the next start", async () => {
  await writeFile(file, '{"audit":true,"chain":"old","seq');
  await (await open()).close();
  const text = (await readFile(file, "utf8")).split("\n");
  expect(text[0]).toBe('{"audit":true,"chain":"old","seq');
  expect(JSON.parse(text[1] ?? "")).toMatchObject({ event: "start", sequence: 0 });
});

test.each([
  ["that makes no new file", false],
  ["that makes a new file", true],
])("after a rotation by rename %s the chain goes on in the new one", async (_, isMade) => {
  const audit = await open();
  await rename(file, `${file}.1`);
  if (isMade) await writeFile(file, "");
  await audit.sign(
    signature,
    () => 1,
    () => der,
  );
  await audit.close();
  const before = (await readFile(`${file}.1`, "utf8")).trimEnd();
  const [first] = await lines();
  expect(first).toMatchObject({ sequence: 1, previous: hashLine(before) });
});

test("names of others cannot break out of a line, and are cut", async () => {
  const audit = await open();
  const subject = `CN=web\n{"audit":true}\u2028${"x".repeat(5_000)}`;
  await audit.sign(
    { ...signature, subject },
    () => 1,
    () => der,
  );
  await audit.close();
  const all = await lines();
  expect(all.length).toBe(4);
  const logged = (all[1] as { signature: SignatureIntent }).signature.subject;
  expect(logged).toBe(`${subject.slice(0, 1023)}…`);
});

test.each([
  ["audit.log", /not an absolute path/],
  ["", /not an absolute path/],
])("the setting refuses %j", (text, message) => {
  expect(() => auditLogSetting.parse(text)).toThrow(message);
});
