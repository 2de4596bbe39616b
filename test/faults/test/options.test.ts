import { expect, test } from "vitest";
import { readOptions } from "../src/options.ts";

test("without-options-a-thousand-requests-meet-two-hundred-kills", () => {
  expect(readOptions([])).toMatchObject({ requests: 1000, kills: 200, seed: expect.any(Number) as number });
  expect(readOptions([])).not.toHaveProperty("only");
});

test("options-are-read", () => {
  const args = ["--seed", "7", "--requests=20", "--kills=3", "--only=directed", "--parallel=2"];
  expect(readOptions(args)).toEqual({
    subjects: ["issuer"],
    seed: 7,
    requests: 20,
    kills: 3,
    only: "directed",
    parallel: 2,
    speed: 30,
    mutants: false,
  });
  expect(readOptions(["--help"])).toBe("help");
});

test.each([
  [[], ["issuer", "publisher"]],
  [["--subject", "publisher"], ["publisher"]],
  [["--subject", "issuer", "--only", "random"], ["issuer"]],
  [["--only", "C01"], ["publisher"]],
  [["--subject", "publisher", "--only", "random"], ["publisher"]],
  [["--mutants"], ["publisher"]],
])("%j tries %j", (args, subjects) => {
  expect(readOptions(args)).toMatchObject({ subjects });
});

test.each([
  [["--requests", "0"], "--requests is 0; give a whole number from 1"],
  [["--kills", "-1"], "--kills"],
  [["--kills", "1e3"], "--kills is 1e3; give a whole number from 1"],
  [["--seed", "x"], "--seed is x; give a whole number from 1"],
  [["--subject", "issuer", "--only", "both"], "--only is both; of the issuer give directed or random"],
  [["--subject", "both"], "--subject is both; give issuer or publisher"],
  [["--subject", "issuer", "--mutants"], "--mutants are of the publisher"],
  [["--parallel", "0"], "--parallel is 0; give a whole number from 1"],
  [["--other"], "Unknown option '--other'"],
])("%j is refused", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
