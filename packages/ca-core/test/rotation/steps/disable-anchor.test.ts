import { describe, expect, test } from "vitest";
import type { AnchorObservation, Operation, RotationObservation } from "../../../src/rotation/observation.ts";
import {
  actionFor,
  anchor,
  beforeTheSwitch,
  codesFor,
  crl,
  failure,
  finished,
  generation,
  MINUTE,
  NOW,
  reading,
  reasonsFor,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const disable: Operation = { name: "stop", kind: "DisableTrustAnchor", anchor: "prod" };
const enable: Operation = { name: "go", kind: "EnableTrustAnchor", anchor: "prod" };
const ordered = [{ anchor: "prod", operation: "stop" }];
const prod = (state: "Present" | "Disabled" | "Missing" | "NotABundle", changes: Partial<AnchorObservation> = {}) =>
  anchor([1], { joined: false, reading: reading(state === "Missing" ? [] : [1], { state }), ...changes });
const keep = (disabled: boolean, operation: string) => ({
  do: "SetAnchorDisabled",
  anchor: "prod",
  operation,
  disabled,
});

describe("DisableTrustAnchor", () => {
  test.each<[string, Changes, object | undefined]>([
    ["is-kept-before-anything-is-sent", { operations: [disable] }, keep(true, "stop")],
    [
      "is-sent-once-it-is-kept",
      { operations: [disable], disabledAnchors: ordered },
      { do: "DisableAnchor", anchor: "prod" },
    ],
    [
      "is-sent-again-though-the-operation-is-over",
      { disabledAnchors: ordered, anchors: [prod("Present")] },
      { do: "DisableAnchor", anchor: "prod" },
    ],
    [
      "is-sent-although-no-clock-is-trusted-and-the-state-is-behind",
      {
        disabledAnchors: ordered,
        time: { own: NOW, apiServer: undefined, aws: undefined, highWater: NOW },
        operations: [{ name: "back", kind: "Recover", accepted: [], startedAt: undefined }],
      },
      { do: "DisableAnchor", anchor: "prod" },
    ],
    [
      "is-not-sent-twice-before-it-was-read-back",
      { disabledAnchors: ordered, anchors: [anchor([1], { writtenAt: NOW })] },
      { do: "ReadAnchor", anchor: "prod" },
    ],
    [
      "is-not-sent-for-an-anchor-that-was-never-read",
      { disabledAnchors: ordered, anchors: [anchor([1], { reading: undefined })] },
      { do: "ReadAnchor", anchor: "prod" },
    ],
    [
      "is-not-done-by-a-reading-from-before-it-was-sent",
      { disabledAnchors: ordered, operations: [disable], anchors: [prod("Disabled", { writtenAt: NOW })] },
      { do: "ReadAnchor", anchor: "prod" },
    ],
    [
      "is-done-when-it-was-read-back",
      { disabledAnchors: ordered, operations: [disable], anchors: [prod("Disabled")] },
      finished(
        "stop",
        "Done",
        "trust anchor prod is disabled: AWS gives no new session by it, not even to the publisher; those that were given before last to their end",
      ),
    ],
    [
      "is-done-where-there-is-none",
      { disabledAnchors: ordered, operations: [disable], anchors: [prod("Missing", { create: true })] },
      finished(
        "stop",
        "Done",
        "trust anchor prod does not exist, and is not created: AWS gives no new session by it, not even to the publisher; those that were given before last to their end",
      ),
    ],
    [
      "is-over-when-the-opposite-was-ordered-later",
      { disabledAnchors: ordered, operations: [disable, enable] },
      finished("stop", "Done", "operation go came after it"),
    ],
    [
      "is-refused-for-a-name-that-the-spec-lacks",
      { operations: [{ ...disable, anchor: "other" }] },
      finished("stop", "Refused", "spec.trustAnchors names no other"),
    ],
    [
      "is-refused-for-an-anchor-that-is-not-managed",
      { operations: [disable], anchors: [prod("Present", { manage: false })] },
      finished("stop", "Refused", "trust anchor prod is not managed: disable it in AWS"),
    ],
    [
      "is-refused-for-an-anchor-that-is-ignored",
      { operations: [disable], anchors: [prod("Present", { ignore: true })] },
      finished(
        "stop",
        "Refused",
        "trust anchor prod is ignored, so that it is neither read nor written: disable it in AWS, or end ignore",
      ),
    ],
    [
      "is-refused-for-what-is-no-bundle",
      { operations: [disable], anchors: [prod("NotABundle")] },
      finished("stop", "Refused", "trust anchor prod is not of type CERTIFICATE_BUNDLE: disable it in AWS"),
    ],
    [
      "ends-when-the-spec-forgets-the-anchor-and-stays-kept",
      { disabledAnchors: ordered, operations: [disable], anchors: [] },
      finished("stop", "Refused", "spec.trustAnchors names no prod; should it come back, it is disabled"),
    ],
  ])("%s", (_name, changes, action) => {
    expect(actionFor(changes)).toStrictEqual(action);
  });

  test.each<[string, Partial<AnchorObservation>]>([
    ["that-cannot-be-reached", { failure }],
    ["that-is-not-managed-any-more", { manage: false }],
    ["that-is-ignored-meanwhile", { ignore: true }],
  ])("is-not-sent-to-an-anchor-%s", (_name, changes) => {
    expect(actionFor({ disabledAnchors: ordered, anchors: [prod("Present", changes)] })).toBeUndefined();
  });

  test("does-not-touch-another-anchor", () => {
    const anchors = [anchor([1], { name: "other" }), prod("Disabled")];
    expect(actionFor({ disabledAnchors: ordered, anchors })).toBeUndefined();
  });

  test.each<[string, AnchorObservation, string]>([
    [
      "before-it-was-read-back",
      prod("Present", { failure }),
      "Trust anchor prod is to be disabled by operation stop, and was not yet read back so: AWS may still give sessions by it; order EnableTrustAnchor to end that, or set ignore to rotate without it",
    ],
    [
      "when-it-was-read-back",
      prod("Disabled"),
      "Trust anchor prod is disabled by operation stop: nobody gets a session by it; order EnableTrustAnchor to end that, or set ignore to rotate without it",
    ],
    [
      "where-there-is-none",
      prod("Missing", { create: true }),
      "Trust anchor prod is kept from being created by operation stop: nobody gets a session by it; order EnableTrustAnchor to end that, or set ignore to rotate without it",
    ],
  ])("is-told-%s", (_name, one, message) => {
    expect(reasonsFor({ disabledAnchors: ordered, anchors: [one] })[0]).toStrictEqual({
      code: "AnchorDisabledByOrder",
      anchor: "prod",
      message,
    });
  });
});

describe("an anchor that an operator has disabled", () => {
  const disabled = [
    anchor([1, 2], { name: "other" }),
    prod("Disabled", { reading: reading([1, 2], { state: "Disabled" }) }),
  ];

  test("is-joined-no-more", () => {
    const anchors = [prod("Disabled", { joined: true })];
    expect(actionFor({ disabledAnchors: ordered, anchors })).toMatchObject({ do: "SetJoined", joined: false });
  });

  test("is-not-joined-by-a-reading-that-is-behind", () => {
    const anchors = [prod("Present", { failure })];
    expect(actionFor({ disabledAnchors: ordered, anchors })).toBeUndefined();
  });

  test("holds-the-switch-up-unless-it-is-ignored", () => {
    const generations = beforeTheSwitch.generations ?? [];
    expect(actionFor({ ...beforeTheSwitch, generations, anchors: disabled, disabledAnchors: ordered })).toBeUndefined();
    expect(codesFor({ ...beforeTheSwitch, anchors: disabled, disabledAnchors: ordered })).toContain("AnchorNotJoined");
    const ignored = disabled.map((one) => (one.name === "prod" ? { ...one, ignore: true } : one));
    expect(actionFor({ ...beforeTheSwitch, anchors: ignored, disabledAnchors: ordered })).toMatchObject({
      do: "SealMark",
    });
  });

  test("gets-roots-and-crls-all-the-same", () => {
    const anchors = [prod("Disabled")];
    const generations = [generation(1, "Active"), generation(2, "Pending")];
    expect(actionFor({ generations, anchors, disabledAnchors: ordered })).toMatchObject({
      do: "WriteAnchor",
      bundle: ["root1", "root2"],
    });
  });

  test("is-tried-by-no-canary-and-no-leaf-of-our-own", () => {
    const published = { ...beforeTheSwitch, disabledAnchors: ordered };
    const canary = { last: undefined };
    const one = prod("Disabled", { canary, reading: reading([1, 2], { state: "Disabled" }) });
    expect(actionFor({ ...published, anchors: [one] })).toBeUndefined();
    const draining = [generation(1, "Draining"), generation(2, "Active")];
    const own = { ...one, ownLeaf: { generation: 1 } };
    expect(actionFor({ generations: draining, anchors: [own], disabledAnchors: ordered })).toBeUndefined();
  });
});

describe("EnableTrustAnchor", () => {
  test.each<[string, Changes, object | undefined]>([
    [
      "ends-what-is-kept-first",
      { operations: [enable], disabledAnchors: ordered, anchors: [prod("Disabled")] },
      keep(false, "go"),
    ],
    ["is-sent-then", { operations: [enable], anchors: [prod("Disabled")] }, { do: "EnableAnchor", anchor: "prod" }],
    [
      "reads-what-was-written-since",
      { operations: [enable], anchors: [prod("Present", { writtenAt: NOW })] },
      { do: "ReadAnchor", anchor: "prod" },
    ],
    [
      "is-done-when-it-was-read-back",
      { operations: [enable], anchors: [anchor([1])] },
      finished("go", "Done", "trust anchor prod is enabled"),
    ],
    [
      "is-done-where-there-is-none",
      { operations: [enable], anchors: [prod("Missing")] },
      finished("go", "Done", "trust anchor prod does not exist; nothing keeps it so"),
    ],
    [
      "is-done-for-a-name-that-the-spec-lacks",
      { operations: [{ ...enable, anchor: "other" }] },
      finished("go", "Done", "spec.trustAnchors names no other, and none of that name is kept disabled"),
    ],
    [
      "is-over-when-the-opposite-was-ordered-later",
      { operations: [enable, disable], disabledAnchors: ordered },
      finished("go", "Done", "operation stop came after it"),
    ],
    [
      "is-refused-for-an-anchor-that-is-not-managed",
      { operations: [enable], anchors: [prod("Disabled", { manage: false })] },
      finished("go", "Refused", "trust anchor prod is not managed: enable it in AWS"),
    ],
    [
      "brings-the-newest-crl-first",
      {
        operations: [enable],
        anchors: [
          prod("Disabled", { reading: reading([1], { state: "Disabled", crls: [crl(1, { current: false })] }) }),
        ],
      },
      { do: "ImportCrl", anchor: "prod", generation: 1 },
    ],
  ])("%s", (_name, changes, action) => {
    expect(actionFor(changes)).toStrictEqual(action);
  });

  test("does-not-bring-a-compromised-root-back", () => {
    const generations = [generation(1, "Draining", { compromised: true }), generation(2, "Active")];
    const one = prod("Disabled", { reading: reading([1, 2], { state: "Disabled" }) });
    const changes = { generations, operations: [enable], anchors: [one] };
    expect(actionFor(changes)).toMatchObject({ do: "StoreRemovalIntent", removes: ["root1"] });
    const unreachable = { ...one, failure: { ...failure, retryAt: NOW - MINUTE }, manage: true };
    expect(codesFor({ ...changes, anchors: [unreachable] })).toContain("AnchorStillHoldsRoot");
  });

  test("waits-while-aws-is-away", () => {
    expect(actionFor({ operations: [enable], anchors: [prod("Disabled", { failure })] })).toBeUndefined();
  });
});

test("an-anchor-that-a-stranger-disabled-is-reported-and-left", () => {
  const anchors = [prod("Disabled")];
  expect(actionFor({ anchors })).toBeUndefined();
  expect(codesFor({ anchors })[0]).toBe("AnchorDisabled");
});

test("a-missing-anchor-is-not-created-while-it-is-kept-disabled", () => {
  const anchors = [prod("Missing", { create: true })];
  expect(actionFor({ anchors })).toMatchObject({ do: "CreateAnchor" });
  expect(actionFor({ anchors, disabledAnchors: ordered })).toBeUndefined();
});
