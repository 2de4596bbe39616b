import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ReadonlyStore } from "@capstan/kube";
import express, { type Express } from "express";
import type { ConfigMap } from "../crl/publish-crl.ts";
import { findPublished } from "./published-files.ts";

/** Relying parties may keep a file for a minute: revocations are meant to be seen soon. */
const cacheControl = "public, max-age=60";

/** Answers GET and HEAD of published files, with ETag, and nothing else. */
export function publishedApp(configMaps: Pick<ReadonlyStore<ConfigMap>, "list">): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.set("Allow", "GET, HEAD").status(405).type("text/plain").send("only GET and HEAD are answered\n");
      return;
    }
    const file = findPublished(configMaps.list(), request.path);
    if (file === undefined) {
      response
        .status(404)
        .type("text/plain")
        .send("nothing is published here; try /bundle.pem, /bundle/<ca>.pem, /crl/<ca>-<generation>.crl or .pem\n");
      return;
    }
    response.set({ ETag: file.etag, "Cache-Control": cacheControl, "X-Content-Type-Options": "nosniff" });
    // Also answers 304 to who has it already.
    response.type(file.contentType).send(Buffer.from(file.body));
  });
  return app;
}

/** Listens, and resolves with the address once it does. */
export async function listen(
  app: Express,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly server: Server; readonly address: AddressInfo }> {
  const server = await new Promise<Server>((resolve, reject) => {
    const starting = app.listen(port, host === "" ? "::" : host, (error?: Error) => {
      if (error === undefined) resolve(starting);
      else reject(error);
    });
  });
  return { server, address: server.address() as AddressInfo };
}
