import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { commands, parseCommandLine } from "@capstan/kubectl-capstan";
import { describe, expect, test } from "vitest";

// No command in the documentation goes unchecked. A block begins with how it is:
//   # not run: REASON                      nothing of it is looked at
//   # parsed: REASON                       looked at here
//   # examples.test.ts runs it: …          by test/e2e/test/examples.test.ts
//   anything else                          run by test/e2e/test/operate.test.ts, and looked at here

const root = fileURLToPath(new URL("../../../", import.meta.url));

const pages = ["README.md", "docs", "deploy", "packages/kubectl-capstan/README.md"]
  .flatMap((place) => (place.endsWith(".md") ? [place] : markdownBelow(place)))
  // Those who change the project run what stands there every day.
  .filter((page) => !page.startsWith("docs/develop/") && !page.startsWith("docs/decisions/"));

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.join(folder, file));
}

interface Block {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

const blocks = pages.flatMap((page): readonly Block[] => {
  const text = readFileSync(path.join(root, page), "utf8");
  return [...text.matchAll(/^```(sh|bash|shell|console)\n([^]*?)^```$/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length + 1,
    text: match[1] === "console" ? commandsOf(match[2] ?? "") : (match[2] ?? ""),
  }));
});

/** What was typed of a session on a terminal; the other lines stay as empty ones. */
function commandsOf(session: string): string {
  return session.replaceAll(/^(?:\$ )?(.*)$/gm, (line, command: string) => (line.startsWith("$ ") ? command : ""));
}

const notRun = /^# not run: \S+/;

const commandLines = blocks
  .filter(({ text }) => !notRun.test(text))
  .flatMap(({ page, line, text }) =>
    text
      .replaceAll(/\\\n\s*/g, " ")
      .split("\n")
      .map((command, index) => ({ at: `${page}:${line + index}`, command: command.trim() }))
      .filter(({ command }) => command !== "" && !command.startsWith("#")),
  );

/** Words of a command line as a shell takes them apart: quotes, and what ends a command. */
function words(command: string): readonly string[] {
  const found: string[] = [];
  for (const [word, double, single] of command.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+/g)) {
    if (/^(?:[|;&>]|&&|\|\||2>)/.test(word) || word === "#") break;
    found.push(double ?? single ?? word);
  }
  return found;
}

/** Programs whose command lines nobody here can judge: they are run, or their block says why not. */
const others = new Set([
  "npm",
  "pnpm",
  "curl",
  "aws",
  "openssl",
  "export",
  "node",
  "git",
  "sh",
  "install",
  "chmod",
  "docker",
]);

test("there-are-commands-to-check", () => {
  expect(commandLines.filter(({ command }) => command.startsWith("kubectl capstan ")).length).toBeGreaterThan(20);
  expect(blocks.length).toBeGreaterThan(20);
});

/** Commands that the text itself names, such as `kubectl capstan revoke --end-sessions`. */
const mentions = pages.flatMap((page) =>
  [...readFileSync(path.join(root, page), "utf8").matchAll(/`kubectl capstan ([a-z-]+)([^`\n]*)`/g)].map(
    ([, name = "", rest = ""]) => ({
      page,
      name,
      flags: [...rest.matchAll(/--([a-z-]+)/g)].map(([, flag = ""]) => flag),
    }),
  ),
);

test.each(mentions)("$page-names-a-command-that-there-is: $name $flags", ({ name, flags }) => {
  const command = commands.find((each) => each.name === name);
  expect(command?.name).toBe(name);
  const known = new Set(command?.flags.map(({ long }) => long));
  expect(flags.filter((flag) => !known.has(flag))).toEqual([]);
});

describe("a command line", () => {
  const ours = commandLines.filter(({ command }) => /^kubectl capstan\b/.test(command));

  test.each(ours)("$at-is-one-of-the-plugins: $command", ({ command }) => {
    const said: string[] = [];
    const parse = (): unknown =>
      parseCommandLine(words(command).slice(2), { out: () => undefined, err: (text) => void said.push(text) });
    expect(parse, said.join("")).not.toThrow();
  });

  test.each(commandLines)("$at-is-of-a-known-program", ({ command }) => {
    const [program = ""] = words(command);
    expect(program === "kubectl" || program === "helm" || program === "cmctl" || others.has(program)).toBe(true);
  });

  const files = commandLines.flatMap(({ at, command }) =>
    [...command.matchAll(/\s(?:-f|-k|--filename|--kustomize)[ =]((?:deploy|packages)\/\S+)/g)].map(([, file = ""]) => ({
      at,
      file,
    })),
  );

  test.each(files)("$at-names-a-file-that-is-there: $file", ({ file }) => {
    expect(existsSync(path.join(root, file))).toBe(true);
  });
});

/** Regular expressions look like links. */
function withoutCode(page: string): string {
  return readFileSync(path.join(root, page), "utf8").replaceAll(/`[^`\n]*`/g, "");
}

describe("a link", () => {
  const links = pages.flatMap((page) =>
    [...withoutCode(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, target = ""]) => ({ page, target })),
  );

  test.each(links.filter(({ target }) => !target.startsWith("#")))("of-$page-leads-somewhere: $target", (link) => {
    const [file = ""] = link.target.split("#");
    expect(existsSync(path.join(root, path.dirname(link.page), file))).toBe(true);
  });

  test.each(links.filter(({ target }) => target.includes("#")))("of-$page-leads-to-a-heading: $target", (link) => {
    const [file = "", heading] = link.target.split("#");
    const target = file === "" ? link.page : path.join(path.dirname(link.page), file);
    const headings = [...readFileSync(path.join(root, target), "utf8").matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(/\s/g, "-"),
    );
    expect(headings).toContain(heading);
  });
});
