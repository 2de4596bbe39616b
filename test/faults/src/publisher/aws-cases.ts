import type { FaultRule } from "@capstan/test-rolesanywhere";
import type { Case } from "./case.ts";
import {
  anchorOf,
  caseOf,
  longerThanASoakMs,
  pass,
  storedAnchor,
  type Trouble,
  untilSaid,
  type Words,
} from "./trouble.ts";
import { strangersRoot } from "./strangers-root.ts";
import { minuteMs, type World } from "./world.ts";

const inject =
  (...rules: readonly FaultRule[]) =>
  (world: World): void => {
    for (const rule of rules) world.aws.emulator.injectFault(rule);
  };
const removeFaults = (world: World): void => world.aws.emulator.removeFaults();
const unreachable: Words = { condition: "TrustAnchorsInSync", text: /AWSUnavailable|is tried again|has not answered/ };
const denied: Words = { condition: "TrustAnchorsInSync", text: /AccessDenied/ };
const notShown: Words = { condition: "TrustAnchorsInSync", text: /what is read is as it was before/ };

/** Faults that pass by themselves. */
const PASSING: readonly (readonly [name: string, ...rules: readonly FaultRule[]])[] = [
  ["aws throttles", { fault: { kind: "throttling" }, count: 5 }],
  ["aws throttles and names a time", { fault: { kind: "throttling", retryAfterSeconds: 30 }, count: 3 }],
  ["aws answers 500", { fault: { kind: "server-error" }, count: 5 }],
  ["a load balancer answers 502", { fault: { kind: "server-error", status: 502 }, count: 5 }],
  [
    "the answer to an update is lost",
    { fault: { kind: "connection-reset", effect: "done" }, operation: "UpdateTrustAnchor", count: 1 },
  ],
  ["an update is lost", { fault: { kind: "connection-reset" }, operation: "UpdateTrustAnchor", count: 2 }],
  [
    "an update comes to effect minutes later",
    {
      fault: { kind: "connection-reset", effect: "late", lateMs: 4 * minuteMs },
      operation: "UpdateTrustAnchor",
      count: 1,
    },
  ],
  [
    "the answer to an import is lost",
    { fault: { kind: "connection-reset", effect: "done" }, operation: "ImportCrl", count: 1 },
  ],
  ["an import has no effect", { fault: { kind: "no-effect" }, operation: "ImportCrl", count: 1 }],
  [
    "the answer to a session is lost",
    { fault: { kind: "connection-reset", effect: "done" }, operation: "CreateSession", count: 2 },
  ],
  [
    "reads are behind for three minutes",
    { fault: { kind: "stale-read" }, operation: ["GetTrustAnchor", "ListCrls"], forMs: 3 * minuteMs },
  ],
  ["answers have no Date", { fault: { kind: "date-header" }, forMs: 10 * minuteMs }],
];

/** Until nothing is begun by what was read before: status tells at once that nothing can be read any more. */
async function untilReadingsAreOld(world: World, words: Words): Promise<void> {
  await untilSaid(world, words);
  await pass(world, longerThanASoakMs);
}

/** Troubles that last until somebody ends them. */
const LASTING: readonly Trouble[] = [
  {
    name: "aws answers 503 for half an hour",
    before: async (world) => {
      world.aws.emulator.setAvailable(false);
      await untilReadingsAreOld(world, unreachable);
    },
    lastsMs: 30 * minuteMs,
    // No generation is begun by readings that are old.
    stays: "1 Active",
    ends: (world) => world.aws.emulator.setAvailable(true),
  },
  {
    name: "aws is away in the middle of the soak",
    at: "1 Active, 2 Published",
    when: (world) => world.aws.emulator.setAvailable(false),
    says: unreachable,
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Published",
    ends: (world) => world.aws.emulator.setAvailable(true),
  },
  {
    name: "aws is away while the old root drains",
    at: "1 Draining, 2 Active",
    when: (world) => world.aws.emulator.setAvailable(false),
    says: unreachable,
    lastsMs: 25 * minuteMs,
    stays: "1 Draining, 2 Active",
    ends: (world) => world.aws.emulator.setAvailable(true),
    until: "1 Retired, 2 Active",
  },
  {
    name: "aws denies everything",
    before: async (world) => {
      inject({ fault: { kind: "access-denied" } })(world);
      await untilReadingsAreOld(world, denied);
    },
    lastsMs: longerThanASoakMs,
    stays: "1 Active",
    ends: removeFaults,
  },
  {
    name: "aws denies updates alone",
    before: inject({ fault: { kind: "access-denied" }, operation: "UpdateTrustAnchor" }),
    says: denied,
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Pending",
    ends: removeFaults,
  },
  {
    name: "an update has no effect",
    before: inject({ fault: { kind: "no-effect" }, operation: "UpdateTrustAnchor" }),
    says: notShown,
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Pending",
    ends: removeFaults,
  },
  {
    name: "the removal has no effect",
    at: "1 Draining, 2 Active",
    when: inject({ fault: { kind: "no-effect" }, operation: "UpdateTrustAnchor" }),
    says: notShown,
    lastsMs: 5 * minuteMs,
    stays: "1 Draining, 2 Active",
    ends: removeFaults,
    until: "1 Retired, 2 Active",
  },
  {
    name: "the canary is refused",
    before: (world) =>
      inject({
        fault: { kind: "access-denied" },
        operation: "CreateSession",
        resource: anchorOf(world).canary.roleArn,
      })(world),
    says: { condition: "Rotating", text: /canary of trust anchor frankfurt has not yet got a session/ },
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Published",
    ends: removeFaults,
  },
  {
    name: "the trust anchor is disabled",
    before: (world) => world.aws.emulator.interfere({ kind: "disable", arn: anchorOf(world).arn }),
    says: { condition: "TrustAnchorsInSync", text: /disabled/ },
    lastsMs: longerThanASoakMs,
    ends: (world) => world.aws.emulator.interfere({ kind: "enable", arn: anchorOf(world).arn }),
  },
  {
    name: "a third certificate is present",
    at: "1 Active, 2 Published",
    when: async (world) => {
      const { pem } = await strangersRoot();
      world.aws.emulator.interfere({ kind: "add-certificate", arn: anchorOf(world).arn, pem });
    },
    says: { condition: "Drift", text: /nothing of it is overwritten/ },
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Published",
    // Its owner takes it back.
    ends: (world) => world.aws.emulator.interfere({ kind: "revert-bundle", arn: anchorOf(world).arn }),
  },
  {
    name: "a second certificate is a stranger's",
    before: async (world) => {
      const { pem } = await strangersRoot();
      world.aws.emulator.interfere({ kind: "add-certificate", arn: anchorOf(world).arn, pem });
      await untilSaid(world, { condition: "Drift", text: /nothing of it is overwritten/ });
    },
    lastsMs: longerThanASoakMs,
    stays: "1 Active",
    ends: (world) => world.aws.emulator.interfere({ kind: "revert-bundle", arn: anchorOf(world).arn }),
  },
  {
    name: "the bundle is reverted in the middle of the soak",
    at: "1 Active, 2 Published",
    when: (world) => world.aws.emulator.interfere({ kind: "revert-bundle", arn: anchorOf(world).arn }),
  },
  {
    name: "the bundle is reverted after the switch",
    at: "1 Draining, 2 Active",
    when: (world) => world.aws.emulator.interfere({ kind: "revert-bundle", arn: anchorOf(world).arn }),
    lastsMs: 2 * minuteMs,
    until: "1 Retired, 2 Active",
  },
  {
    name: "our CRL is deleted",
    at: "1 Active, 2 Published",
    when: ({ aws }) => {
      const [crl] = aws.emulator.trustAnchors().flatMap(({ crls }) => crls);
      aws.emulator.interfere({ kind: "delete", arn: crl?.arn ?? "" });
    },
  },
  {
    name: "our CRL is disabled",
    at: "1 Active, 2 Published",
    when: ({ aws }) => {
      const [crl] = aws.emulator.trustAnchors().flatMap(({ crls }) => crls);
      aws.emulator.interfere({ kind: "disable", arn: crl?.arn ?? "" });
    },
  },
];

/** The trust anchor that an authority adopted by its ARN is gone: nobody but its owner can say what takes its place. */
const deleted: Case = {
  name: "C01: the trust anchor is deleted",
  world: { anchors: 2 },
  run: async (world) => {
    world.aws.emulator.interfere({ kind: "delete", arn: anchorOf(world).arn });
    await untilSaid(world, { condition: "TrustAnchorsInSync", text: /does not exist/ });
    const { status, spec } = await world.authority();
    if (!world.says(status, "Ready", "True")) throw new Error("issuing has stopped");
    await world.changeSpec({ trustAnchors: (spec.trustAnchors ?? []).slice(1) });
    await world.until("the rest to be in sync", ({ status: now }) => world.says(now, "TrustAnchorsInSync", "True"));
    return undefined;
  },
};

/** What is asked for in one region is not there, but in another. */
const wrongRegion: Case = {
  name: "C01: the trust anchor is in another region",
  run: async (world) => {
    const { spec } = await world.authority();
    const [anchor] = spec.trustAnchors ?? [];
    if (anchor === undefined) throw new TypeError("there is no trust anchor");
    const { canary: _canary, publisher: _publisher, ...place } = anchor;
    const elsewhere = {
      ...place,
      name: "elsewhere",
      region: "us-east-1",
      arn: anchor.arn?.replace("eu-central-1", "us-east-1") ?? "",
    };
    await world.changeSpec({ trustAnchors: [anchor, elsewhere] });
    await untilSaid(world, { condition: "TrustAnchorsInSync", text: /elsewhere/ });
    const { status } = await world.authority();
    if (!world.says(status, "Ready", "True")) throw new Error("issuing has stopped");
    await world.changeSpec({ trustAnchors: [anchor] });
    await world.untilJoined();
    return undefined;
  },
};

/** A CRL that is no generation's takes the second place: the rotation says so and waits for the place. */
const strangersCrl: Case = caseOf({
  name: "C01: somebody's CRL takes the second place",
  before: async (world) => {
    const { crlPem } = await strangersRoot();
    world.aws.emulator.setUnknowns({ foreignCrl: "accept" });
    await world.aws.administrator(anchorOf(world)).importCrl({
      name: "somebody-else",
      trustAnchorArn: anchorOf(world).arn,
      crlPem,
    });
  },
  says: { condition: "TrustAnchorsInSync", text: /no room/ },
  lastsMs: longerThanASoakMs,
  stays: "1 Active, 2 Pending",
  ends: (world) => {
    const crl = storedAnchor(world).crls.find(({ name }) => name === "somebody-else");
    world.aws.emulator.interfere({ kind: "delete", arn: crl?.arn ?? "" });
  },
});

export const awsCases: readonly Case[] = [
  ...PASSING.map(([name, ...rules]) => caseOf({ name: `C01: ${name}`, before: inject(...rules) })),
  ...LASTING.map((row) => caseOf({ ...row, name: `C01: ${row.name}` })),
  deleted,
  wrongRegion,
  strangersCrl,
];
