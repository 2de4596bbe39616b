import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callsSince, countWrites, endOfAuditLog } from "../src/issuer/audit-calls.ts";
import { floorWork } from "../src/issuer/floor-work.ts";
import { readOptions } from "../src/issuer/options.ts";
import { cpuSeconds, forgetPeak, peakResidentBytes } from "../src/issuer/process-usage.ts";
import { formatIssuerResults } from "../src/issuer/report.ts";
import type { IssuerResults, TurnResult } from "../src/issuer/results.ts";
import { FULL, SMOKE } from "../src/issuer/size.ts";
import { judgeIssuer } from "../src/issuer/targets.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "capstan-bench-issuer-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the options", () => {
  test("default to every part in full", () => {
    const options = readOptions(["--"]);
    expect(options).toMatchObject({ parts: ["backlog", "certificates", "memory"], size: FULL, profile: undefined });
  });

  test("take parts, size and places", () => {
    expect(readOptions(["--only", "memory", "--smoke", "--json", "/a.json", "--profile", "/p"])).toEqual({
      parts: ["memory"],
      size: SMOKE,
      json: "/a.json",
      profile: "/p",
    });
  });

  test.each([
    ["a part that does not exist", ["--only", "speed"], "--only speed: must be one of backlog, certificates, memory"],
    ["an option that does not exist", ["--quick"], "Unknown option '--quick'"],
  ])("refuse %s", (_, args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});

describe("calls in the audit log", () => {
  const issuer = "system:serviceaccount:capstan-system:issuer-controller";
  const line = (verb: string, resource: string, user = issuer): string =>
    `${JSON.stringify({ verb, user: { username: user }, objectRef: { resource: resource.split("/")[0], subresource: resource.split("/")[1] } })}\n`;

  test("are those of one user since a moment, without leases", async () => {
    const file = path.join(folder, "audit.jsonl");
    await writeFile(file, line("create", "issuedcertificates"));
    const start = await endOfAuditLog(file);
    const later = [
      line("create", "issuedcertificates"),
      line("patch", "certificaterequests/status"),
      line("patch", "certificaterequests/status"),
      line("get", "certificateauthorities"),
      line("update", "leases"),
      line("create", "issuedcertificates", "system:serviceaccount:demo:somebody-else"),
      line("create", "events", `${issuer}-2`),
    ];
    await appendFile(file, later.join(""));
    expect(await callsSince(file, start, issuer)).toEqual({
      "create issuedcertificates": 1,
      "patch certificaterequests/status": 2,
      "get certificateauthorities": 1,
    });
  });

  test.each([
    [{ "create events": 2, "patch x/status": 3, "update y": 1, "delete z": 1 }, 7],
    [{ "get x": 5, "list x": 5, "watch x": 5 }, 0],
    [{ "create subjectaccessreviews": 4, "create x": 1 }, 1],
  ])("%j hold so many writes: %i", (calls, count) => {
    expect(countWrites(calls)).toBe(count);
  });
});

describe("what a process has used", () => {
  test("is more after it has worked", () => {
    const before = cpuSeconds(process.pid);
    const deadline = performance.now() + 60_000;
    while (cpuSeconds(process.pid) < before + 0.02 && performance.now() < deadline) JSON.stringify(process.versions);
    expect(cpuSeconds(process.pid)).toBeGreaterThanOrEqual(before + 0.02);
  });

  test("is its peak of memory until that is forgotten", async () => {
    const program = "let most = Buffer.alloc(200e6, 1); most = null; gc(); console.log(); setInterval(() => {}, 1e6)";
    const child = spawn(process.execPath, ["--expose-gc", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await once(child.stdout, "data");
      const pid = child.pid ?? 0;
      expect(peakResidentBytes(pid)).toBeGreaterThan(200e6);
      // What was collected is given back to the system a moment later.
      const peak = (): number => {
        forgetPeak(pid);
        return peakResidentBytes(pid);
      };
      await expect.poll(peak, { timeout: 30_000 }).toBeLessThan(150e6);
    } finally {
      child.kill("SIGKILL");
    }
  });
});

test("the floor writes a record named by the request's uid and an answer guarded by its resourceVersion", () => {
  const metadata = { name: "web-1", namespace: "demo", uid: "u-1", resourceVersion: "7" };
  const { record, answer } = floorWork(metadata, 1);
  expect(record.metadata).toMatchObject({ name: "u-1", namespace: "capstan-system" });
  expect(answer.metadata).toEqual({ name: "web-1", namespace: "demo", resourceVersion: "7" });
  expect(answer.status).toMatchObject({ conditions: [{ type: "Ready", status: "True", reason: "Issued" }] });
});

function turn(contestant: string, perSecond: number, round = 1, certificates = 1_000): TurnResult {
  const latencies = { p50Ms: 5_000, p99Ms: 10_000 };
  return {
    contestant,
    round,
    certificates,
    perSecond,
    ...latencies,
    writesEach: 2,
    calls: {},
    cpuSeconds: 4,
    peakBytes: 150e6,
  };
}

describe("the targets", () => {
  test("take the median of the rounds' own ratios, of which each had its own noise", () => {
    const backlog = [
      turn("floor", 100, 1),
      turn("capstan", 80, 1),
      turn("floor", 50, 2),
      turn("capstan", 30, 2),
      turn("floor", 10, 3),
      turn("capstan", 20, 3),
    ];
    expect(judgeIssuer({ backlog, certificates: [], memory: [] })).toEqual([
      { what: "1000 requests: times the floor", value: 0.8, bound: ">= 0.7", isMet: true },
    ]);
  });

  test.each([
    [1_000, 99, false],
    [1_000, 100, true],
  ])("%i requests at %i a second beside 100 in-tree: %s", (_, perSecond, isMet) => {
    const backlog = [turn("in-tree, raised", 100), turn("capstan", perSecond)];
    expect(judgeIssuer({ backlog, certificates: [], memory: [] }).map((target) => target.isMet)).toEqual([isMet]);
  });

  test("of Certificates compare what ran beside the same cert-manager", () => {
    const certificates = [
      turn("capstan, raised", 11),
      turn("in-tree, raised", 10),
      turn("capstan, stock", 1),
      turn("in-tree, stock", 50),
    ];
    expect(judgeIssuer({ backlog: [], certificates, memory: [] })).toEqual([
      { what: "Certificates: times the in-tree issuer, raised", value: 1.1, bound: ">= 1", isMet: true },
    ]);
  });

  test("of memory are both of the moments, each at most 200 MB", () => {
    const memory = [{ requests: 10_000, answeringPeakBytes: 201e6, answeredPeakBytes: 199e6 }];
    const targets = judgeIssuer({ backlog: [], certificates: [], memory });
    expect(targets.map(({ value, isMet }) => [value, isMet])).toEqual([
      [201, false],
      [199, true],
    ]);
  });
});

test("the report has a table for each part that was run", () => {
  const backlog = [turn("floor", 100), turn("capstan", 80)];
  const results: IssuerResults = {
    date: "2026-11-22T13:00:00.000Z",
    commit: "abc1234",
    size: "full",
    machine: { cores: 2, node: "24.21.0", loadBefore: 1, loadAfter: 3 },
    backlog,
    certificates: [],
    memory: [],
    targets: judgeIssuer({ backlog, certificates: [], memory: [] }),
  };
  expect(formatIssuerResults(results)).toMatchInlineSnapshot(`
    "1,000 approved requests at once
      contestant  rounds  a second  capstan is  p50 ms  p99 ms  writes each  CPU s  CPU ms each  peak MB
      floor            1     100.0        0.80   5,000  10,000         2.00    4.0          4.0      150
      capstan          1      80.0        1.00   5,000  10,000         2.00    4.0          4.0      150

    Targets
      what                            measured  target
      1000 requests: times the floor      0.80  >= 0.7  met"
  `);
});
