import {
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
} from "@capstan/api";
import { CelEvaluator } from "@capstan/policy";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { BrokenIssuers } from "../../src/issuers/broken-issuers.ts";
import { probeKey } from "../../src/issuers/probe-key.ts";
import { issuerReconciler } from "../../src/issuers/reconcile-issuer.ts";
import type { WebhookObject } from "../../src/issuers/webhooks.ts";
import { Attempts } from "../../src/requests/attempts.ts";
import { LooksUnderWay } from "../../src/requests/looks-under-way.ts";
import { KeyRing } from "../../src/signing/key-ring.ts";
import { ApiServer } from "../support/api-server.ts";
import { type AuditLines, openAuditLines } from "../support/audit-lines.ts";
import {
  after,
  authority,
  clusterIssuer,
  condition,
  day,
  keySecret,
  minute,
  namespacedIssuer,
  newGeneration,
  now,
  ownNamespace,
  webhookConfigurations,
} from "../support/objects.ts";
import { secretResource } from "../support/world.ts";

const generation = await newGeneration();
const fleet = authority([generation]);
const signal = new AbortController().signal;

let server: ApiServer;
let webhooks: readonly WebhookObject[];
let audit: AuditLines;
let time: Date;
let broken: BrokenIssuers;
let attempts: Attempts;
let underWay: LooksUnderWay;
const cel = new CelEvaluator();

beforeEach(async () => {
  server = await ApiServer.start();
  server.put(secretResource, keySecret(generation));
  webhooks = webhookConfigurations();
  audit = await openAuditLines();
  time = now;
  broken = new BrokenIssuers(() => {});
  attempts = new Attempts({ limitMs: 0, random: () => 1 });
  underWay = new LooksUnderWay();
});

afterEach(() => server[Symbol.asyncDispose]());
afterAll(() => cel.close());

/** One reconcile of a cluster issuer that the controller sees as it is stored. */
async function reconcile(
  stored: CapstanClusterIssuer,
  authorities: readonly CertificateAuthority[] = [fleet],
): Promise<CapstanClusterIssuer> {
  const issuers = new ObjectStore<CapstanClusterIssuer>();
  issuers.set(server.put(capstanClusterIssuerResource, stored));
  await reconcilerOf("CapstanClusterIssuer", issuers, authorities)("fleet", signal);
  return server.read(capstanClusterIssuerResource, { name: "fleet" }) as CapstanClusterIssuer;
}

function reconcilerOf(
  kind: "CapstanClusterIssuer" | "CapstanIssuer",
  issuers: ObjectStore<CapstanClusterIssuer> | ObjectStore<CapstanIssuer>,
  owners: readonly CertificateAuthority[] = [fleet],
): ReturnType<typeof issuerReconciler> {
  const authorities = new ObjectStore<CertificateAuthority>();
  for (const owner of owners) authorities.set(owner);
  const { client } = server;
  const keys = new KeyRing({ client, namespace: ownNamespace });
  return issuerReconciler({
    client,
    kind,
    issuers,
    authorities,
    webhooks: { list: () => webhooks },
    cel,
    probe: (owner, stop) => probeKey({ keys, audit: audit.log, now: () => time }, owner, stop),
    broken,
    underWay,
    ledgerRetentionMs: day,
    attempts,
    now: () => time,
    random: () => 0.5,
  });
}

const { status: _none, ...unchecked } = clusterIssuer();
const message = "CertificateAuthority fleet signs with generation 1";

describe("nothing is written", () => {
  test("for-an-issuer-that-is-gone", async () => {
    await reconcilerOf("CapstanIssuer", new ObjectStore<CapstanIssuer>())("demo/fleet", signal);
    expect(server.calls).toEqual([]);
  });

  test("for-one-that-is-being-deleted", async () => {
    await reconcile({ ...unchecked, metadata: { ...unchecked.metadata, deletionTimestamp: now.toISOString() } });
    expect(server.calls).toEqual([]);
  });

  test("when-status-says-it-already", async () => {
    await reconcile(clusterIssuer({ status: { observedGeneration: 1, conditions: [condition({ message })] } }));
    expect(server.writes).toEqual([]);
  });
});

test("initialize-ready-condition", async () => {
  expect((await reconcile(unchecked)).status).toEqual({
    observedGeneration: 1,
    conditions: [condition({ message, lastTransitionTime: "2026-11-22T03:00:00Z" })],
  });
});

test("recheck-outdated-ready-and-keep-the-time-of-the-last-transition", async () => {
  const stored = clusterIssuer({ metadata: { ...unchecked.metadata, generation: 2 } });
  expect((await reconcile(stored)).status).toEqual({
    observedGeneration: 2,
    conditions: [condition({ message, observedGeneration: 2 })],
  });
});

test("not-ready-when-the-authority-is-missing-and-the-time-moves", async () => {
  const { status } = await reconcile(clusterIssuer(), []);
  expect(status?.conditions).toMatchObject([
    { status: "False", reason: "AuthorityNotFound", lastTransitionTime: "2026-11-22T03:00:00Z" },
  ]);
});

test("a-namespaced-issuer-is-written-in-its-namespace", async () => {
  const issuers = new ObjectStore<CapstanIssuer>();
  issuers.set(server.put(capstanIssuerResource, namespacedIssuer({ status: {} })));
  await reconcilerOf("CapstanIssuer", issuers)("demo/fleet", signal);
  expect(server.read(capstanIssuerResource, { namespace: "demo", name: "fleet" })).toMatchObject({
    status: { conditions: [{ type: "Ready", status: "True" }] },
  });
});

test("an-api-server-that-fails-is-left-to-the-queues-backoff", async () => {
  server.next("PATCH", /status/, { refuse: 500, reason: "InternalError" });
  await expect(reconcile(unchecked)).rejects.toMatchObject({ code: 500 });
});

/** An issuer that is looked at again and again, as its watch would have it. */
class LivingIssuer {
  readonly #issuers = new ObjectStore<CapstanClusterIssuer>();
  readonly #reconcile = reconcilerOf("CapstanClusterIssuer", this.#issuers);

  constructor(stored: CapstanClusterIssuer = clusterIssuer()) {
    server.put(capstanClusterIssuerResource, stored);
  }

  /** What Ready is after a look, and in how many milliseconds the next one is. */
  async look(): Promise<readonly [ready: string, requeueAfterMs: number | undefined]> {
    this.#issuers.set(this.stored);
    const result = await this.#reconcile("fleet", signal);
    const ready = this.stored.status?.conditions?.find(({ type }) => type === "Ready");
    return [`${ready?.status ?? ""} ${ready?.reason ?? ""}`, result?.requeueAfterMs];
  }

  get stored(): CapstanClusterIssuer {
    return server.read(capstanClusterIssuerResource, { name: "fleet" }) as CapstanClusterIssuer;
  }

  get message(): string {
    return this.stored.status?.conditions?.[0]?.message ?? "";
  }
}

describe("an issuer that can sign", () => {
  test("is-asked-again-in-ten-minutes-give-or-take", async () => {
    expect(await new LivingIssuer().look()).toEqual(["True Checked", 10 * minute]);
  });

  test("has-shown-it-by-a-signature-that-the-audit-log-tells-of", async () => {
    await new LivingIssuer().look();
    const signing = audit.lines.filter(({ event }) => event === "signing");
    expect(signing).toMatchObject([{ signature: { purpose: "Probe", authority: "fleet", generation: 1 } }]);
  });

  test("is-not-ready-any-more-when-its-key-is-gone-although-memory-holds-it", async () => {
    const issuer = new LivingIssuer();
    await issuer.look();
    server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" });
    expect(await issuer.look()).toEqual(["False KeyUnusable", 1_000]);
    expect(issuer.message).toContain("is missing");
  });
});

describe("an issuer cannot sign", () => {
  test.each<[fact: string, fault: () => Promise<void> | void, message: string]>([
    [
      "with-the-key-of-another-root",
      async () => {
        const { data } = keySecret(await newGeneration());
        const own = keySecret(generation);
        server.put(secretResource, { ...own, data: { ...own.data, "tls.key": data["tls.key"] ?? "" } });
      },
      "another generation's key",
    ],
    [
      "with-another-root",
      async () => void server.put(secretResource, keySecret(await newGeneration())),
      "is not the one in its trust anchors",
    ],
    ["after-its-root-has-expired", () => void (time = after(366 * day)), "expired"],
    ["before-its-root-is-valid", () => void (time = after(-day)), "not valid before"],
    ["when-the-audit-log-is-full", () => void (audit.isFull = true), "no space left on device"],
  ])("%s", async (_fact, fault, message) => {
    await fault();
    const issuer = new LivingIssuer();
    expect(await issuer.look()).toEqual(["False KeyUnusable", 1_000]);
    expect(issuer.message).toContain(message);
  });

  test("retry-on-error: each look comes later, and a minute is the longest", async () => {
    server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" });
    const issuer = new LivingIssuer();
    const waits: (number | undefined)[] = [];
    for (let look = 0; look < 8; look += 1) waits.push((await issuer.look())[1]);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
    expect(server.writes).toHaveLength(1);
  });

  test("success-recover", async () => {
    server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" });
    const issuer = new LivingIssuer();
    expect((await issuer.look())[0]).toBe("False KeyUnusable");
    server.put(secretResource, keySecret(generation));
    expect(await issuer.look()).toEqual(["True Checked", 10 * minute]);
  });

  test("an-answer-that-did-not-come-is-none-and-changes-nothing", async () => {
    const issuer = new LivingIssuer();
    server.next("GET", /secrets/, { refuse: 500, reason: "InternalError" });
    await expect(issuer.look()).rejects.toMatchObject({ code: 500 });
    expect(server.writes).toEqual([]);
  });

  test("without-cert-managers-webhooks, which attest who asks", async () => {
    webhooks = webhooks.slice(0, 1);
    const issuer = new LivingIssuer();
    expect(await issuer.look()).toEqual(["False WebhooksMissing", undefined]);
    expect(issuer.message).toContain("ValidatingWebhookConfiguration");
  });

  test("with-a-condition-in-cel-that-is-none, and says where", async () => {
    const validations = [{ expression: "request.commonName ==", message: "no" }];
    const issuer = new LivingIssuer(clusterIssuer({ spec: { ...clusterIssuer().spec, validations } }));
    expect(await issuer.look()).toEqual(["False InvalidPolicy", undefined]);
    expect(issuer.message).toContain("spec.validations[0].expression");
  });

  test("dont-retry-on-permanent-error: a policy that can never match waits for its own change", async () => {
    const { spec } = clusterIssuer();
    const policy = { commonName: { allow: ["{nobody}"], required: false } };
    expect(await new LivingIssuer(clusterIssuer({ spec: { ...spec, policy } })).look()).toEqual([
      "False InvalidPolicy",
      undefined,
    ]);
    expect(audit.lines.filter(({ event }) => event === "signing")).toEqual([]);
  });
});

describe("what an attempt to sign has found out", () => {
  const ref = { kind: "CapstanClusterIssuer", name: "fleet" } as const;

  test("ready-reported-error: the issuer is not ready until the next look", async () => {
    const issuer = new LivingIssuer();
    await issuer.look();
    broken.report(ref, "the signer is out of order");
    expect(await issuer.look()).toEqual(["False SigningFailed", 1_000]);
    expect(issuer.message).toBe("the signer is out of order");
    expect((await issuer.look())[0]).toBe("True Checked");
  });

  test("failed-ignore-reported-error: a policy that is invalid says so all the same", async () => {
    const { spec } = clusterIssuer();
    const policy = { commonName: { allow: ["{nobody}"], required: false } };
    const issuer = new LivingIssuer(clusterIssuer({ spec: { ...spec, policy } }));
    broken.report(ref, "the signer is out of order");
    expect((await issuer.look())[0]).toBe("False InvalidPolicy");
  });

  test("of-another-issuer-is-not-this-ones", async () => {
    const issuer = new LivingIssuer();
    broken.report({ kind: "CapstanIssuer", namespace: "demo", name: "fleet" }, "the signer is out of order");
    expect((await issuer.look())[0]).toBe("True Checked");
  });
});

describe("while its authority holds issuing, an issuer", () => {
  const frozen = { holds: ["Operator" as const], order: 3, since: "2026-11-22T03:00:00Z" };
  const held: CertificateAuthority = { ...fleet, status: { ...fleet.status, frozen } };

  test("says-that-it-stands-still-for-this-hold", async () => {
    expect((await reconcile(unchecked, [held])).status?.standsStill).toEqual({ authority: "fleet", order: 3 });
  });

  test("says-so-only-when-every-look-that-had-begun-has-ended", async () => {
    const look = Promise.withResolvers<undefined>();
    void underWay.track(look.promise);
    const reconciled = reconcile(unchecked, [held]);
    // Time enough to check, sign and write, were it not waiting.
    for (let calls = 0; calls < 50; calls += 1) {
      await server.client.getOrUndefined(capstanClusterIssuerResource, { name: "fleet" });
    }
    expect(server.writes).toEqual([]);
    look.resolve(undefined);
    expect((await reconciled).status?.standsStill).toEqual({ authority: "fleet", order: 3 });
  });

  test("waits-for-a-look-that-fails-as-for-any-other", async () => {
    void underWay.track(Promise.reject(new Error("the API server is away"))).catch(() => undefined);
    expect((await reconcile(unchecked, [held])).status?.standsStill?.order).toBe(3);
  });

  test("says-so-though-its-policy-is-of-no-use", async () => {
    const broken = {
      ...unchecked,
      spec: { ...unchecked.spec, policy: { commonName: { allow: ["("], required: true } } },
    };
    expect((await reconcile(broken, [held])).status?.standsStill?.order).toBe(3);
  });

  test("takes-it-back-once-issuing-goes-on", async () => {
    const stored = await reconcile(unchecked, [held]);
    const issuers = new ObjectStore<CapstanClusterIssuer>();
    issuers.set(stored);
    await reconcilerOf("CapstanClusterIssuer", issuers, [fleet])("fleet", signal);
    const after = server.read(capstanClusterIssuerResource, { name: "fleet" }) as CapstanClusterIssuer;
    expect(after.status).not.toHaveProperty("standsStill");
  });
});
