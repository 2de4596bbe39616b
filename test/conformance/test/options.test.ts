import { describe, expect, test } from "vitest";
import { readOptions } from "../src/options.ts";

test.each<[args: readonly string[], options: unknown]>([
  [[], { selfCheck: false, workers: 4 }],
  [["--self-check"], { selfCheck: true, workers: 4 }],
  [["--focus", "Ed25519", "--workers=1"], { selfCheck: false, workers: 1, focus: "Ed25519" }],
  [["--help"], "help"],
])("%j", (args, options) => {
  expect(readOptions(args)).toEqual(options);
});

describe("refused", () => {
  test.each<[args: readonly string[], said: string]>([
    [["--workers=0"], "--workers is 0; give a whole number from 1 to 32"],
    [["--workers=33"], "--workers is 33; give a whole number from 1 to 32"],
    [["--workers=two"], "--workers is two; give a whole number from 1 to 32"],
    [["--workers="], "--workers is ; give a whole number from 1 to 32"],
    [["--selfcheck"], "Unknown option '--selfcheck'"],
    [["certificates"], "Unexpected argument 'certificates'"],
    [["--focus"], "argument missing"],
  ])("%j", (args, said) => {
    expect(() => readOptions(args)).toThrow(said);
  });
});
