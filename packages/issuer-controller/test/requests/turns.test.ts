import { WorkQueue } from "@capstan/kube";
import { expect, test } from "vitest";
import { turnOfCertificateRequest, turnOfSigningRequest } from "../../src/requests/turns.ts";
import { type KubernetesRequest, type Request, request, signingRequest } from "../support/objects.ts";

/** Hands out everything at once: only the order counts. */
async function orderOf(queue: WorkQueue, count: number): Promise<readonly string[]> {
  return Promise.all(Array.from({ length: count }, async () => (await queue.get()) ?? ""));
}

function queueOf(requests: readonly Request[]): WorkQueue {
  const byName = new Map(requests.map((one) => [one.metadata.name, one]));
  const queue = new WorkQueue({ name: "test", groupOf: (key) => turnOfCertificateRequest(byName.get(key)) });
  for (const name of byName.keys()) queue.add(name);
  return queue;
}

const many = (namespace: string, count: number, issuer = (_index: number): string => "fleet"): readonly Request[] =>
  Array.from({ length: count }, (_, index) =>
    request({
      metadata: { name: `${namespace}-${index}`, namespace },
      spec: { issuerRef: { group: "capstan.dev", kind: "CapstanIssuer", name: issuer(index) } },
    }),
  );

test("5000-requests-of-one-namespace-do-not-delay-anothers-first-by-more-than-one", async () => {
  const order = await orderOf(queueOf([...many("a", 5_000), ...many("b", 1)]), 5_001);
  expect(order.indexOf("b-0")).toBeLessThanOrEqual(2);
});

test("many-issuers-are-no-more-turns-for-a-namespace", async () => {
  const order = await orderOf(queueOf([...many("a", 500, (index) => `issuer-${index}`), ...many("b", 10)]), 510);
  expect(order.indexOf("b-9")).toBeLessThanOrEqual(20);
});

test("within-a-namespace-issuers-take-turns", async () => {
  const order = await orderOf(queueOf(many("a", 100, (index) => (index < 99 ? "busy" : "quiet"))), 100);
  expect(order.indexOf("a-99")).toBeLessThanOrEqual(2);
});

test("a-request-that-is-gone-has-no-turn-of-its-own", () => {
  expect([turnOfCertificateRequest(undefined), turnOfSigningRequest(undefined)]).toEqual([[], []]);
});

test.each<[fact: string, username: string, turn: string]>([
  ["a-service-accounts-namespace", "system:serviceaccount:demo:app", "namespace demo"],
  ["a-user", "alice", "user alice"],
  ["a-user-named-like-a-namespace", "namespace demo", "user namespace demo"],
])("kubernetes-csrs-take-turns-by: %s", (_fact, username, turn) => {
  const asked: KubernetesRequest = signingRequest({ spec: { username } });
  expect(turnOfSigningRequest(asked)).toEqual([turn, "capstanclusterissuers.capstan.dev/fleet"]);
});
