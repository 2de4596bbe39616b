import { Agent, get, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import type { ConfigMap } from "../../src/crl/config-map.ts";
import { ClientRates, clientOf } from "../../src/server/client-rates.ts";
import { listen, type RefusedConnection } from "../../src/server/listen.ts";
import { publishedApp } from "../../src/server/serve-published.ts";
import { type ServerLimits, serverLimits } from "../../src/server/server-limits.ts";

const crl = Buffer.alloc(200_000, 7);
const map: ConfigMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: "fleet-1",
    namespace: "capstan-system",
    labels: { "capstan.dev/authority": "fleet", "capstan.dev/published": "crl" },
  },
  binaryData: { "crl.der": crl.toString("base64") },
};

let server: Server | undefined;
let port: number;
let refused: RefusedConnection[];

async function start(limits: Partial<ServerLimits> = {}): Promise<void> {
  refused = [];
  const all = { ...serverLimits, ...limits };
  const app = publishedApp({ configMaps: { list: () => [map] }, limits: all });
  const started = await listen(app, {
    host: "127.0.0.1",
    port: 0,
    limits: all,
    onRefusedConnection: (why) => refused.push(why),
  });
  ({ server } = started);
  port = (started.address satisfies AddressInfo).port;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** The status line of the answer to bytes that no client library would send, or "" when there is none. */
async function send(request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(request.replaceAll("\n", "\r\n"));
  socket.on("error", () => undefined);
  const answer = await text(socket).catch(() => "");
  return answer.split("\r\n")[0] ?? "";
}

const line = "GET /crl/fleet-1.crl HTTP/1.1\nHost: x\n";

describe("a request is refused", () => {
  test.each<[fact: string, request: string, status: string]>([
    ["with-a-long-path", `GET /${"a".repeat(2_048)} HTTP/1.1\nHost: x\nConnection: close\n\n`, "414 URI Too Long"],
    ["with-long-headers", `${line}X-Long: ${"a".repeat(9_000)}\n\n`, "431 Request Header Fields Too Large"],
    ["with-many-headers", `${line}${"X: y\n".repeat(3_000)}\n`, "431 Request Header Fields Too Large"],
    ["with-a-body", `${line}Content-Length: 4\n\nbody`, "413 Payload Too Large"],
    ["with-a-body-in-chunks", `${line}Transfer-Encoding: chunked\n\n4\nbody\n0\n\n`, "413 Payload Too Large"],
    [
      "with-two-lengths",
      `POST /crl/fleet-1.crl HTTP/1.1\nHost: x\nContent-Length: 4\nContent-Length: 5\n\nbody`,
      "400 Bad Request",
    ],
    [
      "with-length-and-chunks",
      `POST / HTTP/1.1\nHost: x\nContent-Length: 4\nTransfer-Encoding: chunked\n\n0\n\n`,
      "400 Bad Request",
    ],
    ["without-a-host", "GET /crl/fleet-1.crl HTTP/1.1\n\n", "400 Bad Request"],
    ["that-is-no-http", "hello\n\n", "400 Bad Request"],
    ["of-another-method-with-a-body", "POST /crl/fleet-1.crl HTTP/1.1\nHost: x\nContent-Length: 9\n\n", "405 Method"],
    ["to-trace", "TRACE / HTTP/1.1\nHost: x\nConnection: close\n\n", "405 Method Not Allowed"],
    ["to-be-a-proxy", "GET http://169.254.169.254/latest HTTP/1.1\nHost: x\nConnection: close\n\n", "404 Not Found"],
  ])("%s", async (_fact, request, status) => {
    await start();
    expect(await send(request)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  });

  test("to-tunnel-without-an-answer", async () => {
    await start();
    expect(await send("CONNECT 169.254.169.254:80 HTTP/1.1\nHost: x\n\n")).toBe("");
  });

  test("as-slow-as-a-slowloris-while-others-are-served", async () => {
    await start({ headersMs: 400 });
    const slow = connect(port, "127.0.0.1");
    slow.write("GET /crl/fleet-1.crl HTTP/1.1\r\nHost: x\r\n");
    const drip = setInterval(() => slow.writable && slow.write("X: y\r\n"), 50);
    slow.on("error", () => undefined);
    try {
      const [answer, other] = await Promise.all([
        text(slow).catch(() => ""),
        fetch(`http://127.0.0.1:${port}/crl/fleet-1.crl`),
      ]);
      expect(answer === "" || answer.startsWith("HTTP/1.1 408 ")).toBe(true);
      expect(other.status).toBe(200);
    } finally {
      clearInterval(drip);
    }
  });
});

test("a-client-that-does-not-read-its-answer-is-cut-off", async () => {
  await start({ answerMs: 300 });
  const socket = connect(port, "127.0.0.1");
  socket.pause();
  socket.on("error", () => undefined);
  const wish = `${line}\n`.replaceAll("\n", "\r\n");
  // More than the buffers of both ends take.
  socket.write(wish.repeat(200));
  await new Promise((resolve) => server?.on("connection", (accepted: Socket) => accepted.on("close", resolve)));
  socket.destroy();
});

describe("too many", () => {
  test("connections-of-one-client-are-closed-and-there-is-room-when-one-ends", async () => {
    await start({ connectionsPerClient: 2 });
    const open = await Promise.all([opened(), opened()]);
    const third = connect(port, "127.0.0.1");
    third.on("error", () => undefined);
    expect(await text(third).catch(() => "")).toBe("");
    expect(refused).toEqual(["client"]);
    const [first, second] = open;
    first?.destroy();
    while (true) {
      const answer = await fetch(`http://127.0.0.1:${port}/crl/fleet-1.crl`).catch(() => undefined);
      if (answer?.status === 200) break;
    }
    second?.destroy();
  });

  test("connections-of-all-together-are-dropped", async () => {
    await start({ connections: 1 });
    const first = await opened();
    const second = connect(port, "127.0.0.1");
    second.on("error", () => undefined);
    expect(await text(second).catch(() => "")).toBe("");
    expect(refused).toEqual(["all"]);
    first.destroy();
  });

  test("requests-of-one-client-are-answered-with-429-and-when-to-come-back", async () => {
    await start({ burst: 3, requestsPerSecond: 0.001 });
    const statuses: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/crl/fleet-1.crl`);
      statuses.push(answer.status);
      if (answer.status === 429) expect(answer.headers.get("retry-after")).toBe("1");
      await answer.arrayBuffer();
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
  });

  test("are-not-a-thousand-at-once", async () => {
    await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    const one = (): Promise<number> =>
      new Promise((resolve, reject) => {
        get({ port, host: "127.0.0.1", path: "/crl/fleet-1.crl", agent }, (answer) => {
          let bytes = 0;
          answer.on("data", (chunk: Uint8Array) => (bytes += chunk.length));
          answer.on("end", () => resolve(answer.statusCode === 200 ? bytes : -1));
        }).on("error", reject);
      });
    const sizes = await Promise.all(Array.from({ length: 1_000 }, one));
    agent.destroy();
    expect(new Set(sizes)).toEqual(new Set([crl.length]));
    expect(refused).toEqual([]);
  });
});

async function opened(): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  // Answered, so that it is counted.
  socket.write(`${line}\n`.replaceAll("\n", "\r\n"));
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

test.each<[address: string | undefined, client: string]>([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:DB8::9", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64"],
  [undefined, "unknown"],
])("%s-counts-as-%s", (address, client) => {
  expect(clientOf(address)).toBe(client);
});

describe("rates", () => {
  test("are-each-clients-own-and-come-back-with-time", () => {
    const clock = new ManualClock();
    const rates = new ClientRates({ burst: 2, requestsPerSecond: 1 }, clock);
    const take = (client: string): boolean => rates.tryTake(client);
    expect([take("a"), take("a"), take("a"), take("b")]).toEqual([true, true, false, true]);
    clock.advance(1_000);
    expect([take("a"), take("a")]).toEqual([true, false]);
  });

  test("of-many-clients-are-remembered-but-not-of-all-there-can-be", () => {
    const rates = new ClientRates({ burst: 1, requestsPerSecond: 1 }, new ManualClock());
    for (let index = 0; index < 30_000; index += 1) rates.tryTake(`client ${index}`);
    expect(rates.size).toBe(10_000);
    expect(rates.tryTake("client 29999")).toBe(false);
  });
});
