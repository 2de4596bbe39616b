import { ListTrustAnchorsCommand, RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, ADMIN, type Fixture, newClient, REGION, refusal, startFixture } from "./fixture.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const pki = new OpensslPki();
let root: OpensslCa;
let fixture: Fixture;
let trustAnchorArn: string;

beforeAll(async () => {
  root = pki.root();
  fixture = await startFixture();
  trustAnchorArn = await fixture.anchor(root);
});

afterAll(async () => {
  await fixture.emulator.stop();
  pki.dispose();
});

async function sessionCredentials(durationSeconds: number): Promise<Credentials> {
  const result = await fixture.session({ leaf: root.issue(), trustAnchorArn, body: { durationSeconds } });
  const { accessKeyId, secretAccessKey, sessionToken } = result.body.credentialSet[0].credentials;
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** Prepares a call of one operation of each service with these credentials, and these changes to the signed request. */
function callsOfBoth(
  credentials: Credentials,
  options: { readonly region?: string; readonly skewMs?: number; readonly alter?: (request: Altered) => void } = {},
): readonly [anchors: () => Promise<unknown>, sts: () => Promise<unknown>] {
  const { region = REGION, skewMs = 0, alter } = options;
  fixture.clock.advance(1000);
  const config = {
    endpoint: fixture.emulator.endpoint,
    region,
    credentials: { ...credentials },
    maxAttempts: 1,
    systemClockOffset: fixture.clock.now().getTime() - Date.now() + skewMs,
  };
  const anchors = new RolesAnywhereClient(config);
  const sts = new STSClient(config);
  if (alter !== undefined) {
    anchors.middlewareStack.add(afterSigning(alter), { step: "finalizeRequest", priority: "low" });
    sts.middlewareStack.add(afterSigning(alter), { step: "finalizeRequest", priority: "low" });
  }
  return [
    () => anchors.send(new ListTrustAnchorsCommand({ pageSize: 5 })),
    () => sts.send(new GetCallerIdentityCommand({})),
  ];
}

interface Altered {
  headers: Record<string, string>;
  query: Record<string, unknown>;
  body?: unknown;
}

function afterSigning(alter: (request: Altered) => void) {
  return <Args extends { request: unknown }, Result>(next: (args: Args) => Promise<Result>) =>
    (args: Args): Promise<Result> => {
      alter(args.request as Altered);
      return next(args);
    };
}

const MISMATCH = /^The request signature we calculated does not match the signature you provided\./;
const UNKNOWN = "The security token included in the request is invalid.";

test("an access key calls both services", async () => {
  const [anchors, sts] = callsOfBoth(ADMIN);
  await expect(anchors()).resolves.toMatchObject({ trustAnchors: [{ trustAnchorArn }] });
  await expect(sts()).resolves.toMatchObject({
    Account: ACCOUNT,
    Arn: ADMIN.arn,
    UserId: expect.stringMatching(/^AIDA[A-Z2-7]{16}$/),
  });
});

test("a session calls both services until it expires", async () => {
  const credentials = await sessionCredentials(900);
  const [anchors, sts] = callsOfBoth(credentials);
  await expect(anchors()).resolves.toMatchObject({ trustAnchors: [{ trustAnchorArn }] });
  await expect(sts()).resolves.toMatchObject({ Arn: expect.stringContaining(":assumed-role/web/") });
  fixture.clock.advance(900_000);
  const [expiredAnchors, expiredSts] = callsOfBoth(credentials);
  const message = "The security token included in the request is expired";
  expect(await refusal(expiredAnchors())).toEqual({ name: "ExpiredTokenException", status: 403, message });
  expect(await refusal(expiredSts())).toMatchObject({ name: "ExpiredToken", status: 403, message });
});

test("a session acts as a caller of the control plane", async () => {
  const client = newClient(fixture.emulator, fixture.clock, await sessionCredentials(3600));
  await expect(client.send(new ListTrustAnchorsCommand({}))).resolves.toMatchObject({
    trustAnchors: [{ trustAnchorArn }],
  });
});

describe("a call is refused", () => {
  const cases: readonly {
    fact: string;
    credentials?: () => Credentials | Promise<Credentials>;
    options?: Parameters<typeof callsOfBoth>[1];
    names: readonly [anchors: string, sts: string];
    message: string | RegExp;
    stsStatus?: number;
  }[] = [
    {
      fact: "with a key of nobody's",
      credentials: () => ({ ...ADMIN, accessKeyId: "AKIANOBODY" }),
      names: ["UnrecognizedClientException", "InvalidClientTokenId"],
      message: UNKNOWN,
    },
    {
      fact: "with a wrong secret",
      credentials: () => ({ ...ADMIN, secretAccessKey: "other" }),
      names: ["InvalidSignatureException", "SignatureDoesNotMatch"],
      message: MISMATCH,
    },
    {
      fact: "with a session but without its token",
      credentials: async () => {
        const { accessKeyId, secretAccessKey } = await sessionCredentials(3600);
        return { accessKeyId, secretAccessKey };
      },
      names: ["UnrecognizedClientException", "InvalidClientTokenId"],
      message: UNKNOWN,
    },
    {
      fact: "with the token of another session",
      credentials: async () => {
        const mine = await sessionCredentials(3600);
        const { sessionToken = "" } = await sessionCredentials(3600);
        return { ...mine, sessionToken };
      },
      names: ["UnrecognizedClientException", "InvalidClientTokenId"],
      message: UNKNOWN,
    },
    {
      fact: "signed for another region",
      options: { region: "us-east-1" },
      names: ["InvalidSignatureException", "SignatureDoesNotMatch"],
      message: "Credential should be scoped to a valid region, not 'us-east-1'.",
    },
    {
      fact: "signed six minutes ago",
      options: { skewMs: -360_000 },
      names: ["InvalidSignatureException", "SignatureDoesNotMatch"],
      message: /^Signature expired: /,
    },
    {
      fact: "signed six minutes ahead",
      options: { skewMs: 360_000 },
      names: ["InvalidSignatureException", "SignatureDoesNotMatch"],
      message: /^Signature not yet current: /,
    },
    {
      fact: "with a query that was not signed",
      options: { alter: (request) => Object.assign(request.query, { pageSize: "1000" }) },
      names: ["InvalidSignatureException", "SignatureDoesNotMatch"],
      message: MISMATCH,
    },
    {
      fact: "with an x-amz header that was not signed",
      options: { alter: (request) => Object.assign(request.headers, { "x-amz-extra": "1" }) },
      names: ["IncompleteSignatureException", "IncompleteSignature"],
      message: "'x-amz-extra' must be a signed header.",
      stsStatus: 400,
    },
    {
      fact: "with a date that was changed",
      options: {
        alter: (request) => {
          request.headers["x-amz-date"] = request.headers["x-amz-date"]?.replace(/\d\dZ$/, "61Z") ?? "";
        },
      },
      names: ["InvalidSignatureException", "SignatureDoesNotMatch"],
      message: MISMATCH,
    },
    {
      fact: "without an Authorization header",
      options: {
        alter: (request) => {
          delete request.headers["authorization"];
        },
      },
      names: ["MissingAuthenticationTokenException", "MissingAuthenticationToken"],
      message: "Missing Authentication Token",
    },
    {
      fact: "with an Authorization header of another kind",
      options: { alter: (request) => Object.assign(request.headers, { authorization: "Bearer x" }) },
      names: ["IncompleteSignatureException", "IncompleteSignature"],
      message: "Authorization header or X-Amz-Date is missing or malformed.",
      stsStatus: 400,
    },
  ];

  test.each(cases)("$fact", async ({ credentials, options, names, message, stsStatus = 403 }) => {
    const [anchors, sts] = callsOfBoth((await credentials?.()) ?? ADMIN, options);
    const text: unknown = typeof message === "string" ? message : expect.stringMatching(message);
    expect(await refusal(anchors())).toEqual({ name: names[0], status: 403, message: text });
    expect(await refusal(sts())).toEqual({ name: names[1], status: stsStatus, message: text });
  });

  test("with a body that was changed", async () => {
    const [, sts] = callsOfBoth(ADMIN, {
      alter: (request) => {
        const body = String(request.body).replace("GetCallerIdentity", "GetSessionToken");
        Object.assign(request, { body });
        request.headers["content-length"] = String(body.length);
      },
    });
    expect(await refusal(sts())).toEqual({
      name: "SignatureDoesNotMatch",
      status: 403,
      message: expect.stringMatching(MISMATCH),
    });
  });

  test("for one service when signed for the other", async () => {
    const client = new RolesAnywhereClient({
      endpoint: fixture.emulator.endpoint,
      region: REGION,
      credentials: { ...ADMIN },
      maxAttempts: 1,
      signingName: "sts",
      systemClockOffset: fixture.clock.now().getTime() - Date.now(),
    } as ConstructorParameters<typeof RolesAnywhereClient>[0]);
    expect(await refusal(client.send(new ListTrustAnchorsCommand({})))).toEqual({
      name: "InvalidSignatureException",
      status: 403,
      message: "Credential should be scoped to correct service: 'rolesanywhere'.",
    });
  });
});
