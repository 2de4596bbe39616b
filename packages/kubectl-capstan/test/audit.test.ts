import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { IssuedCertificate } from "@capstan/api";
import { type AuditLog, openAuditLog } from "@capstan/kube";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Answer, collection, forbidden, type RecordedRequest, type Route, startApiServer } from "./api-server.ts";
import { recordOf, type TestAuthority, testAuthority, type TestLeaf, testLeaf } from "./authority.ts";
import { record } from "./objects.ts";
import { run, startedAt } from "./run.ts";

const ledger = "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates";
const minute = 60_000;

interface Row {
  readonly [column: string]: string | number;
}

async function report(
  argv: readonly string[],
  route: Route,
): Promise<{ readonly code: number; readonly err: string; readonly rows: readonly Row[] }> {
  await using server = await startApiServer({ [ledger]: route });
  const { code, out, err } = await run(["audit", ...argv, "-o", "json"], { server });
  return { code, err, rows: JSON.parse(out) as Row[] };
}

describe("audit", () => {
  const revoked = record(
    {
      serial: "0c",
      subject: 'CN=web.demo,O="Example, Corp"',
      dnsNames: ["web.demo.svc", "web"],
      owner: { kind: "Certificate", name: "web", uid: "u" },
      requester: "=HYPERLINK(1)\u0007",
    },
    {
      metadata: { name: "c", creationTimestamp: "2026-11-22T09:00:00Z" },
      status: {
        revoked: { at: "2026-11-22T09:30:00Z", reason: "keyCompromise", revocation: "demo/x", requestedBy: "bob" },
      },
    },
  );
  const own = record(
    { serial: "0d", purpose: "CrlSentinel", authority: "other" },
    { metadata: { name: "d", creationTimestamp: "2026-11-20T00:00:00Z" } },
  );

  test("csv: a line each, quoted as RFC 4180 says, no formulas and no control characters", async () => {
    await using server = await startApiServer({ [ledger]: collection(revoked, own) });
    const { code, out, err } = await run(["audit"], { server });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatchInlineSnapshot(`
      "requestedBy,certificate,serial,subject,notBefore,notAfter,issuedAt,revokedAt,revocationReason,issuer,authority,generation,purpose,namespace,request,owner,dnsNames,uris,revokedBy,publicKeySha256
      '=HYPERLINK(1)\\u0007,c,0c,"CN=web.demo,O=""Example, Corp""",2026-11-22T07:59:00Z,2026-11-23T08:00:00Z,2026-11-22T09:00:00Z,2026-11-22T09:30:00Z,keyCompromise,CapstanClusterIssuer/fleet,fleet,1,Workload,demo,CertificateRequest/web-1,Certificate/web,web.demo.svc web,,bob,cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
      system:serviceaccount:cert-manager:cert-manager,d,0d,"CN=web.demo,O=Example Corp",2026-11-22T07:59:00Z,2026-11-23T08:00:00Z,2026-11-20T00:00:00Z,,,CapstanClusterIssuer/fleet,other,1,CrlSentinel,demo,CertificateRequest/web-1,,,,,cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
      "
    `);
  });

  test("json: one array", async () => {
    const { rows } = await report([], collection(revoked, own));
    expect(rows.map(({ serial, revocationReason, generation }) => ({ serial, revocationReason, generation }))).toEqual([
      { serial: "0c", revocationReason: "keyCompromise", generation: 1 },
      { serial: "0d", revocationReason: "", generation: 1 },
    ]);
  });

  test("of an empty ledger is a header, or an empty array", async () => {
    await using server = await startApiServer({ [ledger]: collection() });
    const [csv, json] = [await run(["audit"], { server }), await run(["audit", "-o", "json"], { server })];
    expect([csv.out.split("\n").length, json.out]).toEqual([2, "[]\n"]);
  });

  test.each([
    ["2026-11-22", ["0c"]],
    ["2026-11-22T09:00:00Z", ["0c"]],
    ["2026-11-22T10:00:01+01:00", []],
    ["24h", ["0c"]],
    ["720h", ["0c", "0d"]],
  ])("--since %s", async (since, serials) => {
    const { rows } = await report(["--since", since], collection(revoked, own));
    expect(rows.map(({ serial }) => serial)).toEqual(serials);
  });

  test("--authority is selected by the API server", async () => {
    const queries: RecordedRequest["query"][] = [];
    await report(["--authority", "fleet"], ({ query }) => {
      queries.push(query);
      return collection(revoked);
    });
    expect(queries).toEqual([{ fieldSelector: "spec.authority=fleet", limit: "500" }]);
  });

  test("a page is written before the next one is read, so a ledger of any size fits", async () => {
    const pageCount = 20;
    const writtenBefore: number[] = [];
    let written = 0;
    const pagedLedger = ({ query }: RecordedRequest): Answer => {
      writtenBefore.push(written);
      const page = Number(query["continue"] ?? "0");
      const items = Array.from({ length: 500 }, (_, index) => record({ serial: `0${page}${index}` }));
      return {
        body: { metadata: { resourceVersion: "1", continue: page + 1 < pageCount ? String(page + 1) : "" }, items },
      };
    };
    await using server = await startApiServer({ [ledger]: pagedLedger });
    const { code } = await run(["audit"], { server, onOut: (text) => (written += text.split("\n").length - 1) });
    expect({ code, written }).toEqual({ code: 0, written: 1 + 500 * pageCount });
    expect(writtenBefore).toEqual(Array.from({ length: pageCount }, (_, page) => 1 + 500 * page));
  });

  test.each([
    [
      "--since=yesterday",
      'error: --since: "yesterday" is neither a time like 2026-11-22 or 2026-11-22T10:00:00Z, nor how long ago it was, like 24h',
    ],
    [
      "--since=2026-13-01",
      'error: --since: "2026-13-01" is neither a time like 2026-11-22 or 2026-11-22T10:00:00Z, nor how long ago it was, like 24h',
    ],
    ["--ledger-retention=-1h", "error: --ledger-retention: -1h is negative"],
  ])("refuses %s", async (flag, line) => {
    const { code, err } = await run(["audit", flag]);
    expect({ code, line: err.split("\n")[0] }).toEqual({ code: 2, line });
  });

  test("names the right that is missing", async () => {
    await using server = await startApiServer({
      [ledger]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system"),
    });
    const { code, err } = await run(["audit"], { server });
    expect({ code, hint: err.split("\n").at(-2) }).toEqual({
      code: 1,
      hint: "Missing right: list issuedcertificates.capstan.dev in namespace capstan-system. Granted by ClusterRole capstan-operator or capstan-viewer.",
    });
  });
});

describe("audit --log", () => {
  let folder: string;
  let path: string;
  let fleet: TestAuthority;
  let at: number;
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "audit-log-"));
    fleet = await testAuthority();
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    at = startedAt - 30 * minute;
    path = join(folder, `${(count += 1)}.log`);
  });

  function open(id = "chain-a"): Promise<AuditLog> {
    return openAuditLog({
      path,
      userAgent: "capstan-issuer-controller/0.1.0",
      now: () => new Date(at),
      newId: () => id,
    });
  }

  async function sign(log: AuditLog, leaf: TestLeaf, bytes: Uint8Array = leaf.der): Promise<TestLeaf> {
    const { serial, notAfter } = leaf;
    const intent = {
      purpose: "Leaf",
      authority: "fleet",
      generation: 1,
      serial,
      notAfter: notAfter.toISOString(),
    } as const;
    await log.sign(
      { ...intent, subject: "CN=web.demo", record: `record-${serial}`, requester: "cert-manager" },
      () => bytes,
      (der) => der,
    );
    return leaf;
  }

  /** Recorded a second after it was signed. */
  function recorded(leaf: TestLeaf, createdAt = at + 1000): IssuedCertificate {
    const creationTimestamp = new Date(createdAt).toISOString().replace(/\.\d+/, "");
    return recordOf(leaf, {}, { metadata: { name: `record-${leaf.serial}`, creationTimestamp } });
  }

  const kinds = (rows: readonly Row[]): readonly string[] =>
    rows.map(({ finding, message }) => `${finding}: ${message}`);

  test("log and ledger that agree end with 0, over files that a chain goes on in, packed or not", async () => {
    const log = await open();
    const leaves = [await sign(log, await testLeaf(fleet)), await sign(log, await testLeaf(fleet))];
    await log.close();
    const text = await readFile(path, "utf8");
    const middle = text.indexOf("\n", text.length / 2) + 1;
    await writeFile(`${path}.1.gz`, gzipSync(text.slice(0, middle)));
    await writeFile(path, `a line of something else\n${text.slice(middle)}`);
    const { code, rows, err } = await report(
      ["--log", `${path}.1.gz`, path],
      collection(...leaves.map((leaf) => recorded(leaf))),
    );
    expect({ code, rows, err }).toEqual({
      code: 0,
      rows: [],
      err: "1 chains of the log, from 2026-11-22T09:30:00.000Z to 2026-11-22T09:30:00.000Z; 1 lines of something else\n2 records: 2 have their line, 0 are older than the log, 0 too young to judge; 0 signatures of records that were pruned\nLog and ledger agree.\n",
    });
  });

  test("what does not agree is listed, each kind, and ends with 1", async () => {
    const log = await open();
    const good = await sign(log, await testLeaf(fleet));
    const neverReleased = await sign(log, await testLeaf(fleet));
    const differing = await sign(log, await testLeaf(fleet), Uint8Array.of(1, 2, 3));
    const twice = await testLeaf(fleet);
    await sign(log, twice);
    await sign(log, twice);
    await log.close();
    const elsewhere = await testLeaf(fleet);
    const { code, rows } = await report(
      ["--log", path],
      collection(...[good, differing, twice, elsewhere].map((leaf) => recorded(leaf, at))),
    );
    expect({ code, serials: rows.map(({ serial }) => serial) }).toEqual({
      code: 1,
      serials: [elsewhere, differing, neverReleased, twice].map(({ serial }) => serial),
    });
    expect(kinds(rows)).toEqual([
      "WithoutLine: no line of the log tells of this signature",
      "Differing: the certificate in the record is not the one that was signed",
      "NeverReleased: signed, and in no record of the ledger",
      "SerialTwice: several signatures or records have this serial number",
    ]);
    expect(rows[2]).toMatchObject({
      authority: "fleet",
      generation: 1,
      subject: "CN=web.demo",
      at: "2026-11-22T09:30:00.000Z",
      record: `record-${neverReleased.serial}`,
      line: "chain-a/3",
      requestedBy: "cert-manager",
    });
  });

  test.each<[string, (lines: string[]) => string[], readonly string[]]>([
    [
      "changed",
      (lines) => lines.map((line, index) => (index === 1 ? line.replace("CN=web.demo", "CN=api.demo") : line)),
      ["ERR_AUDIT_EDITED"],
    ],
    ["dropped", (lines) => lines.toSpliced(2, 1), ["ERR_AUDIT_GAP"]],
    [
      "moved",
      (lines) => [...lines.slice(0, 3), lines[4] ?? "", lines[3] ?? "", ...lines.slice(5)],
      ["ERR_AUDIT_GAP", "ERR_AUDIT_GAP", "ERR_AUDIT_ORDER", "ERR_AUDIT_GAP"],
    ],
    ["missing at the beginning", (lines) => lines.slice(1), ["ERR_AUDIT_HEADLESS"]],
    ["spoilt", (lines) => lines.toSpliced(3, 1, '{"audit":true,"chain":"chain-a"}'), ["ERR_AUDIT_LINE"]],
  ])("lines that were %s are told", async (_, spoil, codes) => {
    const log = await open();
    const leaves = [await sign(log, await testLeaf(fleet)), await sign(log, await testLeaf(fleet))];
    await log.close();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    await writeFile(path, `${spoil(lines).join("\n")}\n`);
    const { code, rows } = await report(["--log", path], collection(...leaves.map((leaf) => recorded(leaf))));
    const faults = rows
      .filter(({ finding }) => finding === "LogFault")
      .map(({ message }) => String(message).split(":")[0]);
    expect(code).toBe(1);
    expect(faults).toEqual(expect.arrayContaining([...new Set(codes)]));
  });

  test("a log whose end was cut off is told by the records that are newer", async () => {
    const log = await open();
    const first = await sign(log, await testLeaf(fleet));
    const cut = await readFile(path, "utf8");
    at += minute;
    const second = await sign(log, await testLeaf(fleet));
    await log.close();
    await writeFile(path, cut);
    const { code, rows } = await report(["--log", path], collection(recorded(first, at - minute), recorded(second)));
    expect({ code, found: kinds(rows) }).toEqual({
      code: 1,
      found: [
        "WithoutLine: newer than the last line of the log, 2026-11-22T09:30:00.000Z: export the log anew; if it is whole, its end was cut off",
      ],
    });
  });

  test("--since and --authority choose findings; a pair at the border stays a pair", async () => {
    const log = await open();
    const border = await sign(log, await testLeaf(fleet));
    const stray = await sign(log, await testLeaf(fleet));
    await log.close();
    const since = new Date(at + 500).toISOString();
    const asked = async (...argv: readonly string[]) =>
      (await report(["--log", path, ...argv], collection(recorded(border)))).rows;
    expect([
      (await asked()).map(({ serial }) => serial),
      await asked("--since", since),
      await asked("--authority", "other"),
      (await asked("--authority", "fleet")).length,
    ]).toEqual([[stray.serial], [], [], 1]);
  });

  test("a signature of a record that was pruned is no finding, as long as records are kept so long", async () => {
    const log = await open();
    await sign(
      log,
      await testLeaf(fleet, {
        notBefore: new Date(startedAt - 60 * 60 * minute),
        notAfter: new Date(startedAt - 30 * 60 * minute),
      }),
    );
    await log.close();
    const codes = [
      await report(["--log", path], collection()),
      await report(["--log", path, "--ledger-retention", "31h"], collection()),
    ];
    expect(codes.map(({ code }) => code)).toEqual([0, 1]);
  });

  test("a file without a line of an audit log ends with 1", async () => {
    await writeFile(path, "hello\n");
    const { code, err } = await report(["--log", path], collection());
    expect({ code, last: err.split("\n").at(-2) }).toEqual({
      code: 1,
      last: "error: no line of an audit log was found: give the files of --audit-log, or standard output as it was collected",
    });
  });

  test.each([
    ["gone.log", "ENOENT"],
    ["noise.gz", "Z_DATA_ERROR"],
  ])("%s cannot be read", async (name, why) => {
    await writeFile(join(folder, "noise.gz"), "hello");
    const { code, err } = await run(["audit", "--log", join(folder, name)]);
    expect({ code, err: err.replaceAll(folder, "FOLDER") }).toEqual({
      code: 1,
      err: `error: --log: FOLDER/${name} cannot be read (${why})\n`,
    });
  });
});
