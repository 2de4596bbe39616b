import type { Panel } from "@capstan/tools/dashboards";
import { describe, expect, test } from "vitest";
import { axisOf, timeAxis } from "../src/plot/axis.ts";
import { drawDashboard } from "../src/plot/draw-dashboard.ts";
import type { Span } from "../src/plot/draw-panel.ts";
import { stamped } from "../src/plot/record-metrics.ts";

describe("an axis", () => {
  test.each([
    ["nothing", [], "short", ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]],
    ["zeros", [0, 0], "s", ["0", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1.0 s"]],
    ["counts", [0, 7], "short", ["0", "2", "4", "6", "8"]],
    ["an hour", [0, 3_600], "s", ["0", "15 min", "30 min", "45 min", "60 min"]],
    ["a year", [364 * 86_400], "s", ["0", "100 d", "200 d", "300 d", "400 d"]],
    ["memory", [200 * 1024 ** 2], "bytes", ["0 MiB", "64 MiB", "128 MiB", "192 MiB", "256 MiB"]],
    ["a small part", [0.034], "percentunit", ["0 %", "1 %", "2 %", "3 %", "4 %"]],
    ["values on both sides of 0", [-0.7, 0.4], "s", ["-1.0 s", "-0.5 s", "0", "0.5 s"]],
    ["rates", [0.4], "reqps", ["0.0/s", "0.1/s", "0.2/s", "0.3/s", "0.4/s"]],
  ] as const)("of-%s-has-round-steps", (_what, values, unit, expected) => {
    const { ticks, format } = axisOf(values, unit);
    expect(ticks.map(format)).toEqual(expected);
  });

  test.each([
    [240, 9, ["0", "30 s", "60 s", "90 s", "120 s", "150 s", "180 s", "210 s", "240 s"]],
    [6_300, 9, ["0", "15 min", "30 min", "45 min", "60 min", "75 min", "90 min", "105 min"]],
    [6_300, 5, ["0", "30 min", "60 min", "90 min"]],
  ])("of-%i-seconds-has-at-most-%i-steps-of-a-clock", (seconds, most, expected) => {
    const { ticks, format } = timeAxis(seconds, most);
    expect(ticks.map(format)).toEqual(expected);
  });
});

const panel: Panel = { title: "A & B", about: "What <it> shows.", unit: "s", queries: [] };
const states: Panel = { ...panel, unit: "short" };
const span: Span = { fromSeconds: 1_000, toSeconds: 1_100, stepSeconds: 50, events: [] };
const line = (name: string, ...points: readonly (readonly [number, number])[]) => ({ name, labels: {}, points });
const linesOf = (svg: string): readonly string[] =>
  [...svg.matchAll(/<path d="(M[^"]*)" fill="none"/g)].map(([, d = ""]) => d);

describe("a graph", () => {
  test("goes-from-the-left-to-the-right-edge-and-up-to-its-highest-tick", () => {
    const svg = drawDashboard("T", [{ panel, lines: [line("x", [1_000, 0], [1_050, 5], [1_100, 10])] }], span);
    expect(linesOf(svg)).toEqual(["M62 200L316 136L570 72"]);
  });

  test("is-broken-where-points-are-missing", () => {
    const svg = drawDashboard("T", [{ panel, lines: [line("x", [1_000, 1], [1_100, 2])] }], span);
    expect(linesOf(svg)[0]).toMatch(/^M[^L]*M[^L]*$/);
  });

  test.each([
    ["nothing to show", []],
    ["what is no number", [line("x", [1_000, Number.NaN], [1_050, Number.POSITIVE_INFINITY])]],
    ["zeros alone", [line("x", [1_000, 0], [1_100, 0])]],
    ["values below zero", [line("x", [1_000, -5], [1_100, -1])]],
  ])("of-%s-has-no-broken-coordinate", (_what, lines) => {
    for (const of of [panel, states]) {
      expect(drawDashboard("T", [{ panel: of, lines }], span)).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  test("keeps-what-a-label-holds-from-becoming-markup", () => {
    const svg = drawDashboard("T", [{ panel, lines: [line('<script>"&', [1_000, 1])] }], span);
    expect(svg).toContain("A &amp; B");
    expect(svg).toContain("What &lt;it&gt; shows.");
    expect(svg).not.toContain("<script>");
  });

  test("draws-more-lines-than-it-has-room-to-name-and-counts-them", () => {
    const lines = Array.from({ length: 20 }, (_, index) => line(`n${index}`, [1_000, index], [1_050, index]));
    const svg = drawDashboard("T", [{ panel, lines }], span);
    expect(linesOf(svg)).toHaveLength(20);
    expect(svg).toContain("and 12 more");
    const looks = [...svg.matchAll(/stroke="(#\w+)" stroke-width="1.8" stroke-dasharray="([^"]*)"/g)].map(String);
    expect(new Set(looks).size).toBe(20);
    expect(svg).toContain(">n19</text>");
    expect(svg).not.toContain(">n0</text>");
  });

  test("tells-what-happened-by-number", () => {
    const events = [{ seconds: 1_050, what: "AWS stops to answer" }];
    const svg = drawDashboard("T", [{ panel, lines: [line("x", [1_000, 1])] }], { ...span, events });
    expect(svg).toContain("1 AWS stops to answer");
    expect(svg).toContain('<path d="M316 72v128"');
  });
});

describe("lines that are 1 or 0", () => {
  test("get-a-lane-each-with-a-bar-while-they-are-1", () => {
    const up = line("up", [1_000, 1], [1_050, 1], [1_100, 1]);
    const down = line("down", [1_000, 0], [1_050, 0], [1_100, 0]);
    const svg = drawDashboard("T", [{ panel: states, lines: [up, down] }], span);
    expect([...svg.matchAll(/<rect x="[^"]*" y="[^"]*" width="([^"]*)"/g)].map(([, width]) => width)).toEqual(["318"]);
    expect(svg).toContain(">down</text>");
  });

  test("are-a-graph-as-soon-as-one-counts-further", () => {
    const svg = drawDashboard("T", [{ panel: states, lines: [line("n", [1_000, 1], [1_050, 2])] }], span);
    expect(linesOf(svg)).toHaveLength(1);
  });
});

test("a-scrape-is-written-down-with-its-time-and-the-labels-of-its-target", () => {
  const metrics = '# HELP a_total What.\n# TYPE a_total counter\na_total 3\nb{le="+Inf",x="y z{"} Nan\n';
  expect(stamped(metrics, { job: "j", pod: "p" }, 1_000.5)).toBe(
    'a_total{job="j",pod="p"} 3 1000.500\nb{le="+Inf",x="y z{",job="j",pod="p"} NaN 1000.500\n',
  );
});
