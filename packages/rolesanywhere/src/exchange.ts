import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { TLSSocket } from "node:tls";

import type { RequestHandler } from "./request-handler.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Fifty trust anchors with two CRLs each, on one page. */
const maxAnswerBytes = 64 * 1024 * 1024;

/**
 * Sends one request on a connection that stands, and reads the whole answer. `beforeSend` runs between the two: no byte of the
 * request has left when it throws, and its error is the outcome.
 */
export async function exchange(options: {
  readonly requestHandler: RequestHandler;
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly beforeSend?: (() => void) | undefined;
  readonly signal: AbortSignal;
}): Promise<HttpAnswer> {
  const { requestHandler, url, method, headers, body, beforeSend, signal } = options;
  signal.throwIfAborted();
  const length = body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const shared = { method, headers: { ...headers, ...length }, signal };
  const request =
    url.protocol === "https:"
      ? httpsRequest(url, { ...shared, agent: requestHandler.httpsAgent })
      : httpRequest(url, { ...shared, agent: requestHandler.httpAgent });
  // Every failure is told by what is awaited here; one that comes later, as of a destroyed request, must not end the process.
  request.on("error", () => undefined);
  try {
    await untilConnected(request);
    beforeSend?.();
    const answered = once(request, "response", { signal });
    request.end(body);
    const [response] = (await answered) as [IncomingMessage];
    return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response) };
  } catch (error) {
    request.destroy();
    throw error;
  }
}

/** Once the connection stands, through a proxy and with TLS where it has them. */
function untilConnected(request: ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("socket", (socket) => {
      const isSecured = socket instanceof TLSSocket && socket.getFinished() !== undefined;
      const stands = socket instanceof TLSSocket ? isSecured : !socket.connecting;
      if (request.reusedSocket || stands) resolve();
      else socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", resolve);
    });
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
