import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { readCall } from "../src/api-call.ts";
import { type FaultProxy, type FaultProxyOptions, type Moment, startFaultProxy } from "../src/fault-proxy.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Scene {
  readonly proxy: FaultProxy;
  /** What the server behind the proxy heard. */
  readonly heard: string[];
  readonly kills: string[];
}

/** A server that echoes, behind a proxy whose client "dies" at one moment of calls whose name holds `at`. */
async function start(
  fault: { readonly at: string; readonly moment: Moment } | undefined,
  more: Partial<FaultProxyOptions> = {},
): Promise<Scene> {
  const heard: string[] = [];
  const kills: string[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      heard.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""} ${text}`.trim());
      response.setHeader("content-type", "application/json");
      if (request.url?.includes("watch=true") === true) {
        response.write("first\n");
        return; // It goes on.
      }
      response.statusCode = 201;
      response.end(`{"echo":${JSON.stringify(text)}}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = await startFaultProxy({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: undefined,
    nameCall: ({ method, target }) => readCall(method, target),
    onCall: ({ name }) => (fault !== undefined && name.includes(fault.at) ? fault.moment : undefined),
    kill: async () => {
      kills.push(`after ${heard.length} calls`);
      await Promise.resolve();
    },
    freeze: () => Promise.reject(new Error("nothing freezes here")),
    ...more,
  });
  closers.push(
    () => proxy.close(),
    async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  );
  return { proxy, heard, kills };
}

const path = "/apis/capstan.dev/v1alpha1/namespaces/a/issuedcertificates";
const post = async (proxy: FaultProxy, body: string): Promise<Response> =>
  await fetch(`${proxy.url}${path}`, { method: "POST", body, headers: { authorization: "Bearer t" } });

test("without-a-fault-both-sides-hear-each-other", async () => {
  const { proxy, heard, kills } = await start(undefined);
  const response = await post(proxy, "body");
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({ echo: "body" });
  expect(heard).toEqual([`POST ${path} Bearer t body`]);
  expect(kills).toEqual([]);
});

describe("a client that is killed", () => {
  test("before-a-call-is-not-heard-of", async () => {
    const { proxy, heard, kills } = await start({ at: "create issuedcertificates", moment: "before" });
    await expect(post(proxy, "body")).rejects.toThrow("fetch failed");
    expect(heard).toEqual([]);
    expect(kills).toEqual(["after 0 calls"]);
  });

  test("after-a-call-gets-no-answer-to-what-was-done", async () => {
    const { proxy, heard, kills } = await start({ at: "create issuedcertificates", moment: "after" });
    await expect(post(proxy, "body")).rejects.toThrow("fetch failed");
    expect(heard).toHaveLength(1);
    expect(kills).toEqual(["after 1 calls"]);
  });

  test("at-one-call-may-make-others-until-then", async () => {
    const { proxy, heard } = await start({ at: "watch", moment: "before" });
    expect((await post(proxy, "body")).status).toBe(201);
    await expect(fetch(`${proxy.url}${path}?watch=true`)).rejects.toThrow("fetch failed");
    expect(heard).toHaveLength(1);
  });

  test("after-a-watch-was-opened-sees-nothing-of-it", async () => {
    const { proxy, heard, kills } = await start({ at: "watch", moment: "after" });
    await expect(fetch(`${proxy.url}${path}?watch=true`)).rejects.toThrow("fetch failed");
    expect(heard).toHaveLength(1);
    expect(kills).toEqual(["after 1 calls"]);
  });
});

test("a-client-that-freezes-is-woken-when-its-late-call-was-answered", async () => {
  const events: string[] = [];
  const thaw = Promise.withResolvers<void>();
  const { proxy, heard } = await start(
    { at: "create issuedcertificates", moment: "late" },
    {
      freeze: async () => {
        events.push("frozen");
        await thaw.promise;
        return () => void events.push(`woken after ${heard.length} calls`);
      },
    },
  );
  const answered = post(proxy, "body");
  await expect.poll(() => events, { timeout: 30_000 }).toEqual(["frozen"]);
  expect(heard).toEqual([]);
  thaw.resolve();
  expect((await answered).status).toBe(201);
  expect(events).toEqual(["frozen", "woken after 1 calls"]);
});

test("a-watch-is-passed-on-as-it-comes", async () => {
  const { proxy } = await start(undefined);
  const response = await fetch(`${proxy.url}${path}?watch=true`);
  const { value } = (await response.body?.getReader().read()) ?? {};
  expect(Buffer.from(value ?? new Uint8Array()).toString()).toBe("first\n");
});

test("calls-and-answers-are-told-in-the-order-in-which-they-pass", async () => {
  const told: string[] = [];
  const { proxy } = await start(undefined, {
    onForward: ({ name }, body) => void told.push(`forward ${name} ${Buffer.from(body).toString()}`),
    onAnswer: ({ name }, _, { status, body }) =>
      void told.push(`answer ${name} ${status} ${Buffer.from(body).toString()}`),
  });
  await post(proxy, "one");
  expect(told).toEqual([
    "forward create issuedcertificates one",
    'answer create issuedcertificates 201 {"echo":"one"}',
  ]);
});
