import type { CertificateAuthority } from "@capstan/api";
import { type Clock, systemClock } from "@capstan/kube";
import { describe, expect, test } from "vitest";
import { collection, forbidden, type Route, startApiServer } from "./api-server.ts";
import { authority, condition, healthy, revocation } from "./objects.ts";
import { run, startedAt } from "./run.ts";

const paths = {
  authorities: "GET /apis/capstan.dev/v1alpha1/certificateauthorities",
  clusterIssuers: "GET /apis/capstan.dev/v1alpha1/capstanclusterissuers",
  issuers: "GET /apis/capstan.dev/v1alpha1/capstanissuers",
  revocations: "GET /apis/capstan.dev/v1alpha1/revocations",
  operations: "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/authorityoperations",
  marks: "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/generationmarks",
} as const;

const empty: Readonly<Record<string, Route>> = Object.fromEntries(
  Object.values(paths).map((path) => [path, collection()]),
);

type Status = NonNullable<CertificateAuthority["status"]>;

const freeze = {
  apiVersion: "capstan.dev/v1alpha1",
  kind: "AuthorityOperation",
  metadata: { name: "stop", namespace: "capstan-system", uid: "1", creationTimestamp: "2026-11-22T09:58:00Z" },
  spec: { authority: "fleet", kind: "Freeze", requestedBy: "alice" },
};

function section(out: string, title: string): string {
  return out.split("\n\n").find((part) => part.startsWith(title)) ?? "";
}

async function attentionFor(
  known: CertificateAuthority,
  more: Readonly<Record<string, Route>> = {},
): Promise<readonly string[]> {
  await using server = await startApiServer({ ...empty, [paths.authorities]: collection(known), ...more });
  const { out } = await run(["status"], { server });
  const [, ...rows] = section(out, "Needs attention").split("\n");
  return rows.filter((row) => !row.startsWith("LEVEL")).map((row) => row.replaceAll(/ {3,}/g, " | "));
}

describe("what needs attention", () => {
  const with_ = (...conditions: NonNullable<Status["conditions"]>): CertificateAuthority =>
    authority({ ...healthy, conditions });
  const ready = condition("Ready", "True", "Issuing");

  test.each<[string, CertificateAuthority, readonly string[]]>([
    ["nothing", with_(ready), ["none"]],
    [
      "nothing, when every condition is as it should be",
      with_(
        ready,
        condition("TrustAnchorsInSync", "True", "ReadBack"),
        condition("CRLCurrent", "True", "Signed"),
        condition("CRLCapacity", "True", "HasRoom"),
        condition("Drift", "False", "NothingFound"),
        condition("Rotating", "False", "RotationNotDue", "generation 1 signs until …"),
        condition("SomethingNew", "False", "Whatever"),
      ),
      ["none"],
    ],
    [
      "a key that is gone",
      with_(condition("Ready", "False", "KeyMissing", "Secret fleet-1 is gone")),
      [
        "broken | fleet | KeyMissing: Secret fleet-1 is gone | restore its key Secret from a backup, or replace the generation: kubectl capstan rotate fleet",
      ],
    ],
    [
      "what is ordered is no fault",
      with_(condition("Ready", "False", "Frozen", "Issuing is held by an operator")),
      ["waiting | fleet | Frozen: Issuing is held by an operator | kubectl capstan unfreeze fleet"],
    ],
    [
      "worst first, whatever the order of the conditions",
      with_(
        condition("Rotating", "True", "Soaking", "Generation 2 is Published"),
        condition("CRLCapacity", "False", "Filling", "61 percent full"),
        condition("TrustAnchorsInSync", "False", "AWSUnavailable", "prod does not answer"),
        condition("Drift", "True", "UnknownCertificate", "prod holds f…"),
        ready,
      ),
      [
        "broken | fleet | UnknownCertificate: prod holds f… | after a restore: kubectl capstan recover fleet; else find out who put it there and remove it in AWS",
        "waiting | fleet | AWSUnavailable: prod does not answer | -",
        "notice | fleet | Soaking: Generation 2 is Published | -",
        "notice | fleet | Filling: 61 percent full | -",
      ],
    ],
    [
      "a condition that is Unknown and says nothing",
      with_(ready, condition("CRLCurrent", "Unknown", "Failed")),
      ["broken | fleet | CRLCurrent is Unknown: Failed | -"],
    ],
    [
      "a trust anchor that somebody has disabled by order",
      authority({
        ...healthy,
        disabledTrustAnchors: [{ name: "prod", operation: "x", requestedBy: "bob", since: "2026-11-22T09:00:00Z" }],
      }),
      [
        "waiting | fleet/prod | disabled by bob 60m ago: nobody gets a session by it | kubectl capstan unfreeze fleet --anchor prod",
      ],
    ],
    [
      "a trust anchor that was not read for long",
      authority({ ...healthy, trustAnchors: [{ name: "prod", joined: true, readAt: "2026-11-22T09:40:00Z" }] }),
      ["waiting | fleet/prod | was read back last 20m ago: is the crl-publisher running, and can it reach AWS? | -"],
    ],
    [
      "a CRL that should have been replaced, of a generation in use alone",
      authority({
        ...healthy,
        generations: (["Active", "Destroyed"] as const).map((phase, index) => ({
          number: index + 1,
          phase,
          crl: { number: 1, thisUpdate: "2026-10-20T00:00:00Z", nextUpdate: "2026-11-20T00:00:00Z", entries: 1 },
        })),
      }),
      [
        "broken | fleet | the CRL of generation 1 should have been replaced by 2026-11-20 | look into the log of the crl-publisher",
      ],
    ],
    [
      "an authority that is being deleted",
      { ...authority(healthy), metadata: { name: "fleet", generation: 3, deletionTimestamp: "2026-11-22T09:30:00Z" } },
      [
        "waiting | fleet | is being deleted since 30m ago | to let it go before its certificates have ended: kubectl capstan release fleet --aws keep",
      ],
    ],
  ])("%s", async (_, known, rows) => {
    expect(await attentionFor(known)).toEqual(rows);
  });

  test("operations under way, but not those that are over or another authority's", async () => {
    const done = { ...freeze, metadata: { ...freeze.metadata, name: "done" }, status: { phase: "Done" } };
    expect(await attentionFor(authority(healthy), { [paths.operations]: collection(freeze, done) })).toEqual([
      "waiting | fleet | operation stop (Freeze) by alice is under way: nobody has looked at it yet | -",
    ]);
  });

  test("a revocation that has no room is broken, one on its way waits", async () => {
    const noRoom = revocation("web-a", {}, { conditions: [condition("Accepted", "Unknown", "NoRoom", "no room")] });
    expect(
      await attentionFor(authority(healthy), { [paths.revocations]: collection(revocation("web-b"), noRoom) }),
    ).toEqual([
      "broken | Revocation/demo/web-a | not published: no room | -",
      "waiting | Revocation/demo/web-b | not published: nobody has looked at it yet | -",
    ]);
  });
});

test("generations tell when they rotate, have drained, and lose their key; a compromised one says so", async () => {
  const root = { notBefore: "2026-01-01T00:00:00Z", notAfter: "2027-11-22T07:00:00Z", fingerprint: "a".repeat(64) };
  const known = authority({
    ...healthy,
    nextRotation: "2027-10-23T07:00:00Z",
    generations: [
      { number: 1, phase: "Retired", phaseSince: "2026-11-20T10:00:00Z", ...root },
      { number: 2, phase: "Draining", phaseSince: "2026-11-22T09:00:00Z", compromised: true, ...root },
      { number: 3, phase: "Active", phaseSince: "2026-11-22T09:00:00Z", ...root },
      { number: 4, phase: "Published", abandoning: true, ...root },
    ],
  });
  const mark = {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "GenerationMark",
    metadata: { name: "fleet-2", namespace: "capstan-system" },
    spec: { authority: "fleet", generation: 2, notAfter: "2026-11-29T09:00:00Z" },
  };
  await using server = await startApiServer({
    ...empty,
    [paths.authorities]: collection(known),
    [paths.marks]: collection(mark),
  });
  const { out } = await run(["status"], { server });
  const rows = section(out, "Generations")
    .split("\n")
    .slice(1)
    .map((row) => row.split(/ {3,}/).slice(0, 4).join(" | "));
  expect(rows).toEqual([
    "NUMBER | PHASE | SINCE | NEXT",
    "1 | Retired | 2d ago | key is deleted 2026-11-27 (5d left)",
    "2 | Draining, compromised | 60m ago | drains until 2026-11-29 (6d left)",
    "3 | Active | 60m ago | next rotation 2027-10-23 (334d left)",
    "4 | Published, given up | - | -",
  ]);
  expect(out).toContain("Next rotation:         2027-10-23 (334d left)\n");
});

test("a trust anchor says which generation's root or CRL it lacks", async () => {
  const [one] = healthy.generations ?? [];
  const [anchor] = healthy.trustAnchors ?? [];
  if (one === undefined || anchor === undefined) throw new Error("the healthy authority has changed");
  const known = authority({
    ...healthy,
    generations: [one, { number: 2, phase: "Published", fingerprint: "b".repeat(64) }],
    trustAnchors: [{ ...anchor, crls: [{ generation: 1, number: 16 }], state: "Disabled" }],
  });
  await using server = await startApiServer({ ...empty, [paths.authorities]: collection(known) });
  const { out } = await run(["status"], { server });
  const [titles = [], cells = []] = section(out, "Trust anchors")
    .split("\n")
    .slice(1)
    .map((row) => row.split(/ {3,}/));
  expect(Object.fromEntries(titles.map((title, index) => [title, cells[index]]))).toMatchObject({
    STATE: "Disabled",
    "ROOTS IN SYNC": "no: 2",
    "CRLS IN SYNC": "no: 1",
    CANARY: "none",
  });
});

describe("status --watch", () => {
  /** Waits take as long as they take: what is watched comes from outside. */
  const clock: Clock = { ...systemClock, now: () => startedAt };

  /** A list at first, then one watch event after the other; each watch brings one. */
  function watched(first: CertificateAuthority, ...later: readonly CertificateAuthority[]): Route {
    let next = 0;
    return ({ query }) => {
      if (query["watch"] === undefined) return collection(first);
      const object = later[next];
      next += 1;
      if (object === undefined) return "break";
      const resourceVersion = String(100 + next);
      return {
        body: { type: "MODIFIED", object: { ...object, metadata: { ...object.metadata, uid: "u", resourceVersion } } },
      };
    };
  }

  const waiting = authority({
    ...healthy,
    conditions: [condition("Ready", "False", "RegisteringTrustAnchors", "No generation signs yet")],
  });
  const broken = authority({ ...healthy, conditions: [condition("Ready", "False", "KeyMissing", "gone")] });

  test("with --timeout ends with 0 once nothing is waited for, having shown each change", async () => {
    await using server = await startApiServer({
      ...empty,
      [paths.authorities]: watched(waiting, authority(healthy)),
    });
    const { code, out, err } = await run(["status", "--watch", "--timeout", "10m"], { server, clock });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.match(/^Ready: +\w+/gm)?.map((line) => line.split(/ +/)[1])).toEqual(["False", "True"]);
    const gets = server.requests.filter(({ path }) => path.endsWith("/certificateauthorities"));
    expect(gets.map(({ query }) => query["watch"] ?? "list").slice(0, 3)).toEqual(["list", "list", "true"]);
  });

  test.each<[string, Route, string, number]>([
    ["is broken from the start", collection(broken), "", 1],
    ["becomes broken", watched(waiting, broken), "", 1],
    ["is well from the start", collection(authority(healthy)), "", 0],
  ])("ends when it %s", async (_, route, err, code) => {
    await using server = await startApiServer({ ...empty, [paths.authorities]: route });
    const open = new Set<symbol>();
    const counting: Clock = {
      ...clock,
      setTimer: (callback, ms) => {
        const timer = Symbol(`${ms} ms`);
        open.add(timer);
        const cancel = clock.setTimer(() => {
          open.delete(timer);
          callback();
        }, ms);
        return () => {
          open.delete(timer);
          cancel();
        };
      },
    };
    const ended = await run(["status", "-w", "--timeout", "10m"], { server, clock: counting });
    expect({ code: ended.code, err: ended.err }).toEqual({ code, err });
    // One that is left keeps the process alive until it fires.
    expect([...open]).toEqual([]);
  });

  test("ends with 1 when the time is up", async () => {
    await using server = await startApiServer({ ...empty, [paths.authorities]: watched(waiting) });
    const { code, err } = await run(["status", "--watch", "--timeout", "1s"], { server });
    expect({ code, err }).toEqual({ code: 1, err: "error: something is still waited for after 1s\n" });
  });

  test("does not watch what may not be read", async () => {
    await using server = await startApiServer({
      ...empty,
      [paths.authorities]: watched(waiting, authority(healthy)),
      [paths.issuers]: forbidden("list", "capstanissuers", "capstan.dev"),
    });
    const { code, out } = await run(["status", "--watch", "--timeout", "10m"], { server, clock });
    expect(code).toBe(0);
    expect(out).toContain("not shown: Missing right: list capstanissuers");
    expect(server.requests.filter(({ path }) => path.endsWith("/capstanissuers"))).toHaveLength(1);
  });

  test.each([
    [["--timeout", "5s"], "error: --timeout says how long --watch waits: give --watch with it\n"],
    [
      ["--watch", "-o", "json"],
      "error: --watch and -o json clash: kubectl get --watch prints objects as they change\n",
    ],
  ])("%j cannot be meant", async (flags, err) => {
    expect(await run(["status", ...flags])).toEqual({
      code: 2,
      out: "",
      err: `${err}See "kubectl capstan status --help".\n`,
    });
  });
});
