import {
  type AuthorityOperation,
  authorityOperationResource,
  type CertificateAuthority,
  type Revocation,
} from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newGeneration } from "../support/generation.ts";
import { authority, ownNamespace, revocation } from "../support/objects.ts";
import { RevocationLab } from "../support/revocation-lab.ts";

const generation = await newGeneration();
type Phase = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number]["phase"];

let lab: RevocationLab;

beforeEach(async () => {
  lab = await RevocationLab.start();
  lab.publish(generation);
  inPhase("Active");
});

afterEach(() => lab[Symbol.asyncDispose]());

function inPhase(phase: Phase): void {
  lab.authorities.set(authority({ status: { generations: [{ number: 1, phase }] } }));
}

const wish = (number = 1, namespace = ownNamespace, name = "fleet"): Revocation => ({
  ...revocation({ namespace, name: "all", target: { generation: { authority: name, number } } }),
  metadata: { name: "all", namespace, uid: "uid-1", generation: 1 },
});

const operations = (): readonly AuthorityOperation[] =>
  lab.server.all(authorityOperationResource) as readonly AuthorityOperation[];

/** What the operations' reconciler says of it. */
function answer(status: AuthorityOperation["status"]): void {
  const [operation] = operations();
  if (operation === undefined) throw new Error("nothing was ordered");
  lab.server.put(authorityOperationResource, { ...operation, ...(status === undefined ? {} : { status }) });
}

test("a-generation-is-revoked-by-ordering-that-its-root-is-taken-out", async () => {
  const { stored, result } = await lab.reconcile(wish());
  expect(operations()).toMatchObject([
    {
      metadata: {
        name: "revocation-uid-1",
        namespace: ownNamespace,
        annotations: { "capstan.dev/revocation": "all", "capstan.dev/revocation-requested-by": "bob" },
      },
      spec: {
        authority: "fleet",
        kind: "Compromised",
        generations: [1],
        requestedBy: lab.server.username,
      },
    },
  ]);
  expect(stored.status).toEqual({ authority: "fleet", generation: 1 });
  expect(result.requeueAfterMs).toBeGreaterThan(0);
});

test("it-is-ordered-once-however-often-it-is-looked-at", async () => {
  await lab.reconcile(wish());
  await lab.reconcile(wish());
  lab.server.next("GET", /authorityoperations/, { refuse: 404, reason: "NotFound" });
  await lab.reconcile(wish());
  expect(operations()).toHaveLength(1);
});

test("it-is-accepted-when-the-order-is-and-published-when-the-root-is-gone", async () => {
  await lab.reconcile(wish());
  answer({ phase: "Accepted", message: "prod: waits for its turn" });
  expect(await lab.said(wish())).toEqual(["Accepted True Recorded", "Published False WaitingForTrustAnchors"]);
  inPhase("Draining");
  expect(await lab.said(wish())).toContain("Published False WaitingForTrustAnchors");
  inPhase("Retired");
  expect(await lab.said(wish())).toEqual(["Accepted True Recorded", "Published True ReadBack"]);
});

test("it-is-refused-with-the-orders-words", async () => {
  await lab.reconcile(wish());
  answer({ phase: "Refused", message: "another one is carried out" });
  const { stored } = await lab.reconcile(wish());
  expect(stored.status?.conditions).toMatchObject([
    { type: "Accepted", status: "False", message: "AuthorityOperation revocation-uid-1: another one is carried out" },
  ]);
});

test("it-stays-accepted-when-its-authority-has-been-let-go", async () => {
  await lab.reconcile(wish());
  answer({ phase: "Accepted" });
  const said = await lab.said(wish());
  lab.authorities.delete("fleet");
  expect(await lab.said(wish())).toEqual(said);
});

describe("nothing is ordered", () => {
  test.each<[fact: string, of: Revocation, said: readonly string[]]>([
    ["by-a-tenant", wish(1, "demo"), ["Accepted False NotYours"]],
    ["for-a-generation-that-there-is-not", wish(7), ["Accepted False NotFound"]],
    ["for-an-authority-that-there-is-not", wish(1, ownNamespace, "nobody"), ["Accepted False NotFound"]],
  ])("%s", async (_fact, of, said) => {
    expect(await lab.said(of)).toEqual(said);
    expect(operations()).toEqual([]);
  });

  test.each<Phase>(["Retired", "Destroyed", "Abandoned"])("for-one-that-is-%s", async (phase) => {
    inPhase(phase);
    expect(await lab.said(wish())).toEqual(["Accepted True AlreadyRevoked", "Published True ReadBack"]);
    expect(operations()).toEqual([]);
  });
});
