import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ApiClient, ApiResponse } from "../src/api-client.ts";
import { keepToken, renewalDelayMs } from "../src/service-account-token.ts";

describe("renewal", () => {
  test.each([
    ["at once after issue", 0, 3600, 0, 2880],
    ["when some of its life is over", 0, 3600, 1000, 1880],
    ["for a shorter life than was asked for", 0, 600, 0, 480],
    ["never in the past", 0, 3600, 4000, 0],
  ])("is due at 80 %% of a token's life: %s", (_when, issued, expires, now, delay) => {
    expect(renewalDelayMs(issued, expires, now)).toBe(delay);
  });
});

describe("a kept token", () => {
  let directory: string;
  let lines: string[];
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "token-"));
    lines = [];
  });
  afterEach(async () => await rm(directory, { recursive: true }));

  const start = new Date("2026-01-01T00:00:00Z").getTime();
  const keep = async (api: ApiClient, now: () => number = () => start) =>
    await keepToken({
      api,
      serviceAccount: { namespace: "demo", name: "web" },
      tokenFile: path.join(directory, "token"),
      log: (line) => lines.push(line),
      now,
      retryMs: 1,
    });
  const created = (token: string, lifeMs: number): ApiResponse => ({
    status: 201,
    body: { status: { token, expirationTimestamp: new Date(start + lifeMs).toISOString() } },
  });

  test("is asked for by TokenRequest, and its file is readable by its owner alone", async () => {
    const calls: unknown[] = [];
    const keeper = await keep(async (...call) => {
      calls.push(call);
      return created("one", 3_600_000);
    });
    keeper.stop();
    expect(calls).toEqual([
      [
        "POST",
        "/api/v1/namespaces/demo/serviceaccounts/web/token",
        { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } },
      ],
    ]);
    const file = path.join(directory, "token");
    expect(await readFile(file, "utf8")).toBe("one");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(["token"]);
  });

  test("is renewed when its time has come, and a failed renewal is told and tried again", async () => {
    const answers = [
      created("one", 50),
      new Error("connection refused"),
      { status: 500, body: "overloaded" },
      created("two", 3_600_000),
    ];
    const isRead = Promise.withResolvers<void>();
    let calls = 0;
    const keeper = await keep(async () => {
      calls += 1;
      // However late the first token is read, it is not renewed before.
      if (calls > 1) await isRead.promise;
      const answer = answers.shift();
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    });
    const file = path.join(directory, "token");
    expect(await readFile(file, "utf8")).toBe("one");
    isRead.resolve();
    while ((await readFile(file, "utf8")) !== "two") await delay(5);
    keeper.stop();
    expect(lines).toEqual([
      "token of demo/web not renewed: Error: connection refused",
      "token of demo/web not renewed: ClusterError: token of ServiceAccount demo/web: 500 overloaded",
    ]);
  });

  test("is not renewed after stop", async () => {
    let calls = 0;
    const keeper = await keep(async () => {
      calls += 1;
      return created("one", 50);
    });
    keeper.stop();
    // Twice the time of its renewal.
    await delay(80);
    expect(calls).toBe(1);
  });

  test.each<[string, ApiResponse, object]>([
    ["no such account", { status: 404, body: { message: "not found" } }, { code: "ERR_SERVICE_ACCOUNT_MISSING" }],
    [
      "a refusal",
      { status: 403, body: { message: "forbidden" } },
      { code: "ERR_SETUP_REFUSED", message: "token of ServiceAccount demo/web: 403 forbidden" },
    ],
    [
      "an answer without a date, whose token stays out of the error",
      { status: 201, body: { status: { token: "secret" } } },
      { code: "ERR_SETUP_REFUSED", message: "token of ServiceAccount demo/web: an answer without a token" },
    ],
  ])("fails on %s", async (_what, response, error) => {
    await expect(keep(async () => response)).rejects.toMatchObject(error);
    expect(await readdir(directory)).toEqual([]);
  });
});
