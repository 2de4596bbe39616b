import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installTool } from "@capstan/test-cluster";
import {
  archiveName,
  executableName,
  type Platform,
  platformOf,
  platformOfArchive,
  writeArchive,
} from "@capstan/tools/krew/archive";
import { releaseManifest } from "@capstan/tools/krew/manifest";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";

const run = promisify(execFile);

const read = (file: string): Uint8Array => readFileSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)));
const words = Buffer.from(read("deploy/krew/capstan.yaml")).toString("utf8");
const license = read("LICENSE");
const executable = new TextEncoder().encode('#!/bin/sh\necho "run as $0 with $*"\n');
const [linux, windows] = [
  { os: "linux", arch: "amd64" },
  { os: "windows", arch: "amd64" },
] as const satisfies readonly Platform[];
const platforms: readonly Platform[] = [
  linux,
  { os: "linux", arch: "arm64" },
  { os: "darwin", arch: "arm64" },
  windows,
];
const url = "https://example.org/capstan/v0.1.0";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const archiveOf = (platform: Platform): Uint8Array => writeArchive({ platform, executable, license });
const release = (changes: Partial<Parameters<typeof releaseManifest>[1]> = {}): string =>
  releaseManifest(words, {
    version: "0.1.0",
    url,
    archives: platforms.map((platform) => ({ platform, sha256: sha256(archiveOf(platform)) })),
    ...changes,
  });

interface Manifest {
  readonly spec: {
    readonly version: string;
    readonly platforms: readonly {
      readonly selector: { readonly matchLabels: Platform };
      readonly uri: string;
      readonly sha256: string;
      readonly files: readonly { readonly from: string; readonly to: string }[];
      readonly bin: string;
    }[];
  };
}

describe("the manifest of a release", () => {
  test("names the archive of each platform", () => {
    const { spec } = parse(release({ url: `${url}/` })) as Manifest;
    expect(spec.version).toBe("v0.1.0");
    expect(spec.platforms.map(({ uri, bin }) => [uri, bin])).toEqual([
      [`${url}/kubectl-capstan_linux_amd64.tar.gz`, "kubectl-capstan"],
      [`${url}/kubectl-capstan_linux_arm64.tar.gz`, "kubectl-capstan"],
      [`${url}/kubectl-capstan_darwin_arm64.tar.gz`, "kubectl-capstan"],
      [`${url}/kubectl-capstan_windows_amd64.tar.gz`, "kubectl-capstan.exe"],
    ]);
  });

  test.each(["http://example.org", "ftp://example.org", "example.org", ""])(
    "is not made for a URL like %j",
    (wrong) => {
      expect(() => release({ url: wrong })).toThrow("give an https URL");
    },
  );

  test("is not made without an archive", () => {
    expect(() => release({ archives: [] })).toThrow("build one first");
  });

  test("keeps to the widths of krew-index's guide", () => {
    const { spec } = parse(release()) as { readonly spec: Readonly<Record<string, string>> };
    expect(spec["shortDescription"]?.length).toBeLessThanOrEqual(70);
    const lines = `${spec["description"]}\n${spec["caveats"]}`.split("\n");
    expect(lines.filter(({ length }) => length > 80)).toEqual([]);
  });
});

describe("the archive", () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(path.join(tmpdir(), "capstan-krew-"));
  });
  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  test("has the same bytes when it is made again", () => {
    expect(sha256(archiveOf(linux))).toBe(sha256(archiveOf(linux)));
  });

  test("is read by GNU tar with the modes and names that were written", () => {
    const file = path.join(root, "listed.tar.gz");
    writeFileSync(file, archiveOf(windows));
    const listed = execFileSync("tar", ["--utc", "-tvzf", file]).toString().replaceAll(/ +/g, " ");
    expect(listed).toBe(
      `-rw-r--r-- 0/0 ${license.length} 1970-01-01 00:00 LICENSE\n-rwxr-xr-x 0/0 ${executable.length} 1970-01-01 00:00 kubectl-capstan.exe\n`,
    );
  });
});

// Krew, and the check that every manifest of its index has to pass: it installs each platform's archive from its URL.
describe("Krew", () => {
  let folder: string;
  let server: Server;
  let environment: Readonly<Record<string, string>>;
  let validate: string;
  /** Archives by their URLs' paths; what is not in it is 404. */
  const archives = new Map<string, Uint8Array>();

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "capstan-krew-"));
    const bin = path.join(folder, "bin");
    mkdirSync(bin);
    const log = (): void => undefined;
    validate = await installTool("validate-krew-manifest", { log });
    symlinkSync(await installTool("kubectl", { log }), path.join(bin, "kubectl"));
    const [key, certificate] = [path.join(folder, "key.pem"), path.join(folder, "certificate.pem")];
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const names = ["-subj", "/CN=releases", "-addext", "subjectAltName=IP:127.0.0.1"];
    await run("openssl", [...request, ...names, "-keyout", key, "-out", certificate]);
    // The check hands on no variables but PATH: a plugin of kubectl's that trusts the server and is Krew.
    const plugin = `#!/bin/sh\nSSL_CERT_FILE=${certificate} exec ${await installTool("krew", { log })} "$@"\n`;
    writeFileSync(path.join(bin, "kubectl-krew"), plugin, { mode: 0o755 });
    environment = {
      PATH: `${bin}:${path.join(folder, "krew/bin")}:/usr/bin:/bin`,
      KREW_ROOT: path.join(folder, "krew"),
      HOME: folder,
    };
    server = createServer(
      { key: readFileSync(key), cert: readFileSync(certificate) },
      ({ url: asked = "" }, answer) => {
        const archive = archives.get(asked);
        answer.writeHead(archive === undefined ? 404 : 200).end(archive);
      },
    );
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    // Krew and kubectl are built when they are not there.
  }, 30 * 60_000);
  beforeEach(() => {
    for (const platform of platforms) archives.set(`/${archiveName(platform)}`, archiveOf(platform));
  });
  afterAll(() => {
    server?.close();
    rmSync(folder, { recursive: true });
  });

  const manifest = (change: (manifest: Manifest) => unknown = (same) => same): string => {
    const { port } = server.address() as AddressInfo;
    const file = path.join(folder, "capstan.yaml");
    writeFileSync(file, stringify(change(parse(release({ url: `https://127.0.0.1:${port}` })) as Manifest)));
    return file;
  };
  /** What the check of krew-index says; its last line names what is wrong. */
  const verdict = async (file: string): Promise<string> =>
    await run(validate, ["-manifest", file], { env: environment, cwd: folder }).then(
      ({ stderr }) => stderr,
      (error: unknown) => (error as { readonly stderr: string }).stderr,
    );

  test("takes the manifest into its index, with the archives of all platforms", async () => {
    expect(await verdict(manifest())).toContain(`all ${platforms.length} spec.platforms installed fine`);
  });

  test.each<[fact: string, change: (manifest: Manifest) => unknown, said: RegExp]>([
    ["whose licence stays in the archive", withPlatform({ files: [{ from: "kubectl-capstan", to: "." }] }), /LICENSE/],
    ["whose program stays there", withPlatform({ files: [{ from: "LICENSE", to: "." }] }), /failed to install/],
    ["for the wrong archive", withPlatform({ sha256: "0".repeat(64) }), /checksum does not match/],
    ["by another name", (same) => ({ ...same, metadata: { name: "other" } }), /should be named "capstan"/],
  ])("would not take one %s", async (_fact, change, said) => {
    expect(await verdict(manifest(change))).toMatch(said);
  });

  test("installs it from an index, as a plugin of kubectl's, and takes it away again", async () => {
    const index = path.join(folder, "index");
    mkdirSync(path.join(index, "plugins"), { recursive: true });
    copyFileSync(manifest(), path.join(index, "plugins/capstan.yaml"));
    const git = async (...args: readonly string[]): Promise<unknown> => await run("git", ["-C", index, ...args]);
    await git("init", "--quiet");
    await git("add", ".");
    await git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message=index");
    const env = { ...environment, KREW_DEFAULT_INDEX_URI: index };
    const kubectl = async (...args: readonly string[]): Promise<string> => (await run("kubectl", args, { env })).stdout;
    await kubectl("krew", "install", "capstan");
    expect(await kubectl("krew", "list")).toMatch(/^capstan$/m);
    expect(await kubectl("capstan", "status", "--watch")).toMatch(/^run as \S+kubectl-capstan with status --watch\n$/);
    await kubectl("krew", "uninstall", "capstan");
    await expect(kubectl("capstan", "status")).rejects.toMatchObject({ stderr: expect.stringContaining("unknown") });
  });
});

function withPlatform(changes: object): (manifest: Manifest) => unknown {
  return ({ spec, ...rest }) => {
    const [first, ...others] = spec.platforms;
    return { ...rest, spec: { ...spec, platforms: [{ ...first, ...changes }, ...others] } };
  };
}

describe("a platform", () => {
  test.each(platforms)("$os $arch is found again in its archive's name", (platform) => {
    expect(platformOfArchive(archiveName(platform))).toEqual(platform);
  });

  test.each(["capstan.yaml", "kubectl-capstan_linux_amd64.zip", "kubectl-capstan_linux_386.tar.gz", "x"])(
    "is not found in %s",
    (name) => {
      expect(platformOfArchive(name)).toBeUndefined();
    },
  );

  test.each([
    ["linux", "x64", { os: "linux", arch: "amd64" }, "kubectl-capstan"],
    ["darwin", "arm64", { os: "darwin", arch: "arm64" }, "kubectl-capstan"],
    ["win32", "x64", { os: "windows", arch: "amd64" }, "kubectl-capstan.exe"],
  ] as const)("is %s %s in Node's words", (name, arch, platform, file) => {
    expect(platformOf({ platform: name, arch })).toEqual(platform);
    expect(executableName(platform)).toBe(file);
  });

  test.each([
    ["freebsd", "x64"],
    ["linux", "ia32"],
  ])("is none for %s %s", (name, arch) => {
    expect(() => platformOf({ platform: name, arch })).toThrow(RangeError);
  });
});
