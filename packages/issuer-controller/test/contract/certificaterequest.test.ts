import { capstanClusterIssuerResource } from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { requestWithSubject } from "../../../ca-core/test/support/request.ts";
import { certificateRequestResource } from "../../src/requests/certificate-request.ts";
import {
  approved,
  base64,
  clusterIssuer,
  condition,
  denied,
  hour,
  keySecret,
  minute,
  newGeneration,
  now,
  ownNamespace,
  type Request,
  request,
  type RequestChange,
} from "../support/objects.ts";
import { secretResource, World } from "../support/world.ts";

// What an external issuer must do with a CertificateRequest, case by case, in the order and by the names in which
// cert-manager's issuer-lib lists them; and, at the end, where this issuer goes further.

const generation = await newGeneration();
const records = /issuedcertificates/;
const internalError = { refuse: 500, reason: "InternalError" } as const;
const failureTime = now.toISOString();
const ready = (status: "True" | "False", reason: string) => ({ type: "Ready", status, reason }) as const;

let world: World;

beforeEach(async () => {
  world = await World.start(generation);
});

afterEach(() => world[Symbol.asyncDispose]());

function ask(change: RequestChange): void {
  world.setRequest(change);
  world.observe();
}

function setIssuer(change: Parameters<typeof clusterIssuer>[0]): void {
  world.server.put(capstanClusterIssuerResource, clusterIssuer(change));
  world.observe();
}

/** Looks once, and brings the caches up to date. */
async function look(): Promise<number | undefined> {
  const { requeueAfterMs } = await world.reconcile();
  world.observe();
  return requeueAfterMs;
}

const conditionTypes = (): readonly string[] => (world.request?.status?.conditions ?? []).map(({ type }) => type);

describe("left alone", () => {
  test("ignore-certificaterequest-not-found", async () => {
    expect(await world.reconcile("demo/other")).toEqual({});
    expect(world.server.calls).toEqual([]);
  });

  test.each<[fact: string, change: RequestChange]>([
    ["ignore-unless-approved-or-denied", { status: {} }],
    [
      "issuer-ref-unknown-group",
      { spec: { issuerRef: { group: "other.dev", kind: "CapstanClusterIssuer", name: "fleet" } } },
    ],
    ["issuer-ref-unknown-kind", { spec: { issuerRef: { group: "capstan.dev", kind: "Fleet", name: "fleet" } } }],
    ["already-ready", { status: { conditions: [approved, ready("True", "Issued")] } }],
    ["already-failed", { status: { conditions: [approved, ready("False", "Failed")], failureTime } }],
    ["already-denied", { status: { conditions: [denied, ready("False", "Denied")], failureTime } }],
  ])("%s", async (_fact, change) => {
    ask(change);
    const before = world.request;
    expect(await world.reconcile()).toEqual({});
    expect([world.request, world.server.calls]).toEqual([before, []]);
  });
});

test("initialize-ready-condition: it is Pending from the first write, never Unknown or Initializing", async () => {
  world.server.remove(capstanClusterIssuerResource, { name: "fleet" });
  world.observe();
  await look();
  expect(world.answer).toBe("False Pending");
});

test.each<[fact: string, conditions: NonNullable<Request["status"]>["conditions"] & {}]>([
  ["set-ready-denied", [approved, denied]],
  ["set-ready-denied: also when nobody has approved", [denied]],
])("%s", async (_fact, conditions) => {
  ask({ status: { conditions } });
  expect(await look()).toBeUndefined();
  expect([world.answer, world.signatures]).toEqual(["False Denied + failureTime", 0]);
});

describe("set-ready-pending", () => {
  test.each<[fact: string, issuer: Parameters<typeof clusterIssuer>[0] | undefined, message: string]>([
    ["missing-issuer", undefined, "it does not exist"],
    ["issuer-has-no-ready-condition", { status: {} }, "it has not been checked yet"],
    [
      "issuer-is-not-ready",
      { status: { conditions: [condition({ status: "False", reason: "Other", message: "why" })] } },
      "Other: why",
    ],
    [
      "issuer-ready-outdated",
      { metadata: { ...clusterIssuer().metadata, generation: 2 } },
      "its last change has not been checked yet",
    ],
  ])("%s", async (_fact, issuer, message) => {
    if (issuer === undefined) world.server.remove(capstanClusterIssuerResource, { name: "fleet" });
    else setIssuer(issuer);
    world.observe();
    // No retry: the issuer's watch resumes it.
    expect(await look()).toBeUndefined();
    expect([world.answer, world.message]).toEqual([
      "False Pending",
      `Waiting for CapstanClusterIssuer fleet: ${message}`,
    ]);
    expect(world.events).toEqual(["Pending"]);
  });
});

describe("a sign attempt that fails", () => {
  /** Each try meets a ledger that does not answer. */
  const failOnce = (): void => world.server.next("POST", records, internalError);
  const removeKey = (): void => world.server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" });

  test("retry-on-error: and the backoff doubles", async () => {
    failOnce();
    expect(await look()).toBe(1_000);
    expect(world.answer).toBe("False Pending");
    failOnce();
    expect(await look()).toBe(2_000);
    expect(await look()).toBeUndefined();
    expect(world.answer).toBe("True Issued + certificate");
  });

  test("timeout-permanent-error: at the retry limit it fails, with failureTime", async () => {
    failOnce();
    await look();
    world.monotonic = 10 * minute;
    failOnce();
    expect(await look()).toBeUndefined();
    expect(world.answer).toBe("False Failed + failureTime");
    expect(world.message).toContain("Tried for as long as the controller tries");
    expect(await look()).toBeUndefined();
    expect(world.ledger).toEqual([]);
  });

  test("retry-on-pending-error: an issuer that cannot sign is waited for beyond the limit", async () => {
    removeKey();
    await look();
    world.monotonic = 24 * hour;
    expect(await look()).toBe(2_000);
    expect(world.answer).toBe("False Pending");
    world.server.put(secretResource, keySecret(generation));
    await look();
    expect(world.answer).toBe("True Issued + certificate");
  });

  test("retry-on-pending-error-custom: not before the server's Retry-After", async () => {
    world.server.next("POST", records, { refuse: 429, reason: "TooManyRequests", retryAfterSeconds: 17 });
    expect(await look()).toBe(17_000);
  });

  test("fail-on-permanent-error: with every violation and no retry", async () => {
    ask({ spec: { request: base64(requestWithSubject(["CN", "web.prod"])), duration: "2160h" } });
    expect(await look()).toBeUndefined();
    expect(world.answer).toBe("False Failed + failureTime");
    expect(world.message).toContain("ERR_POLICY_NAME");
    expect(world.message).toContain("ERR_POLICY_DURATION");
    expect(await look()).toBeUndefined();
    expect(world.events).toEqual(["Failed"]);
  });

  describe("error-set-certificate-request-condition-should", () => {
    const custom = { type: "Custom", status: "True", reason: "Theirs", message: "theirs" } as const;

    test("add-new-condition-and-retry: a retry adds none but Ready, since InvalidRequest is for good", async () => {
      failOnce();
      await look();
      expect(conditionTypes()).toEqual(["Approved", "Ready"]);
    });

    test("update-existing-condition-and-retry: another's condition stays as it is", async () => {
      ask({ status: { conditions: [approved, custom] } });
      failOnce();
      await look();
      expect(world.request?.status?.conditions).toContainEqual(custom);
      expect(await look()).toBeUndefined();
      expect(world.request?.status?.conditions).toContainEqual(custom);
    });

    test("add-new-condition-and-timeout: a limit that was reached is not the request's fault", async () => {
      failOnce();
      await look();
      world.monotonic = 10 * minute;
      failOnce();
      await look();
      expect(conditionTypes()).toEqual(["Approved", "Ready"]);
    });

    test("update-existing-condition-and-timeout: another's condition stays as it is", async () => {
      ask({ status: { conditions: [approved, custom] } });
      failOnce();
      await look();
      world.monotonic = 10 * minute;
      failOnce();
      await look();
      expect([world.answer, world.request?.status?.conditions?.[1]]).toEqual(["False Failed + failureTime", custom]);
    });

    test("not-timeout-if-pending", async () => {
      removeKey();
      await look();
      world.monotonic = 10 * minute;
      await look();
      expect([world.answer, conditionTypes()]).toEqual(["False Pending", ["Approved", "Ready"]]);
    });

    test("not-retry-on-permanent-error: the request is invalid in the same write", async () => {
      ask({ spec: { request: base64(requestWithSubject(["CN", "web.prod"])) } });
      expect(await look()).toBeUndefined();
      expect(conditionTypes()).toEqual(["Approved", "Ready", "InvalidRequest"]);
      expect(world.server.writes.filter((write) => write.startsWith("PATCH"))).toHaveLength(1);
    });
  });
});

describe("signed", () => {
  test.each<[fact: string, kind: string]>([
    ["success-issuer", "CapstanIssuer"],
    ["success-clusterissuer", "CapstanClusterIssuer"],
  ])("%s", async (_fact, kind) => {
    ask({ spec: { issuerRef: { group: "capstan.dev", kind, name: "fleet" } } });
    expect(await look()).toBeUndefined();
    expect([world.answer, world.ledger[0]?.spec.issuerKind, world.events]).toEqual([
      "True Issued + certificate",
      kind,
      ["CertificateIssued"],
    ]);
  });
});

describe("where this issuer goes further than issuer-lib", () => {
  test("a late answer does not land on a request that was created anew under the same name", async () => {
    world.server.next("PATCH", /web-1\/status/, (server) => {
      server.put(certificateRequestResource, request({ metadata: { uid: "another" } }));
    });
    await expect(world.reconcile()).rejects.toMatchObject({ code: 409 });
    expect(world.answer).toBe("none");
  });

  test.each<[fact: string, before: () => void]>([
    ["within-one-process", () => {}],
    ["after-a-restart", () => world.restart()],
  ])(
    "an answer that could not be written is written later from the record, and nothing signed again: %s",
    async (_fact, before) => {
      // As when cert-manager's webhook, which sees every status write, is down.
      for (let attempt = 0; attempt < 3; attempt += 1) {
        world.server.next("PATCH", /web-1\/status/, internalError);
        await look();
        before();
      }
      expect([world.answer, world.signatures, world.ledger.length]).toEqual(["none", 1, 1]);
      await look();
      expect([world.answer, world.signatures, world.ledger.length]).toEqual(["True Issued + certificate", 1, 1]);
      expect(world.leaf.toString()).toBe(world.ledger[0]?.spec.certificate);
    },
  );

  test("an answer that cannot be written is tried beyond the limit: a leaf waits for it", async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      world.server.next("PATCH", /web-1\/status/, internalError);
      expect(await look()).toBe(1_000 * 2 ** attempt);
      world.monotonic += 10 * minute;
    }
    await look();
    expect(world.answer).toBe("True Issued + certificate");
  });

  test("the limit does not count while the issuer is not ready: the first error after an outage is not the last", async () => {
    world.server.next("POST", records, internalError);
    await look();
    setIssuer({ status: { conditions: [condition({ status: "False" })] } });
    await look();
    world.monotonic = 10 * hour;
    setIssuer({});
    world.server.next("POST", records, internalError);
    expect(await look()).toBe(1_000);
    expect(world.answer).toBe("False Pending");
  });

  test.each<[retryLimit: string, ms: number, answer: string]>([
    ["1m", minute, "False Failed + failureTime"],
    ["1h", 10 * minute, "False Pending"],
    ["0s", 1_000 * hour, "False Pending"],
  ])("an issuer has a retry limit of its own: %s", async (retryLimit, ms, answer) => {
    setIssuer({ spec: { ...clusterIssuer().spec, retryLimit } });
    world.server.next("POST", records, internalError);
    await look();
    world.monotonic = ms;
    world.server.next("POST", records, internalError);
    await look();
    expect(world.answer).toBe(answer);
  });

  test("one event for many retries, whatever each of them says", async () => {
    for (const reason of ["InternalError", "Timeout", "ServiceUnavailable", "Unknown"]) {
      world.server.next("POST", records, { refuse: 500, reason });
      await look();
    }
    expect(world.events).toEqual(["Pending"]);
  });

  test("an issuer that turns out unable to sign is reported, with what is wrong", async () => {
    world.server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" });
    await look();
    expect(world.broken).toEqual([
      {
        issuer: { kind: "CapstanClusterIssuer", name: "fleet" },
        message: "the key of CertificateAuthority fleet, generation 1, is missing",
      },
    ]);
  });

  test("an audit log that cannot be written stops the signing before it begins", async () => {
    world.audit.isFull = true;
    await look();
    expect([world.answer, world.signatures, world.ledger]).toEqual(["False Pending", 0, []]);
    expect(world.broken).toHaveLength(1);
    world.audit.isFull = false;
    await look();
    expect(world.answer).toBe("True Issued + certificate");
  });
});
