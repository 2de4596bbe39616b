import { createServer, request as forward, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface TestProxy extends AsyncDisposable {
  readonly port: number;
  /** What it was asked for: `CONNECT host:port`, or `METHOD url`. */
  readonly asked: readonly string[];
  /** The credentials that came with each, decoded. */
  readonly users: readonly (string | undefined)[];
}

/** What to do with a CONNECT instead of connecting. */
export type Misbehaviour = { readonly status: string } | "never answer" | "close the connection" | "answer garbage";

/**
 * A real proxy on a real socket. Whatever host a tunnel is asked for, it leads to the port given, so that a test can call AWS by its
 * own name.
 */
export async function startTestProxy(options: {
  readonly tunnelTo?: number;
  readonly misbehave?: Misbehaviour;
  /** Makes it an https proxy. */
  readonly tls?: { readonly cert: string; readonly key: string };
}): Promise<TestProxy> {
  const { tunnelTo = 0, misbehave, tls } = options;
  const asked: string[] = [];
  const users: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const note = (request: IncomingMessage): void => {
    asked.push(`${request.method} ${request.url}`);
    const [, basic] = (request.headers["proxy-authorization"] ?? "").split(" ");
    users.push(basic === undefined ? undefined : Buffer.from(basic, "base64").toString());
  };
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("connect", (request: IncomingMessage, client: Socket) => {
    note(request);
    client.on("error", () => client.destroy());
    if (misbehave !== undefined) {
      if (misbehave === "close the connection") client.destroy();
      else if (misbehave === "answer garbage") client.end("SSH-2.0-OpenSSH_9.6\r\n");
      else if (misbehave !== "never answer") client.end(`HTTP/1.1 ${misbehave.status}\r\n\r\n`);
      return;
    }
    const upstream = connect(tunnelTo, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.pipe(client);
      client.pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  server.on("request", (request: IncomingMessage, response) => {
    note(request);
    const { "proxy-authorization": _user, "proxy-connection": _hop, ...headers } = request.headers;
    request.pipe(
      forward(request.url ?? "", { method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    asked,
    users,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
