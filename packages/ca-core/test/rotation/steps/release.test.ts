import { describe, expect, test } from "vitest";
import type {
  AnchorObservation,
  GenerationObservation,
  Operation,
  RotationObservation,
} from "../../../src/rotation/observation.ts";
import { letGo } from "../../../src/rotation/steps/release.ts";
import {
  actionFor,
  anchor,
  codesFor,
  crl,
  DAY,
  failure,
  generation,
  held,
  HOUR,
  MINUTE,
  NOW,
  reading,
  reasonsFor,
  rootOf,
  untrusted,
  viewFor,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const release = (aws: "Keep" | "Delete"): Operation => ({ name: "release-1", kind: "Release", aws });
const ours = (changes: Partial<AnchorObservation> = {}) => anchor([1], { create: true, ...changes });
const letsGo = (left: string) => ({ do: "RemoveFinalizer", left });
const left = "Left in AWS: trust anchor prod with SHA-256 root1";
const refused = { do: "FinishOperation", outcome: "Refused" } as const;

describe("an authority is let go by a Release", () => {
  const world = (aws: "Keep" | "Delete", ...anchors: AnchorObservation[]): Changes => ({
    deleting: true,
    operations: [{ name: "stop", kind: "Freeze" }, release(aws)],
    freeze: held({ byOperator: true }),
    anchors,
  });
  const deletes = (id: number) => ({ do: "DeleteCrl", anchor: "prod", generation: id, id: `crl${id}` });

  test.each<[string, Changes, object]>([
    ["that-keeps-what-is-ours", world("Keep", ours()), letsGo(left)],
    ["after-our-crls", world("Delete", ours()), deletes(1)],
    [
      "after-our-crls-not-somebody-elses",
      world("Delete", ours({ reading: reading([1], { crls: [crl(8, { generation: undefined }), crl(1)] }) })),
      deletes(1),
    ],
    [
      "after-our-anchor-whatever-crls-of-somebody-else-it-has",
      world("Delete", ours({ reading: reading([1], { crls: [crl(8, { generation: undefined })] }) })),
      { do: "DeleteAnchor", anchor: "prod" },
    ],
    [
      "once-it-was-read-what-a-deletion-has-left",
      world("Delete", ours({ writtenAt: NOW })),
      { do: "ReadAnchor", anchor: "prod" },
    ],
    ["whatever-an-anchor-holds-that-we-did-not-create", world("Delete", anchor([1])), letsGo(left)],
    ["whatever-an-anchor-holds-that-is-not-managed", world("Delete", ours({ manage: false })), letsGo(left)],
    ["whatever-an-anchor-holds-that-is-ignored", world("Delete", ours({ ignore: true, joined: false })), letsGo(left)],
    [
      "that-says-which-anchors-were-not-read",
      world(
        "Delete",
        anchor([1]),
        ours({ name: "two", reading: undefined, failure }),
        ours({ name: "three", reading: undefined, failure }),
      ),
      letsGo(`${left}; not read: two, three`),
    ],
    [
      "that-says-what-several-anchors-hold",
      world("Keep", anchor([1]), anchor([1, 9], { name: "two", joined: false })),
      letsGo(`${left}; trust anchor two with SHA-256 root1, root9`),
    ],
    [
      "that-says-that-nothing-is-left",
      world("Delete", ours({ joined: false, reading: reading([], { state: "Missing" }) })),
      letsGo("Nothing is known to be left in AWS"),
    ],
  ])("%s", (_name, changes, action) => {
    expect(actionFor(changes)).toStrictEqual(action);
  });

  test("not-while-what-is-to-go-cannot-be-reached", () => {
    const unreachable = world("Delete", ours({ failure }));
    expect(actionFor(unreachable)).toBeUndefined();
    expect(codesFor(unreachable)).toContain("AnchorUnreachable");
  });

  test("whatever-the-time", () => {
    expect(actionFor({ ...world("Keep", ours()), time: untrusted })).toStrictEqual(letsGo(left));
  });

  test("and-not-while-nobody-deletes-it", () => {
    expect(actionFor({})).toBeUndefined();
    expect(actionFor({ operations: [release("Keep")] })).toStrictEqual({
      do: "FinishOperation",
      operation: "release-1",
      outcome: "Refused",
      message: "the CertificateAuthority is not being deleted; delete it, then order Release again",
    });
  });
});

describe("an authority is let go by itself", () => {
  const late = { notAfter: NOW + 9 * DAY, sealed: true };
  const world = (...generations: GenerationObservation[]): Changes => ({ deleting: true, generations, anchors: [] });
  const gone = letsGo("Nothing is known to be left in AWS");
  const signed = (notAfter: number) => generation(3, "Active", { mark: { notAfter, sealed: false } });

  test("ten-minutes-after-the-last-mark", () => {
    expect(actionFor(world(signed(NOW - 10 * MINUTE)))).toStrictEqual(gone);
    const told = reasonsFor(world(signed(NOW - 9 * MINUTE)));
    expect(told.find(({ code }) => code === "MarksNotPassed")).toStrictEqual({
      code: "MarksNotPassed",
      until: NOW + MINUTE,
      message:
        "Leaves of this authority may be valid until 2027-06-01T00:01:00Z; a Release operation lets it go before",
    });
  });

  test.each(["Retired", "Destroyed", "Abandoned"] as const)("whatever-the-mark-of-one-that-is-%s", (phase) => {
    const done = generation(1, phase, { mark: late, hasKey: false, phaseSince: NOW });
    expect(actionFor(world(done, signed(NOW - DAY)))?.do).toBe("RemoveFinalizer");
  });

  test.each(["Pending", "Published", "Active", "Draining"] as const)(
    "not-before-the-mark-of-one-that-is-%s",
    (phase) => {
      const alive = generation(1, phase, { mark: late });
      expect(letGo(viewFor(world(alive, signed(NOW - DAY))))).toMatchObject([
        { unless: [undefined, { until: NOW + 9 * DAY + 10 * MINUTE }] },
      ]);
    },
  );

  test("not-by-clocks-that-differ", () => {
    const changes = { ...world(signed(NOW - DAY)), time: untrusted };
    expect(actionFor(changes)).toBeUndefined();
    expect(codesFor(changes)).toContain("TimeUntrusted");
  });

  test.each([
    ["whose-mark-is-lost", undefined],
    ["whose-mark-lies-behind-it", { notAfter: NOW + 3 * DAY, sealed: false }],
  ])("at-the-end-of-a-root-%s", (_name, mark) => {
    const root = { ...rootOf(3), notAfter: NOW + 2 * DAY };
    const view = viewFor(world(generation(3, "Active", { mark, root })));
    expect(letGo(view)).toMatchObject([{ unless: [undefined, { until: NOW + 2 * DAY + 10 * MINUTE }] }]);
  });

  test("at-once-when-it-has-never-had-a-generation", () => {
    expect(actionFor(world())).toStrictEqual(gone);
  });
});

describe("the end of an authority", () => {
  const release = (aws: "Keep" | "Delete"): Operation => ({ name: "release-1", kind: "Release", aws });

  test("waits-until-every-mark-has-passed", () => {
    expect(reasonsFor({ deleting: true }).find(({ code }) => code === "MarksNotPassed")).toMatchObject({
      until: NOW + 7 * DAY + 10 * MINUTE,
    });
    const generations = [generation(1, "Active", { mark: { notAfter: NOW - HOUR, sealed: false } })];
    expect(actionFor({ deleting: true, generations })).toEqual({
      do: "RemoveFinalizer",
      left: "Left in AWS: trust anchor prod with SHA-256 root1",
    });
  });

  test("comes-at-once-by-a-release-that-keeps-what-is-in-aws", () => {
    expect(actionFor({ deleting: true, operations: [release("Keep")] })?.do).toBe("RemoveFinalizer");
  });

  test("comes-after-our-own-anchors-are-gone-when-the-release-says-so", () => {
    const ours = anchor([1], { create: true });
    const world = { deleting: true, operations: [release("Delete")] };
    expect(actionFor({ ...world, anchors: [ours] })).toEqual({
      do: "DeleteCrl",
      anchor: "prod",
      generation: 1,
      id: "crl1",
    });
    const empty = { ...ours, reading: reading([1], { crls: [] }) };
    expect(actionFor({ ...world, anchors: [empty] })).toEqual({ do: "DeleteAnchor", anchor: "prod" });
    const gone = { ...ours, joined: false, reading: reading([], { state: "Missing" }) };
    expect(actionFor({ ...world, anchors: [gone] })?.do).toBe("RemoveFinalizer");
    expect(actionFor({ ...world, anchors: [anchor([1])] })?.do).toBe("RemoveFinalizer");
  });

  test("is-not-ordered-by-a-release-alone", () => {
    expect(actionFor({ operations: [release("Delete")] })).toMatchObject(refused);
  });
});
