import type { CertificateAuthority } from "@capstan/api";
import { createMetrics } from "@capstan/kube";
import { beforeEach, describe, expect, test } from "vitest";
import { createOwnCredentialsMetrics } from "../../src/metrics/own-credentials-metrics.ts";
import { type AnchorSpec, authority, prod } from "../support/objects.ts";

const canary = {
  profileArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/11111111-aaaa-4bbb-8ccc-222222222222",
  roleArn: "arn:aws:iam::111122223333:role/canary",
};
const watched: AnchorSpec = { ...prod, canary };
type Phase = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number]["phase"];

let authorities: CertificateAuthority[];
let runtime: ReturnType<typeof createMetrics>;

beforeEach(() => {
  runtime = createMetrics();
  become([watched]);
  const metrics = createOwnCredentialsMetrics(runtime, { list: () => authorities });
  metrics.obtained({ authority: "fleet", anchor: "prod", source: "provider-chain" });
  metrics.crlProven({ authority: "fleet", anchor: "prod", generation: 1, isProven: false });
});

function become(trustAnchors: AnchorSpec[], phase: Phase = "Active"): void {
  authorities = [authority({ spec: { trustAnchors }, status: { generations: [{ number: 1, phase }] } })];
}

/** Names and values of the two gauges. */
async function told(): Promise<readonly string[]> {
  const lines = (await runtime.registry.metrics()).split("\n");
  return lines
    .filter((line) => /^capstan_(crl_proven|own_credentials_by_provider_chain)\{/u.test(line))
    .map((line) => line.replace(/\{.*\}/u, ""));
}

const chain = "capstan_own_credentials_by_provider_chain 1";
const unproven = "capstan_crl_proven 0";

describe("a bad value of a trust anchor is told", () => {
  test("at each scrape until a good one comes", async () => {
    expect(await told()).toEqual([chain, unproven]);
    expect(await told()).toEqual([chain, unproven]);
  });

  test.each<[string, AnchorSpec[], Phase, readonly string[]]>([
    ["the anchor left the spec", [], "Active", []],
    ["the anchor is ignored", [{ ...watched, ignore: true }], "Active", []],
    ["its canary left the spec", [prod], "Active", [chain]],
    ["the generation drains", [watched], "Draining", [chain, unproven]],
    ["the generation has ended", [watched], "Retired", [chain]],
  ])("no longer than it can be mended: %s", async (_fact, trustAnchors, phase, still) => {
    expect(await told()).toEqual([chain, unproven]);
    become(trustAnchors, phase);
    expect(await told()).toEqual(still);
  });

  test("not again when what was gone comes back", async () => {
    become([]);
    expect(await told()).toEqual([]);
    become([watched]);
    expect(await told()).toEqual([]);
  });

  test("not when the authority is gone", async () => {
    authorities = [];
    expect(await told()).toEqual([]);
  });
});
