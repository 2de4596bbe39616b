import { cp, rm } from "node:fs/promises";
import path from "node:path";
import type { Cluster } from "@capstan/test-cluster";
import { expectEqual } from "../publisher/case.ts";
import { type Lab, startLab } from "../publisher/lab.ts";
import { untilPhases, untilSaid } from "../publisher/trouble.ts";
import { World } from "../publisher/world.ts";
import type { Part } from "./part.ts";

/** The API server first, and last: it takes no request that etcd would not keep. */
async function withoutEtcd(cluster: Cluster, act: (dataDirectory: string) => Promise<void>): Promise<void> {
  await cluster.killProcess("kube-apiserver");
  await cluster.killProcess("etcd");
  await act(path.join(cluster.directory, "etcd"));
  await cluster.startProcessAgain("etcd");
  await cluster.startProcessAgain("kube-apiserver");
}

async function untilApiServerAnswers({ cluster, patienceMs }: Lab): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    if ((await cluster.kubectl(["get", "--raw=/readyz"])).exitCode === 0) return;
    if (performance.now() > deadline) throw new Error("the API server does not come back");
  }
}

/**
 * A backup of etcd from the middle of a rotation comes back when that rotation is long over and more was revoked. The backup is
 * the data directory of a stopped etcd: there is no etcdctl here.
 */
export const recover: Part = {
  name: "recover",
  run: async (drill) => {
    const lab = await startLab(drill.say);
    const backup = path.join(lab.cluster.directory, "etcd-backup");
    try {
      await using world = await World.start(lab, { name: "recover" });
      await world.order({ kind: "Rotate" });
      await untilPhases(world, "1 Active, 2 Published");
      await world.publisher.retire();
      await withoutEtcd(lab.cluster, (data) => cp(data, backup, { recursive: true }));
      await untilApiServerAnswers(lab);
      drill.say("backed etcd up in the middle of a rotation");
      await world.releaseLease();
      await world.publisher.start();
      await untilPhases(world, "1 Draining, 2 Active");
      const leaf = await world.issue(2);
      await world.revoke({ serial: leaf.serial });
      await world.untilPublished();
      await untilPhases(world, "1 Retired, 2 Active");
      expectEqual("what AWS holds", await world.stored(), ["2 / 2"]);
      await world.publisher.retire();
      const before = world.witness.violations;
      await withoutEtcd(lab.cluster, async (data) => {
        await rm(data, { recursive: true });
        await cp(backup, data, { recursive: true });
      });
      await untilApiServerAnswers(lab);
      drill.say("restored it after the rotation");
      world.witness.restored();
      const held = heldIn(world);
      await world.releaseLease();
      await world.publisher.start();
      await untilSaid(world, { condition: "Rotating", text: /restored from a backup; order a Recover operation/ });
      const { status } = await world.authority();
      drill.rule("a restored state is found and told", true, "StateBehind");
      drill.rule("issuing is not stopped by it", world.says(status, "Ready", "True"), "Ready");
      // Its root is put back, since it signs by it; nothing else may change.
      const lost = held.filter((one) => !heldIn(world).includes(one));
      drill.rule("nothing in AWS goes or changes before an operator says so", lost.length === 0, `${held.length} held`);
      const begun = performance.now();
      await world.untilDone(await world.order({ kind: "Recover" }));
      drill.say(`recovered after ${Math.round((performance.now() - begun) / 1000)} s`);
      await world.until(
        "the restored rotation to end",
        ({ status: now }) => now?.generations?.[0]?.phase === "Retired",
      );
      const listed = world.aws.emulator.trustAnchors().flatMap(({ crls }) => crls.flatMap(({ serials }) => serials));
      drill.rule(
        "what was revoked after the backup stays revoked",
        world.now > leaf.notAfter || listed.includes(leaf.serial),
        `${listed.length} entries`,
      );
      expectEqual("what AWS holds", await world.stored(), ["2 / 2"]);
      // A root that the restored state believed to be there came back and went again: its leaves had long ended.
      const broken = world.witness.violations.filter(
        (one) => !before.includes(one) && !one.startsWith("a mark never falls"),
      );
      drill.rule("recover: no rule was broken", broken.length === 0, broken.join("; "));
    } finally {
      await lab.stop();
    }
  },
};

/** Roots and CRLs with their numbers that AWS stores. */
function heldIn(world: World): readonly string[] {
  return world.aws.emulator
    .trustAnchors()
    .flatMap(({ fingerprints, crls }) => [...fingerprints, ...crls.map(({ name, number }) => `${name} ${number}`)]);
}
