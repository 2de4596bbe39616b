import { createLogger, createMetrics } from "@capstan/kube";
import { type AwsCredentials, RolesAnywhereError, type RolesAnywhereErrorCode } from "@capstan/rolesanywhere";
import { beforeEach, describe, expect, test } from "vitest";
import { createOwnCredentialsMetrics } from "../../src/metrics/own-credentials-metrics.ts";
import { OwnCredentials } from "../../src/credentials/own-credentials.ts";
import { authority, hour, minute, now } from "../support/objects.ts";

const secretAccessKey = "wJalrXUtnFEMI/not-a-real-key";

let time: number;
let log: Record<string, unknown>[];
let metrics: ReturnType<typeof createMetrics>;
/** Of each exchange and each question to the provider chain, in order. */
let asked: (number | "chain")[];
/** What a generation, or the chain, answers; a session of an hour where nothing is set. */
let answers: Map<number | "chain", Error | Partial<AwsCredentials>>;
let generations: number[];
/** The account of the chain's keys, or what asking for it ends with. */
let identity: string | Error;
/** Keys whose account was asked for, in order. */
let identified: string[];
let credentials: OwnCredentials;

beforeEach(() => {
  time = now.getTime();
  log = [];
  metrics = createMetrics();
  asked = [];
  answers = new Map();
  generations = [3, 2];
  identity = "111122223333";
  identified = [];
  credentials = new OwnCredentials({
    authority: "fleet",
    anchor: "prod",
    generations: () => generations,
    exchange: async (generation) => ({ credentials: answer(generation), serial: `4f1c0${generation}` }),
    providerChain: async () => answer("chain"),
    account: "111122223333",
    identify: async ({ accessKeyId }) => {
      identified.push(accessKeyId);
      if (typeof identity !== "string") throw identity;
      return { account: identity, arn: `arn:aws:iam::${identity}:user/publisher` };
    },
    metrics: createOwnCredentialsMetrics(metrics, { list: () => [authority()] }),
    now: () => new Date(time),
    log: createLogger({
      program: "test",
      to: { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) },
    }),
  });
});

function answer(from: number | "chain"): AwsCredentials {
  asked.push(from);
  const set = answers.get(from);
  if (set instanceof Error) throw set;
  const accessKeyId = from === "chain" ? "AKIACHAIN" : `ASIA${from}`;
  const sessionToken = "not-a-real-token";
  return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(time + hour), ...set };
}

function refusal(code: RolesAnywhereErrorCode, message = "Untrusted signing certificate"): RolesAnywhereError {
  return new RolesAnywhereError(code, `CreateSession: AWS answered ${message}`, { operation: "CreateSession" });
}

const keyId = async (): Promise<string> => (await credentials.current()).accessKeyId;
const metric = async (name: string): Promise<string> =>
  (await metrics.registry.metrics())
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`))
    .join("\n");

describe("credentials by leaves of our own", () => {
  test("come from the first generation, once, until five minutes before their end", async () => {
    expect([await keyId(), await keyId()]).toEqual(["ASIA3", "ASIA3"]);
    time += hour - 5 * minute - 1;
    expect(await keyId()).toBe("ASIA3");
    expect(asked).toEqual([3]);
    expect(credentials.ownLeaf).toEqual({ generation: 3 });

    time += 1;
    await credentials.current();
    expect(asked).toEqual([3, 3]);
  });

  test.each([
    ["AWS refuses its root", refusal("ERR_AWS_ACCESS_DENIED")],
    ["AWS does not know the profile", refusal("ERR_AWS_NOT_FOUND")],
    ["it can sign no more", new Error("generation 3 of fleet is sealed")],
    ["its key is gone", new Error("its key is gone")],
  ])("come from the next when of the first %s", async (_name, error) => {
    answers.set(3, error);

    expect(await keyId()).toBe("ASIA2");
    expect(credentials.ownLeaf).toEqual({ generation: 2 });
    expect(asked).toEqual([3, 2]);
  });

  test("are logged with the leaf's serial, which the session has as its name, and with no secret", async () => {
    answers.set(3, refusal("ERR_AWS_ACCESS_DENIED"));
    await credentials.current();
    const msg = "got AWS credentials by a leaf of our own";
    expect(log).toMatchObject([{ msg, authority: "fleet", trustAnchor: "prod", generation: 2, serial: "4f1c02" }]);
    expect(JSON.stringify(log)).not.toMatch(/not-a-real|ASIA/);
  });

  test("are obtained once for calls that come together", async () => {
    await Promise.all([credentials.current(), credentials.current(), credentials.current()]);

    expect(asked).toEqual([3]);
  });

  test("are obtained anew when AWS refused them, and not when it refused others", async () => {
    const first = await credentials.current();
    credentials.discard({ ...first });
    await credentials.current();
    expect(asked).toEqual([3]);

    credentials.discard(first);
    expect(credentials.ownLeaf).toBeUndefined();
    await credentials.current();
    expect(asked).toEqual([3, 3]);
  });
});

describe("renewal by one generation", () => {
  test("replaces what is kept", async () => {
    await credentials.current();

    await credentials.renewBy(2);

    expect(credentials.ownLeaf).toEqual({ generation: 2 });
    expect(await keyId()).toBe("ASIA2");
    expect(asked).toEqual([3, 2]);
  });

  test("that fails leaves what is kept, and asks nobody else", async () => {
    await credentials.current();
    answers.set(2, refusal("ERR_AWS_ACCESS_DENIED"));

    await expect(credentials.renewBy(2)).rejects.toThrow("Untrusted signing certificate");

    expect(credentials.ownLeaf).toEqual({ generation: 3 });
    expect(await keyId()).toBe("ASIA3");
    expect(asked).toEqual([3, 2]);
  });
});

describe("the provider chain", () => {
  beforeEach(() => {
    answers.set(3, refusal("ERR_AWS_ACCESS_DENIED"));
    answers.set(2, new Error("generation 2 of fleet is sealed"));
  });

  test("stands in when every generation was tried, with a warning that says why, and a metric", async () => {
    expect(await keyId()).toBe("AKIACHAIN");

    expect(asked).toEqual([3, 2, "chain"]);
    expect(credentials.ownLeaf).toBeUndefined();
    expect(log).toMatchObject([
      {
        level: "warn",
        authority: "fleet",
        trustAnchor: "prod",
        refusals: [
          "generation 3: CreateSession: AWS answered Untrusted signing certificate",
          "generation 2: generation 2 of fleet is sealed",
        ],
      },
    ]);
    expect(await metric("capstan_own_credentials_by_provider_chain")).toMatch(/anchor="prod"\} 1$/u);
    expect(await metric("capstan_own_credentials_refused_total")).toMatch(/anchor="prod"\} 2$/u);
  });

  test.each([
    ["without an end", {}],
    ["of half a day", { expiration: new Date(now.getTime() + 12 * hour) }],
  ])("whose credentials are %s is left after five minutes for our own leaves", async (_name, chained) => {
    answers.set("chain", { ...chained });
    await credentials.current();
    answers.clear();
    time += 5 * minute - 1;
    expect(await keyId()).toBe("AKIACHAIN");

    time += 1;
    expect(await keyId()).toBe("ASIA3");
    expect(await metric("capstan_own_credentials_by_provider_chain")).toMatch(/anchor="prod"\} 0$/u);
  });

  test("is what is meant when there is no generation to ask by: no warning", async () => {
    generations = [];

    expect(await keyId()).toBe("AKIACHAIN");
    expect(log).toMatchObject([{ level: "info" }]);
  });

  test("that has none makes one error that says all, and the next call tries all again", async () => {
    answers.set("chain", new Error("Could not load credentials from any providers"));

    await expect(credentials.current()).rejects.toMatchObject({
      code: "ERR_NO_OWN_CREDENTIALS",
      message:
        "generation 3: CreateSession: AWS answered Untrusted signing certificate; generation 2: generation 2 of fleet is sealed; provider chain: Could not load credentials from any providers",
    });
    answers.clear();
    expect(await keyId()).toBe("ASIA3");
  });

  test("of another account is not used, and that is told with what to do", async () => {
    identity = "444455556666";

    await expect(credentials.current()).rejects.toMatchObject({
      code: "ERR_AWS_WRONG_ACCOUNT",
      message:
        "trust anchor prod is of account 111122223333, and the AWS provider chain gives credentials of account 444455556666 (arn:aws:iam::444455556666:user/publisher): give the publisher some of 111122223333, or a role by spec.trustAnchors[].publisher",
    });
    expect(await metric("capstan_own_credentials_by_provider_chain")).not.toMatch(/\} 1$/u);
    expect(log.at(-1)).toMatchObject({ level: "warn", refusals: expect.any(Array) });
  });

  test("is asked for its account once for the same keys, and again for others", async () => {
    await credentials.current();
    time += 5 * minute;
    await credentials.current();
    expect(identified).toEqual(["AKIACHAIN"]);

    answers.set("chain", { accessKeyId: "AKIAOTHER" });
    time += 5 * minute;
    identity = "444455556666";
    await expect(credentials.current()).rejects.toMatchObject({ code: "ERR_AWS_WRONG_ACCOUNT" });
    expect(identified).toEqual(["AKIACHAIN", "AKIAOTHER"]);
  });

  test("whose account nobody tells is not used", async () => {
    identity = refusal("ERR_AWS_UNAVAILABLE", "nothing");
    await expect(credentials.current()).rejects.toMatchObject({ code: "ERR_AWS_UNAVAILABLE" });

    identity = refusal("ERR_AWS_CREDENTIALS_REFUSED", "InvalidClientTokenId");
    await expect(credentials.current()).rejects.toMatchObject({ code: "ERR_NO_OWN_CREDENTIALS" });
  });

  test.each(["ERR_AWS_UNAVAILABLE", "ERR_AWS_THROTTLED"] as const)(
    "is not asked while CreateSession is %s: a static key would be kept for ever",
    async (code) => {
      answers.set(3, refusal(code, "nothing"));

      await expect(credentials.current()).rejects.toMatchObject({ code });
      expect(asked).toEqual([3]);
    },
  );
});

test("no log line and no error holds a secret", async () => {
  await credentials.current();
  await credentials.renewBy(2);
  answers.set(3, refusal("ERR_AWS_ACCESS_DENIED"));
  answers.set(2, refusal("ERR_AWS_ACCESS_DENIED"));
  time += hour;
  await credentials.current();

  expect(log.length).toBeGreaterThanOrEqual(3);
  for (const secret of [secretAccessKey, "not-a-real-token"]) expect(JSON.stringify(log)).not.toContain(secret);
});
