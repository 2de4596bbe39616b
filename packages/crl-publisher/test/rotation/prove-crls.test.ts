import { issuedCertificateResource } from "@capstan/api";
import { createLogger, createMetrics } from "@capstan/kube";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RevokedOutcome } from "../../src/credentials/canary.ts";
import { CrlProofs } from "../../src/credentials/crl-proofs.ts";
import { createOwnCredentialsMetrics } from "../../src/metrics/own-credentials-metrics.ts";
import { minute, now, prod, record, revokedAt } from "../support/objects.ts";
import { Publisher, RotationWorld } from "../support/rotation-world.ts";

const canary = {
  profileArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/11111111-aaaa-4bbb-8ccc-222222222222",
  roleArn: "arn:aws:iam::111122223333:role/canary",
};

let world: RotationWorld;
let answer: RevokedOutcome["outcome"];
let asked: string[];

beforeEach(async () => {
  answer = "Refused";
  asked = [];
  world = await RotationWorld.start({ trustAnchors: [{ ...prod, canary }] });
  world.publisher = new Publisher(world, {
    proofs: new CrlProofs({
      ask: async (_authority, _anchor, { serial }) => {
        asked.push(serial);
        return { outcome: answer, message: answer };
      },
      metrics: createOwnCredentialsMetrics(createMetrics(), { list: () => [] }),
      now: () => world.aws.now,
      log: createLogger({ program: "test", level: "silent" }),
    }),
  });
  await world.until(() => world.said.includes("Ready True Issuing"), 30 * minute);
});

afterEach(() => world[Symbol.asyncDispose]());

const readBack = (serial: string): boolean =>
  world.publisher.readings.of("fleet", "prod", 1)?.crl.serials.has(serial) === true;
const revoke = (serial: string): void => {
  world.server.put(issuedCertificateResource, record({ name: serial, spec: { serial }, status: revokedAt(now) }));
};

test("a-revocation-counts-as-published-once-aws-was-seen-to-act-on-its-crl", async () => {
  revoke("4f1c");
  await world.until(() => readBack("4f1c"), 5 * minute);

  // The first CRL's leaf, if that was asked about too, is another one.
  const byItsLeaf = asked.filter((serial) => serial === asked.at(-1));
  expect([byItsLeaf.length, readBack(byItsLeaf[0] ?? "")]).toEqual([1, true]);
});

test("while-aws-holds-the-crl-and-does-not-act-on-it-only-what-the-one-before-names-counts", async () => {
  revoke("4f1c");
  await world.until(() => readBack("4f1c"), 5 * minute);
  answer = "Accepted";
  revoke("5a2d");
  const { requeueAfterMs } = await world.look();

  const [crl] = await world.aws.controlPlane.listCrls();
  expect(crl?.crlPem).toBeDefined();
  expect([readBack("4f1c"), readBack("5a2d")]).toEqual([true, false]);
  expect(requeueAfterMs).toBeLessThanOrEqual(5_000);

  answer = "Refused";
  await world.until(() => readBack("5a2d"), minute);
  expect(readBack("4f1c")).toBe(true);
});

test("a-new-process-which-has-no-key-of-the-leaf-counts-what-it-reads-back", async () => {
  answer = "Accepted";
  revoke("4f1c");
  await world.look();
  expect(readBack("4f1c")).toBe(false);

  world.restart();
  await world.until(() => readBack("4f1c"), 5 * minute);
});

test("that-aws-cannot-be-seen-to-act-is-told-after-half-a-minute-and-revocations-come-to-count-all-the-same", async () => {
  answer = "Unknown";
  const isTold = (): boolean => world.publisher.readings.doubtOf("fleet", "prod", 1) !== undefined;
  // One revocation follows the other before the leaf of the CRL before has ended.
  const serials = Array.from({ length: 8 }, (_, index) => `5a0${index}`);
  for (const serial of serials) {
    revoke(serial);
    await world.look();
    world.advance(2 * minute);
    await world.look();
  }
  expect(isTold()).toBe(true);
  expect(world.publisher.readings.doubtOf("fleet", "prod", 1)).toBe(
    "the CRL was read back, and AWS was not seen to act on it: Unknown",
  );
  expect([readBack("5a00"), readBack("5a07")]).toEqual([true, false]);
  await world.until(() => readBack("5a07"), 15 * minute);
  expect(isTold()).toBe(false);
});
