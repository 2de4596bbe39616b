import { systemClock } from "@capstan/kube";
import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { connectAws } from "../src/aws/connect-aws.ts";
import { collection, object, startApiServer } from "./api-server.ts";
import { type TestAuthority, testAuthority, type TestLeaf, testLeaf } from "./authority.ts";
import { paths, type Routes, worldAt } from "./doctor-world.ts";
import { type Ended, run } from "./run.ts";

const region = "eu-central-1";
const administrator = {
  accessKeyId: "AKIAADMINISTRATOR",
  secretAccessKey: "emulator-only/not-a-secret",
  arn: "arn:aws:iam::111122223333:user/administrator",
};
const many = { perSecond: 1_000, burst: 1_000 };
const roleArn = "arn:aws:iam::111122223333:role/web";
const hour = 3_600_000;

/** An account of its own for each test: they run beside each other, since AWS's rates make each take a second. */
interface Account extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly anchorArn: string;
  readonly profileArn: string;
  /** What the environment holds. */
  readonly env: Readonly<Record<string, string>>;
  readonly connect: () => ReturnType<typeof connectAws>;
}

const authority = await testAuthority("fleet", "Example Fleet CA", Date.now() - hour);
const leaf = await leafOf();

beforeAll(() => {
  // AWS's provider chain reads the environment of the process.
  vi.stubEnv("AWS_ACCESS_KEY_ID", administrator.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", administrator.secretAccessKey);
});
afterAll(() => void vi.unstubAllEnvs());

async function startAccount(): Promise<Account> {
  const emulator = await startEmulator({
    region,
    accessKeys: [administrator],
    quotas: { "trust-anchors": many, crls: many, profiles: many, tagging: many, "create-session": many },
    roles: [{ arn: roleArn, trustPolicy: trustPolicy() }],
    profiles: [
      { name: "demo", roleArns: [roleArn] },
      { name: "off", roleArns: [roleArn], enabled: false },
    ],
  });
  const env = { AWS_ENDPOINT_URL: emulator.endpoint, AWS_ACCESS_KEY_ID: administrator.accessKeyId };
  const connect = (): ReturnType<typeof connectAws> => connectAws(region, { env, clock: systemClock });
  const aws = await connect();
  const { arn: anchorArn } = await aws.controlPlane.createTrustAnchor({
    name: "capstan-fleet-prod",
    bundlePem: authority.root.pem,
    notificationSettings: [{ event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false }],
  });
  aws.close();
  const profileArn = emulator.profileArn("demo");
  return { emulator, anchorArn, profileArn, env, connect, [Symbol.asyncDispose]: () => emulator.stop() };
}

function leafOf(changes: Parameters<typeof testLeaf>[1] = {}): Promise<TestLeaf> {
  const now = Date.now();
  return testLeaf(authority, { notBefore: new Date(now - 60_000), notAfter: new Date(now + hour), ...changes });
}

function trustPolicy(change: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "rolesanywhere.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: { StringEquals: { "aws:PrincipalTag/x509Subject/CN": "web.demo" } },
        ...change,
      },
    ],
  };
}

async function setTrust({ connect }: Account, change: Readonly<Record<string, unknown>>): Promise<void> {
  const aws = await connect();
  await aws.roles.setTrustPolicy("web", trustPolicy(change));
  aws.close();
}

async function setProfile(
  { connect, profileArn }: Account,
  change: Parameters<Awaited<ReturnType<typeof connectAws>>["profiles"]["update"]>[1],
): Promise<void> {
  const aws = await connect();
  await aws.profiles.update(profileArn.split("/")[1] ?? "", change);
  aws.close();
}

const tls = (of: TestLeaf): unknown => ({
  metadata: { name: "web-tls", namespace: "demo" },
  data: {
    "tls.crt": Buffer.from(of.pem).toString("base64"),
    "tls.key": Buffer.from(of.privateKey.export({ type: "pkcs8", format: "pem" })).toString("base64"),
  },
});

interface Asked {
  /** Roots that an operator accepted, by fingerprint. */
  readonly acceptedRoots?: readonly string[];
  readonly isDisabledByOrder?: boolean;
  readonly leaf?: TestLeaf;
  readonly changes?: Routes;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function target({ profileArn }: Pick<Account, "profileArn">): readonly string[] {
  return ["--secret", "demo/web-tls", "--profile-arn", profileArn, "--role-arn", roleArn];
}

async function doctor(account: Account, asked: Asked = {}): Promise<Ended> {
  const now = Date.now();
  const { fleet, healthyRoutes } = worldAt(now);
  const fingerprint = authority.root.sha256;
  const { anchorArn: arn } = account;
  const known = fleet({
    acceptedRoots: (asked.acceptedRoots ?? []).map((root) => ({
      fingerprint: root,
      drainUntil: new Date(now).toISOString(),
    })),
    ...(asked.isDisabledByOrder === true
      ? {
          disabledTrustAnchors: [{ name: "prod", operation: "o", requestedBy: "alice", since: "2026-11-22T09:00:00Z" }],
        }
      : {}),
    generations: [{ number: 1, phase: "Active", fingerprint, notAfter: new Date(now + 300 * 24 * hour).toISOString() }],
    trustAnchors: [
      { name: "prod", joined: true, state: "Present", arn, readAt: new Date(now).toISOString(), bundle: [fingerprint] },
    ],
  });
  const routes = {
    ...healthyRoutes(),
    [paths.authorities]: collection(known),
    "GET /api/v1/namespaces/demo/secrets/web-tls": object(tls(asked.leaf ?? leaf)),
    ...asked.changes,
  };
  await using server = await startApiServer(routes);
  return await run(["doctor", ...(asked.argv ?? target(account))], {
    server,
    env: asked.env ?? account.env,
    clock: systemClock,
  });
}

async function found(account: Account, asked: Asked = {}): Promise<readonly string[]> {
  const { out, err } = await doctor(account, { ...asked, argv: [...(asked.argv ?? target(account)), "-o", "json"] });
  if (out === "") throw new Error(err);
  const { checks } = JSON.parse(out) as {
    readonly checks: readonly {
      readonly findings: readonly { readonly id: string; readonly followsFrom?: string }[];
    }[];
  };
  return checks.flatMap(({ findings }) =>
    findings.map(({ id, followsFrom }) => (followsFrom === undefined ? id : `${id} <- ${followsFrom}`)),
  );
}

describe.concurrent("all is well", () => {
  test("a session that AWS grants leaves nothing to find", async ({ expect }) => {
    await using account = await startAccount();
    const { code, out } = await doctor(account);
    expect(out).toBe("44 checks: 44 passed, 0 failed, 0 skipped: nothing is wrong\n");
    expect(code).toBe(0);
  });

  test("without credentials the leaf alone asks, and the rest is skipped aloud", async ({ expect }) => {
    await using account = await startAccount();
    const { out, code } = await doctor(account, { env: { AWS_ENDPOINT_URL: account.emulator.endpoint } });
    expect(code).toBe(0);
    expect(out).toContain("aws-roles, aws-durations: no AWS credentials in the environment");
    expect(out).not.toContain("canary");
  });

  test("without a leaf and a role nothing is asked", async ({ expect }) => {
    await using account = await startAccount();
    const { out, code } = await doctor(account, { argv: [] });
    expect(code).toBe(0);
    expect(out).toContain("canary: no leaf, profile and role were given");
    expect(account.emulator.requests().some(({ operation }) => operation === "CreateSession")).toBe(false);
  });
});

/** Each fault is one change of an account in which all is well. */
const faults: readonly {
  readonly fact: string;
  readonly inject: (account: Account) => Promise<Asked | void> | Asked | void;
  readonly expected: readonly string[];
}[] = [
  {
    fact: "the trust anchor is disabled",
    inject: ({ emulator, anchorArn }) => emulator.interfere({ kind: "disable", arn: anchorArn }),
    expected: ["anchor-disabled", "session-refused <- anchor-disabled"],
  },
  {
    fact: "the trust anchor is disabled by an order",
    inject: ({ emulator, anchorArn }) => {
      emulator.interfere({ kind: "disable", arn: anchorArn });
      return { isDisabledByOrder: true };
    },
    expected: ["anchor-disabled", "anchor-disabled <- anchor-disabled", "session-refused <- anchor-disabled"],
  },
  {
    fact: "the trust anchor is gone",
    inject: ({ emulator, anchorArn }) => emulator.interfere({ kind: "delete", arn: anchorArn }),
    expected: ["anchor-missing", "session-refused <- anchor-missing"],
  },
  {
    fact: "the trust anchor holds another root",
    inject: async ({ emulator, anchorArn }) =>
      emulator.interfere({ kind: "replace-bundle", arn: anchorArn, pem: (await otherAuthority()).root.pem }),
    expected: ["anchor-drift", "leaf-other-issuer <- anchor-drift", "session-refused <- anchor-drift"],
  },
  {
    fact: "the trust anchor holds an accepted root alone",
    inject: async ({ emulator, anchorArn }) => {
      const { root } = await otherAuthority();
      emulator.interfere({ kind: "replace-bundle", arn: anchorArn, pem: root.pem });
      return { acceptedRoots: [root.sha256] };
    },
    expected: ["anchor-lacks-root", "leaf-other-issuer <- anchor-lacks-root", "session-refused <- anchor-lacks-root"],
  },
  {
    fact: "a stranger added a root",
    inject: async ({ emulator, anchorArn }) =>
      emulator.interfere({ kind: "add-certificate", arn: anchorArn, pem: (await otherAuthority()).root.pem }),
    expected: ["anchor-drift"],
  },
  {
    fact: "AWS warns of every leaf",
    inject: async ({ connect, anchorArn }) => {
      const aws = await connect();
      const id = anchorArn.split("/")[1] ?? "";
      await aws.controlPlane.resetNotificationSettings({ id, events: ["END_ENTITY_CERTIFICATE_EXPIRY"] });
      aws.close();
    },
    expected: ["notifications-noisy"],
  },
  {
    fact: "the role lacks the principal",
    inject: (account) => setTrust(account, { Principal: { Service: "ec2.amazonaws.com" } }),
    expected: ["role-principal-missing", "session-refused <- role-principal-missing"],
  },
  ...["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"].map((missing) => ({
    fact: `the role lacks ${missing}`,
    inject: (account: Account) =>
      setTrust(account, {
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"].filter((one) => one !== missing),
      }),
    expected: ["role-action-missing", "session-refused <- role-action-missing"],
  })),
  ...(
    [
      ["another common name", { StringEquals: { "aws:PrincipalTag/x509Subject/CN": "api.demo" } }],
      ["a DNS name that the leaf lacks", { StringLike: { "aws:PrincipalTag/x509SAN/DNS": "*.demo.svc" } }],
      ["another authority", { StringEquals: { "aws:PrincipalTag/x509Issuer/CN": "Other" } }],
      ["a bare name as source identity", { StringEquals: { "sts:SourceIdentity": "web.demo" } }],
    ] as const
  ).map(([what, condition]) => ({
    fact: `the role wants ${what}`,
    inject: (account: Account) => setTrust(account, { Condition: condition }),
    expected: ["role-condition", "session-refused <- role-condition"],
  })),
  {
    fact: "the role wants another trust anchor",
    inject: (account) =>
      setTrust(account, { Condition: { ArnEquals: { "aws:SourceArn": account.anchorArn.replace(/.{4}$/, "0000") } } }),
    expected: ["role-source-arn", "session-refused <- role-source-arn"],
  },
  {
    fact: "the profile is disabled",
    inject: (account) => ({ argv: target({ profileArn: account.emulator.profileArn("off") }) }),
    expected: ["profile-disabled", "session-refused <- profile-disabled"],
  },
  {
    fact: "the profile lacks the role",
    inject: (account) => setProfile(account, { roleArns: [] }),
    expected: ["profile-lacks-role", "session-refused <- profile-lacks-role"],
  },
  {
    fact: "the profile asks for longer than the role grants",
    inject: (account) => setProfile(account, { durationSeconds: 7_200 }),
    expected: ["session-duration-too-long", "session-refused <- session-duration-too-long"],
  },
  {
    fact: "the profile does not exist",
    inject: (account) => ({ argv: target({ profileArn: account.profileArn.replace(/.{4}$/, "0000") }) }),
    expected: ["profile-missing", "session-refused <- profile-missing"],
  },
  {
    fact: "the profile is of another region",
    inject: (account) => ({ argv: target({ profileArn: account.profileArn.replace(region, "us-east-1") }) }),
    expected: ["target-elsewhere"],
  },
  {
    fact: "the role does not exist",
    inject: ({ profileArn }) => ({
      argv: ["--secret", "demo/web-tls", "--profile-arn", profileArn, "--role-arn", `${roleArn}x`],
    }),
    expected: ["profile-lacks-role", "role-missing", "session-refused <- profile-lacks-role"],
  },
  {
    fact: "the leaf has ended",
    inject: async () => ({
      leaf: await leafOf({ notBefore: new Date(Date.now() - 600_000), notAfter: new Date(Date.now() - 1_000) }),
    }),
    expected: ["leaf-expired", "session-refused <- leaf-expired"],
  },
  {
    fact: "the leaf has not begun",
    inject: async () => ({ leaf: await leafOf({ notBefore: new Date(Date.now() + 600_000) }) }),
    expected: ["leaf-not-yet-valid", "session-refused <- leaf-not-yet-valid"],
  },
  {
    fact: "the leaf is of another authority",
    inject: async () => ({
      leaf: await testLeaf(await otherAuthority(), {
        notBefore: new Date(Date.now() - 60_000),
        notAfter: new Date(Date.now() + hour),
      }),
    }),
    expected: ["leaf-other-issuer", "session-refused <- leaf-other-issuer"],
  },
  {
    fact: "the leaf is another workload's",
    inject: async () => ({ leaf: await leafOf({ subject: [{ type: "CN", value: "api.demo" }] }) }),
    expected: ["role-condition", "session-refused <- role-condition"],
  },
  {
    fact: "the leaf is revoked",
    inject: () => ({
      changes: {
        [paths.ledger]: collection({
          metadata: { name: "r" },
          spec: {},
          status: { revoked: { at: "2026-11-22T09:00:00Z", reason: "keyCompromise", requestedBy: "alice" } },
        }),
      },
    }),
    expected: ["leaf-revoked"],
  },
  {
    fact: "AWS does not answer",
    inject: ({ emulator }) => emulator.setAvailable(false),
    expected: ["aws-unreachable", "aws-unreachable <- aws-unreachable"],
  },
  {
    fact: "nothing listens where AWS should be",
    inject: () => ({ env: { AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_ACCESS_KEY_ID: "x" } }),
    expected: ["aws-unreachable", "aws-unreachable <- aws-unreachable"],
  },
  {
    fact: "AWS's clock is ahead",
    inject: ({ emulator }) => void emulator.injectFault({ fault: { kind: "date-header", skewMs: 120_000 } }),
    expected: ["clock-skew-aws"],
  },
];

function otherAuthority(): Promise<TestAuthority> {
  return testAuthority("other", "Other", Date.now() - hour);
}

describe.concurrent("one fault", () => {
  test.for(faults)("$fact", async ({ inject, expected }, { expect }) => {
    await using account = await startAccount();
    const asked = (await inject(account)) ?? {};
    expect(await found(account, asked)).toEqual(expected);
  });
});

test("of a trust anchor that is disabled by an order, AWS's side names the order too", async ({ expect }) => {
  await using account = await startAccount();
  account.emulator.interfere({ kind: "disable", arn: account.anchorArn });
  const { out } = await doctor(account, { isDisabledByOrder: true, argv: ["-o", "yaml"] });
  expect(out.match(/cure: .*/g)).toEqual([
    'cure: "once the reason is gone: kubectl capstan unfreeze fleet --anchor prod"',
    'cure: "once the reason is gone: kubectl capstan unfreeze fleet --anchor prod"',
  ]);
});

describe.concurrent("rights in AWS", () => {
  test("a right that is missing skips what needs it, and says which", async ({ expect }) => {
    await using account = await startAccount();
    const statement = {
      Effect: "Allow",
      Action: ["rolesanywhere:GetTrustAnchor", "rolesanywhere:ListCrls", "rolesanywhere:GetProfile"],
      Resource: "*",
    };
    account.emulator.setPolicies(administrator.arn, [{ Version: "2012-10-17", Statement: [statement] }]);
    const { out, code } = await doctor(account);
    expect(code).toBe(0);
    expect(out).toMatch(/aws-roles, aws-durations: iam:GetRole: .*not authorized to perform: iam:GetRole/);
  });
});
