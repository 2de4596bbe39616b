import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  checkCrlBeforePublication,
  encodeCrl,
  mayDropEntry,
  nextCrlNumber,
  parseSerial,
  readCrl,
  type Crl,
  type CrlEntry,
  type CrlNumber,
  type SerialHex,
  type ViolationCode,
} from "../../src/index.ts";
import { authority, DAY, HOUR, MINUTE, NOW, type Authority } from "../support/authority.ts";
import { runs } from "../support/fuzz.ts";
import { AGREEING_READER } from "../support/second-reader.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

/** What a publisher remembers, and may lose: an older copy of it can come back at any time. */
interface Memory {
  readonly number: CrlNumber | undefined;
  readonly revoked: ReadonlyMap<SerialHex, { readonly entry: CrlEntry; readonly notAfter: Date }>;
}

type Step =
  | { readonly do: "revoke"; readonly lifeMs: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "set the clock"; readonly byMs: number }
  | { readonly do: "keep a backup" }
  | { readonly do: "restore the backup" }
  | { readonly do: "publish"; readonly recalls: boolean; readonly prunes: "by the rule" | "what has expired" | "half" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("revoke" as const), lifeMs: fc.integer({ min: 1, max: DAY }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 12 * HOUR }) }) },
  fc.record({
    do: fc.constant("set the clock" as const),
    byMs: fc.oneof(fc.integer({ min: -DAY, max: DAY }), fc.integer({ min: -4 * MINUTE, max: 4 * MINUTE })),
  }),
  fc.record({ do: fc.constant("keep a backup" as const) }),
  fc.record({ do: fc.constant("restore the backup" as const) }),
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      recalls: fc.boolean(),
      prunes: fc.constantFrom("by the rule" as const, "what has expired" as const, "half" as const),
    }),
  },
);

/** Which of the rules a publisher obeys: all, or all but those that a broken one has forgotten. */
interface Publisher {
  readonly ignores: readonly ViolationCode[];
  /** Whether the next number is made above the one that is read back. */
  readonly readsNumbersBack: boolean;
}

const OURS: Publisher = { ignores: [], readsNumbersBack: true };

/** Every CRL that was published in the course of the steps, and what each leaf's end was. */
async function historyOf(
  steps: readonly Step[],
  publisher: Publisher = OURS,
): Promise<{ readonly crls: readonly Crl[]; readonly notAfter: ReadonlyMap<SerialHex, Date> }> {
  const crls: Crl[] = [];
  const notAfter = new Map<SerialHex, Date>();
  let clock = NOW.getTime();
  let memory: Memory = { number: undefined, revoked: new Map() };
  let backup = memory;
  for (const [index, one] of steps.entries()) {
    const now = new Date(clock);
    switch (one.do) {
      case "revoke": {
        const serial = parseSerial((index + 1).toString(16));
        const end = new Date(clock + one.lifeMs);
        notAfter.set(serial, end);
        const added = { entry: { serial, revokedAt: now }, notAfter: end };
        memory = { ...memory, revoked: new Map([...memory.revoked, [serial, added]]) };
        break;
      }
      case "wait":
        clock += one.ms;
        break;
      case "set the clock":
        clock += one.byMs;
        break;
      case "keep a backup":
        backup = memory;
        break;
      case "restore the backup":
        memory = backup;
        break;
      case "publish": {
        const attempt = await publish({ memory, previous: crls.at(-1), now, publisher, ...one });
        memory = attempt.memory;
        if (attempt.crl !== undefined) crls.push(attempt.crl);
        break;
      }
      default:
        one satisfies never;
    }
  }
  return { crls, notAfter };
}

async function publish(options: {
  readonly memory: Memory;
  readonly previous: Crl | undefined;
  readonly now: Date;
  readonly publisher: Publisher;
  /** Whether what is read back is added to what is remembered. */
  readonly recalls: boolean;
  readonly prunes: "by the rule" | "what has expired" | "half";
}): Promise<{ readonly memory: Memory; readonly crl: Crl | undefined }> {
  const { memory, previous, now, publisher, recalls, prunes } = options;
  const isOver = ({ serial }: CrlEntry, end: Date): boolean => {
    if (prunes === "half") return serial.endsWith("1");
    if (prunes === "what has expired") return end < now;
    return mayDropEntry({
      notAfter: end,
      listedAt: previous?.entries.has(serial) === true ? previous.thisUpdate : undefined,
    });
  };
  const kept = [...memory.revoked.values()].filter(({ entry, notAfter }) => !isOver(entry, notAfter));
  const listed = kept.map(({ entry }) => entry);
  const known = new Set(listed.map(({ serial }) => serial));
  const recalled = recalls ? [...(previous?.entries ?? [])].filter(({ serial }) => !known.has(serial)) : [];
  const thisUpdate = new Date(Math.max(now.getTime(), (previous?.thisUpdate.getTime() ?? 0) + 1000));
  const readBack = publisher.readsNumbersBack ? previous?.number : undefined;
  const number = nextCrlNumber({ stored: memory.number, readBack, now });
  const entries = [...listed, ...recalled].map((one) => ({
    ...one,
    revokedAt: new Date(Math.min(one.revokedAt.getTime(), thisUpdate.getTime())),
  }));
  const nextUpdate = new Date(thisUpdate.getTime() + 30 * DAY);
  const crl = await encodeCrl({ ...ca, number, thisUpdate, nextUpdate, entries });
  const violations = await checkCrlBeforePublication(
    {
      next: crl.pem,
      ...(previous === undefined ? {} : { previous }),
      root: ca.root,
      now,
      expectedCount: entries.length,
      notAfterOf: (serial) => memory.revoked.get(serial)?.notAfter,
    },
    AGREEING_READER,
  );
  const isTaken = violations.every(({ code }) => publisher.ignores.includes(code));
  // Read again from what was sent, as it comes back from AWS.
  return { memory: { ...memory, number }, crl: isTaken ? readCrl(crl.pem) : undefined };
}

/** What no course of events may bring about. */
async function assertInvariants(steps: readonly Step[], publisher: Publisher = OURS): Promise<void> {
  const { crls, notAfter } = await historyOf(steps, publisher);
  for (const [index, crl] of crls.entries()) {
    const previous = crls[index - 1];
    if (previous === undefined) continue;
    expect(crl.number > previous.number, "numbers rise").toBe(true);
    expect(crl.thisUpdate > previous.thisUpdate, "thisUpdate rises").toBe(true);
    for (const serial of previous.entries.missingIn(crl.entries)) {
      const end = notAfter.get(serial) ?? ca.root.notAfter;
      expect(end < previous.thisUpdate, `serial ${serial} was listed after its end before it went`).toBe(true);
    }
  }
}

const steps = fc.array(step, { minLength: 1, maxLength: 30 });

test("no unexpired revoked serial is ever missing, and numbers only rise, whatever the clock does and memory loses", async () => {
  await fc.assert(
    fc.asyncProperty(steps, (some) => assertInvariants(some)),
    { numRuns: runs(150) },
  );
}, 600_000);

test("with its memory whole and the clock going on, a publisher that keeps the rule always publishes, and all of it", async () => {
  const honest = steps.map((some): Step[] => [
    ...some.filter((one) => one.do === "revoke" || one.do === "wait" || one.do === "publish"),
    { do: "wait", ms: 1000 },
    { do: "publish", recalls: false, prunes: "by the rule" },
  ]);
  await fc.assert(
    fc.asyncProperty(honest, async (some) => {
      const kept = some.map((one): Step =>
        one.do === "publish" ? { ...one, recalls: false, prunes: "by the rule" } : one,
      );
      const spaced = kept.flatMap((one): Step[] => (one.do === "publish" ? [{ do: "wait", ms: 1000 }, one] : [one]));
      const { crls, notAfter } = await historyOf(spaced);
      expect(crls).toHaveLength(spaced.filter((one) => one.do === "publish").length);
      const last = crls.at(-1);
      for (const [serial, end] of notAfter) {
        if (last !== undefined && end >= last.thisUpdate) expect(last.entries.has(serial)).toBe(true);
      }
    }),
    { numRuns: runs(50) },
  );
}, 600_000);

describe("a publisher that has forgotten a rule is found out", () => {
  test.each<[rule: string, publisher: Publisher]>([
    ["what vanished too early", { ...OURS, ignores: ["ERR_CRL_ENTRY_VANISHED"] }],
    ["that the number rises", { readsNumbersBack: false, ignores: ["ERR_CRL_NUMBER_NOT_HIGHER"] }],
  ])("%s", async (_, publisher) => {
    const property = fc.asyncProperty(steps, (some) => assertInvariants(some, publisher));
    const { failed } = await fc.check(property, { numRuns: 1_000, endOnFailure: true });
    expect(failed).toBe(true);
  });
});

describe("an entry may go", () => {
  const listedAt = NOW;
  const ms = (by: number): Date => new Date(NOW.getTime() + by);

  test.each<[fact: string, notAfter: Date, listedAt: Date | undefined, may: boolean]>([
    ["once it stood on a CRL issued after its end", ms(-1), listedAt, true],
    ["not while its certificate is valid", ms(DAY), listedAt, false],
    ["not when the CRL was issued at its last moment", ms(0), listedAt, false],
    ["not when no CRL listed it", ms(-DAY), undefined, false],
    ["not when nobody knows its end", ms(Number.NaN), listedAt, false],
    ["not when nobody knows when it was listed", ms(-DAY), ms(Number.NaN), false],
  ])("%s (RFC 5280, 3.3)", (_, notAfter, listed, may) => {
    expect(mayDropEntry({ notAfter, listedAt: listed })).toBe(may);
  });
});
