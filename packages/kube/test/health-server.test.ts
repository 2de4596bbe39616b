import { afterEach, beforeEach, expect, test } from "vitest";
import { createMetrics, HealthServer } from "../src/index.ts";

let health: HealthServer;
let url: string;

beforeEach(async () => {
  health = new HealthServer({ host: "127.0.0.1", port: 0, metrics: createMetrics() });
  url = `http://127.0.0.1:${await health.start()}`;
});
afterEach(() => health.close());

async function get(path: string): Promise<[number, string]> {
  const response = await fetch(url + path);
  return [response.status, await response.text()];
}

test("healthz answers whatever the checks say", async () => {
  health.addReadyCheck("keys", () => "no key yet");
  expect(await get("/healthz")).toEqual([200, "ok\n"]);
});

test("readyz is ready when every check passes, and lists them when asked", async () => {
  health.addReadyCheck("keys", () => undefined);
  expect(await get("/readyz")).toEqual([200, "ok\n"]);
  expect(await get("/readyz?verbose")).toEqual([200, "[+]keys ok\nok\n"]);
});

test("readyz names what fails and why, and follows the checks", async () => {
  let why: string | undefined = "the first list is not complete";
  health.addReadyCheck("keys", () => undefined);
  health.addReadyCheck("synced:requests", () => why);
  expect(await get("/readyz")).toEqual([
    503,
    "[+]keys ok\n[-]synced:requests failed: the first list is not complete\nnot ready\n",
  ]);
  why = undefined;
  expect(await get("/readyz")).toEqual([200, "ok\n"]);
});

test("a check that throws is not ready and tells nothing of its error", async () => {
  health.addReadyCheck("keys", () => {
    throw new Error("s3cret");
  });
  expect(await get("/readyz")).toEqual([503, "[-]keys failed: the check itself failed\nnot ready\n"]);
});

test("a second check of the same name is refused", () => {
  health.addReadyCheck("keys", () => undefined);
  expect(() => {
    health.addReadyCheck("keys", () => undefined);
  }).toThrow('there is a ready check "keys" already');
});

test("metrics are in Prometheus' format, with those of the process", async () => {
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  expect(text).toContain('rest_client_requests_total{code="200",method="GET"} 0');
  expect(text).toContain("nodejs_eventloop_lag_seconds");
});

test.each(["/", "/debug", "/metrics/x"])("%s is not there", async (path) => {
  expect((await get(path))[0]).toBe(404);
});

test("answers are not cached and do not name the software", async () => {
  const response = await fetch(`${url}/readyz`);
  expect([response.headers.get("cache-control"), response.headers.get("x-powered-by")]).toEqual(["no-store", null]);
});

test("a port that is taken is an error", async () => {
  const port = Number(new URL(url).port);
  const second = new HealthServer({ host: "127.0.0.1", port, metrics: createMetrics() });
  await expect(second.start()).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("close ends open connections and may be called twice", async () => {
  await get("/healthz");
  await health.close();
  await health.close();
  await expect(get("/healthz")).rejects.toThrow();
});
