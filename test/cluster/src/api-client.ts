import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";

import type { KeyPairFiles } from "./pki.ts";

export interface ApiResponse {
  readonly status: number;
  /** Parsed when it was JSON, else the text. */
  readonly body: unknown;
}

/** Calls the API server with one client certificate. */
export type ApiClient = (method: "GET" | "POST", path: string, body?: unknown) => Promise<ApiResponse>;

const callTimeoutMs = 15_000;

/** An API client for what this package itself asks of the API server. It rejects only when there is no answer. */
export async function createApiClient(options: {
  readonly serverUrl: string;
  readonly caFile: string;
  readonly client: KeyPairFiles;
}): Promise<ApiClient> {
  const agent = new Agent({
    ca: await readFile(options.caFile),
    cert: await readFile(options.client.certificate),
    key: await readFile(options.client.key),
  });
  return async (method, path, body) =>
    await new Promise((resolve, reject) => {
      const call = request(
        new URL(path, options.serverUrl),
        { method, agent, timeout: callTimeoutMs, headers: { "content-type": "application/json" } },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (text += chunk));
          response.on("error", reject);
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: parseBody(text) }));
        },
      );
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer in ${callTimeoutMs} ms`)));
      call.on("error", reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What an API server's answer says in words, for an error. It never holds request or Secret contents. */
export function describeResponse({ status, body }: ApiResponse): string {
  const message = typeof body === "object" && body !== null && "message" in body ? body.message : body;
  return typeof message === "string" ? `${status} ${message}` : String(status);
}
