import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { type ConfigMap, configMapResource } from "../../src/crl/config-map.ts";
import { storeBundle, type TrustedGeneration, trustedRoots } from "../../src/server/store-bundle.ts";
import { after, now, ownNamespace } from "../support/objects.ts";

const generation = (number: number, phase: TrustedGeneration["phase"]): TrustedGeneration => ({
  number,
  phase,
  rootPem: `root ${number}\n`,
});

describe("a root is in the bundle", () => {
  test.each<[phase: TrustedGeneration["phase"], isTrusted: boolean]>([
    ["Pending", false],
    ["Published", true],
    ["Active", true],
    ["Draining", true],
    ["Retired", false],
    ["Destroyed", false],
    ["Abandoned", false],
  ])("%s: %s", (phase, isTrusted) => {
    expect(trustedRoots([generation(1, phase)])).toEqual(isTrusted ? ["root 1\n"] : []);
  });

  test("oldest-first-as-numbers-whatever-the-order-was", () => {
    const some = [10, 9, 2].map((number) => generation(number, "Active"));
    expect(trustedRoots(some)).toEqual(["root 2\n", "root 9\n", "root 10\n"]);
    expect(trustedRoots(some.toReversed())).toEqual(trustedRoots(some));
  });
});

describe("storing", () => {
  let server: ApiServer;
  let time: Date;

  beforeEach(async () => {
    server = await ApiServer.start();
    time = now;
  });

  afterEach(() => server[Symbol.asyncDispose]());

  const ref = { namespace: ownNamespace, name: "fleet-bundle" };
  const stored = (): ConfigMap => server.read(configMapResource, ref) as ConfigMap;
  const store = (...roots: readonly string[]): Promise<void> =>
    storeBundle(
      { client: server.client, namespace: ownNamespace, now: () => time },
      "fleet",
      roots,
      new AbortController().signal,
    );

  test("makes-a-config-map-that-server-and-trust-manager-find", async () => {
    await store("root 1\n", "root 2");
    expect(stored()).toMatchObject({
      metadata: {
        labels: { "capstan.dev/authority": "fleet", "capstan.dev/published": "bundle" },
        annotations: { "capstan.dev/changed-at": "2026-11-22T03:00:00Z" },
      },
      data: { "bundle.pem": "root 1\nroot 2\n" },
    });
  });

  test("the-same-again-writes-nothing-and-changes-no-time", async () => {
    await store("root 1\n");
    time = after(60_000);
    const writes = server.writes.length;
    await store("root 1\n");
    expect(server.writes).toHaveLength(writes);
  });

  test("other-roots-move-the-time", async () => {
    await store("root 1\n");
    time = after(60_000);
    await store("root 2\n");
    expect([stored().data, stored().metadata.annotations]).toEqual([
      { "bundle.pem": "root 2\n" },
      { "capstan.dev/changed-at": "2026-11-22T03:01:00Z" },
    ]);
  });

  test("no-root-at-all-leaves-what-is-there", async () => {
    await store();
    expect(stored()).toBeUndefined();
    await store("root 1\n");
    await store();
    expect(stored().data).toEqual({ "bundle.pem": "root 1\n" });
  });

  test("labels-of-others-stay-and-ours-come-back", async () => {
    await store("root 1\n");
    const { metadata, ...map } = stored();
    server.put(configMapResource, { ...map, metadata: { ...metadata, labels: { team: "security" } } });
    await store("root 1\n");
    expect(stored().metadata.labels).toEqual({
      team: "security",
      "capstan.dev/authority": "fleet",
      "capstan.dev/published": "bundle",
    });
  });

  test("what-somebody-else-changed-meanwhile-is-not-overwritten", async () => {
    await store("root 1\n");
    server.next("PUT", /configmaps/, (somebody) => void somebody.put(configMapResource, stored()));
    await expect(store("root 2\n")).rejects.toMatchObject({ code: 409 });
  });
});
