import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { DisableTrustAnchorCommand, UpdateTrustAnchorCommand } from "@aws-sdk/client-rolesanywhere";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, type Fixture, REGION, startFixture, trustPolicy, WEB_ROLE } from "./fixture.ts";
import { CA_EXTENSIONS, LEAF_EXTENSIONS, type OpensslCa, OpensslPki } from "./openssl-pki.ts";
import type { SessionCall } from "./session-client.ts";

const HOUR_MS = 3_600_000;

const pki = new OpensslPki();
let root: OpensslCa;
let stranger: OpensslCa;
let fixture: Fixture;
let trustAnchorArn: string;

beforeAll(async () => {
  root = pki.root();
  stranger = pki.root();
  fixture = await startFixture({
    roles: [
      { arn: WEB_ROLE, trustPolicy: trustPolicy() },
      { arn: `arn:aws:iam::${ACCOUNT}:role/other`, trustPolicy: trustPolicy() },
      { arn: `arn:aws:iam::${ACCOUNT}:role/service/long`, trustPolicy: trustPolicy(), maxSessionDuration: 7200 },
    ],
    profiles: [
      { name: "web", roleArns: [WEB_ROLE] },
      { name: "off", roleArns: [WEB_ROLE], enabled: false },
      { name: "named", roleArns: [WEB_ROLE], acceptRoleSessionName: true },
      { name: "long", roleArns: [WEB_ROLE, `arn:aws:iam::${ACCOUNT}:role/service/long`], durationSeconds: 43_200 },
    ],
  });
  trustAnchorArn = await fixture.anchor(root);
});

afterAll(async () => {
  await fixture.emulator.stop();
  pki.dispose();
});

describe("a session is handed out", () => {
  test.each(["P-256", "P-384", "RSA-2048"] as const)("to a certificate with a key of %s", async (key) => {
    const result = await fixture.session({ leaf: root.issue({ key }), trustAnchorArn });
    expect(result).toMatchObject({ status: 201, error: undefined });
  });

  test.each(["query", "body"] as const)("when the ARNs travel in the %s", async (arnsIn) => {
    const result = await fixture.session({ leaf: root.issue(), trustAnchorArn, arnsIn });
    expect(result).toMatchObject({ status: 201, error: undefined });
  });

  test("with everything that the response has", async () => {
    const leaf = root.issue({ serial: "1002" });
    const { body } = await fixture.session({ leaf, trustAnchorArn, body: { durationSeconds: 900 } });
    const [set] = body.credentialSet;
    expect(body).toEqual({
      credentialSet: [
        {
          assumedRoleUser: {
            arn: `arn:aws:sts::${ACCOUNT}:assumed-role/web/1002`,
            assumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{16}:1002$/),
          },
          credentials: {
            accessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
            secretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
            sessionToken: expect.stringMatching(/^[A-Za-z0-9+/]{100,}=*$/),
            expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
          },
          packedPolicySize: 0,
          roleArn: WEB_ROLE,
          sourceIdentity: "CN=web.demo",
        },
      ],
      subjectArn: expect.stringMatching(/^arn:aws:rolesanywhere:eu-central-1:111122223333:subject\/[0-9a-f-]{36}$/),
    });
    const remainingMs = Date.parse(set.credentials.expiration) - fixture.clock.now().getTime();
    expect(Math.round(remainingMs / 60_000)).toBe(15);
  });

  test("that AWS's STS client can show", async () => {
    const { body } = await fixture.session({ leaf: root.issue({ serial: "1003" }), trustAnchorArn });
    const { accessKeyId, secretAccessKey, sessionToken } = body.credentialSet[0].credentials;
    const sts = new STSClient({
      endpoint: fixture.emulator.endpoint,
      region: REGION,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    });
    await expect(sts.send(new GetCallerIdentityCommand({}))).resolves.toMatchObject({
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/web/1003`,
      UserId: body.credentialSet[0].assumedRoleUser.assumedRoleId,
    });
  });

  test("named after the serial with the sign octet of its DER", async () => {
    const { body } = await fixture.session({ leaf: root.issue({ serial: "CCC3" }), trustAnchorArn });
    expect(body.credentialSet[0].assumedRoleUser.arn).toMatch(/\/00ccc3$/);
  });

  test("for one subject to one subject ARN", async () => {
    const [first, again, other] = [
      await fixture.session({ leaf: root.issue({ subject: "/CN=same" }), trustAnchorArn }),
      await fixture.session({ leaf: root.issue({ subject: "/CN=same" }), trustAnchorArn }),
      await fixture.session({ leaf: root.issue({ subject: "/CN=other" }), trustAnchorArn }),
    ];
    expect(again.body.subjectArn).toBe(first.body.subjectArn);
    expect(other.body.subjectArn).not.toBe(first.body.subjectArn);
  });

  test("under a custom name where the profile accepts one", async () => {
    const profileArn = fixture.emulator.profileArn("named");
    const { body } = await fixture.session({
      leaf: root.issue(),
      trustAnchorArn,
      profileArn,
      body: { roleSessionName: "my-session" },
    });
    expect(body.credentialSet[0].assumedRoleUser.arn).toMatch(/:assumed-role\/web\/my-session$/);
  });

  test("for the smaller duration of profile and request, by the name of a role with a path", async () => {
    const { body } = await fixture.session({
      leaf: root.issue({ serial: "1004" }),
      trustAnchorArn,
      profileArn: fixture.emulator.profileArn("long"),
      roleArn: fixture.emulator.roleArn("long"),
      body: { durationSeconds: 7200 },
    });
    const [{ credentials, assumedRoleUser }] = body.credentialSet;
    const remainingMs = Date.parse(credentials.expiration) - fixture.clock.now().getTime();
    expect(Math.round(remainingMs / 60_000)).toBe(120);
    expect(assumedRoleUser.arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/long/1004`);
  });

  test("through two intermediates in any order, with the leaf and the root among them", async () => {
    const policy = root.intermediate({ subject: "/CN=Policy CA" });
    const issuing = policy.intermediate({ subject: "/CN=Issuing CA" });
    const leaf = issuing.issue();
    for (const chain of [
      [issuing, policy],
      [policy, issuing],
      [leaf, root, policy, issuing],
    ]) {
      expect(await fixture.session({ leaf, trustAnchorArn, chain })).toMatchObject({ status: 201 });
    }
  });

  test("whatever the extended key usage", async () => {
    const withoutUsage = root.issue({ extensions: LEAF_EXTENSIONS.slice(0, 2) });
    const serverOnly = root.issue({ extensions: [...LEAF_EXTENSIONS.slice(0, 2), "extendedKeyUsage = serverAuth"] });
    expect(await fixture.session({ leaf: withoutUsage, trustAnchorArn })).toMatchObject({ status: 201 });
    expect(await fixture.session({ leaf: serverOnly, trustAnchorArn })).toMatchObject({ status: 201 });
  });

  test("to a leaf of either certificate in the bundle, also when both have one subject", async () => {
    const both = await fixture.anchor(root, stranger);
    expect(await fixture.session({ leaf: root.issue(), trustAnchorArn: both })).toMatchObject({ status: 201 });
    expect(await fixture.session({ leaf: stranger.issue(), trustAnchorArn: both })).toMatchObject({ status: 201 });
  });
});

interface Refusal {
  readonly fact: string;
  readonly call: () => Pick<SessionCall, "leaf"> & Partial<SessionCall>;
  readonly message: string | RegExp;
  readonly error?: string;
  readonly status?: number;
}

const UNTRUSTED = "Untrusted signing certificate";
const INSUFFICIENT = "Untrusted certificate. Insufficient certificate";
const EXPIRED = "Untrusted certificate. It has expired or is not yet valid.";
const MISMATCH = "The request signature does not match the request and the certificate.";

const hoursFromNow = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

/** A leaf that works, spoilt in one place. */
const tampered = (fact: string, tamper: NonNullable<SessionCall["tamper"]>, message: string | RegExp): Refusal => ({
  fact,
  call: () => ({ leaf: root.issue({ serial: "0abc" }), tamper }),
  message,
});

const SIGNATURE_REFUSALS: readonly Refusal[] = [
  {
    fact: "signed by another key",
    call: () => ({ leaf: root.issue(), tamper: { keyPem: root.issue().keyPem } }),
    message: MISMATCH,
  },
  tampered("whose body was changed", { bodyAfterSigning: '{"durationSeconds":900}' }, MISMATCH),
  tampered("whose content type was changed", { headersAfterSigning: { "content-type": "text/plain" } }, MISMATCH),
  tampered("without the date", { headersAfterSigning: { "x-amz-date": undefined } }, /is missing or malformed\.$/),
  tampered(
    "without the certificate",
    { headersAfterSigning: { "x-amz-x509": undefined } },
    /is missing or malformed\.$/,
  ),
  tampered("that carries no certificate", { headersAfterSigning: { "x-amz-x509": "bm90IERFUg==" } }, /^X-Amz-X509: /),
  tampered(
    "that carries no base64",
    { headersAfterSigning: { "x-amz-x509": "a b" } },
    "X-Amz-X509 is not base64 on one line.",
  ),
  tampered("that leaves the certificate unsigned", { unsigned: "x-amz-x509" }, "'x-amz-x509' must be a signed header."),
  tampered("that leaves the host unsigned", { unsigned: "host" }, "'host' must be a signed header."),
  tampered("that leaves the date unsigned", { unsigned: "x-amz-date" }, "'x-amz-date' must be a signed header."),
  tampered("with the serial in hex", { serial: "abc" }, /decimal serial number/),
  tampered("with another serial", { serial: "2749" }, /decimal serial number/),
  tampered("that says RSA for an EC key", { algorithm: "AWS4-X509-RSA-SHA256" }, /does not fit the key/),
  tampered("that says SHA-384", { algorithm: "AWS4-X509-ECDSA-SHA384" }, /does not fit the key/),
  tampered(
    "for another region",
    { region: "us-east-1" },
    /^Credential should be scoped to a valid region and rolesanywhere, not /,
  ),
  tampered(
    "for another service",
    { service: "sts" },
    /^Credential should be scoped to a valid region and rolesanywhere, not /,
  ),
  {
    fact: "signed six minutes ago",
    call: () => ({ leaf: root.issue(), signedAt: new Date(fixture.clock.now().getTime() - 360_000) }),
    message: /^Signature expired: /,
  },
  {
    fact: "signed six minutes ahead",
    call: () => ({ leaf: root.issue(), signedAt: new Date(fixture.clock.now().getTime() + 360_000) }),
    message: /^Signature not yet current: /,
  },
  {
    fact: "that leaves the chain unsigned",
    call: () => ({ leaf: root.issue(), chain: [root], tamper: { unsigned: "x-amz-x509-chain" } }),
    message: "'x-amz-x509-chain' must be a signed header.",
  },
  {
    fact: "with six certificates in the chain",
    call: () => ({ leaf: root.issue(), chain: [root, root, root, root, root, root] }),
    message: "X-Amz-X509-Chain has 6 certificates, more than 5.",
  },
  {
    ...tampered(
      "without an Authorization header",
      { headersAfterSigning: { authorization: undefined } },
      "Missing Authentication Token",
    ),
    error: "MissingAuthenticationTokenException",
  },
];

const leafRefusal = (fact: string, profile: () => Parameters<OpensslCa["issue"]>[0], message: string): Refusal => ({
  fact,
  call: () => ({ leaf: root.issue(profile()) }),
  message,
});

const CERTIFICATE_REFUSALS: readonly Refusal[] = [
  { fact: "of a foreign CA with the same name", call: () => ({ leaf: stranger.issue() }), message: UNTRUSTED },
  {
    fact: "of a CA with another name",
    call: () => ({ leaf: pki.root({ subject: "/CN=Else" }).issue() }),
    message: UNTRUSTED,
  },
  {
    fact: "that names another issuer, though the anchor's key signed it",
    call: () => ({ leaf: root.renamed("/CN=Else").issue() }),
    message: UNTRUSTED,
  },
  leafRefusal("that expired", () => ({ notBefore: hoursFromNow(-2), notAfter: hoursFromNow(-1) }), EXPIRED),
  leafRefusal("that is not yet valid", () => ({ notBefore: hoursFromNow(1), notAfter: hoursFromNow(2) }), EXPIRED),
  leafRefusal(
    "without digitalSignature",
    () => ({ extensions: ["keyUsage = critical, keyEncipherment"] }),
    INSUFFICIENT,
  ),
  leafRefusal("without key usage", () => ({ extensions: ["basicConstraints = critical, CA:FALSE"] }), INSUFFICIENT),
  leafRefusal(
    "that is a CA",
    () => ({
      extensions: ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, digitalSignature, keyCertSign"],
    }),
    INSUFFICIENT,
  ),
  leafRefusal("signed with SHA-1", () => ({ hash: "sha1" }), INSUFFICIENT),
  leafRefusal(
    "with an unknown critical extension",
    () => ({ extensions: [...LEAF_EXTENSIONS, "1.3.6.1.4.1.55555.1 = critical, ASN1:NULL"] }),
    INSUFFICIENT,
  ),
  leafRefusal(
    "with an empty subject",
    () => ({
      subject: "/",
      extensions: [...LEAF_EXTENSIONS, "subjectAltName = critical, URI:spiffe://example.org/web"],
    }),
    "Untrusted certificate. The subject is empty.",
  ),
  {
    fact: "whose intermediate is missing",
    call: () => ({ leaf: root.intermediate().issue() }),
    message: UNTRUSTED,
  },
  {
    fact: "whose intermediate expired",
    call: () => chained({ notBefore: hoursFromNow(-3), notAfter: hoursFromNow(-2) }),
    message: UNTRUSTED,
  },
  {
    fact: "whose intermediate is no CA",
    call: () =>
      chained({ extensions: ["basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature"] }),
    message: UNTRUSTED,
  },
  {
    fact: "whose intermediate lacks keyCertSign",
    call: () => chained({ extensions: ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, cRLSign"] }),
    message: UNTRUSTED,
  },
  {
    fact: "whose intermediate is signed with SHA-1",
    call: () => chained({ hash: "sha1" }),
    message: UNTRUSTED,
  },
  {
    fact: "below an intermediate whose path length is used up",
    call: () => {
      const policy = root.intermediate({
        subject: "/CN=Policy CA",
        extensions: ["basicConstraints = critical, CA:TRUE, pathlen:0", CA_EXTENSIONS[1]],
      });
      const issuing = policy.intermediate();
      return { leaf: issuing.issue(), chain: [issuing, policy] };
    },
    message: UNTRUSTED,
  },
  {
    fact: "below an intermediate with critical name constraints, which the emulator does not evaluate",
    call: () => chained({ extensions: [...CA_EXTENSIONS, "nameConstraints = critical, permitted;DNS:example.org"] }),
    message: UNTRUSTED,
  },
];

function chained(profile: Parameters<OpensslCa["intermediate"]>[0]): Pick<SessionCall, "leaf" | "chain"> {
  const issuing = root.intermediate(profile);
  return { leaf: issuing.issue(), chain: [issuing] };
}

const unableToAssume = (role: string): string => `Unable to assume role for arn:aws:iam::${ACCOUNT}:role/${role}.`;

const good = (rest: () => Partial<SessionCall>): Refusal["call"] => {
  return () => ({ leaf: root.issue(), ...rest() });
};

const ROLE_REFUSALS: readonly Refusal[] = [
  {
    fact: "for a role that the profile does not list",
    call: good(() => ({ roleArn: fixture.emulator.roleArn("other") })),
    message: unableToAssume("other"),
  },
  {
    fact: "for a role that does not exist",
    call: good(() => ({ roleArn: `arn:aws:iam::${ACCOUNT}:role/ghost` })),
    message: unableToAssume("ghost"),
  },
  {
    fact: "with a disabled profile",
    call: good(() => ({ profileArn: fixture.emulator.profileArn("off") })),
    message: "The profile is disabled.",
  },
  {
    fact: "with a profile that does not exist",
    call: good(() => ({ profileArn: `arn:aws:rolesanywhere:${REGION}:${ACCOUNT}:profile/ghost` })),
    message: `Resource not found: arn:aws:rolesanywhere:${REGION}:${ACCOUNT}:profile/ghost`,
    error: "ResourceNotFoundException",
    status: 404,
  },
  {
    fact: "with a trust anchor that does not exist",
    call: good(() => ({ trustAnchorArn: `arn:aws:rolesanywhere:${REGION}:${ACCOUNT}:trust-anchor/ghost` })),
    message: `Resource not found: arn:aws:rolesanywhere:${REGION}:${ACCOUNT}:trust-anchor/ghost`,
    error: "ResourceNotFoundException",
    status: 404,
  },
  {
    fact: "with a custom session name that the profile does not accept",
    call: good(() => ({ body: { roleSessionName: "mine" } })),
    message: "The profile does not accept a custom role session name.",
  },
  {
    fact: "for longer than the role allows",
    call: good(() => ({ profileArn: fixture.emulator.profileArn("long"), body: { durationSeconds: 3601 } })),
    message: `Unable to assume role for ${WEB_ROLE}. The requested DurationSeconds exceeds the MaxSessionDuration set for this role.`,
  },
  {
    fact: "for the profile's duration when that is longer than the role allows",
    call: good(() => ({ profileArn: fixture.emulator.profileArn("long") })),
    message: /The requested DurationSeconds exceeds the MaxSessionDuration/,
  },
  {
    fact: "for less than fifteen minutes",
    call: good(() => ({ body: { durationSeconds: 899 } })),
    message:
      "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    error: "ValidationException",
    status: 400,
  },
  {
    fact: "for more than twelve hours",
    call: good(() => ({ body: { durationSeconds: 43_201 } })),
    message: /Member must have value less than or equal to 43200$/,
    error: "ValidationException",
    status: 400,
  },
  {
    fact: "with a role in the body that is not the one in the query",
    call: good(() => ({ body: { roleArn: `arn:aws:iam::${ACCOUNT}:role/other` } })),
    message: "The query and the body name a different roleArn.",
    error: "ValidationException",
    status: 400,
  },
  {
    fact: "with a member that the emulator does not know",
    call: good(() => ({ body: { instanceProperties: {} } })),
    message: "The emulator does not implement the member 'instanceProperties'.",
    error: "NotEmulated",
    status: 501,
  },
];

describe("a request is refused", () => {
  test.each(SIGNATURE_REFUSALS)("$fact", refuses);
});

describe("a certificate is refused", () => {
  test.each(CERTIFICATE_REFUSALS)("$fact", refuses);
});

describe("a session is refused", () => {
  test.each(ROLE_REFUSALS)("$fact", refuses);

  test("with a disabled trust anchor", async () => {
    const arn = await fixture.anchor(root);
    await fixture.client.send(new DisableTrustAnchorCommand({ trustAnchorId: arn.split("/")[1] }));
    const result = await fixture.session({ leaf: root.issue(), trustAnchorArn: arn });
    expect(result).toMatchObject({ status: 403, message: "The trust anchor is disabled." });
  });

  test("at once when its root has left the bundle", async () => {
    const arn = await fixture.anchor(root);
    const leaf = root.issue();
    expect(await fixture.session({ leaf, trustAnchorArn: arn })).toMatchObject({ status: 201 });
    const source = {
      sourceType: "CERTIFICATE_BUNDLE",
      sourceData: { x509CertificateData: stranger.certificatePem },
    } as const;
    await fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId: arn.split("/")[1], source }));
    expect(await fixture.session({ leaf, trustAnchorArn: arn })).toMatchObject({ status: 403, message: UNTRUSTED });
  });
});

test("a leaf is not trusted through a root that has expired since it was registered", async () => {
  const own = await startFixture();
  try {
    const shortRoot = pki.root({ notAfter: hoursFromNow(2) });
    const arn = await own.anchor(shortRoot);
    const leaf = shortRoot.issue({ notAfter: hoursFromNow(48) });
    expect(await own.session({ leaf, trustAnchorArn: arn })).toMatchObject({ status: 201 });
    own.clock.advance(3 * HOUR_MS);
    expect(await own.session({ leaf, trustAnchorArn: arn })).toMatchObject({ status: 403, message: UNTRUSTED });
  } finally {
    await own.emulator.stop();
  }
});

async function refuses({ call, message, error = "AccessDeniedException", status = 403 }: Refusal): Promise<void> {
  const result = await fixture.session({ trustAnchorArn, ...call() });
  expect(result).toMatchObject({
    status,
    error,
    message: typeof message === "string" ? message : expect.stringMatching(message),
  });
}
