import { expect, test } from "vitest";
import { drawWhole, type SeededRandom, seededRandom } from "../src/seeded-random.ts";

const draw = (random: SeededRandom, count = 1_000): number[] => Array.from({ length: count }, () => random());

test("the-same-seed-and-name-draw-the-same-numbers-and-others-do-not", () => {
  expect(draw(seededRandom(7, "a"))).toEqual(draw(seededRandom(7, "a")));
  expect(draw(seededRandom(7, "a"))).not.toEqual(draw(seededRandom(7, "b")));
  expect(draw(seededRandom(7, "a"))).not.toEqual(draw(seededRandom(8, "a")));
});

test("whole-numbers-are-drawn-from-both-ends-and-all-between", () => {
  const random = seededRandom(7, "a");
  const drawn = Array.from({ length: 1_000 }, () => drawWhole(random, 3, 6));
  expect(new Set(drawn)).toEqual(new Set([3, 4, 5, 6]));
});
