import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { parentFolders, type TarEntry, writeTar } from "./tar.ts";

/** What an image does when it is started, as in the OCI image specification's `config`. */
export interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[];
  readonly Env: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}

export interface ImageOptions {
  /** `capstan:0.1.0`. */
  readonly name: string;
  /** Lowest first. */
  readonly layers: readonly (readonly TarEntry[])[];
  readonly config: ImageConfig;
}

export interface ImageArchive {
  /** An OCI image layout as a tar file, which `docker load` takes too. */
  readonly tar: Uint8Array;
  /** `sha256:…` of the image's manifest. */
  readonly digest: string;
}

/**
 * Builds an image for linux/amd64 (OCI image specification 1.1). Nothing in it tells when or where it was built, so that the
 * same files give the same digest.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 *
 * @example
 * const { tar, digest } = await buildArchive({ name: "capstan:0.1.0", layers: [files], config });
 */
export async function buildArchive({ name, layers, config }: ImageOptions): Promise<ImageArchive> {
  const blobs: Blob[] = [];
  const add = (mediaType: string, content: Uint8Array): Descriptor => {
    const digest = sha256(content);
    blobs.push({ digest, content });
    return { mediaType, digest, size: content.length };
  };
  const tars = layers.map((entries) => writeTar([...parentFolders(entries), ...entries]));
  const packed = await Promise.all(tars.map((tar) => promisify(gzip)(tar)));
  const layerBlobs = packed.map((content) => add("application/vnd.oci.image.layer.v1.tar+gzip", content));
  const configBlob = add(
    "application/vnd.oci.image.config.v1+json",
    json({
      architecture: "amd64",
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config,
      rootfs: { type: "layers", diff_ids: tars.map(sha256) },
    }),
  );
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = { schemaVersion: 2, mediaType: manifestType, config: configBlob, layers: layerBlobs };
  const manifestBlob = add(manifestType, json(manifest));
  const [, tag = ""] = name.split(":");
  const annotations = {
    // By which a kubelet's containerd finds it for `image: capstan:0.1.0`.
    "io.containerd.image.name": `docker.io/library/${name}`,
    "org.opencontainers.image.ref.name": tag,
  };
  const index = { schemaVersion: 2, manifests: [{ ...manifestBlob, annotations }] };
  const pathOf = ({ digest }: { readonly digest: string }): string => `blobs/${digest.replace(":", "/")}`;
  const files: readonly TarEntry[] = [
    { path: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }), mode: 0o644 },
    { path: "index.json", content: json(index), mode: 0o644 },
    // For `docker load` of versions that know no OCI layout.
    {
      path: "manifest.json",
      content: json([{ Config: pathOf(configBlob), RepoTags: [name], Layers: layerBlobs.map(pathOf) }]),
      mode: 0o644,
    },
    ...blobs.map((blob) => ({ path: pathOf(blob), content: blob.content, mode: 0o644 })),
  ];
  return { tar: writeTar([...parentFolders(files), ...files]), digest: manifestBlob.digest };
}

interface Blob {
  readonly digest: string;
  readonly content: Uint8Array;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
