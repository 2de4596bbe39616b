import { createRoot, generateCaKey, type Root } from "@capstan/ca-core";
import { array, assert, boolean, integer, option, property, record } from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { mostEntries } from "../../src/crl/crl-capacity.ts";
import { crlRefreshSeconds, crlValiditySeconds, planCrl, type PublishedCrl } from "../../src/crl/plan-crl.ts";
import type { RevocationEntry } from "../../src/crl/revocation-entries.ts";

const now = 1_763_780_000;
const hour = 3_600;
let root: Root;

beforeAll(async () => {
  root = await createRoot({
    subject: { commonName: "Example Fleet CA" },
    generation: 1,
    notBefore: new Date((now - hour) * 1_000),
    notAfter: new Date((now + 9_000 * hour) * 1_000),
    signer: await generateCaKey("ECDSA-P256"),
  });
});

function entry(serial: string, notAfter: number = now + hour, change: Partial<RevocationEntry> = {}): RevocationEntry {
  return { serial, revokedAt: now - hour, reason: "superseded", notAfter, actor: "alice", ...change };
}

function published(
  serials: readonly string[],
  thisUpdate: number = now - 60,
  compromised: readonly string[] = [],
): PublishedCrl {
  return {
    number: BigInt(thisUpdate * 1_000),
    thisUpdate: new Date(thisUpdate * 1_000),
    nextUpdate: new Date((thisUpdate + crlValiditySeconds) * 1_000),
    serials: new Set(serials),
    compromised: new Set(compromised),
  };
}

type Input = Omit<Parameters<typeof planCrl>[0], "root">;

/** The plan's reason and serials. */
function plan(input: Partial<Input>): string {
  const planned = planCrl({
    listed: [],
    revoked: [],
    published: published([]),
    now,
    root,
    areAnchorsRead: true,
    ...input,
  });
  if (planned.do !== "publish") return planned.do;
  return [planned.because, ...planned.entries.map(({ serial }) => serial)].join(" ");
}

describe("a CRL is", () => {
  test.each<[fact: string, input: Partial<Input>, expected: string]>([
    [
      "made-when-the-one-before-was-numbered-while-nobody-knew-what-AWS-holds",
      { listed: [entry("01")], published: { ...published(["01"]), number: 41n } },
      "refresh 01",
    ],
    [
      "not-made-for-a-low-number-while-nobody-knows-what-AWS-holds",
      { listed: [entry("01")], published: { ...published(["01"]), number: 41n }, areAnchorsRead: false },
      "nothing",
    ],
    [
      "not-made-for-a-number-that-is-a-second-behind-its-date",
      { listed: [entry("01")], published: { ...published(["01"]), number: BigInt((now - 61) * 1_000) } },
      "nothing",
    ],
    ["not-made-when-there-is-nothing-new", { listed: [entry("01")], published: published(["01"]) }, "nothing"],
    [
      "not-made-for-a-record-that-is-listed-and-published",
      { listed: [entry("01")], revoked: [entry("01")], published: published(["01"]) },
      "nothing",
    ],
    ["not-made-for-an-expired-leaf-that-was-never-listed", { revoked: [entry("01", now - 1)] }, "nothing"],
    ["not-made-for-a-leaf-that-ends-now", { revoked: [entry("01", now)] }, "nothing"],
    ["made-first-without-entries", { published: undefined }, "first"],
    [
      "made-first-with-what-is-known",
      { listed: [entry("01")], revoked: [entry("02")], published: undefined },
      "first 01 02",
    ],
    ["made-for-a-new-record", { revoked: [entry("01")] }, "revocations 01"],
    ["made-for-a-listed-entry-that-was-never-published", { listed: [entry("01")] }, "revocations 01"],
    ["made-for-a-listed-entry-that-expired-unpublished", { listed: [entry("01", now - hour)] }, "revocations 01"],
    [
      "made-once-with-many",
      { listed: [entry("01")], revoked: [entry("01"), entry("02"), entry("03")], published: published(["01"]) },
      "revocations 01 02 03",
    ],
    ["not-refreshed-within-an-hour", { published: published([], now - crlRefreshSeconds + 1) }, "nothing"],
    ["refreshed-after-an-hour", { published: published([], now - crlRefreshSeconds) }, "refresh"],
    ["refreshed-after-its-end", { published: published([], now - crlValiditySeconds - hour) }, "refresh"],
    [
      "made-for-a-reason-that-became-a-key-compromise",
      {
        listed: [entry("01")],
        revoked: [entry("01", now + hour, { reason: "keyCompromise" })],
        published: published(["01"]),
      },
      "revocations 01",
    ],
    [
      "not-made-for-a-key-compromise-that-it-has",
      {
        listed: [entry("01", now + hour, { reason: "keyCompromise" })],
        published: published(["01"], now - 60, ["01"]),
      },
      "nothing",
    ],
    [
      "not-made-for-a-reason-that-became-another",
      {
        listed: [entry("01")],
        revoked: [entry("01", now + hour, { reason: "privilegeWithdrawn" })],
        published: published(["01"]),
      },
      "nothing",
    ],
  ])("%s", (_fact, input, expected) => {
    expect(plan(input)).toBe(expected);
  });

  test("not-made-twice-of-one-plan", () => {
    const first = planCrl({
      listed: [],
      revoked: [entry("01"), entry("02")],
      published: undefined,
      now,
      root,
      areAnchorsRead: true,
    });
    if (first.do !== "publish") throw new Error(first.do);
    const serials = first.entries.map(({ serial }) => serial);
    expect(
      plan({ listed: first.entries, revoked: [entry("01"), entry("02")], published: published(serials, now) }),
    ).toBe("nothing");
  });
});

describe("an entry", () => {
  // Each time with a new entry "ff", so that a CRL is made at all.
  test.each<[fact: string, listed: RevocationEntry, published: PublishedCrl, stays: boolean]>([
    ["stays-while-its-leaf-is-valid", entry("01"), published(["01"]), true],
    ["stays-after-the-end-when-the-crl-was-issued-before", entry("01", now - 30), published(["01"], now - 60), true],
    ["stays-when-the-crl-was-issued-at-the-very-end", entry("01", now - 60), published(["01"], now - 60), true],
    ["goes-once-a-crl-issued-after-the-end-had-it", entry("01", now - 61), published(["01"], now - 60), false],
    ["stays-when-that-crl-did-not-have-it", entry("01", now - 61), published(["02"], now - 60), true],
  ])("%s (RFC 5280, 3.3)", (_fact, listed, last, stays) => {
    expect(plan({ listed: [listed], revoked: [entry("ff")], published: last })).toBe(
      stays ? "revocations 01 ff" : "revocations ff",
    );
  });

  test("that-was-dropped-does-not-come-back-from-its-record", () => {
    expect(plan({ listed: [], revoked: [entry("01", now - hour), entry("ff")], published: published([]) })).toBe(
      "revocations ff",
    );
  });

  const second = { revokedAt: now, actor: "bob" } as const;

  test.each<[fact: string, first: RevocationEntry["reason"], then: RevocationEntry["reason"], expected: string]>([
    ["keeps-the-reason-that-the-list-had-first", "superseded", "privilegeWithdrawn", "superseded"],
    ["keeps-a-key-compromise-whatever-comes", "keyCompromise", "superseded", "keyCompromise"],
    ["becomes-a-key-compromise", "superseded", "keyCompromise", "keyCompromise"],
    ["without-a-reason-becomes-a-key-compromise", "unspecified", "keyCompromise", "keyCompromise"],
  ])("%s-and-the-first-time-and-revoker", (_fact, first, then, expected) => {
    const listed = entry("01", now + hour, { reason: first });
    const again = entry("01", now + hour, { reason: then, ...second });
    expect(
      planCrl({ listed: [listed], revoked: [again], published: undefined, now, root, areAnchorsRead: true }),
    ).toMatchObject({
      entries: [{ ...listed, reason: expected }],
    });
  });
});

test("no-serial-vanishes-that-is-unexpired-or-was-never-published-after-its-end", () => {
  // Up to eight leaves: when each ends, and whether list, ledger and last CRL have it.
  const leaves = array(
    record({
      notAfter: integer({ min: now - 300, max: now + 300 }),
      listed: boolean(),
      revoked: boolean(),
      had: boolean(),
    }),
    { maxLength: 8 },
  );
  assert(
    property(leaves, option(integer({ min: now - 400, max: now })), (some, thisUpdate) => {
      const all = some.map((leaf, index) => ({ ...leaf, ...entry(`0${index + 1}`, leaf.notAfter) }));
      const listed = all.filter((leaf) => leaf.listed);
      const revoked = all.filter((leaf) => leaf.revoked);
      const had = listed.filter((leaf) => leaf.had).map(({ serial }) => serial);
      const last = thisUpdate === null ? undefined : published(had, thisUpdate);
      const planned = planCrl({ listed, revoked, published: last, now, root, areAnchorsRead: true });
      const next = planned.do === "publish" ? planned.entries.map(({ serial }) => serial) : had;

      expect(new Set(next).size).toBe(next.length);
      for (const { serial, notAfter } of [...listed, ...revoked.filter((one) => one.notAfter > now)]) {
        const isOver =
          notAfter <= now && last?.serials.has(serial) === true && notAfter * 1_000 < last.thisUpdate.getTime();
        if (!isOver) expect(next).toContain(serial);
      }
    }),
    { numRuns: 2_000 },
  );
});

describe("a CRL that is full", () => {
  const many = (count: number, from = 0, change: Partial<RevocationEntry> = {}): readonly RevocationEntry[] =>
    Array.from({ length: count }, (_, index) =>
      entry(`4f${(from + index).toString(16).padStart(30, "0")}`, now + hour, change),
    );
  const full = (): number => mostEntries(root);

  test("takes-what-there-is-room-for-and-says-how-many-wait", () => {
    const planned = planCrl({
      listed: many(full() - 2),
      revoked: many(5, 100_000),
      published: published([]),
      now,
      root,
      areAnchorsRead: true,
    });
    expect(planned).toMatchObject({ do: "publish", capacity: { waiting: 3 } });
    expect(planned.do === "publish" && planned.entries.length).toBe(full());
  });

  test("takes-key-compromises-first-and-then-the-oldest", () => {
    const [late, early] = [entry("01", now + hour, { revokedAt: now - 1 }), entry("02")];
    const compromised = entry("03", now + hour, { revokedAt: now, reason: "keyCompromise" });
    const listed = many(full() - 2);
    const planned = planCrl({
      listed,
      revoked: [late, early, compromised],
      published: published([]),
      now,
      root,
      areAnchorsRead: true,
    });
    expect(planned.do === "publish" && planned.entries.slice(-2).map(({ serial }) => serial)).toEqual(["03", "02"]);
  });

  test("takes-nobody-more-and-is-refreshed-all-the-same", () => {
    const listed = many(full());
    const serials = listed.map(({ serial }) => serial);
    const fresh = planCrl({
      listed,
      revoked: many(5, 100_000),
      published: published(serials),
      now,
      root,
      areAnchorsRead: true,
    });
    expect(fresh).toMatchObject({ do: "nothing", capacity: { waiting: 5 } });
    const old = published(serials, now - crlRefreshSeconds);
    const planned = planCrl({ listed, revoked: many(5, 100_000), published: old, now, root, areAnchorsRead: true });
    expect(planned).toMatchObject({ do: "publish", because: "refresh", entries: { length: full() } });
  });

  test("that-holds-more-than-aws-takes-is-refused-with-what-to-do", () => {
    const planned = planCrl({
      listed: many(full() + 1),
      revoked: [],
      published: undefined,
      now,
      root,
      areAnchorsRead: true,
    });
    expect(planned).toMatchObject({ do: "refuse", message: expect.stringContaining("rotate to a new generation") });
  });

  test("has-room-again-as-soon-as-old-entries-can-go", () => {
    const old = many(full()).map((one) => ({ ...one, notAfter: now - hour }));
    expect(plan({ listed: old, revoked: [entry("01")], published: published(old.map(({ serial }) => serial)) })).toBe(
      "revocations 01",
    );
  });

  test("leaves-reasons-out-and-so-needs-no-next-one-for-a-reason", () => {
    const listed = many(full() - 10, 0, { reason: "keyCompromise" });
    const last = published(listed.map(({ serial }) => serial));
    expect(planCrl({ listed, revoked: [], published: last, now, root, areAnchorsRead: true })).toMatchObject({
      do: "nothing",
      capacity: { reasons: "LeftOut" },
    });
  });
});
