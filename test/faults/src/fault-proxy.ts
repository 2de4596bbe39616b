import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { ApiCall } from "./api-call.ts";

/**
 * before: the client dies, and the server never hears of the call. after: it answered, and nobody hears that. late: the client
 * freezes, and the call reaches the server when others have done its work. held: it freezes before it hears the answer.
 */
export type Moment = "before" | "after" | "late" | "held";

/** An answer of the API server that was read to its end. */
export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

export interface FaultProxyOptions<C extends Call = ApiCall> {
  /** The server, http or https. */
  readonly server: string;
  /** PEM of what signed its certificate. */
  readonly ca: string | undefined;
  /** Names a request. */
  readonly nameCall: (request: CallToName) => C;
  /** Where a request goes instead. Default: where it was sent. */
  readonly redirect?: (target: string) => string;
  /** Asked about each call before anything is done with it. */
  readonly onCall: (call: C) => Moment | undefined;
  /** What is answered in place of the server, which never hears of the call. Default: nothing. */
  readonly answerFor?: (call: C) => Answer | undefined;
  /** Ends the client for good, and resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** Freezes the client, and resolves when the call may go on; what it resolves with wakes the client. */
  readonly freeze: () => Promise<() => void>;
  /** A call is about to reach the API server. */
  readonly onForward?: (call: C, body: Uint8Array) => void;
  /** The server answered, and the client has not heard it yet. Not called for watches. */
  readonly onAnswer?: (call: C, body: Uint8Array, answer: Answer) => void;
}

/** What is known of a request to give it a name. */
export interface CallToName {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Uint8Array;
}

interface Call {
  readonly name: string;
}

/** Stands between one client and the API server, and can end or freeze the client at any of its calls. */
export interface FaultProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Of one connection and not of the message (RFC 9110, 7.6.1); and accept-encoding, so that answers can be read. The host stays:
 * Signature Version 4 covers it.
 */
const ownHeaders = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"]);

/** Starts a proxy on the loopback address. It speaks plain HTTP to its client and passes its credentials on. */
export async function startFaultProxy<C extends Call>(options: FaultProxyOptions<C>): Promise<FaultProxy> {
  const agent = options.server.startsWith("https:") ? new TlsAgent({ ca: options.ca, keepAlive: true }) : undefined;
  // Certificates travel in headers to AWS.
  const server = createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
    // A client that was killed, or an API server that is away: the other side sees a broken connection, as it would.
    handle(options, agent, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent?.destroy();
    },
  };
}

async function handle<C extends Call>(
  { server, nameCall, redirect, onCall, answerFor, kill, freeze, onForward, onAnswer }: FaultProxyOptions<C>,
  agent: TlsAgent | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = "GET", url: target = "/" } = incoming;
  const body = await readAll(incoming);
  const call = nameCall({ method, target, headers: incoming.headers, body });
  const moment = onCall(call);
  const dieNow = async (): Promise<void> => {
    await kill();
    outgoing.destroy();
  };
  if (moment === "before") return await dieNow();
  const instead = answerFor?.(call);
  if (instead !== undefined) {
    outgoing.writeHead(instead.status, { "content-type": "application/json" }).end(instead.body);
    return;
  }
  const wake = moment === "late" ? await freeze() : undefined;
  onForward?.(call, body);
  const upstream = (agent === undefined ? httpRequest : httpsRequest)(new URL(redirect?.(target) ?? target, server), {
    method,
    headers: passedOn(incoming.headers),
    ...(agent === undefined ? {} : { agent }),
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    upstream.once("response", resolve).on("error", reject);
  });
  upstream.once("error", () => wake?.()).end(body);
  const answer = await answered;
  const status = answer.statusCode ?? 502;
  if (call.name.startsWith("watch ")) {
    if (moment === "after") {
      upstream.destroy();
      return await dieNow();
    }
    outgoing.once("close", () => upstream.destroy());
    outgoing.writeHead(status, passedOn(answer.headers)).flushHeaders();
    answer.on("error", () => outgoing.destroy()).pipe(outgoing);
    return;
  }
  const answerBody = await readAll(answer);
  wake?.();
  onAnswer?.(call, body, { status, body: answerBody });
  if (moment === "held") (await freeze())();
  if (moment === "after") return await dieNow();
  // Whether there is one, and what it says, is the server's affair.
  outgoing.sendDate = false;
  outgoing.writeHead(status, { ...passedOn(answer.headers), "content-length": answerBody.length });
  outgoing.end(answerBody);
}

function passedOn(headers: IncomingMessage["headers"]): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !ownHeaders.has(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}

async function readAll(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
