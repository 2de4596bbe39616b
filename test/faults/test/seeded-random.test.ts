import { expect, test } from "vitest";
import { type SeededRandom, seededRandom } from "../src/seeded-random.ts";

const draw = (random: SeededRandom, count = 1_000): number[] => Array.from({ length: count }, () => random());

test("the-same-seed-and-name-draw-the-same-numbers-and-others-do-not", () => {
  expect(draw(seededRandom(7, "a"))).toEqual(draw(seededRandom(7, "a")));
  expect(draw(seededRandom(7, "a"))).not.toEqual(draw(seededRandom(7, "b")));
  expect(draw(seededRandom(7, "a"))).not.toEqual(draw(seededRandom(8, "a")));
});

test("numbers-lie-from-0-up-to-1-and-everywhere-between", () => {
  const drawn = draw(seededRandom(7, "a"));
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  const tenths = Map.groupBy(drawn, (one) => Math.floor(one * 10));
  expect(tenths.size).toBe(10);
});
