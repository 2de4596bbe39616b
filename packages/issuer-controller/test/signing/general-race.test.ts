import {
  capstanClusterIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  type GenerationMark,
  generationMarkResource,
} from "@capstan/api";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../support/api-server.ts";
import { clusterIssuer, newGeneration, ownNamespace } from "../support/objects.ts";
import { World } from "../support/world.ts";

const generation = await newGeneration();
const authorities = /certificateauthorities\/fleet$/;
const marks = /generationmarks/;

let world: World;

beforeEach(async () => {
  world = await World.start(generation);
  const issuer = clusterIssuer();
  world.server.put(capstanClusterIssuerResource, { ...issuer, spec: { ...issuer.spec, profile: "General" } });
  world.observe();
});

afterEach(() => world[Symbol.asyncDispose]());

const generalNotAfter = (): string | undefined =>
  (world.server.read(generationMarkResource, { namespace: ownNamespace, name: "fleet-1" }) as GenerationMark).spec
    .generalNotAfter;

/** What the mark said when anchors came into the authority: the publisher reads it then, or later. */
let seenWithAnchors: string | undefined;
const addAnchors = (server: ApiServer): void => {
  const fleet = server.read(certificateAuthorityResource, { name: "fleet" }) as CertificateAuthority;
  const trustAnchors = [{ name: "prod", region: "eu-central-1", account: "111122223333", create: true }];
  server.put(certificateAuthorityResource, {
    ...fleet,
    metadata: { ...fleet.metadata, generation: 2 },
    spec: { ...fleet.spec, trustAnchors },
  });
  seenWithAnchors = generalNotAfter();
};

test("a-released-leaf-of-profile-general-is-in-its-mark", async () => {
  await world.reconcile();
  expect(world.answer).toBe("True Issued + certificate");
  expect(Date.parse(generalNotAfter() ?? "")).toBeGreaterThanOrEqual(world.leaf.validToDate.getTime());
});

test.each<[fact: string, method: string, path: RegExp, isInMark: boolean]>([
  ["before-the-mark-is-read", "GET", marks, false],
  ["before-the-mark-is-raised", "PUT", marks, false],
  ["between-the-mark-and-the-release", "GET", authorities, true],
])("anchors-that-come-%s-keep-a-leaf-of-profile-general-from-its-release", async (_fact, method, path, isInMark) => {
  world.server.next(method, path, addAnchors);
  await world.reconcile();
  expect(world.signatures).toBe(1);
  expect(world.ledger).toEqual([]);
  expect(world.answer).toBe("False Pending");
  expect(seenWithAnchors !== undefined).toBe(isInMark);
});

test("anchors-that-come-after-the-last-look-find-the-leaf-in-the-mark", async () => {
  world.server.next("POST", /issuedcertificates/, addAnchors);
  await world.reconcile();
  expect(world.ledger).toHaveLength(1);
  expect(Date.parse(seenWithAnchors ?? "")).toBeGreaterThanOrEqual(world.leaf.validToDate.getTime());
});
