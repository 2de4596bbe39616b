import { expect, test } from "vitest";
import { type Drawing, drawPlot } from "../src/plot.ts";

const hour = 3_600_000;
const drawing: Drawing = {
  from: 0,
  to: 4 * hour,
  changes: [
    { at: 0, generation: 1, phase: "Active" },
    { at: hour, generation: 2, phase: "Pending" },
    { at: hour + 60_000, generation: 2, phase: "Published" },
    { at: 2 * hour, generation: 1, phase: "Draining" },
    { at: 2 * hour, generation: 2, phase: "Active" },
    { at: 3 * hour, generation: 1, phase: "Retired" },
  ],
  holdings: [
    { at: 0, anchor: "frankfurt", certificates: 1, crls: 1 },
    { at: hour, anchor: "frankfurt", certificates: 2, crls: 1 },
    { at: 3 * hour, anchor: "frankfurt", certificates: 1, crls: 1 },
    { at: 0, anchor: "virginia", certificates: 1, crls: 1 },
  ],
  buckets: [
    { at: 0, accepted: 100, refused: 0 },
    { at: 2 * hour, accepted: 50, refused: 1 },
  ],
};

const count = (svg: string, what: string): number => svg.split(what).length - 1;

/** In the legend once, and once for each stretch of time. */
test.each([
  ["#31a354", 3],
  ["#fdae6b", 2],
  ["#9ecae1", 2],
])("a-phase-is-drawn-in-%s-as-often-as-it-was", (colour, times) => {
  expect(count(drawPlot(drawing), `fill="${colour}"`)).toBe(times);
});

test("each-anchor-has-a-line-for-certificates-and-one-for-crls", () => {
  expect(count(drawPlot(drawing), "<polyline")).toBe(4);
});

test("a-single-refused-session-is-seen-in-red", () => {
  const red = /<rect [^>]*height="(?<height>[\d.]+)" fill="#de2d26"\/>/g;
  const bars = [...drawPlot(drawing).matchAll(red)].map(({ groups }) => Number(groups?.["height"]));
  // The legend's square, and the bar.
  expect(bars).toEqual([12, 6]);
});

test("no-refused-session-is-no-red-bar", () => {
  const calm = { ...drawing, buckets: [{ at: 0, accepted: 100, refused: 0 }] };
  expect(count(drawPlot(calm), 'fill="#de2d26"/>')).toBe(1);
});

test("the-bars-of-a-long-run-are-gathered-and-nothing-is-lost", () => {
  const buckets = Array.from({ length: 3_000 }, (_, minute) => ({
    at: minute * 60_000,
    accepted: 10,
    refused: minute === 1_234 ? 1 : 0,
  }));
  const svg = drawPlot({ ...drawing, to: 3_000 * 60_000, buckets });
  expect(svg).toContain(">in 10 min<");
  expect(count(svg, 'fill="#c7e9c0"')).toBe(300);
  expect(count(svg, 'fill="#de2d26"/>')).toBe(2);
});

test("an-empty-run-can-be-drawn", () => {
  const svg = drawPlot({ from: 5, to: 5, changes: [], holdings: [], buckets: [] });
  expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
  expect(svg).not.toContain("NaN");
});

test("nothing-is-drawn-outside-of-the-picture", () => {
  const places = [...drawPlot(drawing).matchAll(/ x="(?<x>[-\d.]+)"/g)].map(({ groups }) => Number(groups?.["x"]));
  expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...places)).toBeLessThanOrEqual(960);
});

test("fifty-generations-are-a-small-file", () => {
  const changes = Array.from({ length: 50 }, (_, index) =>
    (["Pending", "Published", "Active", "Draining", "Retired"] as const).map((phase, nth) => ({
      at: index * hour + nth * 60_000,
      generation: index + 1,
      phase,
    })),
  ).flat();
  expect(drawPlot({ ...drawing, to: 50 * hour, changes }).length).toBeLessThan(60_000);
});
