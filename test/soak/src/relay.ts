import { Agent, createServer, type IncomingMessage, request as send, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A call of the control plane and what came back. */
export interface RelayedCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  /** Parsed JSON; undefined for anything else. */
  readonly answer: unknown;
}

export interface Relay {
  /** For example `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  readonly close: () => Promise<void>;
}

/**
 * Stands before the emulator and sees what the publisher asks it for. Nothing is changed, the Host header included, so that
 * signatures stay right.
 *
 * @param onCall told before the answer goes on, so that whoever asked has done nothing since
 */
export async function startRelay(target: string, onCall: (call: RelayedCall) => void): Promise<Relay> {
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
    const status = answer.statusCode ?? 0;
    onCall({ method, path: url.split("?")[0] ?? "", status, answer: parsed(content) });
    outgoing.sendDate = false;
    outgoing.writeHead(status, answer.rawHeaders).end(content);
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

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(content));
  } catch {
    return undefined;
  }
}
