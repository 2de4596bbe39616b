import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Relay, startRelay } from "../src/relay.ts";

interface Heard {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly host: string | undefined;
  readonly body: string;
}

const heard: Heard[] = [];
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  heard.length = 0;
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(onWrite: () => void): Promise<Relay> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Uint8Array[] = [];
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method, url, headers } = incoming;
      heard.push({ method, url, host: headers.host, body: Buffer.concat(chunks).toString() });
      outgoing.sendDate = false;
      outgoing.writeHead(403, { date: "Sun, 06 Nov 1994 08:49:37 GMT", "x-amzn-errortype": "AccessDenied" }).end("no");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const relay = await startRelay(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, onWrite);
  closing.push(relay.close);
  return relay;
}

function ask(
  endpoint: string,
  method: string,
  body: string,
): Promise<{ readonly status: number | undefined; readonly headers: Readonly<Record<string, unknown>> }> {
  return new Promise((resolve, reject) => {
    send(`${endpoint}/trustanchors?x=%2F`, { method, headers: { host: "rolesanywhere.example" } }, (answer) => {
      answer.resume().on("end", () => resolve({ status: answer.statusCode, headers: answer.headers }));
    })
      .on("error", reject)
      .end(body);
  });
}

test("a-call-arrives-as-it-was-sent-with-its-host", async () => {
  const { endpoint } = await start(() => {});
  await ask(endpoint, "PATCH", '{"a":1}');
  expect(heard).toEqual([
    { method: "PATCH", url: "/trustanchors?x=%2F", host: "rolesanywhere.example", body: '{"a":1}' },
  ]);
});

test("an-answer-comes-back-with-its-status-and-its-date", async () => {
  const { endpoint } = await start(() => {});
  const { status, headers } = await ask(endpoint, "GET", "");
  expect(status).toBe(403);
  expect(headers).toMatchObject({ date: "Sun, 06 Nov 1994 08:49:37 GMT", "x-amzn-errortype": "AccessDenied" });
});

test.each([
  ["PATCH", 1],
  ["POST", 1],
  ["DELETE", 1],
  ["GET", 0],
])("after-a-%s-is-looked-%d-times-before-it-is-answered", async (method, times) => {
  let looks = 0;
  const { endpoint } = await start(() => (looks += 1));
  await ask(endpoint, method, "");
  expect(looks).toBe(times);
});
