import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface RecordedRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  /** Parsed JSON, or undefined. */
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

/** An answer, or what makes one; `count` is how often the route was asked before. "break" cuts the connection. */
export type Route =
  | Answer
  | ((request: RecordedRequest, count: number) => Answer | "break" | Promise<Answer | "break">);

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
}

/** Real sockets, scripted answers by "METHOD /path"; everything else is 404, as for a kind that is not installed. */
export async function startApiServer(
  routes: Readonly<Record<string, Route>>,
  { date }: { /** The server's clock, milliseconds since 1970. Default: the system's. */ readonly date?: number } = {},
): Promise<ApiServer> {
  const requests: RecordedRequest[] = [];
  const counts = new Map<string, number>();
  const server = createServer((incoming, response) => {
    void readBody(incoming).then(async (text) => {
      const url = new URL(incoming.url ?? "/", "http://localhost");
      const request: RecordedRequest = {
        method: incoming.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: incoming.headers,
        body: text === "" ? undefined : JSON.parse(text),
      };
      requests.push(request);
      const key = `${request.method} ${request.path}`;
      const count = counts.get(key) ?? 0;
      counts.set(key, count + 1);
      const route = routes[key] ?? refusal(404, "NotFound", "the server could not find the requested resource");
      const answer = typeof route === "function" ? await route(request, count) : route;
      if (answer === "break") {
        response.destroy();
        return;
      }
      if (date !== undefined) response.setHeader("date", new Date(date).toUTCString());
      response.writeHead(answer.status ?? 200, { "content-type": "application/json" });
      // A watch's events are lines.
      response.end(`${JSON.stringify(answer.body)}\n`);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

export function object(body: unknown): Answer {
  return { body };
}

export function collection(...items: readonly unknown[]): Answer {
  return { body: { metadata: { resourceVersion: "100" }, items } };
}

export function refusal(status: number, reason: string, message: string): Answer {
  return { status, body: { kind: "Status", apiVersion: "v1", status: "Failure", reason, message, code: status } };
}

/** In the API server's words. */
export function forbidden(verb: string, resource: string, group: string, namespace?: string): Answer {
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return refusal(
    403,
    "Forbidden",
    `${resource}.${group} is forbidden: User "alice" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}
