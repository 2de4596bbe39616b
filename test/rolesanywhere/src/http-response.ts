import type { ServiceError } from "./errors.ts";

/** What is answered, still without transport. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function json(status: number, body: unknown, requestId: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json", "x-amzn-requestid": requestId },
    body: JSON.stringify(body),
  };
}

export function jsonError(error: ServiceError, requestId: string): HttpResponse {
  const { headers, ...response } = json(error.status, { message: error.message }, requestId);
  return { ...response, headers: { ...headers, ...error.headers, "x-amzn-errortype": error.type } };
}

export function xml(status: number, body: string): HttpResponse {
  return { status, headers: { "content-type": "text/xml" }, body };
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&'"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
