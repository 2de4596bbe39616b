import { RolesAnywhereError } from "@capstan/rolesanywhere";
import { expect, test } from "vitest";
import { verdictOn } from "../src/session-verdict.ts";

const notAfter = 1_000_000;
const denied = (awsMessage: string) =>
  new RolesAnywhereError("ERR_AWS_ACCESS_DENIED", `CreateSession: ${awsMessage}`, {
    operation: "CreateSession",
    awsMessage,
  });
const failed = (code: "ERR_AWS_THROTTLED" | "ERR_AWS_UNAVAILABLE" | "ERR_AWS_NOT_FOUND") =>
  new RolesAnywhereError(code, "no", { operation: "CreateSession" });

test.each<[fact: string, error: unknown, answeredAt: number, verdict: string]>([
  ["a-session-is-accepted", undefined, notAfter - 1, "accepted"],
  ["a-session-is-accepted-even-late", undefined, notAfter + 1, "accepted"],
  ["an-untrusted-root-refuses-a-valid-leaf", denied("Untrusted signing certificate"), notAfter - 1, "refused"],
  ["a-revoked-leaf-is-refused-too", denied("Certificate revoked"), notAfter - 1, "refused"],
  ["a-leaf-that-ended-meanwhile-proves-nothing", denied("Untrusted signing certificate"), notAfter, "expired"],
  ["an-old-request-says-nothing-of-its-leaf", denied("Signature expired: 1 is now earlier"), 1, "unanswered"],
  ["a-throttled-call-says-nothing-of-its-leaf", failed("ERR_AWS_THROTTLED"), 1, "unanswered"],
  ["an-outage-says-nothing-of-a-leaf", failed("ERR_AWS_UNAVAILABLE"), 1, "unanswered"],
  ["a-missing-anchor-says-nothing-of-a-leaf", failed("ERR_AWS_NOT_FOUND"), 1, "unanswered"],
  ["a-fault-of-ours-says-nothing-of-a-leaf", new TypeError("no"), 1, "unanswered"],
])("%s", (_fact, error, answeredAt, verdict) => {
  expect(verdictOn(error, { notAfter, answeredAt })).toBe(verdict);
});
