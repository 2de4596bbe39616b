import { apiVersion, type IssuedCertificate } from "@capstan/api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LedgerRoom } from "../../src/ledger/ledger-room.ts";
import { Ledger } from "../../src/signing/ledger.ts";
import { ApiServer } from "../support/api-server.ts";
import { World } from "../support/world.ts";

const namespace = "capstan-system";
const signal = new AbortController().signal;
let server: ApiServer;

beforeEach(async () => {
  server = await ApiServer.start();
});

afterEach(() => server[Symbol.asyncDispose]());

function record(name: string): IssuedCertificate {
  return { apiVersion, kind: "IssuedCertificate", metadata: { name, namespace } } as IssuedCertificate;
}

test("each record that is made takes room, one that was there takes none", async () => {
  const room = new LedgerRoom({ limit: 2 });
  room.counted(0);
  const ledger = new Ledger({ client: server.client, namespace, room });
  await ledger.create(record("one"), signal);
  await ledger.create(record("one"), signal);
  expect(ledger.refusal).toBeUndefined();
  await ledger.create(record("two"), signal);
  expect(ledger.refusal).toMatch(/^the ledger holds 2 records and takes no more than 2/);
});

test("without a limit there is always room", async () => {
  const ledger = new Ledger({ client: server.client, namespace });
  await ledger.create(record("one"), signal);
  expect(ledger.refusal).toBeUndefined();
});

test("nothing is signed for a request while the ledger is full, for however long, and it is issued when there is room", async () => {
  await using world = await World.start();
  world.room.counted(1_000);
  for (let round = 0; round < 3; round += 1) {
    const { requeueAfterMs = 0 } = await world.reconcile();
    expect(requeueAfterMs).toBeGreaterThan(0);
    world.observe();
    world.monotonic += 3_600_000;
  }
  expect(world.answer).toContain("Pending");
  expect(world.message).toContain("the ledger holds 1000 records and takes no more than 1000");
  expect([world.ledger, world.signatures]).toEqual([[], 0]);
  world.room.counted(999);
  await world.reconcile();
  expect(world.ledger).toHaveLength(1);
  expect(world.room.isFull).toBe(true);
});
