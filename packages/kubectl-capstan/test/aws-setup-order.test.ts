import { certificateAuthorityResource } from "@capstan/api";
import { type RolesAnywhereControlPlane, RolesAnywhereError } from "@capstan/rolesanywhere";
import { expect, test } from "vitest";
import { ownNamespace } from "../../crl-publisher/test/support/objects.ts";
import { Publisher, RotationWorld } from "../../crl-publisher/test/support/rotation-world.ts";
import { findRoots } from "../src/aws-setup/find-roots.ts";
import { withFields } from "../src/aws-setup/spec-fields.ts";

/** As for a publisher that no leaf and no provider chain gives credentials. */
const withoutCredentials = new Proxy({} as RolesAnywhereControlPlane, {
  get: (_, operation) => () =>
    Promise.reject(
      new RolesAnywhereError("ERR_AWS_NO_CREDENTIALS", "no AWS credentials", { operation: String(operation) }),
    ),
});

const minute = 60_000;

test("the publisher makes the root without AWS, and goes on from the trust anchor and the spec that aws-setup leaves", async () => {
  await using world = await RotationWorld.start();
  await world.look(new Publisher(world, { controlPlaneOf: () => withoutCredentials }));
  expect(world.phases).toBe("1 Pending");

  const roots = await findRoots(world.server.client, world.fleet, ownNamespace);
  expect(roots).toHaveLength(1);

  const arn = await world.aws.createAnchor("capstan-fleet-prod", roots.join(""));
  const target = {
    profileArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/2f6b4f0e-0000-4000-8000-000000000002",
    roleArn: "arn:aws:iam::111122223333:role/capstan-fleet-prod-publisher",
  };
  const { spec, ...fleet } = world.fleet;
  const trustAnchors = [
    ...withFields(spec.trustAnchors ?? [], [{ name: "prod", arn, publisher: target, canary: target }]),
  ];
  world.server.put(certificateAuthorityResource, { ...fleet, spec: { ...spec, trustAnchors } });
  await world.until(() => world.phases === "1 Active", 30 * minute);
  expect(world.aws.emulator.trustAnchors()).toHaveLength(1);
  expect(world.fleet.status?.trustAnchors).toMatchObject([{ name: "prod", arn, joined: true }]);
});
