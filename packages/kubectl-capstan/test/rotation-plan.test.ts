import type { CertificateAuthority } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { collection, forbidden, object, type Route, startApiServer } from "./api-server.ts";
import { authority, healthy } from "./objects.ts";
import { run } from "./run.ts";

const authorities = "/apis/capstan.dev/v1alpha1/certificateauthorities";
const marks = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/generationmarks";

const roles = {
  profileArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/2f6b4f0e-0000-4000-8000-000000000002",
  roleArn: "arn:aws:iam::111122223333:role/capstan",
};
const prod = { name: "prod", region: "eu-central-1", account: "111122223333", create: true };

type Spec = CertificateAuthority["spec"];
type Status = NonNullable<CertificateAuthority["status"]>;

function fleet(spec: Partial<Spec> = {}, status: Partial<Status> = {}): CertificateAuthority {
  const known = authority({ ...healthy, ...status });
  return { ...known, spec: { ...known.spec, trustAnchors: [prod], ...spec } };
}

function mark(number: number, notAfter: string, sealed = false): unknown {
  return {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "GenerationMark",
    metadata: { name: `fleet-${number}`, namespace: "capstan-system" },
    spec: { authority: "fleet", generation: number, notAfter },
    status: { sealed },
  };
}

function routesOf(known: CertificateAuthority, more: Readonly<Record<string, Route>> = {}): Record<string, Route> {
  return {
    [`GET ${authorities}/fleet`]: object(known),
    [`GET ${marks}`]: collection(mark(1, "2026-11-29T12:00:00Z")),
    ...more,
  };
}

interface Plan {
  readonly steps: readonly {
    readonly at: string;
    readonly action: string;
    readonly text: string;
    readonly awsCalls: readonly string[];
    readonly waitedFor?: { readonly code: string; readonly until?: string };
  }[];
  readonly waitsFor?: { readonly code: string; readonly message: string };
}

async function planOf(known: CertificateAuthority, ...flags: readonly string[]): Promise<Plan> {
  await using server = await startApiServer(routesOf(known));
  const { code, out, err } = await run(["rotate", "fleet", "--dry-run", "-o", "json", ...flags], { server });
  expect({ code, err, methods: server.requests.map(({ method }) => method) }).toEqual({
    code: 0,
    err: "",
    methods: ["GET", "GET"],
  });
  return JSON.parse(out) as Plan;
}

const timeOf = ({ steps }: Plan, text: string): string | undefined => steps.find((step) => step.text === text)?.at;

describe("rotate --dry-run", () => {
  test("shows every step with its date, its calls to AWS and what it waited for", async () => {
    await using server = await startApiServer(
      routesOf(fleet({ trustAnchors: [{ ...prod, publisher: roles, canary: roles }] })),
    );
    const { code, out, err } = await run(["rotate", "fleet", "--dry-run"], { server });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatchInlineSnapshot(`
      "Plan for fleet, if everything answers and nothing else is ordered; nothing was ordered yet
      AT                     AFTER   STEP                                                                           AWS CALLS           WAITED FOR
      2026-11-22T10:00:00Z   0s      generation 2 is made: key, root and mark                                       -                   -
      2026-11-22T10:00:02Z   2s      generation 2 is Pending                                                        -                   -
      2026-11-22T10:00:03Z   3s      the new root is added to trust anchor prod                                     UpdateTrustAnchor   -
      2026-11-22T10:00:05Z   5s      the CRL of generation 2 is put into trust anchor prod                          ImportCrl           -
      2026-11-22T10:00:07Z   7s      generation 2 is Published                                                      -                   -
      2026-11-22T10:00:08Z   8s      a canary leaf of generation 2 gets a session by trust anchor prod              CreateSession       -
      2026-11-22T10:15:07Z   15m     generation 1 signs no more: its mark is sealed                                 -                   Generation 2 is watched until 2026-11-22T10:15:07Z, counted from its publication
      2026-11-22T10:15:08Z   15m     generation 2 is Active, generation 1 is Draining                               -                   -
      2026-11-22T10:15:09Z   15m     the publisher's own credentials for trust anchor prod come from generation 2   CreateSession       -
      2026-11-29T12:10:02Z   7d      the old root is removed from trust anchor prod                                 UpdateTrustAnchor   Leaves of generation 1 may be valid until 2026-11-29T12:00:00Z; its root stays until 2026-11-29T12:10:00Z
      2026-11-29T12:10:04Z   7d      the CRL of generation 1 is deleted from trust anchor prod                      DeleteCrl           -
      2026-11-29T12:10:06Z   7d      generation 1 is Retired                                                        -                   -
      2026-12-06T12:10:07Z   14d     the key of generation 1 is deleted                                             -                   The key of generation 1 is kept until 2026-12-06T12:10:06Z
      2026-12-06T12:10:08Z   14d     generation 1 is Destroyed                                                      -                   -
      Trust anchors are read back 9 times meanwhile at least (GetTrustAnchor, ListCrls)
      "
    `);
    expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("as json is the same", async () => {
    const plan = await planOf(fleet());
    expect(plan.steps[0]).toEqual({
      at: "2026-11-22T10:00:00Z",
      action: "MakeGeneration",
      text: "generation 2 is made: key, root and mark",
      awsCalls: [],
    });
    expect(plan.waitsFor).toBeUndefined();
    expect(plan.steps.at(-1)?.text).toBe("generation 1 is Destroyed");
  });

  test("waits for the soak, the drain and the retention of the spec", async () => {
    const plan = await planOf(fleet({ rotation: { soak: "2h", retention: "24h" } }));
    const sealed = timeOf(plan, "generation 1 signs no more: its mark is sealed");
    expect(sealed).toMatch(/^2026-11-22T12:00:/);
    // The longest leaf, what a mark is raised by ahead, and the skew: later than the mark is now.
    expect(timeOf(plan, "generation 1 is Retired")).toMatch(/^2026-11-29T13:10:/);
    expect(timeOf(plan, "generation 1 is Destroyed")).toMatch(/^2026-11-30T13:10:/);
  });

  test("without the right to marks takes the longest leaf, and says so", async () => {
    await using server = await startApiServer(
      routesOf(fleet(), { [`GET ${marks}`]: forbidden("list", "generationmarks", "capstan.dev", "capstan-system") }),
    );
    const { code, out, err } = await run(["rotate", "fleet", "--dry-run"], { server });
    expect(code).toBe(0);
    expect(err).toMatch(/^note: drains are shown as long as they can be at most\. Missing right: list generationmarks/);
    expect(out).toContain("generation 1 is Retired");
  });

  test("of a compromise neither soaks nor drains", async () => {
    const plan = await planOf(fleet(), "--compromised");
    const texts = plan.steps.map(({ text }) => text);
    expect(texts[0]).toBe("issuing is held by the compromise");
    expect(texts).toContain("all that generation 1 issued begins to be issued anew");
    expect(texts.indexOf("generation 2 is Active, generation 1 is Draining")).toBeLessThan(
      texts.indexOf("issuing goes on"),
    );
    const removed = Date.parse(timeOf(plan, "the old root is removed from trust anchor prod") ?? "");
    expect(removed - Date.parse("2026-11-22T10:00:00Z")).toBeLessThan(60_000);
  });

  test("of a rotation under way goes on from where it is", async () => {
    const [one] = healthy.generations ?? [];
    const two = {
      number: 2,
      phase: "Published" as const,
      phaseSince: "2026-11-22T09:50:00Z",
      fingerprint: "b".repeat(64),
      notBefore: "2026-11-22T09:45:00Z",
      notAfter: "2027-11-22T09:45:00Z",
      crl: { number: 1, thisUpdate: "2026-11-22T09:50:00Z", nextUpdate: "2026-12-22T09:50:00Z", entries: 1 },
    };
    const [anchor] = healthy.trustAnchors ?? [];
    if (one === undefined || anchor === undefined) throw new Error("the healthy authority has changed");
    const known = fleet(
      {},
      {
        generations: [one, two],
        trustAnchors: [
          {
            ...anchor,
            bundle: [...(anchor.bundle ?? []), two.fingerprint],
            crls: [...(anchor.crls ?? []), { generation: 2, id: "crl-2", number: 1 }],
          },
        ],
      },
    );
    await using server = await startApiServer(routesOf(known));
    const { err, out } = await run(["rotate", "fleet", "--dry-run"], { server });
    expect(err).toBe("Generation 2 of fleet is being introduced already. This is how it goes on:\n");
    expect(out).not.toContain("generation 3");
    expect(out).toMatch(/2026-11-22T10:05:0\dZ +5m +generation 1 signs no more/);
  });

  test.each<[string, CertificateAuthority, string]>([
    [
      "a root that nobody knows",
      fleet({}, { trustAnchors: [{ name: "prod", joined: true, bundle: ["f".repeat(64)], state: "Present" }] }),
      "Drift",
    ],
    [
      "an anchor that is gone and that its owner has to create",
      fleet(
        { trustAnchors: [{ ...prod, create: false, manage: false, arn: healthy.trustAnchors?.[0]?.arn ?? "" }] },
        { trustAnchors: [{ name: "prod", joined: false, state: "Missing" }] },
      ),
      "AnchorMissing",
    ],
    [
      "an anchor that an operator has disabled",
      fleet(
        {},
        {
          trustAnchors: [{ ...healthy.trustAnchors?.[0], name: "prod", joined: false, state: "Disabled" }],
          disabledTrustAnchors: [
            { name: "prod", operation: "stop", requestedBy: "alice", since: "2026-11-22T09:00:00Z" },
          ],
        },
      ),
      "AnchorDisabledByOrder",
    ],
  ])("ends where somebody has to act: %s", async (_, known, code) => {
    const plan = await planOf(known);
    expect(plan.steps.map(({ text }) => text)).not.toContain("generation 2 is Active, generation 1 is Draining");
    expect([plan.waitsFor?.code, plan.waitsFor?.message !== ""]).toEqual([code, true]);
  });
});

describe("rotate --dry-run as the other commands have it", () => {
  test.each([["--dry-run=client"], ["--dry-run"]])(
    "%s shows the plan, also before the authority's name",
    async (flag) => {
      await using server = await startApiServer(routesOf(fleet()));
      const { code, out } = await run(["rotate", flag, "fleet"], { server });
      expect({ code, title: out.split("\n")[0] }).toEqual({
        code: 0,
        title: "Plan for fleet, if everything answers and nothing else is ordered; nothing was ordered yet",
      });
    },
  );

  test("--dry-run=server has the API server check the order, and stores none", async () => {
    const operations = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/authorityoperations";
    await using server = await startApiServer(
      routesOf(fleet(), {
        [`GET ${operations}`]: collection(),
        [`POST ${operations}`]: ({ body }) => {
          const sent = body as { readonly metadata: object };
          return { status: 201, body: { ...sent, metadata: { ...sent.metadata, name: "fleet-rotate-x7k2p" } } };
        },
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews": object({
          status: { userInfo: { username: "alice" } },
        }),
      }),
    );
    expect(await run(["rotate", "fleet", "--dry-run=server"], { server })).toEqual({
      code: 0,
      out: "authorityoperation.capstan.dev/fleet-rotate-x7k2p created (server dry run)\n",
      err: "",
    });
    const posts = server.requests.filter(({ path }) => path === operations).filter(({ method }) => method === "POST");
    expect(posts.map(({ query }) => query)).toEqual([{ dryRun: "All" }]);
  });
});

describe("rotate --dry-run is refused", () => {
  test.each([
    [["--wait"], "error: --wait and --dry-run clash: a dry run orders nothing that could be waited for\n"],
    [["-o", "name"], "error: -o name and --dry-run clash: a plan is no object\n"],
  ])("with %j", async (flags, err) => {
    const ended = await run(["rotate", "fleet", "--dry-run", ...flags]);
    expect(ended).toEqual({ code: 2, out: "", err: `${err}See "kubectl capstan rotate --help".\n` });
  });
});
