import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { clientOf } from "./client-rates.ts";
import { type ServerLimits, serverLimits } from "./server-limits.ts";

/** Why a connection was closed before anything was read of it. */
export type RefusedConnection = "client" | "all";

/**
 * Listens within limits, and resolves with the address once it does. Node itself answers what is no HTTP with 400, slow
 * headers with 408 and long ones with 431.
 */
export async function listen(
  app: RequestListener,
  {
    host,
    port,
    limits = serverLimits,
    onRefusedConnection,
  }: {
    readonly host: string;
    readonly port: number;
    readonly limits?: ServerLimits;
    readonly onRefusedConnection?: (why: RefusedConnection) => void;
  },
): Promise<{ readonly server: Server; readonly address: AddressInfo }> {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.headersMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.max(50, Math.min(1_000, limits.headersMs / 4)),
    },
    (request, response) => {
      // A client that does not read would keep its answer here for ever.
      const timer = setTimeout(() => request.socket.destroy(), limits.answerMs);
      response.on("close", () => clearTimeout(timer));
      app(request, response);
    },
  );
  server.maxConnections = limits.connections;
  server.on("drop", () => onRefusedConnection?.("all"));
  boundClients(server, limits, onRefusedConnection);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: host === "" ? "::" : host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return { server, address: server.address() as AddressInfo };
}

function boundClients(
  server: Server,
  { connectionsPerClient }: ServerLimits,
  onRefusedConnection: ((why: RefusedConnection) => void) | undefined,
): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const client = clientOf(socket.remoteAddress);
    const count = open.get(client) ?? 0;
    if (count >= connectionsPerClient) {
      onRefusedConnection?.("client");
      socket.destroy();
      return;
    }
    open.set(client, count + 1);
    socket.once("close", () => {
      const left = (open.get(client) ?? 1) - 1;
      if (left > 0) open.set(client, left);
      else open.delete(client);
    });
  });
}
