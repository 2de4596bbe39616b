import { gzipSync } from "node:zlib";
import { writeTar } from "../image/tar.ts";

/** An operating system and processor in Go's names, which Krew selects by. */
export interface Platform {
  readonly os: "linux" | "darwin" | "windows";
  readonly arch: "amd64" | "arm64";
}

const systems: Readonly<Record<string, Platform["os"]>> = { linux: "linux", darwin: "darwin", win32: "windows" };
const processors: Readonly<Record<string, Platform["arch"]>> = { x64: "amd64", arm64: "arm64" };

/** The platform of a Node, from its own names. @throws {RangeError} for one that no archive is made for */
export function platformOf({ platform, arch }: { readonly platform: string; readonly arch: string }): Platform {
  const [os, processor] = [systems[platform], processors[arch]];
  if (os === undefined || processor === undefined) {
    throw new RangeError(`no archive is made for ${platform} ${arch}: use Linux, macOS or Windows on x64 or arm64`);
  }
  return { os, arch: processor };
}

/** The executable's name in an archive. */
export function executableName({ os }: Pick<Platform, "os">): string {
  return os === "windows" ? "kubectl-capstan.exe" : "kubectl-capstan";
}

export function archiveName({ os, arch }: Platform): string {
  return `kubectl-capstan_${os}_${arch}.tar.gz`;
}

/** The platform that an archive is for, by its name; undefined for another file. */
export function platformOfArchive(name: string): Platform | undefined {
  for (const os of Object.values(systems)) {
    for (const arch of Object.values(processors)) if (archiveName({ os, arch }) === name) return { os, arch };
  }
  return undefined;
}

/** An archive as Krew takes it, tar and gzip; the same content gives the same bytes. */
export function writeArchive(options: {
  readonly platform: Platform;
  readonly executable: Uint8Array;
  readonly license: Uint8Array;
}): Uint8Array {
  const { platform, executable, license } = options;
  const tar = writeTar([
    { path: executableName(platform), content: executable, mode: 0o755 },
    { path: "LICENSE", content: license, mode: 0o644 },
  ]);
  return gzipSync(tar);
}
