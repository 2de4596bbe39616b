import { Hash } from "@smithy/core/serde";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN, type Fixture, REGION, startFixture } from "./fixture.ts";

// GetCallerIdentity as `aws eks get-token` presigns it, for a verifier that is not the one who signed.

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await fixture.emulator.stop();
});

interface Presigning {
  readonly expiresIn?: number;
  readonly region?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly signedAheadMs?: number;
  readonly action?: string;
}

/** The URL, signed with header x-k8s-aws-id: cluster. */
async function presign(options: Presigning = {}): Promise<URL> {
  const { expiresIn = 60, region = REGION, signedAheadMs = 0, action = "GetCallerIdentity" } = options;
  const { host, hostname, port, protocol } = new URL(fixture.emulator.endpoint);
  const signer = new SignatureV4({
    credentials: {
      accessKeyId: ADMIN.accessKeyId,
      secretAccessKey: options.secretAccessKey ?? ADMIN.secretAccessKey,
      ...(options.sessionToken === undefined ? {} : { sessionToken: options.sessionToken }),
    },
    region,
    service: "sts",
    sha256: Hash.bind(undefined, "sha256"),
    applyChecksum: false,
  });
  const request = {
    method: "GET",
    protocol,
    hostname,
    port: Number(port),
    path: "/",
    query: { Action: action, Version: "2011-06-15" },
    headers: { host, "x-k8s-aws-id": "cluster" },
  };
  const signed = await signer.presign(request, {
    expiresIn,
    signingDate: new Date(fixture.clock.now().getTime() + signedAheadMs),
    unhoistableHeaders: new Set(["x-k8s-aws-id"]),
  });
  const url = new URL(fixture.emulator.endpoint);
  for (const [name, value] of Object.entries(signed.query ?? {})) url.searchParams.set(name, String(value));
  return url;
}

async function ask(
  url: URL,
  headers: Readonly<Record<string, string>> = { "x-k8s-aws-id": "cluster" },
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(url, { headers });
  return { status: response.status, text: await response.text() };
}

test("a presigned request says who signed it, as often as it is sent", async () => {
  const url = await presign();
  for (let time = 0; time < 2; time += 1) {
    expect(await ask(url)).toEqual({ status: 200, text: expect.stringContaining(`<Arn>${ADMIN.arn}</Arn>`) });
  }
});

test("a presigned request is good until it expires and no longer", async () => {
  const url = await presign({ expiresIn: 60 });
  fixture.clock.advance(50_000);
  expect((await ask(url)).status).toBe(200);
  fixture.clock.advance(11_000);
  expect(await ask(url)).toEqual({ status: 403, text: expect.stringContaining("Signature expired") });
});

describe("a presigned request is refused", () => {
  const cases: readonly {
    readonly fact: string;
    readonly presigning?: Presigning;
    readonly alter?: (query: URLSearchParams) => void;
    readonly headers?: Readonly<Record<string, string>>;
    readonly code: string;
  }[] = [
    { fact: "with a wrong secret", presigning: { secretAccessKey: "other" }, code: "SignatureDoesNotMatch" },
    { fact: "with a token that the key has not", presigning: { sessionToken: "other" }, code: "InvalidClientTokenId" },
    { fact: "for another region", presigning: { region: "us-east-1" }, code: "SignatureDoesNotMatch" },
    { fact: "for another action", presigning: { action: "GetSessionToken" }, code: "InvalidAction" },
    { fact: "signed an hour ahead", presigning: { signedAheadMs: 3_600_000 }, code: "SignatureDoesNotMatch" },
    { fact: "without the header that was signed", headers: {}, code: "IncompleteSignature" },
    { fact: "for another cluster", headers: { "x-k8s-aws-id": "other" }, code: "SignatureDoesNotMatch" },
    {
      fact: "with an x-amz header that was not signed",
      headers: { "x-k8s-aws-id": "cluster", "x-amz-extra": "1" },
      code: "IncompleteSignature",
    },
    { fact: "with a longer life", alter: (query) => query.set("X-Amz-Expires", "600"), code: "SignatureDoesNotMatch" },
    { fact: "with no life", alter: (query) => query.set("X-Amz-Expires", "0"), code: "IncompleteSignature" },
    {
      fact: "for more than a week",
      alter: (query) => query.set("X-Amz-Expires", "604801"),
      code: "IncompleteSignature",
    },
    { fact: "with two dates", alter: (query) => query.append("X-Amz-Date", "x"), code: "IncompleteSignature" },
    { fact: "without a credential", alter: (query) => query.delete("X-Amz-Credential"), code: "IncompleteSignature" },
    {
      fact: "with another action than was signed",
      alter: (query) => query.set("Action", "X"),
      code: "SignatureDoesNotMatch",
    },
    {
      fact: "with a credential of another form",
      alter: (query) => query.set("X-Amz-Credential", "AKIAADMIN/today"),
      code: "IncompleteSignature",
    },
    {
      fact: "with another algorithm",
      alter: (query) => query.set("X-Amz-Algorithm", "AWS4-X509-RSA-SHA256"),
      code: "IncompleteSignature",
    },
  ];

  test.each(cases)("$fact", async ({ presigning, alter, headers, code }) => {
    const url = await presign(presigning);
    alter?.(url.searchParams);
    const answer = await ask(url, headers);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).toContain(`<Code>${code}</Code>`);
  });
});
