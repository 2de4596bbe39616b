import { Buffer } from "node:buffer";
import type { CertificateAuthority } from "@capstan/api";
import type { TrustAnchorState } from "@capstan/test-rolesanywhere";
import { describe, expect, test } from "vitest";
import { ApiCallNamer, nameAwsCall } from "../../src/publisher/outbound-call.ts";
import { Witness } from "../../src/publisher/witness.ts";

const minute = 60_000;
const arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a";
const begin = Date.parse("2026-11-22T12:00:00Z");

type Status = NonNullable<CertificateAuthority["status"]>;
type Phase = NonNullable<Status["generations"]>[number]["phase"];

const crl = (number: number, ...serials: readonly string[]): TrustAnchorState["crls"][number] => ({
  arn: "crl-1",
  name: "capstan-fleet-1-aa",
  enabled: true,
  number: String(number),
  serials,
});

/** A witness, and what it sees: a publisher that writes what a test says. */
class Scene {
  at = begin;
  behindMs = 0;
  stored: TrustAnchorState = {
    arn,
    name: "prod",
    enabled: true,
    account: "111122223333",
    region: "eu-central-1",
    bundle: "",
    fingerprints: ["one"],
    crls: [crl(1)],
  };
  readonly witness = new Witness({
    emulator: { trustAnchors: () => [this.stored], sessionEvents: () => [] },
    now: () => this.at,
    policy: () => ({
      soakMs: 3 * minute,
      retentionMs: 10 * minute,
      skewMs: 10 * minute,
      behindMs: this.behindMs,
      slackMs: 1_000,
      anchors: new Map([[arn, "prod"]]),
    }),
  });
  readonly #namer = new ApiCallNamer();

  /** It was answered. */
  api(method: string, target: string, object: object, process = "p"): this {
    const body = Buffer.from(JSON.stringify(object));
    const call = this.#namer.name({ method, target: `/apis/capstan.dev/v1alpha1/${target}`, headers: {}, body });
    this.witness.apiAnswered(process, call, body, { status: 200, body });
    return this;
  }

  status(phases: readonly Phase[], rest: Partial<Status> = {}): this {
    const generations = phases.map((phase, index) => ({
      number: index + 1,
      phase,
      phaseSince: "",
      fingerprint: ["one", "two"][index] ?? "",
    }));
    const status = { generations, trustAnchors: [{ name: "prod", arn, joined: true }], ...rest };
    return this.api("PATCH", "certificateauthorities/fleet/status", { status });
  }

  mark(generation: number, notAfter: number, sealed = false, version = 1): this {
    return this.api(
      sealed ? "PATCH" : "PUT",
      `namespaces/n/generationmarks/fleet-${generation}${sealed ? "/status" : ""}`,
      {
        metadata: { name: `fleet-${generation}`, resourceVersion: String(version) },
        spec: { authority: "fleet", generation, notAfter: new Date(notAfter).toISOString() },
        ...(sealed ? { status: { sealed } } : {}),
      },
    );
  }

  /** A call that leaves the anchor so. */
  aws(change: Partial<TrustAnchorState>, process = "p"): this {
    const call = nameAwsCall({ method: "PATCH", target: "/trustanchor/a", headers: {}, body: new Uint8Array() });
    this.witness.awsForwarded(process, call);
    this.stored = { ...this.stored, ...change };
    this.witness.awsAnswered(process, call);
    return this;
  }

  /** Somebody else has changed the bundle. */
  with(...fingerprints: readonly string[]): this {
    this.stored = { ...this.stored, fingerprints };
    return this;
  }

  after(ms: number): this {
    this.at += ms;
    return this;
  }

  /** Names of rules that were broken. */
  get broken(): readonly string[] {
    return this.witness.violations.map((violation) => violation.split(": ")[0] ?? "");
  }
}

const intent = (at: number, ...remaining: readonly string[]): Partial<Status> => ({
  removalIntent: {
    trustAnchor: "prod",
    remaining: [...remaining],
    removes: ["one"],
    expiresAt: new Date(at).toISOString(),
  },
});

/** Up to where the first root may go: sealed, drained, and meant. */
function drained(): Scene {
  const scene = new Scene().mark(1, begin + minute).aws({ fingerprints: ["one", "two"] });
  scene.status(["Active", "Published"]).after(4 * minute);
  scene.witness.waives("canary before the switch");
  scene
    .mark(1, begin + minute, true, 2)
    .status(["Draining", "Active"])
    .after(20 * minute);
  return scene.status(["Draining", "Active"], intent(scene.at + 30_000, "two"));
}

test("a-rotation-by-the-rules-breaks-none", () => {
  const scene = drained().aws({ fingerprints: ["two"], crls: [] });
  scene.status(["Retired", "Active"]).after(11 * minute);
  scene.api("DELETE", "namespaces/n/secrets/fleet-1", {});
  expect(scene.broken).toEqual([]);
  expect(scene.witness.phases).toBe("1 Retired, 2 Active");
});

describe("a rule is broken", () => {
  test.each<[fact: string, rules: readonly string[], act: (scene: Scene) => void]>([
    [
      "by-a-third-certificate",
      ["never a third certificate"],
      (scene) => scene.aws({ fingerprints: ["one", "b", "c"] }),
    ],
    ["by-a-third-crl", ["never a third CRL"], (scene) => scene.aws({ crls: [crl(1), crl(1), crl(1)] })],
    ["by-a-crl-number-that-falls", ["CRL numbers only rise"], (scene) => scene.aws({ crls: [crl(0)] })],
    [
      "by-a-living-serial-that-vanishes",
      ["no unexpired serial vanishes"],
      (scene) => {
        scene.witness.issued({ serial: "4f", generation: 1, notAfter: begin + minute });
        scene.aws({ crls: [crl(2, "4f")] }).aws({ crls: [crl(3)] });
      },
    ],
    [
      "by-an-open-mark-of-who-drains",
      ["the seal is the switch"],
      (scene) => scene.with("one", "two").mark(1, begin).status(["Active", "Published"]).status(["Draining", "Active"]),
    ],
    ["by-two-that-sign", ["one generation signs"], (scene) => scene.status(["Active", "Active"])],
    [
      "by-a-root-that-counts-before-it-is-there",
      ["read back before it counts"],
      (scene) => scene.status(["Active", "Pending"]).status(["Active", "Published"]),
    ],
    [
      "by-a-seal-when-the-root-is-gone-again",
      ["read back before the switch", "canary before the switch"],
      (scene) =>
        scene.with("one", "two").mark(1, begin).status(["Active", "Published"]).with("one").mark(1, begin, true, 2),
    ],
    [
      "by-a-seal-before-the-soak-is-over",
      ["soak before the switch", "canary before the switch"],
      (scene) =>
        scene
          .mark(1, begin)
          .aws({ fingerprints: ["one", "two"] })
          .status(["Active", "Published"])
          .after(minute)
          .mark(1, begin, true, 2),
    ],
    ["by-a-mark-that-falls", ["a mark never falls"], (scene) => scene.mark(1, begin).mark(1, begin - 1_000, false, 2)],
    [
      "by-a-sealed-mark-that-rises",
      ["a sealed mark is raised no more"],
      (scene) =>
        scene
          .mark(1, begin)
          .mark(1, begin, true, 2)
          .mark(1, begin + minute, true, 3),
    ],
    [
      "by-a-key-that-is-made-twice",
      ["a generation is made once"],
      (scene) => ["", ""].forEach(() => scene.api("POST", "namespaces/n/secrets", { metadata: { name: "fleet-2" } })),
    ],
    [
      "by-a-key-that-goes-while-it-is-of-use",
      ["keys in use are kept"],
      (scene) => scene.status(["Draining", "Active"]).api("DELETE", "namespaces/n/secrets/fleet-1", {}),
    ],
    [
      "by-a-key-that-goes-before-its-time",
      ["keys are retained"],
      (scene) => scene.status(["Retired", "Active"]).api("DELETE", "namespaces/n/secrets/fleet-1", {}),
    ],
    [
      "by-who-does-not-lead",
      ["who does not lead writes nothing"],
      (scene) => scene.api("PUT", "namespaces/n/leases/l", { spec: { holderIdentity: "q" } }, "q").aws({}),
    ],
    [
      "by-a-removal-of-a-stranger",
      ["removal by intent alone", "nothing unknown is overwritten"],
      (scene) => scene.aws({ fingerprints: [] }),
    ],
  ])("%s", (_fact, rules, act) => {
    const scene = new Scene();
    act(scene);
    expect(scene.broken).toEqual(rules);
  });

  test.each<[fact: string, rules: readonly string[], change: (scene: Scene) => void]>([
    ["without-an-intent", ["removal by intent alone"], (scene) => scene.status(["Draining", "Active"])],
    [
      "with-an-intent-of-something-else",
      ["removal by intent alone"],
      (scene) => scene.status(["Draining", "Active"], intent(scene.at + 30_000, "three")),
    ],
    ["with-an-intent-that-has-expired", ["removal by intent alone"], (scene) => scene.after(2 * minute)],
    [
      "with-an-intent-that-has-expired-by-the-clock-of-the-publisher-which-is-behind",
      ["removal by intent alone"],
      (scene) => {
        scene.behindMs = 4 * minute;
        scene.after(5 * minute);
      },
    ],
    [
      "with-an-intent-that-is-good-for-an-hour",
      ["removal by intent alone"],
      (scene) => scene.status(["Draining", "Active"], intent(scene.at + 60 * minute, "two")),
    ],
    [
      "while-a-leaf-is-valid",
      ["no root goes before its leaves"],
      (scene) => scene.witness.issued({ serial: "4f", generation: 1, notAfter: scene.at + minute }),
    ],
  ])("by-a-root-that-goes-%s", (_fact, rules, change) => {
    const scene = drained();
    change(scene);
    scene.aws({ fingerprints: ["two"] });
    expect(scene.broken).toEqual(rules);
  });

  test("not-by-an-intent-of-a-publisher-whose-clock-is-behind", () => {
    const scene = drained();
    scene.behindMs = 4 * minute;
    scene.after(4 * minute).aws({ fingerprints: ["two"] });
    expect(scene.broken).toEqual([]);
  });

  test("by-a-root-that-goes-before-its-mark-has-passed", () => {
    const scene = new Scene().mark(1, begin + 15 * minute).aws({ fingerprints: ["one", "two"] });
    scene.status(["Active", "Published"]).after(4 * minute);
    scene.witness.waives("canary before the switch");
    scene.mark(1, begin + 15 * minute, true, 2).after(16 * minute);
    scene.status(["Draining", "Active"], intent(scene.at + 30_000, "two")).aws({ fingerprints: ["two"] });
    expect(scene.broken).toEqual(["no root goes before its leaves"]);
  });
});

test("who-is-dead-leads-no-more", () => {
  const scene = new Scene().api("PUT", "namespaces/n/leases/l", { spec: { holderIdentity: "q" } }, "q");
  scene.witness.died("q");
  expect(scene.aws({}).broken).toEqual([]);
});
