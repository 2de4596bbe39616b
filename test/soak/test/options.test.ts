import { expect, test } from "vitest";
import { readOptions } from "../src/options.ts";
import { PLANS } from "../src/plan.ts";

test("without-options-it-is-the-whole-run", () => {
  expect(readOptions([])).toEqual({ plan: PLANS.full, brokenGuard: undefined });
});

test("a-size-can-be-given", () => {
  expect(readOptions(["--", "--rotations", "5", "--clients", "20", "--speed", "30"])).toEqual({
    plan: { ...PLANS.full, rotations: 5, workloads: 20, factor: 30 },
    brokenGuard: undefined,
  });
});

test("the-smoke-can-go-without-a-guard", () => {
  expect(readOptions(["--smoke", "--break", "drainIsOver"])).toEqual({ plan: PLANS.smoke, brokenGuard: "drainIsOver" });
});

test("the-real-run-uses-certificates-at-the-real-quotas", () => {
  expect(readOptions(["--real"])).toMatchObject({ plan: { leaves: "certificates", quotas: "real", rotations: 3 } });
});

test.each<[args: readonly string[], message: string]>([
  [["--smoke", "--real"], "--smoke and --real are two runs"],
  [["--rotations", "0"], "--rotations is 0; give a whole number from 1 to 1000"],
  [["--clients", "many"], "--clients is many; give a whole number"],
  [["--speed", "201"], "--speed is 201; give a whole number from 1 to 200"],
  [["--speed", "1.5"], "--speed is 1.5; give a whole number"],
  [["--fast"], "--fast"],
])("%j-is-refused", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
