import { describe, expect, test } from "vitest";
import type { Operation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitCode } from "../../../src/rotation/reason.ts";
import {
  actionFor,
  anchor,
  codesFor,
  crl,
  DAY,
  failure,
  finished,
  generation,
  HOUR,
  MINUTE,
  NOW,
  reading,
  reasonsFor,
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const done = { do: "FinishOperation", outcome: "Done" } as const;

const recover = (startedAt: number | undefined, accepted: readonly string[] = []): Operation => ({
  name: "recover-1",
  kind: "Recover",
  accepted,
  startedAt,
});
const covered = { mark: { notAfter: NOW + 8 * DAY, sealed: false } };

describe("Recover", () => {
  test("records-when-it-began", () => {
    expect(actionFor({ operations: [recover(undefined)] })).toEqual({
      do: "BeginOperation",
      operation: "recover-1",
      at: NOW,
    });
  });

  test("raises-marks-that-can-be-raised-and-lowers-none", () => {
    const generations = [
      generation(1, "Draining", { mark: { notAfter: NOW, sealed: true } }),
      generation(2, "Active", { mark: { notAfter: NOW + DAY, sealed: false } }),
    ];
    const world = { generations, operations: [recover(NOW)], anchors: [anchor([1, 2])] };
    expect(actionFor(world)).toEqual({ do: "RaiseMark", generation: 2, notAfter: NOW + 7 * DAY });
    expect(actionFor({ generations: [generation(1, "Active", covered)], operations: [recover(NOW)] })).toMatchObject(
      done,
    );
  });

  test("raises-what-a-mark-says-of-profile-general-though-the-mark-is-high-enough", () => {
    const mark = { notAfter: NOW + 8 * DAY, sealed: false, generalNotAfter: NOW + 6 * DAY };
    const world = { operations: [recover(NOW)] };
    expect(actionFor({ ...world, generations: [generation(1, "Active", { mark })] })).toEqual({
      do: "RaiseMark",
      generation: 1,
      notAfter: NOW + 7 * DAY,
    });
    const raised = { ...mark, generalNotAfter: NOW + 7 * DAY };
    expect(actionFor({ ...world, generations: [generation(1, "Active", { mark: raised })] })).toMatchObject(done);
  });

  test("raises-no-mark-beyond-its-root", () => {
    const root = { fingerprint: "root1", notBefore: NOW - DAY, notAfter: NOW + DAY };
    const generations = [generation(1, "Active", { root, mark: { notAfter: NOW, sealed: false } })];
    expect(actionFor({ generations, operations: [recover(NOW)] })).toMatchObject({ notAfter: NOW + DAY });
  });

  test("keeps-the-accepted-roots-until-no-leaf-of-theirs-can-be-valid", () => {
    const world = { generations: [generation(1, "Active", covered)], anchors: [anchor([1, 9], { joined: false })] };
    expect(actionFor({ ...world, operations: [recover(NOW - HOUR, ["root9", "root7"])] })).toEqual({
      do: "AcceptRoots",
      fingerprints: ["root9"],
      drainUntil: NOW - HOUR + 7 * DAY,
    });
    const [drift, ...others] = codesFor({ ...world, operations: [recover(NOW)] });
    expect([drift, ...others]).toEqual(expect.arrayContaining(["StateBehind", "Drift"]));
    expect(actionFor({ ...world, operations: [recover(NOW)] })).toBeUndefined();
  });

  test("adds-what-aws-revokes-to-ours", () => {
    const ahead = reading([1], { crls: [crl(1, { number: 12n, current: false })] });
    const world = { generations: [generation(1, "Active", covered)], anchors: [anchor([1], { reading: ahead })] };
    expect(actionFor({ ...world, operations: [recover(NOW)] })).toEqual({
      do: "MergeRevocations",
      anchor: "prod",
      generation: 1,
    });
    expect(reasonsFor(world)[0]).toMatchObject({ code: "StateBehind", generation: 1, anchor: "prod" });
  });
});

describe("an order of Recover", () => {
  const done = finished("recover-1", "Done", "marks and revocations cover what was restored");
  const one = [generation(1, "Active", covered)];
  const newer = crl(1, { number: 11n, current: false });

  test.each<[string, Changes, WaitCode]>([
    ["by-clocks-that-differ", { operations: [recover(undefined)], time: untrusted }, "TimeUntrusted"],
    [
      "by-readings-of-long-ago",
      {
        operations: [recover(undefined)],
        anchors: [anchor([1], { failure, reading: reading([1], { readAt: NOW - 11 * MINUTE }) })],
      },
      "AnchorNotRead",
    ],
  ])("does-not-begin-%s", (_name, changes, code) => {
    expect(actionFor(changes)?.do).not.toBe("BeginOperation");
    expect(codesFor(changes)).toContain(code);
  });

  test("raises-no-mark-that-is-not-there", () => {
    const generations = [generation(1, "Destroyed", { mark: undefined }), generation(2, "Active", covered)];
    expect(actionFor({ generations, operations: [recover(NOW)], anchors: [anchor([2])] })).toStrictEqual(done);
  });

  test("adds-what-aws-revokes-of-the-generation-that-it-is-of", () => {
    const generations = [generation(2, "Active", covered), generation(1, "Draining", { crlNumber: 10n })];
    const crls = [crl(2), newer];
    const world = { generations, operations: [recover(NOW)] };
    const anchors = [anchor([1, 2], { reading: reading([1, 2], { crls }) })];
    expect(actionFor({ ...world, anchors })).toStrictEqual({ do: "MergeRevocations", anchor: "prod", generation: 1 });
    expect(actionFor({ ...world, anchors: anchors.map((anchor) => ({ ...anchor, failure })) })).toBeUndefined();
  });

  test("is-not-done-while-an-anchor-was-not-read", () => {
    const anchors = [anchor([], { reading: undefined, failure })];
    expect(actionFor({ generations: one, operations: [recover(NOW)], anchors })).toBeUndefined();
  });

  test("is-done-whatever-crl-of-somebody-else-is-there", () => {
    const crls = [crl(1), crl(8, { generation: undefined, number: 99n })];
    const anchors = [anchor([1], { reading: reading([1], { crls }) })];
    expect(actionFor({ generations: one, operations: [recover(NOW)], anchors })).toStrictEqual(done);
  });
});
