import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkCertificationRequest, type CertificationRequest } from "@capstan/ca-core";
import { decide } from "@capstan/policy";
import { names, question, subject } from "./question.ts";

const folder = mkdtempSync(path.join(tmpdir(), "capstan-policy-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A request as OpenSSL makes it, through ca-core's check. */
function request(subjectName: string, ...extensions: readonly string[]): CertificationRequest {
  const options = [
    "req",
    "-new",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    path.join(folder, "key.pem"),
    "-subj",
    subjectName,
  ];
  const pem = execFileSync("openssl", [...options, ...extensions.flatMap((text) => ["-addext", text])], {
    stdio: "pipe",
  });
  const checked = checkCertificationRequest(pem);
  if (!checked.ok) throw new Error(JSON.stringify(checked.violations));
  return checked.value;
}

test("a request that OpenSSL made is granted with the names it holds", () => {
  const decision = decide(
    question({
      request: request(
        "/CN=web.demo",
        "subjectAltName=DNS:web.demo.svc",
        "extendedKeyUsage=clientAuth",
        "keyUsage=critical,digitalSignature",
      ),
    }),
  );
  expect(decision).toMatchObject({
    ok: true,
    value: {
      subject: subject("CN=web.demo").map(({ type, value }) => ({ type, value })),
      subjectAlternativeNames: names("DNS:web.demo.svc"),
      usages: ["client auth", "digital signature"],
    },
  });
});

test("the names and extensions of a bad one are found under the same names", () => {
  const decision = decide(
    question({
      request: request(
        "/CN=web.prod/OU=x",
        "subjectAltName=DNS:web.demo.svc,IP:10.0.0.1,URI:spiffe://x.example/y",
        "keyUsage=keyEncipherment",
      ),
    }),
  );
  expect(decision.ok ? [] : decision.violations.map(({ field, code }) => `${field} ${code}`)).toEqual([
    "spec.request: subject.CN ERR_POLICY_NAME",
    "spec.request: subject.OU ERR_POLICY_NO_RULE",
    "spec.request: subjectAltName[1] ERR_POLICY_NO_RULE",
    "spec.request: subjectAltName[2] ERR_POLICY_NO_RULE",
    "spec.request: keyUsage ERR_POLICY_USAGE",
  ]);
});
