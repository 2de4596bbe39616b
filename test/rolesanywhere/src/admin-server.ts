import { createServer, type IncomingMessage } from "node:http";
import type { Emulator } from "./emulator.ts";
import { readFaultRule } from "./faults.ts";
import { listen, readBody, stopServer } from "./http-server.ts";
import { flag, list, optional, parseJsonBody, readInput, required, text, unread, wholeNumber } from "./input.ts";
import { readInterference } from "./interference.ts";

/** What the emulator can be told to do and asked about from outside its process. */
export type Controls = Omit<Emulator, "endpoint" | "adminEndpoint" | "stop">;

interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With at most one parameter, written `{id}`, at the end. */
  readonly path: string;
  /** @returns the body of the answer; undefined for none */
  readonly handle: (controls: Controls, body: unknown, id: string) => unknown;
}

const SHIFT_MS = wholeNumber({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });

const ROUTES: readonly Route[] = [
  { method: "GET", path: "/requests", handle: (controls) => ({ requests: controls.requests() }) },
  { method: "GET", path: "/trust-anchors", handle: (controls) => ({ trustAnchors: controls.trustAnchors() }) },
  { method: "GET", path: "/accesses", handle: (controls) => ({ accesses: controls.accesses() }) },
  { method: "GET", path: "/session-events", handle: (controls) => ({ events: controls.sessionEvents() }) },
  { method: "GET", path: "/faults", handle: (controls) => ({ faults: controls.faults() }) },
  { method: "POST", path: "/faults", handle: (controls, body) => ({ id: controls.injectFault(readFaultRule(body)) }) },
  { method: "DELETE", path: "/faults", handle: (controls) => controls.removeFaults() },
  { method: "DELETE", path: "/faults/{id}", handle: (controls, _body, id) => controls.removeFaults(id) },
  {
    method: "POST",
    path: "/interferences",
    handle: (controls, body) => controls.interfere(readInterference(body)),
  },
  { method: "GET", path: "/unknowns", handle: (controls) => controls.unknowns() },
  {
    method: "PATCH",
    path: "/unknowns",
    handle(controls, body) {
      controls.setUnknowns(body as Parameters<Controls["setUnknowns"]>[0]);
      return controls.unknowns();
    },
  },
  { method: "GET", path: "/clock", handle: (controls) => ({ now: controls.now() }) },
  {
    method: "POST",
    path: "/clock",
    handle(controls, body) {
      controls.shiftClock(readInput({ shiftMs: required(SHIFT_MS) }, body).shiftMs);
      return { now: controls.now() };
    },
  },
  {
    method: "PUT",
    path: "/availability",
    handle: (controls, body) => controls.setAvailable(readInput({ available: required(flag) }, body).available),
  },
  {
    method: "PUT",
    path: "/policies",
    handle(controls, body) {
      const { arn, policies } = readInput(
        { arn: required(text({})), policies: optional(list(unread, { max: 1000 })) },
        body,
      );
      controls.setPolicies(arn, policies);
    },
  },
];

/** An HTTP server with the emulator's controls, on a port of its own: JSON in, JSON out, and 400 with a `message`. */
export async function startAdminServer(
  controls: Controls,
  options: { readonly host: string; readonly port: number },
): Promise<{ readonly endpoint: string; readonly stop: () => Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    answer(controls, incoming).then(
      ({ status, body }) => {
        outgoing.writeHead(status, { "content-type": "application/json" });
        outgoing.end(body === undefined ? "" : JSON.stringify(body));
      },
      (error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined),
    );
  });
  return { endpoint: await listen(server, options), stop: () => stopServer(server) };
}

async function answer(
  controls: Controls,
  incoming: IncomingMessage,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const bytes = await readBody(incoming);
  const path = incoming.url ?? "";
  const matching = ROUTES.flatMap((route) => {
    const [prefix = "", suffix] = route.path.split("{id}");
    const id = path.slice(prefix.length);
    const isMatch = suffix === undefined ? path === prefix : path.startsWith(prefix) && /^[^/]+$/.test(id);
    return isMatch ? [{ route, id }] : [];
  });
  const found = matching.find(({ route }) => route.method === incoming.method);
  if (found === undefined) {
    const known = ROUTES.map(({ method, path: each }) => `${method} ${each}`).join(", ");
    return {
      status: matching.length > 0 ? 405 : 404,
      body: { message: `${incoming.method} ${path} is not one of ${known}` },
    };
  }
  try {
    const body = found.route.handle(controls, parseJsonBody(bytes), found.id);
    return { status: body === undefined ? 204 : 200, body };
  } catch (error) {
    return { status: 400, body: { message: error instanceof Error ? error.message : String(error) } };
  }
}
