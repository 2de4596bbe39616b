import { expect, test } from "vitest";
import { plannerWithout } from "../src/broken-planner.ts";

test.each(["drainIsOver ", "drain", "constructor", "__proto__"])("there-is-no-guard-%j", (guard) => {
  expect(() => plannerWithout(guard)).toThrow(`there is no guard ${guard}; there are timeIsTrusted`);
});

test.each([undefined, "", "drainIsOver", "soakIsOver"])("%j-gives-a-planner", (guard) => {
  expect(plannerWithout(guard)).toBeTypeOf("function");
});
