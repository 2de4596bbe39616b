import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAULTS, INTERFERENCES, UNKNOWNS } from "../src/index.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

type Row = readonly string[];

const table = (header: Row, rows: readonly Row[]): string =>
  [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const TABLES = {
  faults: table(
    ["kind", "point", "what happens"],
    Object.entries(FAULTS).map(([kind, { stage, meaning }]) => [`\`${kind}\``, stage, meaning]),
  ),
  interferences: table(
    ["kind", "to", "what happens"],
    Object.entries(INTERFERENCES).map(([kind, { to, meaning }]) => [`\`${kind}\``, to.join(", "), meaning]),
  ),
  unknowns: table(
    ["question", "setting", "answers"],
    Object.entries(UNKNOWNS).map(([name, { question, positions }]) => [
      question,
      `\`${name}\``,
      Object.entries<string>(positions)
        .map(([position, meaning], index) => `${index === 0 ? `**\`${position}\`**` : `\`${position}\``}: ${meaning}`)
        .join("; "),
    ]),
  ),
};

test.each(Object.entries(TABLES))("the README has the table of %s as the code has it", (_name, expected) => {
  expect(readme).toContain(expected);
});
