import { randomBytes, X509Certificate } from "node:crypto";
import type { Revocation } from "@capstan/api";
import type { HeldLeaf } from "../../../soak/src/held-leaf.ts";
import { type Case, expectEqual } from "./case.ts";
import { publicKeySha256Of } from "./issue-as-issuer.ts";
import { longLeaf } from "./scenarios.ts";
import { strangersRoot } from "./strangers-root.ts";
import { pass, untilPhases } from "./trouble.ts";
import { minuteMs, type World } from "./world.ts";

type Target = Revocation["spec"]["target"];

const withColons = (serial: string): string => (serial.match(/../g) ?? []).join(":");

/** What somebody may write for a leaf, and the outcome. */
const TARGETS: readonly (readonly [name: string, target: (leaf: HeldLeaf) => Target, outcome: string])[] = [
  ["its serial", ({ serial }) => ({ serial }), "True Recorded"],
  ["its serial in upper case", ({ serial }) => ({ serial: serial.toUpperCase() }), "True Recorded"],
  ["its serial with colons", ({ serial }) => ({ serial: withColons(serial) }), "True Recorded"],
  ["its serial with leading zeros", ({ serial }) => ({ serial: `0000${serial}` }), "True Recorded"],
  ["its serial with 0x", ({ serial }) => ({ serial: `0x${serial}` }), "True Recorded"],
  ["its certificate", ({ certificatePem }) => ({ certificate: certificatePem }), "True Recorded"],
  ["its serial in decimal", ({ serial }) => ({ serial: BigInt(`0x${serial}`).toString() }), "False UnknownSerial"],
  ["an unknown serial", () => ({ serial: randomBytes(16).toString("hex").replace(/^./, "7") }), "False UnknownSerial"],
  ["serial 0", () => ({ serial: "0" }), "False InvalidTarget"],
  ["a serial of 21 octets", () => ({ serial: "7f".repeat(21) }), "False InvalidTarget"],
];

/** Accepted True means that the leaf is refused, and all else that it is not. */
async function expectOutcome(world: World, leaf: HeldLeaf, name: string, outcome: string): Promise<void> {
  await world.until(`${name} to be ${outcome}`, async () => (await world.said("Accepted", name)) === outcome);
  if (outcome.startsWith("True")) {
    await world.untilPublished(name);
    const said = await world.ask(leaf);
    if (world.now < leaf.notAfter) expectEqual("what AWS says", said, "Certificate revoked");
  } else {
    const said = await world.ask(leaf);
    if (world.now < leaf.notAfter) expectEqual("what AWS says", said, "accepted");
  }
}

const byTarget: readonly Case[] = TARGETS.map(([name, target, outcome]) => ({
  name: `V01: ${name}`,
  run: async (world) => {
    const leaf = await world.issue(1);
    await world.revoke(target(leaf));
    await expectOutcome(world, leaf, "revoke", outcome);
    return outcome;
  },
}));

const others: readonly Case[] = [
  {
    name: "V01: the root's own serial",
    run: async (world) => {
      const leaf = await world.issue(1);
      const [anchor] = world.aws.emulator.trustAnchors();
      await world.revoke({ serial: new X509Certificate(anchor?.bundle ?? "").serialNumber });
      await expectOutcome(world, leaf, "revoke", "False OwnRoot");
      return undefined;
    },
  },
  {
    name: "V01: a certificate of somebody else",
    run: async (world) => {
      const leaf = await world.issue(1);
      await world.revoke({ certificate: (await strangersRoot()).pem });
      await expectOutcome(world, leaf, "revoke", "False OtherIssuer");
      return undefined;
    },
  },
  {
    name: "V01: what is revoked already",
    run: async (world) => {
      const leaf = await world.issue(1);
      await world.revoke({ serial: leaf.serial });
      await expectOutcome(world, leaf, "revoke", "True Recorded");
      await world.revoke({ serial: leaf.serial }, "again");
      await expectOutcome(world, leaf, "again", "True AlreadyRevoked");
      return undefined;
    },
  },
  {
    name: "V01: what has expired",
    run: async (world) => {
      const leaf = await world.issue(1, 2 * minuteMs);
      await pass(world, 3 * minuteMs);
      await world.revoke({ serial: leaf.serial });
      await expectOutcome(world, leaf, "revoke", "False Expired");
      return undefined;
    },
  },
  {
    name: "V01: a leaf of another generation",
    run: async (world) => {
      await world.order({ kind: "Rotate" });
      await untilPhases(world, "1 Draining, 2 Active");
      const leaf = await world.issue(2);
      await world.revoke({ serial: leaf.serial });
      await expectOutcome(world, leaf, "revoke", "True Recorded");
      return undefined;
    },
  },
  {
    name: "V01: a revocation that is deleted un-revokes nothing",
    run: async (world) => {
      const leaf = await world.issue(1);
      await world.revoke({ serial: leaf.serial });
      await expectOutcome(world, leaf, "revoke", "True Recorded");
      await world.forget("revoke");
      // The next CRL is made for something else.
      const other = await world.issue(1);
      await world.revoke({ serial: other.serial }, "other");
      await expectOutcome(world, other, "other", "True Recorded");
      const listed = world.aws.emulator
        .trustAnchors()
        .every(({ crls }) => crls.some(({ serials }) => serials.includes(leaf.serial)));
      if (world.now < leaf.notAfter) expectEqual("whether the newest CRL names it", listed, true);
      return undefined;
    },
  },
  {
    name: "V03: by public key while it is being issued for, and killed between block and list",
    run: async (world) => {
      const first = await world.issue(1);
      const publicKeySha256 = publicKeySha256Of(first.privateKey);
      // The block is the first write to the list.
      let kills = 0;
      world.publisher.fate = ({ name }) => {
        if (kills > 0 || !name.startsWith("update revocationlists")) return undefined;
        kills += 1;
        return "after";
      };
      await world.revoke({ publicKeySha256 });
      await world.until("the publisher to die", () => kills > 0 && world.publisher.starts > 1);
      // What was being signed when the key was blocked.
      const second = await world.issue(1, 9 * minuteMs, first);
      await world.untilPublished();
      for (const leaf of [first, second]) {
        const said = await world.ask(leaf);
        if (world.now < leaf.notAfter) expectEqual("what AWS says", said, "Certificate revoked");
      }
      return undefined;
    },
  },
];

export const revocationCases: readonly Case[] = [...byTarget, ...others].map((one) => ({
  ...one,
  world: { maxLeafDuration: longLeaf },
}));
