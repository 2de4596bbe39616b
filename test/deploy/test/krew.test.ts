import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  archiveName,
  executableName,
  type Platform,
  platformOf,
  platformOfArchive,
  writeArchive,
} from "@capstan/tools/krew/archive";
import { releaseManifest } from "@capstan/tools/krew/manifest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { brokenRules } from "./krew-rules.ts";

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
  test("keeps every rule of Krew's", () => {
    expect(brokenRules("capstan", parse(release()))).toEqual([]);
  });

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

  test.each<[string, (manifest: Manifest) => unknown]>([
    ["the name is that of the file", (manifest) => ({ ...manifest, metadata: { name: "other" } })],
    ["kind is Plugin", (manifest) => ({ ...manifest, kind: "Plugins" })],
    ["apiVersion is the one that Krew reads", (manifest) => ({ ...manifest, apiVersion: "v1" })],
    ["version is semantic and begins with v", withSpec({ version: "0.1.0" })],
    ["version is semantic and begins with v", withSpec({ version: "v0.1" })],
    ["version is semantic and begins with v", withSpec({ version: "v0.01.0" })],
    ["shortDescription is one line of 70 characters at most", withSpec({ shortDescription: "" })],
    ["shortDescription is one line of 70 characters at most", withSpec({ shortDescription: "x".repeat(71) })],
    ["shortDescription is one line of 70 characters at most", withSpec({ shortDescription: "a\nb" })],
    ["description has lines of 80 characters at most", withSpec({ description: "x ".repeat(41) })],
    ["caveats have lines of 80 characters at most", withSpec({ caveats: "x ".repeat(41) })],
    ["spec has no other field", withSpec({ licence: "Apache-2.0" })],
    ["a platform is there", withSpec({ platforms: [] })],
    [
      "no two platforms select the same",
      ({ spec, ...rest }) => ({ ...rest, spec: { ...spec, platforms: [spec.platforms[0], spec.platforms[0]] } }),
    ],
    ["uri is https, and ends as an archive does", withPlatform({ uri: "https://example.org/capstan.exe" })],
    ["sha256 is 64 hex digits", withPlatform({ sha256: "A".repeat(64) })],
    ["sha256 is 64 hex digits", withPlatform({ sha256: "a".repeat(63) })],
    ["bin is in the installation", withPlatform({ bin: "/bin/sh" })],
    ["the selector names os and arch alone", withPlatform({ selector: {} })],
    [
      "the selector names os and arch alone",
      withPlatform({ selector: { matchLabels: { os: "linux", cpu: "amd64" } } }),
    ],
    ["files are named", withPlatform({ files: [] })],
    [
      "files stay in the archive and the installation",
      withPlatform({ files: [{ from: "../../etc/passwd", to: "." }] }),
    ],
    ["bin is one of the files", withPlatform({ bin: "capstan" })],
    ["the licence is one of the files", withPlatform({ files: [{ from: "kubectl-capstan", to: "." }] })],
    ["the platform has no other field", withPlatform({ md5: "" })],
  ])("would be refused, were it not so that %s", (rule, change) => {
    expect(brokenRules("capstan", change(parse(release()) as Manifest))).toContain(rule);
  });
});

function withSpec(changes: object): (manifest: Manifest) => unknown {
  return (manifest) => ({ ...manifest, spec: { ...manifest.spec, ...changes } });
}

function withPlatform(changes: object): (manifest: Manifest) => unknown {
  return ({ spec, ...rest }) => {
    const [first, ...others] = spec.platforms;
    return { ...rest, spec: { ...spec, platforms: [{ ...first, ...changes }, ...others] } };
  };
}

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

  // Krew itself is no module that Go's proxy hands out: this is what its installation does, step by step.
  test("is installed as the manifest says, and runs as a plugin of kubectl's", () => {
    const { spec } = parse(release()) as Manifest;
    const platform = spec.platforms.find(({ selector }) => selector.matchLabels.arch === "amd64");
    if (platform === undefined) throw new Error("no platform");
    const archive = archiveOf(linux);
    expect(sha256(archive)).toBe(platform.sha256);
    const [staging, store, bin] = ["staging", `store/capstan/${spec.version}`, "bin"].map((name) =>
      path.join(root, name),
    );
    if (staging === undefined || store === undefined || bin === undefined) throw new Error("no folders");
    for (const folder of [staging, store, bin]) mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xzf", "-", "-C", staging], { input: archive });
    for (const { from, to } of platform.files) {
      expect(to).toBe(".");
      copyFileSync(path.join(staging, from), path.join(store, from));
    }
    symlinkSync(path.relative(bin, path.join(store, platform.bin)), path.join(bin, "kubectl-capstan"));
    expect(execFileSync(path.join(bin, "kubectl-capstan"), ["version"]).toString()).toMatch(/ with version\n$/);
    expect(readFileSync(path.join(store, "LICENSE"))).toEqual(license);
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
