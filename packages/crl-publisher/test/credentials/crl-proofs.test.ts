import { parseCrlNumber } from "@capstan/ca-core";
import { createLogger, createMetrics } from "@capstan/kube";
import { beforeEach, describe, expect, test } from "vitest";
import type { AnchorSpec } from "../../src/authority/authority-parts.ts";
import type { RevokedOutcome } from "../../src/credentials/canary.ts";
import { CrlProofs, type ReadBackCrl } from "../../src/credentials/crl-proofs.ts";
import type { OwnLeaf } from "../../src/credentials/mint-own-leaf.ts";
import { createOwnCredentialsMetrics } from "../../src/metrics/own-credentials-metrics.ts";
import { authority, minute, now, prod } from "../support/objects.ts";

const arns = {
  profileArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/11111111-aaaa-4bbb-8ccc-222222222222",
  roleArn: "arn:aws:iam::111122223333:role/canary",
};
const watched: AnchorSpec = { ...prod, canary: arns };
const fleet = authority({
  spec: { trustAnchors: [watched] },
  status: { generations: [{ number: 1, phase: "Active" }] },
});
const signal = new AbortController().signal;

let time: number;
let log: Record<string, unknown>[];
let metrics: ReturnType<typeof createMetrics>;
/** Serials that AWS was asked about. */
let asked: string[];
let answer: RevokedOutcome["outcome"] | undefined;
let proofs: CrlProofs;

beforeEach(() => {
  time = now.getTime();
  log = [];
  metrics = createMetrics();
  asked = [];
  answer = "Refused";
  proofs = new CrlProofs({
    ask: async (_authority, _anchor, { serial }) => {
      asked.push(serial);
      return answer === undefined ? undefined : { outcome: answer, message: `AWS says ${answer}` };
    },
    metrics: createOwnCredentialsMetrics(metrics, { list: () => [fleet] }),
    now: () => new Date(time),
    log: createLogger({
      program: "test",
      to: { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) },
    }),
  });
});

/** A ten-minute leaf; its key is of no use here. */
function mint(serial: string, generation = 1): void {
  const notAfter = new Date(time + 10 * minute);
  proofs.minted("fleet", { serial, generation, notAfter, certificatePem: "", record: "r" } as unknown as OwnLeaf);
}

function crl(serials: readonly string[], change: Partial<ReadBackCrl> = {}): ReadBackCrl {
  return { authority: "fleet", anchor: watched, generation: 1, serials: new Set(serials), ...change };
}

const provenMetric = async (): Promise<string | undefined> =>
  (await metrics.registry.metrics()).split("\n").find((line) => line.startsWith("capstan_crl_proven{"));

describe("a CRL that names a leaf of this process", () => {
  beforeEach(() => mint("aa"));

  test("is doubtful until AWS has refused the leaf, and asked about no more then", async () => {
    expect(proofs.isDoubtful(crl(["aa", "bb"]))).toBe(true);
    expect(proofs.waitMs(crl(["aa", "bb"]))).toBe(0);

    await proofs.ask(crl(["aa", "bb"]), signal);

    expect(proofs.isDoubtful(crl(["aa", "bb"]))).toBe(false);
    expect(proofs.waitMs(crl(["aa", "bb"]))).toBeUndefined();
    time += minute;
    await proofs.ask(crl(["aa", "bb"]), signal);
    expect(asked).toEqual(["aa"]);
    expect(log).toMatchObject([{ level: "info", msg: "AWS acts on the new CRL", trustAnchor: "prod" }]);
    expect(await provenMetric()).toMatch(/ 1$/u);
  });

  test.each(["Accepted", "Unknown", undefined] as const)(
    "stays doubtful while AWS answers %s, and is asked about each five seconds, with one warning",
    async (outcome) => {
      answer = outcome;
      await proofs.ask(crl(["aa"]), signal);
      time += 4_999;
      await proofs.ask(crl(["aa"]), signal);
      expect([asked, proofs.waitMs(crl(["aa"]))]).toEqual([["aa"], 1]);

      time += 1;
      await proofs.ask(crl(["aa"]), signal);

      expect(asked).toEqual(["aa", "aa"]);
      expect(proofs.isDoubtful(crl(["aa"]))).toBe(true);
      expect(log).toMatchObject([{ level: "warn", msg: "AWS has not been seen to act on the new CRL yet" }]);
      expect(await provenMetric()).toMatch(/ 0$/u);
    },
  );

  test.each([
    ["Unknown", false],
    [undefined, false],
    ["Accepted", true],
  ] as const)("whose leaf has ended after AWS answered %s is doubtful: %s", async (outcome, isDoubtful) => {
    answer = outcome;
    time += 9 * minute;
    await proofs.ask(crl(["aa"]), signal);
    time += 30_000;

    expect(proofs.isDoubtful(crl(["aa"]))).toBe(isDoubtful);
    expect(proofs.waitMs(crl(["aa"]))).toBeUndefined();
    await proofs.ask(crl(["aa"]), signal);
    expect(asked).toEqual(["aa"]);
  });

  test("whose leaf ended before anybody asked counts as it was read back", () => {
    time += 10 * minute;

    expect(proofs.isDoubtful(crl(["aa"]))).toBe(false);
  });

  test("is proven in each trust anchor by itself", async () => {
    const elsewhere = crl(["aa"], { anchor: { ...watched, name: "test" } });
    await proofs.ask(crl(["aa"]), signal);

    expect(proofs.isDoubtful(elsewhere)).toBe(true);
    answer = "Accepted";
    await proofs.ask(elsewhere, signal);
    expect([proofs.isDoubtful(elsewhere), proofs.isDoubtful(crl(["aa"]))]).toEqual([true, false]);
  });

  test("is followed by one that needs a proof of its own", async () => {
    await proofs.ask(crl(["aa"]), signal);
    mint("bb");

    expect(proofs.isDoubtful(crl(["aa", "bb"]))).toBe(true);
    await proofs.ask(crl(["aa", "bb"]), signal);
    expect(asked).toEqual(["aa", "bb"]);
  });

  test("keeps its proof beside those of later leaves", async () => {
    for (const serial of ["b1", "b2", "b3"]) mint(serial);
    await proofs.ask(crl(["aa"]), signal);

    expect(asked).toEqual(["aa"]);
  });
});

test.each<[string, ReadBackCrl]>([
  ["that names no leaf of this process, as after a restart", crl(["ff"])],
  ["of another generation", crl(["aa"], { generation: 2 })],
  ["of another authority", crl(["aa"], { authority: "other" })],
  ["in an anchor without a canary", crl(["aa"], { anchor: prod })],
])("a CRL %s is neither asked about nor doubtful", async (_name, other) => {
  mint("aa");

  await proofs.ask(other, signal);

  expect(asked).toEqual([]);
  expect([proofs.isDoubtful(other), proofs.waitMs(other)]).toEqual([false, undefined]);
});

describe("where CRLs follow each other before their leaves have ended", () => {
  /** A CRL each minute, with a leaf of its own, that names all before it; which one counts then. */
  async function follow(count: number): Promise<readonly (bigint | undefined)[]> {
    const serials: string[] = [];
    const counted: (bigint | undefined)[] = [];
    for (let number = 1; number <= count; number += 1) {
      const serial = number.toString(16).padStart(2, "0");
      mint(serial);
      serials.push(serial);
      const newest = crl(serials);
      await proofs.ask(newest, signal);
      counted.push(proofs.counted(newest, numbered(number, newest))?.number);
      time += minute;
    }
    return counted;
  }
  const numbered = (number: number, { serials }: ReadBackCrl): Parameters<CrlProofs["counted"]>[1] => ({
    number: parseCrlNumber(String(number)),
    serials,
  });

  test("the newest counts when AWS refuses its leaf", async () => {
    expect(await follow(3)).toEqual([1n, 2n, 3n]);
    expect(proofs.doubtOf(crl([]))).toBeUndefined();
  });

  test("and AWS cannot be seen to act, one counts when its own leaf has ended", async () => {
    answer = "Unknown";
    const counted = await follow(30);
    expect(counted.slice(0, 12)).toEqual([...Array.from({ length: 10 }, () => undefined), 1n, 2n]);
    expect(counted.at(-1)).toBeGreaterThan(15n);
    expect(proofs.doubtOf(crl([]))).toBe("the CRL was read back, and AWS was not seen to act on it: AWS says Unknown");
  });

  test("and AWS gives sessions to their leaves, none counts before one that it refuses", async () => {
    answer = "Accepted";
    expect(new Set(await follow(30))).toEqual(new Set([undefined]));
    answer = "Refused";
    mint("ff");
    await proofs.ask(crl(["ff"]), signal);
    expect(proofs.counted(crl(["ff"]), numbered(31, crl(["ff"])))?.number).toBe(31n);
    expect(proofs.doubtOf(crl([]))).toBeUndefined();
  });
});
