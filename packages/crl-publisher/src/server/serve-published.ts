import type { ReadonlyStore } from "@capstan/kube";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { ConfigMap } from "../crl/config-map.ts";
import { ClientRates, clientOf } from "./client-rates.ts";
import { findPublished, type PublishedFile, publishedPaths } from "./published-files.ts";
import { type ServerLimits, serverLimits } from "./server-limits.ts";

/** Relying parties may keep a file for a minute: revocations are meant to be seen soon. */
const longestAgeSeconds = 60;

export interface PublishedAppOptions {
  readonly configMaps: Pick<ReadonlyStore<ConfigMap>, "list">;
  /** Default: {@link serverLimits}. */
  readonly limits?: ServerLimits | undefined;
  /** Default: the system's clock. */
  readonly now?: (() => Date) | undefined;
  /** Told of each answer's status. */
  readonly onAnswer?: ((status: number) => void) | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Answers GET and HEAD of published files, with ETag and Last-Modified, and nothing else. A CRL that is past its nextUpdate is
 * served all the same: an old list is better than none, and its age is in the metrics.
 */
export function publishedApp(options: PublishedAppOptions): Express {
  const { configMaps, limits = serverLimits, now = () => new Date(), onAnswer, onError } = options;
  const rates = new ClientRates(limits);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use((request, response) => {
    response.on("finish", () => onAnswer?.(response.statusCode));
    // No part of what is served is a page.
    response.set({
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    });
    const refusal = refusalOf(request, limits, rates);
    if (refusal !== undefined) {
      refuse(response, refusal);
      return;
    }
    const file = findPublished(configMaps.list(), request.path);
    if (file === undefined) {
      refuse(response, { status: 404, message: `nothing is published here; try ${publishedPaths}` });
      return;
    }
    response.set({ ETag: file.etag, "Cache-Control": cacheControlOf(file, now()) });
    if (file.lastModified !== undefined) response.set("Last-Modified", file.lastModified.toUTCString());
    // Also answers 304 to who has it already.
    response.type(file.contentType).send(Buffer.from(file.body));
  });
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    onError?.(error);
    // Whoever asks learns nothing of what is wrong here.
    if (response.headersSent) response.destroy();
    else refuse(response, { status: 500, message: "the file cannot be served now" });
  });
  return app;
}

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function refusalOf(request: Request, limits: ServerLimits, rates: ClientRates): Refusal | undefined {
  if (!rates.tryTake(clientOf(request.socket.remoteAddress))) {
    return { status: 429, message: "too many requests; come back in a second", headers: { "Retry-After": "1" } };
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { status: 405, message: "only GET and HEAD are answered", headers: { Allow: "GET, HEAD", ...closing } };
  }
  if (request.originalUrl.length > limits.targetLength) {
    return { status: 414, message: `a path has at most ${limits.targetLength} characters here` };
  }
  const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
  if (length !== "0" || encoding !== undefined) {
    return { status: 413, message: "a request has no body here", headers: closing };
  }
  return undefined;
}

/** What may still come of the request is not waited for. */
const closing = { Connection: "close" };

function refuse(response: Response, { status, message, headers = {} }: Refusal): void {
  response
    .status(status)
    .set({ "Cache-Control": "no-store", ...headers })
    .type("text/plain")
    .send(`${message}\n`);
}

/** Not longer than the file itself says that it is good for. */
function cacheControlOf({ nextUpdate }: PublishedFile, now: Date): string {
  const left = nextUpdate === undefined ? longestAgeSeconds : (nextUpdate.getTime() - now.getTime()) / 1000;
  return `public, max-age=${Math.max(0, Math.min(longestAgeSeconds, Math.floor(left)))}`;
}
