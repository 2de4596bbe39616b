import { describe, expect, test } from "vitest";
import { awsAnchorName, awsCrlName, readAwsCrlName } from "../../src/anchors/aws-names.ts";

const fingerprint = "0123456789abcdef".repeat(4);

test("a-crl-is-named-by-authority-number-and-root-and-read-again", () => {
  const name = awsCrlName("fleet", 12, fingerprint);
  expect(name).toBe("capstan-fleet-12-0123456789abcdef");
  expect(readAwsCrlName("fleet", name)).toEqual({ number: 12, fingerprintStart: "0123456789abcdef" });
  expect(awsAnchorName("fleet", "prod")).toBe("capstan-fleet-prod");
});

describe("a name that is not ours is nobody's", () => {
  test.each([
    ["of-another-authority", "capstan-other-1-0123456789abcdef"],
    // An authority "fleet-1" has names that begin as those of "fleet" do.
    ["of-an-authority-whose-name-begins-with-ours", "capstan-fleet-1-2-0123456789abcdef"],
    ["without-a-number", "capstan-fleet-0123456789abcdef"],
    ["with-number-nought", "capstan-fleet-0-0123456789abcdef"],
    ["with-a-number-beyond-all-reason", "capstan-fleet-1234567890-0123456789abcdef"],
    ["with-half-a-fingerprint", "capstan-fleet-1-01234567"],
    ["with-more-behind-it", "capstan-fleet-1-0123456789abcdef-old"],
    ["of-somebody-else", "revoked by hand"],
  ])("%s", (_fact, name) => {
    expect(readAwsCrlName("fleet", name)).toBeUndefined();
  });
});
