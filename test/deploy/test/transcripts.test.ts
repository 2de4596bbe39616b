import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readTranscripts, transcriptsPage, withTranscripts } from "../src/transcripts/page.ts";
import { scenes } from "../src/transcripts/scenes.ts";
import { SteadyText } from "../src/transcripts/steady-text.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(path.join(root, transcriptsPage), "utf8");
const transcripts = readTranscripts(page);

// Playing the scenes takes a cluster and two minutes: `pnpm transcripts --check`. What needs none is looked at here.
describe("the page's transcripts", () => {
  const plugin = path.join(root, "packages/kubectl-capstan/src");
  const sources = readdirSync(plugin, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(path.join(plugin, file), "utf8"));

  test("are-those-of-the-scenes", () => {
    expect(transcripts.map(({ name }) => name).toSorted()).toEqual(scenes.map(({ name }) => name).toSorted());
  });

  test.each(transcripts)("are-of-the-scenes-command: $name", ({ name, command, output }) => {
    const asked = scenes.find((scene) => scene.name === name)?.command ?? "";
    const parts = asked.split(/\$[A-Z_]+/);
    expect(command.startsWith(parts[0] ?? "-")).toBe(true);
    expect(command.endsWith(parts.at(-1) ?? "-")).toBe(true);
    expect(output).not.toBe("");
  });

  /** Titles of a table's columns, as they stand below one another in one file. */
  const tables = transcripts.flatMap(({ name, output }) =>
    [...output.matchAll(/^[A-Z][A-Z0-9 :-]*(?: {3,}[A-Z][A-Z0-9 :-]*)+$/gm)].map(([header]) => ({ name, header })),
  );

  test.each(tables)("$name-has-columns-that-there-are: $header", ({ header }) => {
    const titles = header.split(/ {3,}/).map((title) => `title: "${title}"`);
    const inOrder = (source: string): boolean => {
      let at = 0;
      return titles.every((title) => {
        at = source.indexOf(title, at) + 1;
        return at > 0;
      });
    };
    expect(sources.some(inOrder)).toBe(true);
  });

  const labels = transcripts
    .filter(({ name }) => /^(?:status|whois)/.test(name))
    .flatMap(({ name, output }) =>
      [...output.matchAll(/^([A-Z][a-z]+(?: [a-z]+)*): {2,}/gm)].map(([, label = ""]) => ({ name, label })),
    );

  test.each(labels)("$name-has-labels-that-there-are: $label", ({ label }) => {
    expect(sources.some((source) => source.includes(`"${label}"`))).toBe(true);
  });

  test("were-found-to-look-at", () => {
    expect(tables.length).toBeGreaterThan(8);
    expect(labels.length).toBeGreaterThan(20);
  });
});

describe("a place for a transcript", () => {
  const place = (name: string): string => `<!-- transcript: ${name} -->\n\n\`\`\`console\n$ old\nold\n\`\`\`\n`;
  const made = { name: "a", command: "kubectl capstan status", output: "$1 all is well\n" };

  test("is-filled-and-read-again", () => {
    const filled = withTranscripts(`# T\n\n${place("a")}\nEnd.\n`, [made]);
    expect(readTranscripts(filled)).toEqual([made]);
    expect(filled.endsWith("```\n\nEnd.\n")).toBe(true);
  });

  test.each([
    ["without-a-scene", place("b"), [], "no scene makes it"],
    ["missing-for-a-scene", "# T\n", [made], "no place for a"],
  ])("%s-is-refused", (_what, markdown, given, message) => {
    expect(() => withTranscripts(markdown, given)).toThrow(message);
  });
});

describe("a transcript of another run", () => {
  const at = Date.parse("2031-05-06T07:08:09Z");
  const steady = (text: string): string => new SteadyText().steady(text, at);

  test.each([
    ["the time of reading", "read 2031-05-06T07:08:10Z", "read 2031-05-06T07:08:09Z"],
    ["a time that is some seconds off", "until 2031-05-06T07:23:09Z", "until 2031-05-06T07:23:21Z"],
    ["an age in seconds", "2s ago", "119s ago"],
    ["a serial number", "Serial: 7e1ea0ef6f2277d2e25521310efb8f62", "Serial: 0a1ea0ef6f2277d2e25521310efb8f62"],
    ["a uid", "icert/1f5e9741-3838-4823-9a6c-2433557ca272", "icert/594ec6ec-357e-4c29-80e1-87ca298982fb"],
    ["a fingerprint", "0047c7d05e74da3d", "fbed13b1b6062aec"],
    ["the number of a CRL", "1:1795375868001", "1:1795375893001"],
    ["a name that the API server made", "revocation.capstan.dev/web-pvbcp", "revocation.capstan.dev/web-x8m2q"],
  ])("differs-not-by-%s", (_what, one, other) => {
    expect(one).not.toBe(other);
    expect(steady(one)).toBe(steady(other));
  });

  test.each([
    ["a count", "43 passed", "42 passed"],
    ["a date that is days away", "root ends 2032-05-05", "root ends 2032-05-09"],
    ["a time that is minutes off", "until 2031-05-06T07:23:09Z", "until 2031-05-06T07:38:09Z"],
    ["an age in minutes", "5m ago", "9m ago"],
    ["a word", "Ready: True", "Ready: False"],
    ["which of two serial numbers it is", `${"a".repeat(32)} ${"b".repeat(32)}`, `${"a".repeat(32)} ${"a".repeat(32)}`],
  ])("differs-by-%s", (_what, one, other) => {
    expect(steady(one)).not.toBe(steady(other));
  });

  test("has-its-columns-aligned-anew", () => {
    const table = "NAME   AGE        STATE\nprod   119s ago   yes\nlast\n";
    const other = "NAME   AGE      STATE\nprod   2s ago   yes\nlast\n";
    expect(steady(table)).toBe("NAME   AGE       STATE\nprod   30s ago   yes\nlast\n");
    expect(steady(other)).toBe(steady(table));
  });

  test("keeps-the-version-of-a-policys-grammar", () => {
    expect(steady('"Version": "2012-10-17"')).toBe('"Version": "2012-10-17"');
  });

  test("keeps-a-value-the-same-from-one-command-to-the-next", () => {
    const words = new SteadyText();
    const first = words.steady("a".repeat(32), at);
    words.steady("b".repeat(32), at);
    expect(words.steady("a".repeat(32), at)).toBe(first);
  });
});
