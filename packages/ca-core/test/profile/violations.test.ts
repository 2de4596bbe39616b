import { expect, test } from "vitest";
import { checkAgainstProfile, checkCertificationRequest, type ProfileName } from "../../src/index.ts";
import { requestWithSubject } from "../support/request.ts";

test.each<ProfileName>(["RolesAnywhere", "General"])(
  "in profile %s values are quoted escaped and cut, so that none can forge a log line or steer a terminal",
  (profile) => {
    const name = `\n{"level":50}\u001B[2J\u202E${"x".repeat(40)}`;
    const checked = checkCertificationRequest(requestWithSubject(["CN", name]));
    if (!checked.ok) throw new Error("the request is well formed");
    const violations = checkAgainstProfile({ profile, request: checked.value });
    const fault = violations.find(({ code }) => code === "ERR_NAME_CHARACTER");
    expect(fault?.rule).toMatch(/^"\\n\{\\"level\\":50\}\\u001b\[2J\\u202ex{40}" has /);
  },
);
