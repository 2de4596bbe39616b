import type { CertificateAuthority, Condition } from "@capstan/api";
import type { EventInput } from "@capstan/kube";
import { describe, expect, test } from "vitest";
import { announceCapacity } from "../../src/crl/announce-capacity.ts";
import { authority } from "../support/objects.ts";

function having(reason: string | undefined, status: Condition["status"] = "False", uid?: string): CertificateAuthority {
  const condition = { type: "CRLCapacity", status, lastTransitionTime: "2026-11-22T03:00:00Z", message: "what to do" };
  const one = authority({ status: { conditions: reason === undefined ? [] : [{ ...condition, reason }] } });
  return uid === undefined ? one : { ...one, metadata: { ...one.metadata, uid } };
}

function told(
  previous: CertificateAuthority | undefined,
  current: CertificateAuthority | undefined,
): readonly string[] {
  const events: EventInput[] = [];
  announceCapacity({ record: (event) => events.push(event) }, { previous, current });
  return events.map(({ type, reason, note }) => `${type} ${reason}: ${note}`);
}

test.each<[from: string, to: string, status: Condition["status"], expected: string]>([
  ["HasRoom", "Filling", "False", "Warning CRLFilling: what to do"],
  ["Filling", "ReasonsLeftOut", "False", "Warning CRLReasonsLeftOut: what to do"],
  ["ReasonsLeftOut", "Full", "False", "Warning CRLFull: what to do"],
  ["Full", "HasRoom", "True", "Normal CRLHasRoom: what to do"],
])("from-%s-to-%s-is-told", (from, to, status, expected) => {
  expect(told(having(from), having(to, status))).toEqual([expected]);
});

describe("nothing is told", () => {
  test.each<[fact: string, previous: CertificateAuthority | undefined, current: CertificateAuthority | undefined]>([
    ["while-nothing-changes", having("Full"), having("Full")],
    ["of-what-was-so-when-the-process-began", undefined, having("Full")],
    ["of-an-authority-that-is-gone", having("Full"), undefined],
    ["of-the-first-state", having(undefined), having("HasRoom", "True")],
    ["of-another-authority-of-the-same-name", having("Full"), having("HasRoom", "True", "uid-2")],
  ])("%s", (_fact, previous, current) => {
    expect(told(previous, current)).toEqual([]);
  });
});
