/** What Krew demands of a manifest before it installs anything, and what its index warns of. */

const sha256Pattern = /^[a-f0-9]{64}$/;
const namePattern = /^[\w-]+$/;
/** Semantic Versioning 2.0.0, with the v that Krew wants. */
const versionPattern = /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;
const platformFields = new Set(["selector", "uri", "sha256", "files", "bin"]);
const specFields = new Set(["version", "homepage", "shortDescription", "description", "caveats", "platforms"]);

interface Fields {
  readonly [name: string]: unknown;
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Every rule that a manifest of this plugin name breaks; none for one that Krew takes. */
export function brokenRules(name: string, manifest: unknown): readonly string[] {
  const { apiVersion, kind, metadata, spec } = fieldsOf(manifest);
  const { version, shortDescription, description, caveats, platforms, ...rest } = fieldsOf(spec);
  const selected = listOf(platforms).map((platform) => selectionOf(platform));
  const rules: readonly (readonly [string, boolean])[] = [
    ["apiVersion is the one that Krew reads", apiVersion === "krew.googlecontainertools.github.com/v1alpha2"],
    ["kind is Plugin", kind === "Plugin"],
    ["the name is safe in a path", namePattern.test(name)],
    ["the name is that of the file", fieldsOf(metadata)["name"] === name],
    ["version is semantic and begins with v", versionPattern.test(textOf(version))],
    ["shortDescription is one line of 70 characters at most", /^.{1,70}$/.test(textOf(shortDescription))],
    ["description has lines of 80 characters at most", hasShortLines(description)],
    ["caveats have lines of 80 characters at most", caveats === undefined || hasShortLines(caveats)],
    ["spec has no other field", Object.keys(rest).every((field) => specFields.has(field))],
    ["a platform is there", listOf(platforms).length > 0],
    ["no two platforms select the same", new Set(selected).size === selected.length],
  ];
  return [
    ...rules.flatMap(([rule, holds]) => (holds ? [] : [rule])),
    ...listOf(platforms).flatMap((platform) => brokenPlatformRules(platform)),
  ];
}

function brokenPlatformRules(platform: unknown): readonly string[] {
  const { uri, sha256, bin, files, selector } = fieldsOf(platform);
  const { matchLabels, ...otherSelectors } = fieldsOf(selector);
  const labels = Object.keys(fieldsOf(matchLabels));
  const operations = listOf(files).map((operation) => fieldsOf(operation));
  const isInside = (path: unknown): boolean => !/^\/|\.\.|^$/.test(textOf(path));
  const rules: readonly (readonly [string, boolean])[] = [
    ["uri is https, and ends as an archive does", /^https:\/\/\S+\.(tar\.gz|zip)$/.test(textOf(uri))],
    ["sha256 is 64 hex digits", sha256Pattern.test(textOf(sha256))],
    ["bin is in the installation", isInside(bin)],
    [
      "the selector names os and arch alone",
      labels.toSorted().join() === "arch,os" && Object.keys(otherSelectors).length === 0,
    ],
    ["files are named", operations.length > 0],
    [
      "files stay in the archive and the installation",
      operations.every(({ from, to }) => isInside(from) && isInside(to)),
    ],
    ["bin is one of the files", operations.some(({ from, to }) => from === bin && to === ".")],
    ["the licence is one of the files", operations.some(({ from }) => from === "LICENSE")],
    ["the platform has no other field", Object.keys(fieldsOf(platform)).every((field) => platformFields.has(field))],
  ];
  return rules.flatMap(([rule, holds]) => (holds ? [] : [rule]));
}

function selectionOf(platform: unknown): string {
  const { os, arch } = fieldsOf(fieldsOf(fieldsOf(platform)["selector"])["matchLabels"]);
  return `${textOf(os)}/${textOf(arch)}`;
}

function hasShortLines(text: unknown): boolean {
  return (
    textOf(text) !== "" &&
    textOf(text)
      .split("\n")
      .every((line) => line.length <= 80)
  );
}
