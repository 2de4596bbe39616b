import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { AwsCredentials } from "../src/credentials.ts";
import { RolesAnywhereError } from "../src/errors.ts";
import { startScriptedServer } from "./scripted-server.ts";
import type { Answer, RecordedRequest } from "./scripted-server.ts";
import { anchorId, controlPlaneAt, errorOf, region, wireAnchor } from "./setup.ts";

const answer: Answer = { body: { trustAnchor: wireAnchor } };
const refusal = (type: string): Answer => ({
  status: 403,
  headers: { "x-amzn-errortype": type },
  body: { message: "The security token included in the request is not accepted" },
});
const keyOf = ({ headers }: RecordedRequest): string | undefined =>
  /Credential=(?<key>[^/]+)\//u.exec(headers.authorization ?? "")?.groups?.["key"];

describe("AWS's standard provider chain, when no credentials are given", () => {
  let folder = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "capstan-credentials-"));
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const chained = { credentials: undefined };
  const writeKeys = (accessKeyId: string): Promise<void> =>
    writeFile(
      join(folder, "credentials"),
      `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = not a real key\n`,
    );

  test("takes the environment's keys", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "not a real key");
    vi.stubEnv("AWS_SESSION_TOKEN", "not a real token");
    await using server = await startScriptedServer(() => answer);

    await controlPlaneAt(server.url, chained).getTrustAnchor(anchorId);

    expect(server.requests.map(keyOf)).toEqual(["AKIDENVIRONMENT"]);
    expect(server.requests[0]?.headers["x-amz-security-token"]).toBe("not a real token");
  });

  test("takes a web identity", async () => {
    await using server = await startScriptedServer(({ method, body }) =>
      method === "POST" && body.includes("Action=AssumeRoleWithWebIdentity")
        ? { headers: { "content-type": "text/xml" }, body: assumedRole("AssumeRoleWithWebIdentity", "ASIAWEBIDENTITY") }
        : answer,
    );
    await writeFile(join(folder, "token"), "not a real token");
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", join(folder, "token"));
    vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/publisher");
    vi.stubEnv("AWS_ENDPOINT_URL_STS", server.url);

    await controlPlaneAt(server.url, chained).getTrustAnchor(anchorId);

    expect(server.requests.map(({ path }) => path)).toEqual(["/", `/trustanchor/${anchorId}`]);
    expect(server.requests.map(keyOf)).toEqual([undefined, "ASIAWEBIDENTITY"]);
  });

  test("assumes the role of a profile, asking STS in the control plane's own region", async () => {
    await using server = await startScriptedServer(({ body }) =>
      body.includes("Action=AssumeRole&")
        ? { headers: { "content-type": "text/xml" }, body: assumedRole("AssumeRole", "ASIAASSUMED") }
        : answer,
    );
    await writeKeys("AKIDBASE");
    await writeFile(
      join(folder, "config"),
      "[profile publisher]\nrole_arn = arn:aws:iam::111122223333:role/publisher\nsource_profile = default\n",
    );
    vi.stubEnv("AWS_PROFILE", "publisher");
    vi.stubEnv("AWS_ENDPOINT_URL_STS", server.url);

    await controlPlaneAt(server.url, chained).getTrustAnchor(anchorId);

    expect(server.requests.map(keyOf)).toEqual(["AKIDBASE", "ASIAASSUMED"]);
    expect(server.requests[0]?.headers.authorization).toContain(`/${region}/sts/`);
  });

  test("takes a container's, as EKS Pod Identity gives them", async () => {
    await using server = await startScriptedServer(({ path }) =>
      path === "/v1/credentials"
        ? {
            body: {
              AccessKeyId: "ASIACONTAINER",
              SecretAccessKey: "not a real key",
              Token: "not a real token",
              Expiration: new Date(Date.now() + 3_600_000).toISOString(),
            },
          }
        : answer,
    );
    await writeFile(join(folder, "token"), "pod's token");
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${server.url}/v1/credentials`);
    vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", join(folder, "token"));

    await controlPlaneAt(server.url, chained).getTrustAnchor(anchorId);

    expect(server.requests.map(keyOf)).toEqual([undefined, "ASIACONTAINER"]);
    expect(server.requests[0]?.headers.authorization).toBe("pod's token");
  });

  test.each(["UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"])(
    "reads a shared file again after %s, so that rotated keys need no restart",
    async (type) => {
      await writeKeys("AKIDOLD");
      await using server = await startScriptedServer((request) =>
        keyOf(request) === "AKIDOLD" ? refusal(type) : answer,
      );
      const aws = controlPlaneAt(server.url, chained);

      expect(await errorOf(aws.getTrustAnchor(anchorId))).toMatchObject({
        code: "ERR_AWS_CREDENTIALS_REFUSED",
        retryable: true,
      });
      await writeKeys("AKIDNEW");
      await aws.getTrustAnchor(anchorId);

      expect(server.requests.map(keyOf)).toEqual(["AKIDOLD", "AKIDNEW"]);
    },
  );

  test("is ERR_AWS_NO_CREDENTIALS when it finds none, and heals when there are some", async () => {
    await using server = await startScriptedServer(() => answer);
    const aws = controlPlaneAt(server.url, chained);

    const error = await errorOf(aws.getTrustAnchor(anchorId));
    expect(error).toMatchObject({ code: "ERR_AWS_NO_CREDENTIALS", retryable: true, operation: "GetTrustAnchor" });
    expect(error.message).toMatchInlineSnapshot(
      `"GetTrustAnchor: no AWS credentials (Could not load credentials from any providers): set up one source of the standard AWS provider chain, such as a web identity, EKS Pod Identity or a shared credentials file"`,
    );
    expect(server.requests).toEqual([]);

    await writeKeys("AKIDLATE");
    await aws.getTrustAnchor(anchorId);
    expect(server.requests.map(keyOf)).toEqual(["AKIDLATE"]);
  });
});

describe("a credential source of the caller", () => {
  const expiring = (accessKeyId: string, inMs: number): AwsCredentials => ({
    accessKeyId,
    secretAccessKey: "not a real key",
    expiration: new Date(Date.now() + inMs),
  });

  test("is asked once while its credentials last", async () => {
    const source = vi.fn(async () => expiring("ASIALASTING", 3_600_000));
    await using server = await startScriptedServer(() => answer);
    const aws = controlPlaneAt(server.url, { credentials: source });

    await aws.getTrustAnchor(anchorId);
    await aws.getTrustAnchor(anchorId);

    expect(source).toHaveBeenCalledOnce();
  });

  test("is asked again shortly before they end", async () => {
    let number = 0;
    const credentials = async (): Promise<AwsCredentials> => expiring(`ASIA${(number += 1)}`, 60_000);
    await using server = await startScriptedServer(() => answer);
    const aws = controlPlaneAt(server.url, { credentials });

    await aws.getTrustAnchor(anchorId);
    await aws.getTrustAnchor(anchorId);

    const [first, second] = server.requests.map(keyOf);
    expect(first).toMatch(/^ASIA\d$/u);
    expect(second).not.toBe(first);
  });

  test("that fails is ERR_AWS_NO_CREDENTIALS whatever it throws, and the next call asks it again", async () => {
    const thrown: unknown[] = [Object.assign(new Error("no route"), { code: "ECONNREFUSED" }), "a string", undefined];
    const credentials = async (): Promise<AwsCredentials> => {
      if (thrown.length > 0) throw thrown.shift();
      return expiring("ASIALATE", 3_600_000);
    };
    await using server = await startScriptedServer(() => answer);
    const aws = controlPlaneAt(server.url, { credentials });

    for (const _fault of [1, 2, 3]) {
      expect(await errorOf(aws.getTrustAnchor(anchorId))).toMatchObject({ code: "ERR_AWS_NO_CREDENTIALS" });
    }
    await aws.getTrustAnchor(anchorId);
    expect(server.requests.map(keyOf)).toEqual(["ASIALATE"]);
  });

  test.each(["ERR_AWS_UNAVAILABLE", "ERR_AWS_THROTTLED"] as const)(
    "that met %s makes the call one, since nothing else is wrong",
    async (code) => {
      await using server = await startScriptedServer(() => answer);
      const outage = new RolesAnywhereError(code, "CreateSession: nobody is there", {
        operation: "CreateSession",
        retryAfterMs: 7_000,
      });
      const credentials = (): Promise<AwsCredentials> => Promise.reject(outage);

      expect(await errorOf(controlPlaneAt(server.url, { credentials }).getTrustAnchor(anchorId))).toMatchObject({
        code,
        operation: "GetTrustAnchor",
        retryAfterMs: 7_000,
        message: "GetTrustAnchor was not sent: CreateSession: nobody is there",
      });
      expect(server.requests).toEqual([]);
    },
  );

  test.each(["ERR_AWS_NOT_FOUND", "ERR_AWS_ACCESS_DENIED", "ERR_AWS_CREDENTIALS_REFUSED"] as const)(
    "that was told %s never makes the call's own subject not found, or refused",
    async (code) => {
      await using server = await startScriptedServer(() => answer);
      const refusal = new RolesAnywhereError(code, "no", { operation: "CreateSession" });
      const credentials = (): Promise<AwsCredentials> => Promise.reject(refusal);

      const call = controlPlaneAt(server.url, { credentials }).getTrustAnchor(anchorId);

      expect(await errorOf(call)).toMatchObject({ code: "ERR_AWS_NO_CREDENTIALS", operation: "GetTrustAnchor" });
    },
  );

  test("that keeps them itself is asked for each request, and told of a refusal", async () => {
    const discarded: AwsCredentials[] = [];
    let number = 0;
    const keeper = {
      current: async (): Promise<AwsCredentials> => expiring(`ASIA${(number += 1)}`, 3_600_000),
      discard: (refused: AwsCredentials) => void discarded.push(refused),
    };
    await using server = await startScriptedServer((request) =>
      keyOf(request) === "ASIA2" ? refusal("ExpiredTokenException") : answer,
    );
    const aws = controlPlaneAt(server.url, { credentials: keeper });

    await aws.getTrustAnchor(anchorId);
    await errorOf(aws.getTrustAnchor(anchorId));
    await aws.getTrustAnchor(anchorId);

    expect(server.requests.map(keyOf)).toEqual(["ASIA1", "ASIA2", "ASIA3"]);
    expect(discarded.map(({ accessKeyId }) => accessKeyId)).toEqual(["ASIA2"]);
  });

  test("that never answers is given up in time", async () => {
    await using server = await startScriptedServer(() => answer);
    const credentials = (): Promise<AwsCredentials> => new Promise(() => undefined);

    const error = await errorOf(
      controlPlaneAt(server.url, { credentials, requestTimeoutMs: 50 }).getTrustAnchor(anchorId),
    );

    expect(error).toMatchObject({ code: "ERR_AWS_UNAVAILABLE", message: "GetTrustAnchor: no answer within 50 ms" });
  });
});

test("a clock that AWS finds wrong is corrected for the next call by AWS's own", async () => {
  const hour = 3_600_000;
  const awsNow = new Date(Date.now() + 2 * hour);
  await using server = await startScriptedServer(({ headers }) =>
    Math.abs(parseAmzDate(headers["x-amz-date"]) - awsNow.getTime()) < hour
      ? answer
      : {
          status: 403,
          headers: { date: awsNow.toUTCString(), "x-amzn-errortype": "InvalidSignatureException" },
          body: { message: "Signature expired: 20260101T000000Z is now earlier than 20260101T020000Z" },
        },
  );
  const aws = controlPlaneAt(server.url);

  expect(await errorOf(aws.getTrustAnchor(anchorId))).toMatchObject({ code: "ERR_AWS_CLOCK_SKEW", retryable: true });
  expect(await aws.getTrustAnchor(anchorId)).toMatchObject({ id: anchorId });
});

function parseAmzDate(value: string | string[] | undefined): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u.exec(String(value)) ?? [];
  const [, year, month, day, hours, minutes, seconds] = parts.map(Number);
  return Date.UTC(year ?? 0, (month ?? 0) - 1, day, hours, minutes, seconds);
}

function assumedRole(action: string, accessKeyId: string): string {
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <${action}Result><Credentials>
    <AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>not a real key</SecretAccessKey>
    <SessionToken>not a real token</SessionToken>
    <Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>
  </Credentials></${action}Result></${action}Response>`;
}
