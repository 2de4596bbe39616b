import { setTimeout as delay } from "node:timers/promises";
import type { HeldLeaf } from "../../../soak/src/held-leaf.ts";
import { World } from "../publisher/world.ts";
import type { Drill, Part } from "./part.ts";
import { percentile } from "./percentile.ts";

const hourMs = 3_600_000;
const patienceMs = 1_800_000;

/** A publisher at the pace of real time, with AWS's own rates on its side. */
async function inRealTime(drill: Drill, name: string, use: (world: World) => Promise<void>): Promise<void> {
  const lab = { ...(await drill.lab()), patienceMs };
  const times = { factor: 1, maxLeafDuration: "4h", soak: "15s" };
  await using world = await World.start(lab, { name: `drill-${name}`, anchors: 2, ...times });
  await use(world);
}

/** Leaves of one key: making keys is not what is measured. */
async function issueMany(world: World, count: number, say: (line: string) => void): Promise<readonly HeldLeaf[]> {
  const first = await world.issue(1, 3 * hourMs);
  const leaves = [first];
  const work = async (): Promise<void> => {
    while (leaves.length < count) {
      const place = leaves.push(first) - 1;
      leaves[place] = await world.issue(1, 3 * hourMs - 60_000, first);
      if (place % 1_000 === 0) say(`${place} leaves`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  return leaves;
}

async function revokeAll(world: World, leaves: readonly HeldLeaf[], atOnce: number, name: string): Promise<number> {
  const begun = performance.now();
  const waiting = [...leaves.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await world.revoke({ serial: next[1].serial }, `${name}-${next[0]}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return performance.now() - begun;
}

/** From creating a Revocation to the first refused CreateSession, each of its own. */
export const latency: Part = {
  name: "latency",
  run: (drill) =>
    inRealTime(drill, "latency", async (world) => {
      const count = drill.smoke ? 5 : 200;
      const leaves = await issueMany(world, count, drill.say);
      const times: number[] = [];
      const otherwise: string[] = [];
      const measure = async (leaf: HeldLeaf, index: number): Promise<void> => {
        const anchor = world.anchors[index % world.anchors.length];
        // Spread over minutes: they come one by one, and some while a CRL is being made.
        await delay(index * 700);
        const before = await world.ask(leaf, anchor);
        if (before !== "accepted") otherwise.push(`before: ${before}`);
        const begun = performance.now();
        await world.revoke({ serial: leaf.serial }, `latency-${index}`);
        for (;;) {
          const said = await world.ask(leaf, anchor);
          if (said !== "accepted") {
            if (said !== "Certificate revoked") otherwise.push(said);
            break;
          }
          if (performance.now() - begun > patienceMs) throw new Error(`leaf ${index} is not refused`);
          await delay(50);
        }
        times.push(performance.now() - begun);
      };
      await Promise.all(leaves.map((leaf, index) => measure(leaf, index)));
      const [p50, p99, most] = [0.5, 0.99, 1].map((share) => Math.round(percentile(times, share)));
      drill.measured("revocation to first refusal, ms", { count, p50, p99, most });
      drill.say(`${count} revocations: refused after ${p50} ms (p50), ${p99} ms (p99), ${most} ms at most`);
      drill.rule(
        "every revoked leaf is refused for being revoked",
        otherwise.length === 0 && times.length === count,
        `${times.length} of ${count}${otherwise.length === 0 ? "" : `: ${otherwise.join("; ")}`}`,
      );
      const { violations } = world.witness;
      drill.rule("latency: no rule was broken", violations.length === 0, violations.join("; "));
    }),
};

/** A thousand at once are one CRL. */
export const burst: Part = {
  name: "burst",
  run: (drill) =>
    inRealTime(drill, "burst", async (world) => {
      const count = drill.smoke ? 50 : 1_000;
      const leaves = await issueMany(world, count, drill.say);
      const from = world.aws.emulator.requests().length;
      const begun = performance.now();
      const createdMs = await revokeAll(world, leaves, 200, "burst");
      await untilAllPublished(world, leaves, "burst");
      const seconds = Math.round((performance.now() - begun) / 1000);
      const calls = new Map<string, number>();
      for (const { operation, region, account } of world.aws.emulator.requests().slice(from)) {
        if (operation !== "UpdateCrl" && operation !== "ImportCrl") continue;
        const place = `${account} ${region}`;
        calls.set(place, (calls.get(place) ?? 0) + 1);
      }
      const note = [...calls].map(([place, times]) => `${place}: ${times}`).join(", ");
      drill.measured("burst", { count, createdMs: Math.round(createdMs), publishedSeconds: seconds, calls: note });
      drill.say(`${count} revocations created in ${Math.round(createdMs)} ms, published after ${seconds} s; ${note}`);
      drill.rule(
        "at most two UpdateCrl calls per trust anchor for them all",
        calls.size === world.anchors.length && [...calls.values()].every((times) => times <= 2),
        note,
      );
      // Nothing of it depends on the Revocations any more.
      await Promise.all(leaves.map((_, index) => world.forget(`burst-${index}`)));
      const extra = await world.issue(1, hourMs);
      await world.revoke({ serial: extra.serial }, "extra");
      await world.untilPublished("extra");
      const listed = listedIn(world);
      const lost = leaves.filter(({ serial }) => !listed.has(serial)).length;
      drill.rule("deleted Revocations un-revoke nothing", lost === 0, `${lost} of ${count} are not listed any more`);
    }),
};

/** Serials that every trust anchor's CRLs list. */
function listedIn(world: World): ReadonlySet<string> {
  const sets = world.aws.emulator.trustAnchors().map(({ crls }) => new Set(crls.flatMap(({ serials }) => serials)));
  const [first = new Set<string>(), ...others] = sets;
  return new Set([...first].filter((serial) => others.every((set) => set.has(serial))));
}

async function untilAllPublished(world: World, leaves: readonly HeldLeaf[], name: string): Promise<void> {
  const open = new Set(leaves.keys());
  await world.until("every revocation to be Published", async () => {
    if (!leaves.every(({ serial }) => listedIn(world).has(serial))) return false;
    for (const index of open) {
      if (!(await world.said("Published", `${name}-${index}`)).startsWith("True")) return false;
      open.delete(index);
    }
    return true;
  });
}

/** What AWS takes is 300,000 characters. */
export const full: Part = {
  name: "full",
  run: (drill) =>
    inRealTime(drill, "full", async (world) => {
      const count = drill.smoke ? 100 : 6_000;
      const leaves = await issueMany(world, count, drill.say);
      const begun = performance.now();
      const createdMs = await revokeAll(world, leaves, 64, "full");
      drill.say(`${count} revocations created in ${Math.round(createdMs / 1000)} s`);
      let said = { accepted: 0, noRoom: 0 };
      await world.until("every revocation to be answered", async () => {
        const listed = listedIn(world);
        const open = leaves.flatMap((leaf, index) => (listed.has(leaf.serial) ? [] : [index]));
        const answers = await Promise.all(open.slice(0, 20).map((index) => world.said("Accepted", `full-${index}`)));
        const isAnswered = answers.every((answer) => answer === "Unknown NoRoom");
        if (isAnswered) said = { accepted: count - open.length, noRoom: open.length };
        else await delay(2_000);
        return isAnswered;
      });
      const seconds = Math.round((performance.now() - begun) / 1000);
      const { status } = await world.authority();
      const capacity = status?.conditions?.find(({ type }) => type === "CRLCapacity");
      const note = `${said.accepted} in every CRL, ${said.noRoom} told that there is no room, after ${seconds} s`;
      drill.measured("full", { count, ...said, seconds, capacity: capacity?.message });
      drill.say(`${note}; ${capacity?.reason}: ${capacity?.message}`);
      drill.rule(
        "each of them is in the CRL or told that there is no room",
        said.accepted + said.noRoom === count,
        note,
      );
      drill.rule(
        "status proposes to revoke the generation before no more fit",
        drill.smoke || /generation/.test(capacity?.message ?? ""),
        capacity?.message ?? "nothing was said",
      );
      const { violations } = world.witness;
      drill.rule("full: no rule was broken", violations.length === 0, violations.join("; "));
    }),
};
