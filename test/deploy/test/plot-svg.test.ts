import type { Panel } from "@capstan/tools/dashboards";
import { expect, test } from "vitest";
import { plotPanels } from "../src/plot-svg.ts";

const panel: Panel = { title: "A & B", about: "What <it> shows.", unit: "s", queries: [] };
const range = { fromSeconds: 1_000, toSeconds: 1_100 };
const line = (name: string, ...points: readonly (readonly [number, number])[]) => ({ name, labels: {}, points });
const linesOf = (svg: string): readonly string[] =>
  [...svg.matchAll(/<path d="(M[^"]*)" fill="none"/g)].map(([, d = ""]) => d);

test("a line goes from the left to the right edge, and its highest value nearly to the top", () => {
  const svg = plotPanels("T", [{ panel, lines: [line("x", [1_000, 0], [1_100, 10])] }], range);
  const [path = ""] = linesOf(svg);
  const numbers = path.match(/[\d.]+/g)?.map(Number) ?? [];
  const [left = 0, bottom = 0, right = 0, top = 0] = numbers;
  expect(right - left).toBe(556);
  expect(bottom - top).toBeGreaterThan(140);
  expect(bottom - top).toBeLessThan(150);
});

test.each([
  ["nothing to show", []],
  ["what is no number", [line("x", [1_000, Number.NaN], [1_050, Number.POSITIVE_INFINITY])]],
  ["zeros alone", [line("x", [1_000, 0], [1_100, 0])]],
  ["values below zero", [line("x", [1_000, -5], [1_100, -1])]],
])("a panel with %s has no broken coordinate", (_what, lines) => {
  expect(plotPanels("T", [{ panel, lines }], range)).not.toMatch(/NaN|Infinity|undefined/);
});

test("what a label holds cannot become markup", () => {
  const svg = plotPanels("T", [{ panel, lines: [line('<script>"&', [1_000, 1])] }], range);
  expect(svg).toContain("A &amp; B");
  expect(svg).toContain("What &lt;it&gt; shows.");
  expect(svg).not.toContain("<script>");
});

test("more lines than have room for a name are all drawn, and counted", () => {
  const lines = Array.from({ length: 20 }, (_, index) => line(`n${index}`, [1_000, index], [1_100, index]));
  const svg = plotPanels("T", [{ panel, lines }], range);
  expect(linesOf(svg)).toHaveLength(20);
  expect(svg).toContain("20 lines");
});
