import { expect, test } from "vitest";
import { readCall } from "../src/api-call.ts";
import { Wire } from "../src/wire.ts";

const status = readCall("PATCH", "/apis/cert-manager.io/v1/namespaces/a/certificaterequests/b/status");
const create = readCall("POST", "/apis/capstan.dev/v1alpha1/namespaces/s/issuedcertificates");
const get = readCall("GET", "/apis/capstan.dev/v1alpha1/namespaces/s/issuedcertificates/uid");

const getMark = readCall("GET", "/apis/capstan.dev/v1alpha1/namespaces/s/generationmarks/faults-1");
const raiseMark = readCall("PUT", "/apis/capstan.dev/v1alpha1/namespaces/s/generationmarks/faults-1");

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const answerWith = (reason: string, certificate?: string): Uint8Array =>
  bytes({
    status: {
      conditions: [{ type: "Ready", reason }],
      ...(certificate === undefined ? {} : { certificate: Buffer.from(certificate).toString("base64") }),
    },
  });
const record = bytes({ metadata: { name: "uid" }, spec: { certificate: "PEM" } });

test("a-certificate-is-released-when-it-is-sent-whatever-the-answer", () => {
  const wire = new Wire();
  wire.onForward(status, answerWith("Issued", "PEM"));
  wire.onAnswer(status, answerWith("Issued", "PEM"), { status: 409, body: bytes({}) });
  expect(wire.crossings).toEqual([{ what: "released", of: "a/b", certificate: "PEM" }]);
  expect(wire.ended.size).toBe(0);
});

test("an-answer-without-a-certificate-releases-nothing", () => {
  const wire = new Wire();
  wire.onForward(status, answerWith("Pending"));
  expect(wire.crossings).toEqual([]);
});

test.each([
  ["Issued", true],
  ["Failed", true],
  ["Denied", true],
  ["Pending", false],
])("a-request-that-is-%s-has-ended-%j", (reason, hasEnded) => {
  const wire = new Wire();
  wire.onAnswer(status, answerWith(reason), { status: 200, body: bytes({}) });
  expect([...wire.ended]).toEqual(hasEnded ? [["a/b", reason]] : []);
});

test.each([
  ["made", create, 201, true],
  ["read", get, 200, true],
  ["refused", create, 409, false],
  ["not-found", get, 404, false],
])("a-record-that-was-%s", (_, call, code, isRecorded) => {
  const wire = new Wire();
  wire.onForward(call, record);
  expect(wire.crossings).toEqual([]);
  wire.onAnswer(call, record, { status: code, body: record });
  expect(wire.crossings).toEqual(isRecorded ? [{ what: "recorded", of: "uid", certificate: "PEM" }] : []);
});

test.each([
  ["read", getMark, 200, true],
  ["raised", raiseMark, 200, true],
  ["not-raised", raiseMark, 409, false],
])("a-mark-that-was-%s", (_, call, code, isKnown) => {
  const at = new Date("2026-11-22T10:00:00Z");
  const wire = new Wire({ now: () => at });
  const mark = bytes({ spec: { authority: "faults", generation: 1, notAfter: "2026-11-30T00:00:00Z" } });
  wire.onAnswer(call, mark, { status: code, body: mark });
  const known = { at, authority: "faults", generation: 1, notAfter: new Date("2026-11-30T00:00:00Z") };
  expect(wire.markings).toEqual(isKnown ? [known] : []);
});
