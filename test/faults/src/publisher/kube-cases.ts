import type { Answer } from "../fault-proxy.ts";
import { type Case, expectEqual } from "./case.ts";
import type { OutboundCall } from "./outbound-call.ts";
import { leafOf, longLeaf, scenarios } from "./scenarios.ts";
import { caseOf, pass, type Trouble, untilPhases } from "./trouble.ts";
import { minuteMs, type World } from "./world.ts";

/** What an API server answers when it refuses. */
function refusal(status: number, reason: string): Answer {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code: status,
    reason,
    message: `the test says ${reason}`,
  };
  return { status, body: Buffer.from(JSON.stringify(body)) };
}

/** Answers in the API server's place for a time of the run. */
function refuseFor(
  world: World,
  ms: number,
  which: (call: OutboundCall, nth: number) => boolean,
  answer: Answer,
): void {
  const end = world.now + ms;
  let nth = 0;
  world.publisher.answerFor = (call) => {
    if (world.now > end || call.resource === "leases") return undefined;
    nth += 1;
    return which(call, nth) ? answer : undefined;
  };
}

/** A rotation, from the first call on, with an API server that does not do as it is told. */
const TROUBLES: readonly Trouble[] = [
  {
    name: "every second write ends in a conflict",
    before: (world) =>
      refuseFor(world, 10 * minuteMs, ({ isWrite }, nth) => isWrite && nth % 2 === 0, refusal(409, "Conflict")),
  },
  {
    name: "status cannot be written for three minutes",
    before: (world) =>
      refuseFor(
        world,
        3 * minuteMs,
        ({ resource }) => resource === "certificateauthorities/status",
        refusal(409, "Conflict"),
      ),
  },
  {
    name: "the API server answers 500 for three minutes",
    before: (world) => refuseFor(world, 3 * minuteMs, () => true, refusal(500, "InternalError")),
  },
  {
    name: "etcd cannot be written for three minutes",
    before: (world) => refuseFor(world, 3 * minuteMs, ({ isWrite }) => isWrite, refusal(500, "InternalError")),
  },
  {
    name: "every watch has a gap and lists are due",
    before: (world) =>
      refuseFor(world, 10 * minuteMs, ({ name }) => name.startsWith("watch "), refusal(410, "Expired")),
  },
  {
    name: "the mark cannot be sealed for three minutes",
    at: "1 Active, 2 Published",
    when: (world) =>
      refuseFor(world, 8 * minuteMs, ({ resource }) => resource === "generationmarks/status", refusal(409, "Conflict")),
    lastsMs: 7 * minuteMs,
    stays: "1 Active, 2 Published",
  },
];

/** What fails after a signature was made. */
const LEDGER_TROUBLES: readonly Trouble[] = [
  {
    name: "the ledger takes nothing for three minutes",
    before: (world) =>
      refuseFor(
        world,
        3 * minuteMs,
        ({ name }) => name.startsWith("create issuedcertificates"),
        refusal(500, "InternalError"),
      ),
  },
  {
    name: "the signed CRL cannot be stored for three minutes",
    before: (world) =>
      refuseFor(world, 3 * minuteMs, ({ name }) => name.startsWith("create configmaps"), refusal(500, "InternalError")),
  },
  {
    name: "a new key cannot be stored for three minutes",
    before: (world) =>
      refuseFor(world, 3 * minuteMs, ({ name }) => name.startsWith("create secrets"), refusal(500, "InternalError")),
  },
];

async function untilFrozen(world: World): Promise<void> {
  await world.until("the publisher to be stopped", () => world.publisher.isFrozen);
}

/** Stops the publisher at a call, and lets another one lead and carry the rotation to its end. */
async function takeOver(world: World): Promise<void> {
  await untilFrozen(world);
  const standby = await world.standby();
  await world.releaseLease();
  await standby.start();
  await untilPhases(world, "1 Retired, 2 Active");
  world.publisher.fate = () => undefined;
  world.publisher.leave();
  world.publisher.thaw();
  await world.until("the old leader to end", () => !world.publisher.isRunning);
}

/** Stopped when it has read all by which it sends a bundle with both roots, which by then holds one of them no more. */
const pausedLeader: Case = {
  name: "C02: a leader that was paused while another one took over",
  run: async (world) => {
    const seen = new Set<string>();
    world.publisher.fate = ({ name }) => {
      const [operation = ""] = name.split(" ");
      if (name === "create configmaps 2" && !seen.has("crl")) {
        seen.add("crl");
        return "held";
      }
      if (seen.has("crl") && operation === "ListCrls") seen.add("read");
      // The last read of an observation.
      const isDue = seen.has("read") && !seen.has("held") && name === "get generationmarks 3";
      if (isDue) seen.add("held");
      return isDue ? "held" : undefined;
    };
    await world.order({ kind: "Rotate" });
    // With the new root's CRL stored, what was read before is too old to write by: the anchor is read again first.
    await untilFrozen(world);
    await pass(world, minuteMs);
    world.publisher.thaw();
    await takeOver(world);
    await pass(world, 6 * minuteMs);
    expectEqual(
      "what AWS holds",
      await world.stored(),
      world.anchors.map(() => "2 / 2"),
    );
    return undefined;
  },
};

/** AWS knows no precondition: what was sent before the lease was lost and comes later is found and put right. */
const lateWrite: Case = {
  name: "C02: an update of a leader that is gone comes after the rotation",
  run: async (world) => {
    world.witness.waives("who does not lead writes nothing");
    let isHeld = false;
    world.publisher.fate = ({ name }) => {
      if (isHeld || !name.startsWith("UpdateTrustAnchor")) return undefined;
      isHeld = true;
      return "late";
    };
    await world.order({ kind: "Rotate" });
    await takeOver(world);
    await world.until("AWS to hold the new root alone", async () => (await world.stored()).join() === "2 / 2");
    return undefined;
  },
};

/** Both believe to lead for good: whatever they do is guarded by what they decided on. */
const twoLeaders: Case = {
  name: "C02: two publishers lead at once",
  run: async (world) => {
    world.witness.waives("who does not lead writes nothing");
    const second = await world.standby();
    // Its lease is one that nobody else sees.
    let lease: Record<string, unknown> | undefined;
    second.answerFor = ({ resource, name }) => {
      if (resource !== "leases") return undefined;
      if (name.startsWith("get")) {
        return lease === undefined
          ? refusal(404, "NotFound")
          : { status: 200, body: Buffer.from(JSON.stringify(lease)) };
      }
      lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "crl-publisher", namespace: world.namespace, resourceVersion: "1" },
      };
      return { status: name.startsWith("create") ? 201 : 200, body: Buffer.from(JSON.stringify(lease)) };
    };
    await second.start();
    const rotation = scenarios.find(({ name }) => name === "rotation");
    await rotation?.prepare(world);
    await rotation?.run(world);
    await second.retire();
    await rotation?.expectEnd(world);
    return undefined;
  },
};

/** A new process reads the ledger in pages of two. */
const pages: Case = {
  name: "C02: the ledger is read page by page",
  world: { maxLeafDuration: longLeaf },
  run: async (world) => {
    world.publisher.pageSize = 2;
    const leaves = [];
    for (let count = 0; count < 6; count += 1) leaves.push(await world.issue(1));
    // Marked as revoked, and killed before a list or a CRL has them.
    let marked = 0;
    world.publisher.fate = ({ name }) => {
      if (name === "patch issuedcertificates/status") marked += 1;
      return marked > 0 && name.startsWith("update revocationlists") ? "before" : undefined;
    };
    for (const [index, { serial }] of leaves.entries()) await world.revoke({ serial }, `revoke-${index}`);
    await world.until("the publisher to be killed", () => !world.publisher.isRunning || world.publisher.starts > 1);
    world.publisher.fate = () => undefined;
    for (const index of leaves.keys()) await world.untilPublished(`revoke-${index}`);
    for (const leaf of leaves) {
      const said = await world.ask(leaf);
      if (said === "accepted") throw new Error(`revoked leaf ${leaf.serial} is not refused`);
    }
    return undefined;
  },
};

const deafApiServer: Case = {
  name: "C02: a revocation while the API server answers 503 for five minutes",
  world: { maxLeafDuration: longLeaf },
  run: async (world) => {
    await scenarios.find(({ name }) => name === "revocation")?.prepare(world);
    refuseFor(world, 5 * minuteMs, () => true, refusal(503, "ServiceUnavailable"));
    await world.revoke({ serial: leafOf(world).serial });
    await world.untilPublished();
    return undefined;
  },
};

export const kubeCases: readonly Case[] = [
  ...TROUBLES.map((row) => caseOf({ ...row, name: `C02: ${row.name}` })),
  pausedLeader,
  lateWrite,
  twoLeaders,
  pages,
  deafApiServer,
  ...LEDGER_TROUBLES.map((row) => caseOf({ ...row, name: `C04: ${row.name}` })),
];
