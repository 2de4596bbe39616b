import type { RotationPlan, WaitReason } from "@capstan/ca-core";
import { describe, expect, test } from "vitest";
import { type AuthorityState, authorityConditions } from "../../src/authority/authority-conditions.ts";

const waits = (...reasons: readonly WaitReason[]): RotationPlan => {
  const [reason = { code: "RotationNotDue", message: "not due" } as const, ...notes] = reasons;
  return { next: "wait", reason, notes };
};

const state = (change: Partial<AuthorityState> = {}): AuthorityState => ({
  status: { activeGeneration: 1, generations: [{ number: 1, phase: "Active" }] },
  plan: waits(),
  anchors: [{ name: "prod", joined: true }],
  changed: [],
  keyFault: undefined,
  ...change,
});

const said = (change: Partial<AuthorityState> = {}): readonly string[] =>
  authorityConditions(state(change)).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
const messageOf = (type: string, change: Partial<AuthorityState>): string =>
  authorityConditions(state(change)).find((condition) => condition.type === type)?.message ?? "";

test("all-is-well", () => {
  expect(said()).toEqual([
    "Ready True Issuing",
    "TrustAnchorsInSync True ReadBack",
    "Rotating False RotationNotDue",
    "Drift False NothingFound",
  ]);
});

const keyMissing = { code: "KeyMissing", generation: 1, message: "the key Secret is missing" } as const;
const unreachable = { code: "AnchorUnreachable", anchor: "prod", message: "AWS was not reached" } as const;
const disabled = { code: "AnchorDisabled", anchor: "prod", message: "it is disabled" } as const;
const ordered = { code: "AnchorDisabledByOrder", anchor: "prod", message: "it is disabled by stop" } as const;
const drift = { code: "Drift", anchor: "prod", message: "it holds SHA-256 ff" } as const;
const notRead = { code: "AnchorNotRead", anchor: "prod", message: "it was not read yet" } as const;

describe("Ready is", () => {
  test.each<[fact: string, change: Partial<AuthorityState>, ready: string]>([
    ["true-though-an-anchor-lost-something", { plan: waits(disabled) }, "Ready True Issuing"],
    [
      "true-though-the-next-generations-key-is-missing",
      { plan: waits({ ...keyMissing, generation: 2 }) },
      "Ready True Issuing",
    ],
    ["false-without-the-key-that-signs", { plan: waits(keyMissing) }, "Ready False KeyMissing"],
    ["false-while-nothing-signs-yet", { status: {} }, "Ready False RegisteringTrustAnchors"],
    [
      "false-while-aws-is-away-and-nothing-signs-yet",
      { status: {}, plan: waits(unreachable) },
      "Ready False AWSUnavailable",
    ],
    [
      "false-while-an-anchor-is-somebody-elses",
      { status: {}, plan: waits(drift, unreachable) },
      "Ready False TrustAnchorConflict",
    ],
    [
      "false-while-issuing-is-held",
      { status: { activeGeneration: 1, frozen: { holds: ["Operator", "Compromise"], order: 1, since: "today" } } },
      "Ready False Frozen",
    ],
  ])("%s", (_fact, change, ready) => {
    expect(said(change)[0]).toBe(ready);
  });

  test("explained-by-what-is-wrong-with-the-secret", () => {
    const keyFault = "Secret fleet-1 has no tls.key; restore it from a backup";
    expect(messageOf("Ready", { plan: waits(keyMissing), keyFault })).toBe(keyFault);
  });
});

describe("TrustAnchorsInSync is", () => {
  test.each<[fact: string, change: Partial<AuthorityState>, text: string]>([
    ["true-without-any", { anchors: [] }, "TrustAnchorsInSync True ReadBack"],
    [
      "false-while-one-is-not-joined",
      { anchors: [{ name: "prod", joined: false }], plan: waits(notRead) },
      "TrustAnchorsInSync False RegisteringTrustAnchors",
    ],
    ["false-while-one-cannot-be-reached", { plan: waits(unreachable) }, "TrustAnchorsInSync False AWSUnavailable"],
    ["false-while-one-is-disabled", { plan: waits(disabled) }, "TrustAnchorsInSync False TrustAnchorConflict"],
    [
      "false-while-one-is-disabled-by-order",
      { plan: waits(ordered) },
      "TrustAnchorsInSync False TrustAnchorDisabledByOrder",
    ],
    [
      "false-for-a-conflict-whatever-was-ordered",
      { plan: waits(ordered, drift) },
      "TrustAnchorsInSync False TrustAnchorConflict",
    ],
    ["true-while-one-is-only-read-again", { plan: waits(notRead) }, "TrustAnchorsInSync True ReadBack"],
  ])("%s", (_fact, change, text) => {
    expect(said(change)[1]).toBe(text);
  });

  test("explained-by-every-fault-once", () => {
    expect(messageOf("TrustAnchorsInSync", { plan: waits(disabled, drift, disabled) })).toBe(
      "it is disabled; it holds SHA-256 ff",
    );
  });
});

describe("Drift", () => {
  test("tells-changed-settings-and-unknown-certificates-first", () => {
    const changed = ["its name is other"];
    expect(said({ changed })[3]).toBe("Drift True ChangedSettings");
    expect(said({ changed, plan: waits(drift) })[3]).toBe("Drift True UnknownCertificate");
    expect(messageOf("Drift", { changed, plan: waits(drift) })).toBe("it holds SHA-256 ff; its name is other");
  });
});

describe("Rotating is", () => {
  test.each(["Pending", "Published", "Draining"] as const)("true-while-a-generation-is-%s", (phase) => {
    const status = {
      activeGeneration: 1,
      generations: [
        { number: 1, phase: "Active" as const },
        { number: 2, phase },
      ],
    };
    const plan = waits({ code: "Soaking", message: "it is watched until noon" });
    expect(said({ status, plan })[2]).toBe("Rotating True Soaking");
    expect(messageOf("Rotating", { status, plan })).toBe(`Generation 2 is ${phase}. it is watched until noon`);
  });

  test.each(["Retired", "Destroyed", "Abandoned"] as const)("false-with-a-generation-that-is-%s", (phase) => {
    const status = {
      activeGeneration: 2,
      generations: [
        { number: 1, phase },
        { number: 2, phase: "Active" as const },
      ],
    };
    expect(said({ status })[2]).toBe("Rotating False RotationNotDue");
  });
});

test("drift-names-what-was-found", () => {
  expect(said({ plan: waits(drift) })[3]).toBe("Drift True UnknownCertificate");
  expect(messageOf("Drift", { plan: waits(drift) })).toBe("it holds SHA-256 ff");
});
