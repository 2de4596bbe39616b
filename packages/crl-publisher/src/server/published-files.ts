import { createHash } from "node:crypto";
import { authorityLabel, bundleKey, crlKeys, publishedLabel } from "@capstan/api";
import type { ConfigMap } from "../crl/publish-crl.ts";

/** A file that relying parties fetch. */
export interface PublishedFile {
  readonly contentType: string;
  readonly body: Uint8Array;
  /** A strong validator: it changes when and only when the bytes do. */
  readonly etag: string;
}

/** What a path of the server stands for. */
const routes: readonly {
  readonly pattern: RegExp;
  readonly find: (maps: readonly ConfigMap[], match: RegExpExecArray) => PublishedFile | undefined;
}[] = [
  {
    pattern: /^\/crl\/(?<name>[a-z0-9][-a-z0-9]*)\.crl$/,
    find: (maps, match) => crlOf(maps, match, (map) => bytesOf(map.binaryData?.[crlKeys.der]), "application/pkix-crl"),
  },
  {
    pattern: /^\/crl\/(?<name>[a-z0-9][-a-z0-9]*)\.pem$/,
    find: (maps, match) => crlOf(maps, match, (map) => textOf(map.data?.[crlKeys.pem]), "application/x-pem-file"),
  },
  { pattern: /^\/bundle\.pem$/, find: (maps) => bundleOf(maps.filter(holds("bundle"))) },
  {
    pattern: /^\/bundle\/(?<name>[a-z0-9][-a-z0-9]*)\.pem$/,
    find: (maps, match) =>
      bundleOf(
        maps
          .filter(holds("bundle"))
          .filter(({ metadata }) => metadata.labels?.[authorityLabel] === match.groups?.["name"]),
      ),
  },
];

/** The file at a path, or undefined when nothing is published there. */
export function findPublished(maps: readonly ConfigMap[], path: string): PublishedFile | undefined {
  for (const { pattern, find } of routes) {
    const match = pattern.exec(path);
    if (match !== null) return find(maps, match);
  }
  return undefined;
}

function crlOf(
  maps: readonly ConfigMap[],
  match: RegExpExecArray,
  body: (map: ConfigMap) => Uint8Array | undefined,
  contentType: string,
): PublishedFile | undefined {
  const map = maps.filter(holds("crl")).find(({ metadata }) => metadata.name === match.groups?.["name"]);
  return map === undefined ? undefined : fileOf(body(map), contentType);
}

/** Roots of one authority, or of all: in the order of their names, so that the bytes are the same each time. */
function bundleOf(maps: readonly ConfigMap[]): PublishedFile | undefined {
  const roots = maps
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map(({ data }) => data?.[bundleKey] ?? "");
  return maps.length === 0 ? undefined : fileOf(textOf(roots.join("")), "application/x-pem-file");
}

function holds(what: "crl" | "bundle"): (map: ConfigMap) => boolean {
  return ({ metadata }) => metadata.labels?.[publishedLabel] === what;
}

function fileOf(body: Uint8Array | undefined, contentType: string): PublishedFile | undefined {
  if (body === undefined) return undefined;
  return { body, contentType, etag: `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"` };
}

function bytesOf(base64: string | undefined): Uint8Array | undefined {
  return base64 === undefined ? undefined : new Uint8Array(Buffer.from(base64, "base64"));
}

function textOf(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : new TextEncoder().encode(text);
}
