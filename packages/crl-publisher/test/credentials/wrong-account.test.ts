import { createRequestHandler } from "@capstan/rolesanywhere";
import { createMetrics } from "@capstan/kube";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAwsAccess } from "../../src/credentials/aws-access.ts";
import { createOwnCredentialsMetrics } from "../../src/metrics/own-credentials-metrics.ts";
import { minute, prod } from "../support/objects.ts";
import { Publisher, RotationWorld } from "../support/rotation-world.ts";

const keysOf = (account: string, name: string) => ({
  accessKeyId: `AKIA${name}`,
  secretAccessKey: "not a real key",
  arn: `arn:aws:iam::${account}:user/publisher`,
});
const here = keysOf("111122223333", "HERE");
const elsewhere = keysOf("444455556666", "ELSEWHERE");

let world: RotationWorld;
let keys: typeof here;

beforeEach(async () => {
  world = await RotationWorld.start(
    {},
    { accessKeys: [here, elsewhere], accounts: [{ id: "444455556666", regions: ["eu-central-1"] }] },
  );
  keys = here;
  // As the variable says to every client of AWS's.
  vi.stubEnv("AWS_ENDPOINT_URL_STS", world.aws.emulator.endpoint);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await world[Symbol.asyncDispose]();
});

function publisher(): Publisher {
  const { options } = world.publisher;
  const access = createAwsAccess({
    authorityOf: () => world.fleet,
    findGeneration: () => Promise.resolve({ is: "Missing" }),
    mint: () => Promise.reject(new Error("no role is configured")),
    endpoint: world.aws.emulator.endpoint,
    requestHandler: createRequestHandler(),
    providerChainOf: () => () => Promise.resolve(keys),
    metrics: createOwnCredentialsMetrics(createMetrics(), { list: () => [] }),
    onServerDate: ({ at }) => world.aws.awsClock.heard(at),
    beforeSend: () => {},
    requestTimeoutMs: () => 30_000,
    pacing: world.aws.clock,
    now: options.now,
    log: options.log,
  });
  return new Publisher(world, { controlPlaneOf: access.controlPlaneOf });
}

const asked = (): readonly (string | undefined)[] => world.aws.emulator.requests().map(({ operation }) => operation);

test("keys-of-another-account-read-and-create-nothing-and-that-is-told", async () => {
  keys = elsewhere;

  await world.look(publisher());

  expect(new Set(asked())).toEqual(new Set(["GetCallerIdentity"]));
  expect(world.said).toContain("TrustAnchorsInSync False WrongAccount");
  const message = world.fleet.status?.trustAnchors?.find(({ name }) => name === prod.name)?.message;
  expect(message).toContain("gives credentials of account 444455556666 (arn:aws:iam::444455556666:user/publisher)");
});

test("keys-of-the-right-account-create-once-their-account-is-known", async () => {
  const one = publisher();
  keys = elsewhere;
  await world.look(one);
  keys = here;
  world.advance(minute);

  await world.look(one);

  expect(asked()).toContain("CreateTrustAnchor");
  expect(world.said).toContain("TrustAnchorsInSync True ReadBack");
});
