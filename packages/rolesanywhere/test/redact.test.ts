import * as fc from "fast-check";
import { expect, test } from "vitest";

import { redactMessage } from "../src/redact.ts";
import { rootA } from "./certificates.ts";

const denied =
  "User: arn:aws:sts::111122223333:assumed-role/publisher/session is not authorized to perform: rolesanywhere:ImportCrl on resource: arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-aaaa-4bbb-8ccc-222222222222 because no identity-based policy allows the rolesanywhere:ImportCrl action";

test.each([
  ["AWS's longest useful message stays whole", denied, denied],
  ["PEM", `Value '${rootA}' is bad`, "Value '[PEM removed] ' is bad"],
  ["PEM without an end, as AWS may cut it", `bad: ${rootA.slice(0, 200)}`, "bad: [PEM removed]"],
  ["PEM with escaped newlines", `bad: ${rootA.replaceAll("\n", "\\n")}`, "bad: [PEM removed]\\n"],
  ["base64", `crlData ${"QUJD".repeat(30)}== is bad`, "crlData [data removed] is bad"],
  ["line breaks and terminal escapes", "a\r\nb\u001B[31mc\u2028d\u0000", "a b [31mc d"],
  ["length", "a b ".repeat(200), `${"a b ".repeat(200).slice(0, 499)}…`],
])("%s", (_name, message, expected) => {
  expect(redactMessage(message)).toBe(expected);
});

test("whatever comes in, one short line comes out", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (message) => {
      const line = redactMessage(message);
      expect(line.length).toBeLessThanOrEqual(500);
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    }),
  );
});
