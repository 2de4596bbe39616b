import { parse, stringify } from "yaml";
import { archiveName, executableName, type Platform } from "./archive.ts";

/** An archive of a release. */
export interface ReleasedArchive {
  readonly platform: Platform;
  /** Of its bytes, 64 hex digits. */
  readonly sha256: string;
}

/**
 * The manifest of a release: the words of deploy/krew/capstan.yaml with version and platforms. Krew's developer guide,
 * "Writing Krew plugin manifests".
 *
 * @throws {RangeError} for a URL that is not https, and without an archive
 *
 * @example
 * const platform = { os: "linux", arch: "amd64" } as const;
 * releaseManifest(words, { version: "0.1.0", url: "https://example.org/v0.1.0", archives: [{ platform, sha256 }] });
 */
export function releaseManifest(
  words: string,
  release: { readonly version: string; readonly url: string; readonly archives: readonly ReleasedArchive[] },
): string {
  const { version, url, archives } = release;
  if (!URL.canParse(url) || new URL(url).protocol !== "https:") {
    throw new RangeError(`${JSON.stringify(url)} is no place that Krew could download from: give an https URL`);
  }
  if (archives.length === 0) throw new RangeError("a manifest without an archive installs nothing: build one first");
  const manifest = parse(words) as { readonly spec: object };
  const platforms = archives.map(({ platform, sha256 }) => ({
    selector: { matchLabels: { os: platform.os, arch: platform.arch } },
    uri: `${url.replace(/\/$/, "")}/${archiveName(platform)}`,
    sha256,
    files: [executableName(platform), "LICENSE"].map((name) => ({ from: name, to: "." })),
    bin: executableName(platform),
  }));
  return stringify({ ...manifest, spec: { version: `v${version}`, ...manifest.spec, platforms } });
}
