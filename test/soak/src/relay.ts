import { Agent, createServer, type IncomingMessage, request as send, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Relay {
  /** For example `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  readonly close: () => Promise<void>;
}

/**
 * Stands between the publisher and the emulator. Nothing is changed on the way, the Host header included, so that signatures
 * stay right.
 *
 * @param onWrite called after each call that is no read, before its answer goes on: whoever made it has done nothing since
 */
export async function startRelay(target: string, onWrite: () => void): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const server = createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "", url = "", rawHeaders } = incoming;
    const body = await read(incoming);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      send({ hostname, port, agent, method, path: url, headers: rawHeaders, setHost: false }, resolve)
        .on("error", reject)
        .end(body);
    });
    const content = await read(answer);
    if (method !== "GET") onWrite();
    outgoing.sendDate = false;
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders).end(content);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
