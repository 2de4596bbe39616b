import { describe, expect, test } from "vitest";
import { UsageError } from "../src/exit-code.ts";
import { shortNameOf } from "../src/revoke/leaf.ts";
import { parseTarget } from "../src/revoke/target.ts";

describe("parseTarget", () => {
  test.each([
    ["4f1c09ab", { kind: "serial", serial: "4f1c09ab" }],
    ["4F:1C:09:AB", { kind: "serial", serial: "4f1c09ab" }],
    ["0x4F1C", { kind: "serial", serial: "4f1c" }],
    ["00:4f:1c", { kind: "serial", serial: "4f1c" }],
    ["f1c", { kind: "serial", serial: "0f1c" }],
    [" 4f1c ", { kind: "serial", serial: "4f1c" }],
    ["ff".repeat(20), { kind: "serial", serial: "ff".repeat(20) }],
    ["icert/0a8f5c6e", { kind: "issuedCertificate", name: "0a8f5c6e" }],
    ["issuedcertificate.capstan.dev/a", { kind: "issuedCertificate", name: "a" }],
    ["certificate/web", { kind: "certificate", name: "web" }],
    ["certificate.cert-manager.io/web.demo", { kind: "certificate", name: "web.demo" }],
    ["secrets/web-tls", { kind: "secret", name: "web-tls" }],
    ["pod/web-7f9c", { kind: "pod", name: "web-7f9c" }],
    ["cr/web-1", { kind: "certificateRequest", name: "web-1" }],
    ["certificaterequest.cert-manager.io/web-1", { kind: "certificateRequest", name: "web-1" }],
    ["serviceaccount/web", { kind: "serviceAccount", name: "web" }],
    ["sa/web", { kind: "serviceAccount", name: "web" }],
  ])("%s", (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  test.each([
    "",
    "0",
    "00:00",
    "web",
    "4f 1c",
    "4f:1",
    "4f:",
    "-4f",
    "0x",
    "1".repeat(41),
    "/4f",
    "deployment/web",
    "pod.cert-manager.io/web",
    "Certificate/web",
    "__proto__/web",
    "certificate/",
    "certificate/Web",
    "certificate/web/tls",
    "certificate/-web",
    `certificate/${"a".repeat(254)}`,
  ])("refuses %j", (text) => {
    expect(() => parseTarget(text)).toThrow(UsageError);
  });
});

test.each([
  ["web", "web"],
  ["web.demo", "web.demo"],
  [`${"a".repeat(49)}.b`, "a".repeat(49)],
  [`${"a".repeat(48)}--b`, "a".repeat(48)],
  ["a".repeat(253), "a".repeat(50)],
])("a Revocation's name begins with a name's first 50 characters: %s", (name, short) => {
  expect(shortNameOf(name)).toBe(short);
});
