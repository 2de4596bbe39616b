import { createHash, X509Certificate } from "node:crypto";
import { authorityLabel, bundleKey, crlKeys, publishedLabel } from "@capstan/api";
import { readCrl } from "@capstan/ca-core";
import type { ConfigMap } from "../crl/config-map.ts";
import { changedAtAnnotation } from "./store-bundle.ts";

/** A file that relying parties fetch. */
export interface PublishedFile {
  readonly contentType: string;
  readonly body: Uint8Array;
  /** A strong validator: it changes when and only when the bytes do. */
  readonly etag: string;
  /** When these bytes came to be: a CRL's thisUpdate, a root's notBefore. */
  readonly lastModified?: Date | undefined;
  /** A CRL's nextUpdate. */
  readonly nextUpdate?: Date | undefined;
}

type Content = Omit<PublishedFile, "etag">;

/** What a path of the server stands for. Media types as RFC 2585 registers them; PEM has none of its own. */
const routes: readonly {
  readonly pattern: RegExp;
  readonly find: (maps: readonly ConfigMap[], name: string) => PublishedFile | undefined;
}[] = [
  { pattern: /^\/crl\/(?<name>[a-z0-9][-a-z0-9]*)\.crl$/, find: generationFile("crl.der", crlInDer) },
  { pattern: /^\/crl\/(?<name>[a-z0-9][-a-z0-9]*)\.pem$/, find: generationFile("crl.pem", crlInPem) },
  { pattern: /^\/root\/(?<name>[a-z0-9][-a-z0-9]*)\.cer$/, find: generationFile("root.der", rootInDer) },
  { pattern: /^\/root\/(?<name>[a-z0-9][-a-z0-9]*)\.pem$/, find: generationFile("root.pem", rootInPem) },
  { pattern: /^\/bundle\.pem$/, find: (maps) => bundleOf(maps.filter(holds("bundle"))) },
  {
    pattern: /^\/bundle\/(?<name>[a-z0-9][-a-z0-9]*)\.pem$/,
    find: (maps, name) =>
      bundleOf(maps.filter(holds("bundle")).filter(({ metadata }) => metadata.labels?.[authorityLabel] === name)),
  },
];

/** What is published where, for whoever asks for something else. */
export const publishedPaths: string =
  "/bundle.pem, /bundle/<ca>.pem, /crl/<ca>-<generation>.crl or .pem, /root/<ca>-<generation>.cer or .pem";

/** The file at a path, or undefined when nothing is published there. */
export function findPublished(maps: readonly ConfigMap[], path: string): PublishedFile | undefined {
  for (const { pattern, find } of routes) {
    const match = pattern.exec(path);
    if (match !== null) return find(maps, match.groups?.["name"] ?? "");
  }
  return undefined;
}

/** When a published CRL was made, and when the next one is due at the latest; undefined for what is no CRL. */
export function crlTimes(map: ConfigMap): { readonly thisUpdate: Date; readonly nextUpdate: Date } | undefined {
  if (!holds("crl")(map)) return undefined;
  const { lastModified, nextUpdate } = fileOf(map, "crl.der", crlInDer) ?? {};
  return lastModified === undefined || nextUpdate === undefined ? undefined : { thisUpdate: lastModified, nextUpdate };
}

function generationFile(
  key: string,
  read: (map: ConfigMap) => Content | undefined,
): (maps: readonly ConfigMap[], name: string) => PublishedFile | undefined {
  return (maps, name) => {
    const map = maps.filter(holds("crl")).find(({ metadata }) => metadata.name === name);
    return map === undefined ? undefined : fileOf(map, key, read);
  };
}

const filesOfMap = new WeakMap<ConfigMap, Map<string, PublishedFile | undefined>>();

/** A file of a ConfigMap, read once for each version of it: a CRL has some hundred thousand bytes to be hashed. */
function fileOf(map: ConfigMap, key: string, read: (map: ConfigMap) => Content | undefined): PublishedFile | undefined {
  const files = filesOfMap.get(map) ?? new Map<string, PublishedFile | undefined>();
  filesOfMap.set(map, files);
  if (!files.has(key)) files.set(key, tagged(read(map)));
  return files.get(key);
}

function crlInDer(map: ConfigMap): Content | undefined {
  const body = bytesOf(map.binaryData?.[crlKeys.der]);
  return body === undefined ? undefined : { contentType: "application/pkix-crl", body, ...timesOf(body) };
}

function crlInPem(map: ConfigMap): Content | undefined {
  const [body, der] = [textOf(map.data?.[crlKeys.pem]), bytesOf(map.binaryData?.[crlKeys.der])];
  if (body === undefined) return undefined;
  return { contentType: pemType, body, ...(der === undefined ? {} : timesOf(der)) };
}

function rootInPem(map: ConfigMap): Content | undefined {
  const body = textOf(map.data?.[crlKeys.root]);
  return body === undefined ? undefined : { contentType: pemType, body, lastModified: rootOf(map)?.validFromDate };
}

function rootInDer(map: ConfigMap): Content | undefined {
  const root = rootOf(map);
  if (root === undefined) return undefined;
  return { contentType: "application/pkix-cert", body: new Uint8Array(root.raw), lastModified: root.validFromDate };
}

const pemType = "application/x-pem-file";

/** What cannot be read has no times; it is served as it is, since hiding it would hide the fault. */
function timesOf(der: Uint8Array): Pick<PublishedFile, "lastModified" | "nextUpdate"> {
  try {
    const { thisUpdate, nextUpdate } = readCrl(der);
    return { lastModified: thisUpdate, nextUpdate };
  } catch {
    return {};
  }
}

function rootOf(map: ConfigMap): X509Certificate | undefined {
  try {
    return new X509Certificate(map.data?.[crlKeys.root] ?? "");
  } catch {
    return undefined;
  }
}

/** Roots of one authority, or of all: in the order of their names, so that the bytes are the same each time. */
function bundleOf(maps: readonly ConfigMap[]): PublishedFile | undefined {
  if (maps.length === 0) return undefined;
  const ordered = maps.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const body = textOf(ordered.map(({ data }) => data?.[bundleKey] ?? "").join(""));
  const changes = ordered.map(({ metadata }) => Date.parse(metadata.annotations?.[changedAtAnnotation] ?? ""));
  const last = Math.max(...changes);
  const lastModified = Number.isNaN(last) ? undefined : new Date(last);
  return body === undefined ? undefined : tagged({ contentType: pemType, body, lastModified });
}

function holds(what: "crl" | "bundle"): (map: ConfigMap) => boolean {
  return ({ metadata }) => metadata.labels?.[publishedLabel] === what;
}

function tagged(content: Content | undefined): PublishedFile | undefined {
  if (content === undefined) return undefined;
  return { ...content, etag: `"${createHash("sha256").update(content.body).digest("hex").slice(0, 32)}"` };
}

function bytesOf(base64: string | undefined): Uint8Array | undefined {
  return base64 === undefined ? undefined : new Uint8Array(Buffer.from(base64, "base64"));
}

function textOf(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : new TextEncoder().encode(text);
}
