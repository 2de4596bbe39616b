import type { IssuedCertificate } from "@capstan/api";
import { beforeEach, describe, expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { mostEntries } from "../../src/crl/crl-capacity.ts";
import { RevocationRoom, type Revoker, shares } from "../../src/revocations/revocation-room.ts";
import { newGeneration } from "../support/generation.ts";
import { after, now, record } from "../support/objects.ts";

const { root } = await newGeneration();
const full = mostEntries(root);

let records: ObjectStore<IssuedCertificate>;
let time: Date;
let room: RevocationRoom;

beforeEach(() => {
  records = new ObjectStore({ authority: ({ spec }) => [spec.authority] });
  time = now;
  room = new RevocationRoom({ records, now: () => time });
});

type Reason = "superseded" | "keyCompromise" | "unspecified";

/** How many of so many leaves get room, as the process takes them without its cache knowing. */
function take(
  count: number,
  revoker: Revoker,
  change: { readonly reason?: Reason; readonly namespace?: string; readonly generation?: number } = {},
): number {
  let taken = 0;
  for (let index = 0; index < count; index += 1) {
    const { reason = "superseded", namespace = "demo", generation = 1 } = change;
    if (room.take({ authority: "fleet", generation, root, namespace, reason, revoker }) === undefined) taken += 1;
  }
  return taken;
}

describe("an administrator", () => {
  test("fills-95-percent-with-any-reason-and-the-rest-with-key-compromises-alone", () => {
    const any = take(full, "administrator");
    expect(any / full).toBeGreaterThan(0.94);
    expect(any / full).toBeLessThan(0.96);
    expect(take(10, "administrator")).toBe(0);
    const compromised = take(full, "administrator", { reason: "keyCompromise" });
    expect(any + compromised).toBe(full);
  });
});

describe("a tenant", () => {
  test.each<[reason: Reason, share: number]>([
    ["superseded", shares.tenant.other.ofNamespace],
    ["unspecified", shares.tenant.other.ofNamespace],
    ["keyCompromise", shares.tenant.keyCompromise.ofNamespace],
  ])("has-a-share-for-its-namespace: %s", (reason, share) => {
    const one = take(full, "tenant", { reason });
    expect(one).toBeGreaterThan(1_000);
    // Entries with a reason take more room than those that a full CRL has.
    expect(one / full).toBeLessThanOrEqual(share + 0.01);
    expect(take(100, "tenant", { reason, namespace: "other" })).toBe(100);
  });

  test("with-all-the-others-leaves-room-for-administrators", () => {
    for (let index = 0; index < 20; index += 1)
      take(full, "tenant", { reason: "keyCompromise", namespace: `t-${index}` });
    expect(take(1, "tenant", { namespace: "late" })).toBe(0);
    expect(take(1, "tenant", { namespace: "late", reason: "keyCompromise" })).toBe(0);
    expect(take(100, "administrator", { reason: "keyCompromise" })).toBe(100);
  });

  test("is-told-whose-room-is-used-up-and-who-can-help", () => {
    take(full, "tenant");
    const of = {
      authority: "fleet",
      generation: 1,
      root,
      namespace: "demo",
      reason: "superseded",
      revoker: "tenant",
    } as const;
    expect(room.take(of)).toMatch(
      /namespace demo take 26 percent of the CRL, and one namespace may take 25 percent; an administrator/,
    );
  });
});

test("deletions-come-last", () => {
  expect(take(full, "deletion")).toBeLessThan(0.15 * full);
  for (let index = 0; index < 20; index += 1) take(full, "deletion", { namespace: `t-${index}` });
  expect(take(10, "deletion", { namespace: "late" })).toBe(0);
  expect(take(10, "tenant", { namespace: "late" })).toBe(10);
});

describe("what counts is", () => {
  const fill = (count: number, change: Partial<IssuedCertificate["spec"]>, reason?: "superseded"): void => {
    for (let index = 0; index < count; index += 1) {
      const status = { revoked: { at: now.toISOString(), reason: reason ?? "superseded", revocation: "demo/x" } };
      records.set(
        record({ name: `${change.generation ?? 1}-${index}`, spec: { serial: `${index}`, ...change }, status }),
      );
    }
  };

  test.each<[fact: string, change: Partial<IssuedCertificate["spec"]>, isFull: boolean]>([
    ["what-is-revoked-of-the-generation", {}, true],
    ["nothing-of-another-generation", { generation: 2 }, false],
    ["nothing-of-another-authority", { authority: "other" }, false],
    ["nothing-that-has-expired", { notAfter: after(-1).toISOString() }, false],
  ])("%s", (_fact, change, isFull) => {
    fill(full, change);
    expect(take(1, "administrator")).toBe(isFull ? 0 : 1);
  });

  test("counted-anew-so-that-room-comes-back", () => {
    fill(full, { notAfter: after(60_000).toISOString() });
    expect(take(1, "administrator")).toBe(0);
    time = after(60_000);
    expect(take(1, "administrator")).toBe(1);
  });

  test("each-generations-own", () => {
    take(full, "administrator");
    expect(take(1, "administrator", { generation: 2 })).toBe(1);
  });
});
