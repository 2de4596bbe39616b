import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { HttpRequest } from "../src/http-request.ts";
import { verifyX509Signature } from "../src/x509-signature.ts";

interface Recorded {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const recorded = JSON.parse(
  readFileSync(new URL("vectors/createsession-recorded.json", import.meta.url), "utf8"),
) as readonly Recorded[];

const SERIALS: Readonly<Record<string, bigint>> = { "AWS4-X509-RSA-SHA256": 21n, "AWS4-X509-ECDSA-SHA256": 3n };

function toRequest({ method, target, headers, body }: Recorded): HttpRequest {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]] as const);
  return { method, target, headers: Object.fromEntries(lower), body: new TextEncoder().encode(body) };
}

/** The moment that the request itself names. */
function expectedAt(request: HttpRequest): Parameters<typeof verifyX509Signature>[1] {
  const text = request.headers["x-amz-date"]?.[0] ?? "";
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  return { isRegion: (region) => region === "us-east-2", now: new Date(iso), unknowns: { clockSkew: "5-minutes" } };
}

test.each(recorded)("what AWS's client signed with $name verifies", (vector) => {
  const request = toRequest(vector);
  const { leaf, presented } = verifyX509Signature(request, expectedAt(request));
  expect(leaf.serial).toBe(SERIALS[vector.name]);
  expect(leaf.subject.attributes.at(-1)).toEqual({ type: "CN", value: "alice-cert.domain.com" });
  expect(presented).toEqual([]);
});

const MISMATCH = "The request signature does not match the request and the certificate.";

test.each(
  recorded.flatMap((vector) => [
    { name: vector.name, what: "another body", spoilt: { ...vector, body: '{"durationSeconds":3601}' } },
    { name: vector.name, what: "no body", spoilt: { ...vector, body: "" } },
    { name: vector.name, what: "another method", spoilt: { ...vector, method: "PUT" } },
    {
      name: vector.name,
      what: "another role",
      spoilt: { ...vector, target: vector.target.replace("rolesanywhere1", "rolesanywhere2") },
    },
    {
      name: vector.name,
      what: "another host",
      spoilt: { ...vector, headers: { ...vector.headers, Host: "127.0.0.1:8081" } },
    },
    {
      name: vector.name,
      what: "another content type",
      spoilt: { ...vector, headers: { ...vector.headers, "Content-Type": "application/x-amz-json-1.0" } },
    },
    {
      name: vector.name,
      what: "another second",
      spoilt: { ...vector, headers: { ...vector.headers, "X-Amz-Date": "20240706T120000Z" } },
    },
  ]),
)("$name does not verify with $what", ({ spoilt }) => {
  const request = toRequest(spoilt);
  expect(() => verifyX509Signature(request, expectedAt(request))).toThrow(
    expect.objectContaining({ type: "AccessDeniedException", message: MISMATCH }),
  );
});

test.each(recorded)("$name does not verify with the other request's certificate", (vector) => {
  const other = recorded.find((each) => each.name !== vector.name);
  const headers = { ...vector.headers, "X-Amz-X509": other?.headers["X-Amz-X509"] ?? "" };
  const request = toRequest({ ...vector, headers });
  expect(() => verifyX509Signature(request, expectedAt(request))).toThrow(
    `${vector.name} does not fit the key of the certificate.`,
  );
});

test.each(recorded)("$name is refused six minutes later", (vector) => {
  const request = toRequest(vector);
  const expected = expectedAt(request);
  const now = new Date(expected.now.getTime() + 360_000);
  expect(() => verifyX509Signature(request, { ...expected, now })).toThrow(
    /^Signature expired: 20240706T\d{6}Z is now earlier than 20240706T\d{6}Z \(20240706T\d{6}Z - 5 min\.\)$/,
  );
});

test.each(recorded)("$name is refused in another region", (vector) => {
  const request = toRequest(vector);
  expect(() =>
    verifyX509Signature(request, { ...expectedAt(request), isRegion: (region) => region === "us-east-1" }),
  ).toThrow("Credential should be scoped to a valid region and rolesanywhere, not us-east-2/rolesanywhere.");
});
