import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { widget, widgetList, widgetsPath } from "./objects.ts";
import { eventually, type Exchange, ScriptedServer } from "./scripted-server.ts";

// Loading the client library takes seconds on a busy machine.
const startLimit = { timeout: 240_000 };

interface Lease {
  readonly spec: { readonly holderIdentity?: string };
}

interface Running {
  readonly server: ScriptedServer;
  readonly child: ChildProcess;
  readonly ended: Promise<number | string | null>;
  /** The request that the reconcile in hand waits for. */
  work: Exchange | undefined;
  /** What the Lease API does. */
  lease: (exchange: Exchange) => void;
  lines(): Record<string, unknown>[];
  messages(): unknown[];
  health(path: string): Promise<[number, string]>;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Starts the fixture against a scripted API server with one widget in it. */
async function run(fault: string): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "run-program-"));
  let stored: unknown;
  const server = await ScriptedServer.start((exchange) => {
    const { path, isWatch } = exchange.seen;
    if (path.startsWith("/slow/")) running.work = exchange;
    else if (path.includes("/leases")) running.lease(exchange);
    else if (path === widgetsPath && isWatch) exchange.write();
    else exchange.json(200, widgetList("1", [widget("a", "1")]));
  });
  const kubeconfig = writeKubeconfig(folder, server);
  const fixture = join(import.meta.dirname, "program-fixture.ts");
  const child = spawn(process.execPath, ["--conditions=@capstan/source", fixture, kubeconfig, fault], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("close", (status, signal) => {
      resolve(status ?? signal);
    });
  });
  const lines = (): Record<string, unknown>[] =>
    output
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const running: Running = {
    server,
    child,
    ended,
    work: undefined,
    lease: (exchange) => {
      if (exchange.seen.method === "GET" && stored === undefined) return exchange.status(404, "NotFound");
      if (exchange.seen.method !== "GET") {
        const sent = JSON.parse(exchange.seen.body) as { metadata: object };
        stored = { ...sent, metadata: { ...sent.metadata, resourceVersion: "1" } };
      }
      exchange.json(200, stored);
    },
    lines,
    messages: () => lines().map((line) => line["msg"]),
    health: async (path) => {
      const listening = (): Record<string, unknown> | undefined =>
        lines().find((line) => line["msg"] === "health server is listening");
      await expect.poll(listening, startLimit).toBeDefined();
      const port = String(listening()?.["port"]);
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, await response.text()];
    },
  };
  cleanups.push(async () => {
    child.kill("SIGKILL");
    await ended;
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return running;
}

describe("SIGTERM", () => {
  test("not ready, reflectors end, work is finished, the lease is released, status 0", async () => {
    const program = await run("none");
    await eventuallyWorking(program);
    expect(await program.health("/readyz?verbose")).toEqual([
      200,
      "[+]running ok\n[+]synced:widgets.example.dev ok\nok\n",
    ]);

    const watch = await eventually(() => {
      const found = program.server.exchanges.find((exchange) => exchange.seen.isWatch);
      expect(found).toBeDefined();
      return found;
    });
    program.child.kill("SIGTERM");
    await eventually(() => expect(watch?.isClosed).toBe(true));
    expect((await program.health("/readyz"))[1]).toContain("[-]running failed: stopping");
    expect((await program.health("/healthz"))[0]).toBe(200);
    expect(isReleased(program)).toBe(false); // while work is in hand

    program.work?.json(200, {});
    expect(await program.ended).toBe(0);
    expect(isReleased(program)).toBe(true);
    expect(program.messages().slice(-5)).toEqual(["stopping", "reconciled", "stopped", "released the lease", "ended"]);
    expect(program.lines().every((line) => line["level"] === "info")).toBe(true);
  });

  test("a second signal ends the process at once with status 1", async () => {
    const program = await run("none");
    await eventuallyWorking(program);
    program.child.kill("SIGTERM");
    await eventually(() => expect(program.messages()).toContain("stopping"));
    program.child.kill("SIGINT");
    expect(await program.ended).toBe(1);
    expect(program.messages().at(-1)).toBe("second signal: ending at once");
    expect(isReleased(program)).toBe(false);
  });

  test("while another replica leads ends the standby with status 0 and leaves the lease alone", async () => {
    const program = await run("none");
    program.lease = (exchange) => {
      exchange.json(200, {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { namespace: "capstan-system", name: "fixture", resourceVersion: "1" },
        spec: { holderIdentity: "other", leaseDurationSeconds: 30 },
      });
    };
    await eventually(async () => expect((await program.health("/readyz"))[0]).toBe(200)); // caches are kept all the same
    await eventually(() => expect(program.server.seen.some((seen) => seen.path.includes("/leases"))).toBe(true));
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(0);
    expect(program.work).toBeUndefined();
    expect(leaseWrites(program)).toEqual([]);
  });
});

describe("status 1", () => {
  test.each<[string, string, string]>([
    ["a start that fails", "start", "failed"],
    ["an unhandled rejection", "rejection", "unhandled rejection"],
    ["an uncaught exception", "exception", "uncaught exception"],
  ])("%s is logged and ends the process without releasing anything", async (_, fault, message) => {
    const program = await run(fault);
    expect(await program.ended).toBe(1);
    expect(program.lines().at(-1)).toMatchObject({ level: "error", msg: message, err: { type: "Error" } });
    expect(isReleased(program)).toBe(false);
  });

  test("a lost lease ends the process although work is in hand", async () => {
    const program = await run("lost");
    await eventuallyWorking(program);
    program.lease = () => {};
    expect(await program.ended).toBe(1);
    expect(program.lines().at(-1)).toMatchObject({ msg: "failed", err: { code: "ERR_LEADERSHIP_LOST" } });
  });
});

test("the README's example is the file that is checked and run here", async () => {
  const file = join(import.meta.dirname, "readme-example.ts");
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  expect(/```ts\n(?<code>.*?)```/s.exec(readme)?.groups?.["code"]).toBe(readFileSync(file, "utf8"));
  const server = await ScriptedServer.start((exchange) => {
    if (exchange.seen.isWatch) exchange.write();
    else exchange.json(200, widgetList("1", [widget("settings", "1")]));
  });
  const folder = mkdtempSync(join(tmpdir(), "readme-example-"));
  const environment = { ...process.env, KUBECONFIG: writeKubeconfig(folder, server) };
  const child = spawn(process.execPath, ["--conditions=@capstan/source", file], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const status = new Promise((resolve) => child.once("close", resolve));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  await expect.poll(() => output, startLimit).toContain('"msg":"demo/settings"');
  child.kill("SIGTERM");
  expect(await status).toBe(0);
  await server.close();
  rmSync(folder, { recursive: true });
});

async function eventuallyWorking(program: Running): Promise<void> {
  await expect.poll(() => program.work, startLimit).toBeDefined();
}

function leaseWrites({ server }: Running): Lease[] {
  return server.seen
    .filter((seen) => seen.path.includes("/leases") && seen.method !== "GET")
    .map((seen) => JSON.parse(seen.body) as Lease);
}

/** Whether its last write of the lease gave it up. How often it renewed it before is up to the machine. */
function isReleased(program: Running): boolean {
  return leaseWrites(program).at(-1)?.spec.holderIdentity === "";
}

function writeKubeconfig(folder: string, server: ScriptedServer): string {
  const file = join(folder, "config");
  const config = {
    clusters: [{ name: "c", cluster: { server: server.url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
