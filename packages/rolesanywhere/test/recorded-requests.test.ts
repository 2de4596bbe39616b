import { verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { prepareSignature, queryString, type SignableRequest } from "../src/canonical-request.ts";
import { sessionRequest } from "../src/create-session.ts";
import { x509Algorithm } from "../src/sign-x509.ts";

interface Recorded {
  readonly name: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const recorded = JSON.parse(
  readFileSync(new URL("vectors/createsession-recorded.json", import.meta.url), "utf8"),
) as readonly Recorded[];

const account = "arn:aws:rolesanywhere:us-east-2:291738886548";
const profileArn = `${account}:profile/6f4943fb-13d4-4242-89c4-be367595c380`;
const roleArn = "arn:aws:iam::291738886548:role/rolesanywhere1";
const anchorIds: Readonly<Record<string, string>> = {
  "AWS4-X509-RSA-SHA256": "a545a1fc-5d86-4032-8f4c-61cdd6ff92da",
  "AWS4-X509-ECDSA-SHA256": "1cb4e36e-e4ad-4bbb-9b37-fdafb2cbe4fe",
};

/** Our own request for what the recorded one asks, and its parts. */
function rebuild({ name, headers }: Recorded) {
  const x509 = headers["X-Amz-X509"] ?? "";
  const request: SignableRequest = sessionRequest(new URL("http://127.0.0.1:8080"), {
    trustAnchorArn: `${account}:trust-anchor/${anchorIds[name]}`,
    profileArn,
    roleArn,
    region: "us-east-2",
    durationSeconds: 3_600,
  });
  const at = new Date(
    (headers["X-Amz-Date"] ?? "").replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u, "$1-$2-$3T$4:$5:$6Z"),
  );
  const [, signedHeaders, signature = ""] =
    /SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/u.exec(headers["Authorization"] ?? "") ?? [];
  return { request, at, x509, signedHeaders, signature, leaf: new X509Certificate(Buffer.from(x509, "base64")) };
}

test.each(recorded)("$name: target and body are those that AWS's client sent", (vector) => {
  const { request } = rebuild(vector);

  expect(`${request.url.pathname}?${queryString(request.query)}`).toBe(vector.target);
  expect(request.body).toBe(vector.body);
});

test.each(recorded)("$name: what we would sign is what AWS's client signed", (vector) => {
  const { request, at, x509, signedHeaders, signature, leaf } = rebuild(vector);
  const algorithm = x509Algorithm(leaf.publicKey);
  const prepared = prepareSignature(
    { ...request, headers: { ...request.headers, "x-amz-x509": x509 } },
    { algorithm: algorithm ?? "", region: "us-east-2", at },
  );

  expect(algorithm).toBe(vector.name);
  expect(prepared.signedHeaders).toBe(signedHeaders);
  expect(vector.headers["Authorization"]).toContain(
    `${vector.name} Credential=${BigInt(`0x${leaf.serialNumber}`)}/${prepared.scope}, SignedHeaders=`,
  );
  const isSigned = (text: string): boolean =>
    verify("sha256", Buffer.from(text), leaf.publicKey, Buffer.from(signature, "hex"));
  expect(isSigned(prepared.stringToSign)).toBe(true);
  expect(isSigned(`${prepared.stringToSign} `)).toBe(false);
});
