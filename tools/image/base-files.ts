import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { promisify } from "node:util";
import type { TarEntry } from "./tar.ts";

/** Where Node lies, as in the distroless images. */
export const nodeInImage = "/nodejs/bin/node";

/** The user that the image runs as, as in the distroless images. */
export const userId = 65_532;

/**
 * What is below the programs: the Node that runs this, the C and C++ libraries of this machine that it is linked with, an
 * account, and certificate authorities. No shell, no package manager.
 *
 * @throws Error where ldd cannot say what Node is linked with: this needs Linux with glibc
 */
export async function baseFiles(): Promise<readonly TarEntry[]> {
  const node = process.execPath;
  const libraries = await librariesOf(node);
  return [
    { path: nodeInImage.slice(1), content: await readFile(node), mode: 0o755 },
    ...(await Promise.all(
      libraries.map(async (path) => ({ path: path.slice(1), content: await readFile(path), mode: 0o755 })),
    )),
    text("etc/passwd", `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${userId}:${userId}:nonroot:/:/sbin/nologin\n`),
    text("etc/group", `root:x:0:\nnonroot:x:${userId}:\n`),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
    // Node has its own; this is for whoever looks for the usual file.
    text("etc/ssl/certs/ca-certificates.crt", `${rootCertificates.join("\n")}\n`),
  ];
}

function text(path: string, content: string): TarEntry {
  return { path, content: new TextEncoder().encode(content), mode: 0o644 };
}

/** Absolute paths, the dynamic linker's own among them. */
async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)("ldd", [program]);
  const libraries = stdout
    .split("\n")
    .map((line) => /(?:=> )?(?<path>\/\S+) \(0x/.exec(line)?.groups?.["path"])
    .filter((path) => path !== undefined);
  if (stdout.includes("not found") || libraries.length === 0) throw new Error(`ldd ${program}: ${stdout}`);
  return libraries;
}
