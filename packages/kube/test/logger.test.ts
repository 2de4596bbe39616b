import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { createLogger, KubeApiError } from "../src/index.ts";

function written(log: (logger: ReturnType<typeof createLogger>) => void, level: "debug" | "info" = "info"): string[] {
  const lines: string[] = [];
  log(createLogger({ program: "test", level, to: { write: (line) => void lines.push(line) } }));
  return lines;
}

const pem = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
  type: "pkcs8",
  format: "pem",
}) as string;
const csr = "-----BEGIN CERTIFICATE REQUEST-----\nMIIBsecretbody\n-----END CERTIFICATE REQUEST-----\n";
const token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";

test("a line is one JSON object with level, time, program and the given keys", () => {
  const [line = ""] = written((log) => {
    log.child({ controller: "request" }).info({ namespace: "demo", name: "web", serial: "4f1c" }, "issued");
  });
  expect(line.endsWith("}\n")).toBe(true);
  const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(rest).toEqual({
    level: "info",
    program: "test",
    controller: "request",
    namespace: "demo",
    name: "web",
    serial: "4f1c",
    msg: "issued",
  });
});

test.each<[string, unknown]>([
  ["a field called key", { key: "s3cret" }],
  ["a field called Token", { Token: "s3cret" }],
  ["a field that ends in token", { bearerToken: "s3cret" }],
  ["a password", { password: "s3cret" }],
  ["a client secret", { clientSecret: "s3cret" }],
  ["a private key", { privateKey: "s3cret" }],
  ["an entry of a TLS Secret", { "tls.key": "s3cret" }],
  ["a request body", { body: "s3cret" }],
  ["a CSR", { request: "s3cret" }],
  ["headers", { headers: { authorization: "s3cret" } }],
  ["something deep in an object", { spec: { list: [{ inner: { token: "s3cret" } }] } }],
  ["a PEM key in any field", { note: `key: ${pem}` }],
  ["a PEM key cut short", { note: pem.slice(0, 120) }],
  ["a CSR in any field", { note: csr }],
  ["a JSON web token", { note: `got ${token}` }],
  ["a bearer header", { note: "Authorization: Bearer abcdefs3cretghi" }],
  ["bytes", { note: new TextEncoder().encode("s3cret") }],
])("%s is not written", (_, fields) => {
  const [line = ""] = written((log) => {
    log.info(fields);
    log.child(fields as Record<string, unknown>).info("from a child");
  });
  const all = written((log) => {
    log.info(fields);
    log.child(fields as Record<string, unknown>).info("from a child");
  }).join("");
  expect(JSON.parse(line)).toBeTypeOf("object");
  for (const secret of ["s3cret", pem.split("\n")[1] ?? "", "MIIBsecretbody", "c2lnbmF0dXJl", "115, 51"]) {
    expect(all).not.toContain(secret);
  }
});

test("a secret in the message or in an error's message is not written", () => {
  const all = written((log) => {
    log.info(`using ${token}`);
    log.error({ err: new Error(`bad key ${pem}`) }, "failed");
    log.error(new Error(`bad request ${csr}`, { cause: new Error(`cause ${token}`) }));
  }).join("");
  for (const secret of [pem.split("\n")[1] ?? "", "MIIBsecretbody", "c2lnbmF0dXJl"]) expect(all).not.toContain(secret);
  expect(all.match(/\[redacted\]/g)).toHaveLength(5);
});

test("of an error its type, code, message and cause are written, no stack and no fields", () => {
  const error = Object.assign(new KubeApiError({ code: 403, reason: "Forbidden", message: "no", request: "GET /x" }), {
    extra: "field",
  });
  error.cause = Object.assign(new Error("lower"), { code: "ECONNRESET" });
  const [line = ""] = written((log) => {
    log.error({ err: error }, "failed");
  });
  expect((JSON.parse(line) as { err: unknown }).err).toEqual({
    type: "KubeApiError",
    code: 403,
    message: "GET /x: 403 Forbidden: no",
    cause: { type: "Error", code: "ECONNRESET", message: "lower" },
  });
});

test.each([
  ["9f4c0a52-1b9e-4c55-9d0b-2f6f6a1c3e77", "9f4c0a52-1b9e-4c55-9d0b-2f6f6a1c3e77"],
  ["s3cret", undefined],
  ["9f4c0a52-1b9e-4c55-9d0b-2f6f6a1c3e77 s3cret", undefined],
  [42, undefined],
])("of an error's request id %j is written %j: it is AWS's own, and nothing else", (requestId, written_) => {
  const [line = ""] = written((log) => log.warn({ err: Object.assign(new Error("refused"), { requestId }) }));
  const { err } = JSON.parse(line) as { readonly err: { readonly requestId?: string } };
  expect(err.requestId).toBe(written_);
});

test("names that only look like secrets are written", () => {
  const fields = {
    secretName: "web-tls",
    keyAlgorithm: "RSA-2048",
    requestedBy: "alice",
    publicKeyHash: "ab",
    serial: "4f",
  };
  const [line = ""] = written((log) => {
    log.info(fields);
  });
  expect(JSON.parse(line)).toMatchObject(fields);
});

test("lines below the level are not written", () => {
  const count = (level: "debug" | "info"): number =>
    written((log) => {
      log.debug("a");
      log.info("b");
    }, level).length;
  expect([count("info"), count("debug")]).toEqual([1, 2]);
});
