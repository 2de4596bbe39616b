import { expect, test } from "vitest";
import { readOptions } from "../src/options.ts";

test("without-options-a-thousand-requests-meet-two-hundred-kills", () => {
  expect(readOptions([])).toMatchObject({ requests: 1000, kills: 200, seed: expect.any(Number) as number });
  expect(readOptions([])).not.toHaveProperty("only");
});

test("options-are-read", () => {
  const args = ["--seed", "7", "--requests=20", "--kills=3", "--only=directed"];
  expect(readOptions(args)).toEqual({ seed: 7, requests: 20, kills: 3, only: "directed" });
  expect(readOptions(["--help"])).toBe("help");
});

test.each([
  [["--requests", "0"], "--requests is 0; give a whole number from 1"],
  [["--kills", "-1"], "--kills"],
  [["--kills", "1e3"], "--kills is 1e3; give a whole number from 1"],
  [["--seed", "x"], "--seed is x; give a whole number from 1"],
  [["--only", "both"], "--only is both; give directed or random"],
  [["--other"], "Unknown option '--other'"],
])("%j is refused", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
