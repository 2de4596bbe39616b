import { describe, expect, test } from "vitest";

import { createControlPlane } from "../src/create-control-plane.ts";
import { endpointVariantFromEnvironment } from "../src/endpoint.ts";
import { partitionOf } from "../src/partitions.ts";
import { anchorArn, crlPem, errorOf } from "./setup.ts";

// That the endpoints are AWS's own is shown in second-opinions.test.ts.

test.each([
  ["eu-central-1", "aws"],
  ["ap-southeast-7", "aws"],
  ["mx-central-1", "aws"],
  ["cn-north-1", "aws-cn"],
  ["us-gov-west-1", "aws-us-gov"],
  ["us-iso-east-1", undefined],
  ["us-isob-east-1", undefined],
  ["eusc-de-east-1", undefined],
  ["eu-isoe-west-1", undefined],
  ["moon-base-1", undefined],
])("%s is a region of %s", (region, partition) => {
  expect(partitionOf(region)).toBe(partition);
});

describe("a control plane", () => {
  test.each<[string, Parameters<typeof createControlPlane>[0], RegExp]>([
    [
      "of a partition that is not known",
      { region: "us-iso-east-1" },
      /belongs to no partition that is known here \(aws-cn, aws-us-gov, aws\): give its endpoint$/u,
    ],
    [
      "with an endpoint and FIPS",
      { region: "us-east-1", endpoint: "https://vpce.example.org", useFips: true },
      /drop one$/u,
    ],
    [
      "with an endpoint and dual-stack",
      { region: "us-east-1", endpoint: "https://vpce.example.org", useDualStack: true },
      /drop one$/u,
    ],
    [
      "with an endpoint that has a path",
      { region: "us-east-1", endpoint: "https://vpce.example.org/ra" },
      /^endpoint has a path/u,
    ],
    [
      "with an endpoint that has a query",
      { region: "us-east-1", endpoint: "https://vpce.example.org/?a" },
      /^endpoint has a path/u,
    ],
  ])("%s is refused", (_name, options, message) => {
    expect(() => createControlPlane(options)).toThrow(
      expect.objectContaining({ code: "ERR_AWS_CONFIGURATION", message: expect.stringMatching(message) }),
    );
  });

  test("of such a partition is made when its endpoint is given", () => {
    expect(
      createControlPlane({ region: "us-iso-east-1", endpoint: "https://rolesanywhere.us-iso-east-1.c2s.ic.gov" }),
    ).toBeDefined();
  });

  test.each(["11112222333", "1111222233334", "arn:aws:iam::111122223333:root", ""])(
    "refuses the account %j",
    (account) => {
      expect(() => createControlPlane({ region: "us-east-1", account })).toThrow(
        expect.objectContaining({ code: "ERR_INVALID_ARGUMENT", field: "account" }),
      );
    },
  );

  test.each([
    ["eu-central-1", "aws-cn"],
    ["cn-north-1", "aws"],
    ["us-gov-west-1", "aws"],
  ])("of %s refuses an anchor of %s", async (region, partition) => {
    const trustAnchorArn = anchorArn.replace("arn:aws:", `arn:${partition}:`).replace("eu-central-1", region);

    const error = await errorOf(createControlPlane({ region }).importCrl({ name: "x", trustAnchorArn, crlPem }));

    expect(error).toMatchObject({ code: "ERR_INVALID_ARGUMENT", field: "trustAnchorArn" });
    expect(error.message).toMatch(/^trustAnchorArn says partition .*: copy the ARN again$/u);
  });
});

test.each<[Record<string, string>, boolean, boolean]>([
  [{}, false, false],
  [{ AWS_USE_FIPS_ENDPOINT: "true" }, true, false],
  [{ AWS_USE_DUALSTACK_ENDPOINT: "TRUE" }, false, true],
  [{ AWS_USE_FIPS_ENDPOINT: "false", AWS_USE_DUALSTACK_ENDPOINT: "" }, false, false],
  [{ AWS_USE_FIPS_ENDPOINT: "1" }, false, false],
])("%j: FIPS %s, dual-stack %s", (env, useFips, useDualStack) => {
  expect(endpointVariantFromEnvironment(env)).toEqual({ useFips, useDualStack });
});
