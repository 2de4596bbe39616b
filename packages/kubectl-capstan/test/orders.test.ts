import type { AuthorityOperation, CertificateAuthority } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { type ApiServer, collection, forbidden, object, refusal, type Route, startApiServer } from "./api-server.ts";
import { authority, healthy } from "./objects.ts";
import { run } from "./run.ts";

const authorities = "/apis/capstan.dev/v1alpha1/certificateauthorities";
const operations = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/authorityoperations";
const reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

function operation(
  name: string,
  spec: object,
  status?: AuthorityOperation["status"],
  creationTimestamp = "2026-11-22T09:58:00Z",
): unknown {
  return {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "AuthorityOperation",
    metadata: { name, namespace: "capstan-system", uid: `uid-of-${name}`, creationTimestamp },
    spec: { authority: "fleet", requestedBy: "alice@example.org", ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

/** As the API server answers a create: with a name made from generateName, and a uid. */
const create: Route = ({ body }) => {
  const sent = body as { metadata: { generateName: string } };
  const name = `${sent.metadata.generateName}x7k2p`;
  return { status: 201, body: { ...sent, metadata: { ...sent.metadata, name, uid: `uid-of-${name}` } } };
};

const anchored: CertificateAuthority = {
  ...authority(healthy),
  spec: {
    ...authority().spec,
    trustAnchors: [{ name: "prod", region: "eu-central-1", account: "111122223333", create: true }],
  },
};

const routes: Readonly<Record<string, Route>> = {
  [`GET ${authorities}/fleet`]: object(anchored),
  [`GET ${authorities}`]: collection(anchored),
  [`GET ${operations}`]: collection(),
  [`POST ${operations}`]: create,
  [`POST ${reviews}`]: { status: 201, body: { status: { userInfo: { username: "alice@example.org" } } } },
};

function posted({ requests }: ApiServer): readonly unknown[] {
  return requests
    .filter(({ method, path }) => method === "POST" && path === operations)
    .map(({ body, query }) => ({ query, body }));
}

function specsPosted(server: ApiServer): readonly unknown[] {
  return posted(server).map((sent) => (sent as { body: { spec: unknown } }).body.spec);
}

/** Answers of a GET one after the other; the last stays. */
function inTurn(...bodies: readonly unknown[]): Route {
  return (_, count) => object(bodies[Math.min(count, bodies.length - 1)]);
}

describe("an order", () => {
  test("is an AuthorityOperation in the caller's own name, in Capstan's namespace", async () => {
    await using server = await startApiServer(routes);
    const ended = await run(["freeze", "fleet", "--yes"], { server });
    expect(posted(server)).toEqual([
      {
        query: {},
        body: {
          apiVersion: "capstan.dev/v1alpha1",
          kind: "AuthorityOperation",
          metadata: { generateName: "fleet-freeze-", namespace: "capstan-system" },
          spec: { authority: "fleet", kind: "Freeze", requestedBy: "alice@example.org" },
        },
      },
    ]);
    expect(ended).toEqual({
      code: 0,
      out: "authorityoperation.capstan.dev/fleet-freeze-x7k2p created\n",
      err: "The crl-publisher carries it out: kubectl get authorityoperation fleet-freeze-x7k2p -n capstan-system\n",
    });
  });

  test.each<[readonly string[], object]>([
    [["freeze", "fleet", "--anchor", "prod"], { kind: "DisableTrustAnchor", trustAnchor: "prod" }],
    [["unfreeze", "fleet"], { kind: "Unfreeze" }],
    [["unfreeze", "fleet", "--anchor=prod"], { kind: "EnableTrustAnchor", trustAnchor: "prod" }],
    [["rotate", "fleet"], { kind: "Rotate" }],
    [["rotate", "fleet", "--compromised"], { kind: "Compromised", generations: [1] }],
    [["rotate", "fleet", "--compromised", "--generation", "1,1"], { kind: "Compromised", generations: [1] }],
  ])("%j has the spec %j", async (argv, spec) => {
    await using server = await startApiServer(routes);
    const { code } = await run([...argv, "--yes"], { server });
    expect({ code, specs: specsPosted(server) }).toEqual({
      code: 0,
      specs: [{ authority: "fleet", requestedBy: "alice@example.org", ...spec }],
    });
  });

  test("with a dry run of the client is not sent, and with one of the server not stored", async () => {
    await using server = await startApiServer(routes);
    const client = await run(["freeze", "fleet", "--dry-run=client"], { server });
    expect({ ...client, posted: posted(server) }).toEqual({
      code: 0,
      out: "authorityoperation.capstan.dev/fleet-freeze- created (dry run)\n",
      err: "",
      posted: [],
    });
    const atServer = await run(["freeze", "fleet", "--dry-run=server"], { server });
    expect(atServer.out).toBe("authorityoperation.capstan.dev/fleet-freeze-x7k2p created (server dry run)\n");
    expect(posted(server)).toMatchObject([{ query: { dryRun: "All" } }]);
  });

  test("is printed as the object it is", async () => {
    await using server = await startApiServer(routes);
    const { out } = await run(["freeze", "fleet", "--yes", "-o", "json"], { server });
    expect(JSON.parse(out)).toMatchObject({ kind: "List", items: [{ kind: "AuthorityOperation" }] });
  });

  test("that may have been created says that it can be repeated", async () => {
    await using server = await startApiServer({ ...routes, [`POST ${operations}`]: () => "break" });
    const { code, err } = await run(["freeze", "fleet", "--yes"], { server });
    expect(code).toBe(1);
    expect(err).toContain("it is not known whether the AuthorityOperation was created");
    expect(err).toContain("run the command again, it follows the one that was");
  });

  test("that one may not place names the missing right", async () => {
    await using server = await startApiServer({
      ...routes,
      [`POST ${operations}`]: forbidden("create", "authorityoperations", "capstan.dev", "capstan-system"),
    });
    const { code, err } = await run(["freeze", "fleet", "--yes"], { server });
    expect({ code, hint: err.split("\n")[1] }).toEqual({
      code: 1,
      hint: "Missing right: create authorityoperations.capstan.dev in namespace capstan-system. Granted by ClusterRole capstan-operator.",
    });
  });
});

describe("an order asks first", () => {
  test.each([
    ["y", 0],
    ["YES", 0],
    ["", 1],
    ["fleet", 1],
  ])("freeze: %j ends with %i", async (answer, code) => {
    await using server = await startApiServer(routes);
    const ended = await run(["freeze", "fleet"], { server, answer });
    expect({ code: ended.code, orders: posted(server).length }).toEqual({ code, orders: code === 0 ? 1 : 0 });
    expect(ended.err).toMatch(/^Issuing of fleet is to be held:\n {2}no certificate is issued until/);
    if (code !== 0) expect(ended.err).toMatch(/Nothing was ordered\.\n$/);
  });

  test.each([
    ["fleet", 0],
    [" fleet ", 0],
    ["y", 1],
    ["Fleet", 1],
    ["", 1],
  ])("what can hurt workloads wants the name typed: %j ends with %i", async (answer, code) => {
    await using server = await startApiServer(routes);
    for (const argv of [
      ["rotate", "fleet", "--compromised"],
      ["freeze", "fleet", "--anchor", "prod"],
    ]) {
      const ended = await run(argv, { server, answer });
      expect(ended.code).toBe(code);
      expect(ended.err).toContain("Type the authority's name, fleet, to go on: ");
    }
    expect(posted(server)).toHaveLength(code === 0 ? 2 : 0);
  });
});

describe("an order again", () => {
  test.each<[string, readonly unknown[], "unchanged" | "created"]>([
    ["follows the one that nobody has looked at yet", [operation("one", { kind: "Freeze" })], "unchanged"],
    [
      "follows the one that is accepted",
      [operation("one", { kind: "Freeze" }, { phase: "Accepted", message: "waits" })],
      "unchanged",
    ],
    ["comes after the one that is done", [operation("one", { kind: "Freeze" }, { phase: "Done" })], "created"],
    ["comes after the one that was refused", [operation("one", { kind: "Freeze" }, { phase: "Refused" })], "created"],
    ["is not another authority's", [operation("one", { authority: "lab", kind: "Freeze" })], "created"],
    ["is not the opposite", [operation("one", { kind: "Unfreeze" })], "created"],
    [
      "is not the one that an opposite takes back",
      [operation("one", { kind: "Freeze" }), operation("two", { kind: "Unfreeze" }, undefined, "2026-11-22T09:59:00Z")],
      "created",
    ],
    [
      "is not one of the same second as an opposite",
      [operation("one", { kind: "Freeze" }), operation("two", { kind: "Unfreeze" })],
      "created",
    ],
    [
      "is the one after an opposite",
      [operation("two", { kind: "Unfreeze" }), operation("one", { kind: "Freeze" }, undefined, "2026-11-22T09:59:00Z")],
      "unchanged",
    ],
  ])("%s", async (_, existing, verb) => {
    await using server = await startApiServer({ ...routes, [`GET ${operations}`]: collection(...existing) });
    const { code, out } = await run(["freeze", "fleet", "--yes"], { server });
    const name = verb === "created" ? "fleet-freeze-x7k2p" : "one";
    expect({ code, out }).toEqual({ code: 0, out: `authorityoperation.capstan.dev/${name} ${verb}\n` });
    expect(posted(server)).toHaveLength(verb === "created" ? 1 : 0);
  });

  test.each<[string, object, "unchanged" | "created"]>([
    ["of the same generations in another order", { kind: "Compromised", generations: [2, 1] }, "unchanged"],
    ["of other generations", { kind: "Compromised", generations: [1] }, "created"],
    ["of a rotation that is not compromised", { kind: "Rotate" }, "created"],
  ])("%s", async (_, spec, verb) => {
    const two = { ...healthy, generations: [1, 2].map((number) => ({ number, phase: "Active" as const })) };
    await using server = await startApiServer({
      ...routes,
      [`GET ${authorities}/fleet`]: object(authority(two)),
      [`GET ${operations}`]: collection(operation("one", spec)),
    });
    const { out } = await run(["rotate", "fleet", "--compromised", "--generation=1,2", "--yes"], { server });
    expect(out).toMatch(new RegExp(`${verb}\n$`));
  });

  test("of one trust anchor is not that of another", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${operations}`]: collection(operation("one", { kind: "DisableTrustAnchor", trustAnchor: "lab" })),
    });
    const { out } = await run(["freeze", "fleet", "--anchor", "prod", "--yes"], { server });
    expect(out).toMatch(/created\n$/);
  });

  test("a rotation under way is not ordered again", async () => {
    const rotating = authority({
      ...healthy,
      generations: [...(healthy.generations ?? []), { number: 2, phase: "Published" }],
    });
    await using server = await startApiServer({ ...routes, [`GET ${authorities}/fleet`]: object(rotating) });
    expect({ ...(await run(["rotate", "fleet", "--yes"], { server })), posted: posted(server) }).toEqual({
      code: 0,
      out: "certificateauthority.capstan.dev/fleet unchanged\n",
      err: "Generation 2 of fleet is being introduced already.\n",
      posted: [],
    });
  });

  test.each([
    ["given up", { abandoning: true }],
    ["compromised", { compromised: true }],
  ])("a rotation is ordered beside a generation that is %s", async (_, mark) => {
    const rotating = authority({
      ...healthy,
      generations: [...(healthy.generations ?? []), { number: 2, phase: "Pending", ...mark }],
    });
    await using server = await startApiServer({ ...routes, [`GET ${authorities}/fleet`]: object(rotating) });
    await run(["rotate", "fleet", "--yes"], { server });
    expect(posted(server)).toHaveLength(1);
  });
});

describe("--wait", () => {
  const one = `${operations}/fleet-freeze-x7k2p`;
  const freeze = (status?: AuthorityOperation["status"]): unknown =>
    operation("fleet-freeze-x7k2p", { kind: "Freeze" }, status);

  test("shows each new fact once, and ends when it is done", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${one}`]: inTurn(
        freeze(),
        freeze({ phase: "Accepted", message: "waits until the issuer says that it stands still" }),
        freeze({ phase: "Accepted", message: "waits until the issuer says that it stands still" }),
        freeze({ phase: "Done", message: "the issuer stands still" }),
      ),
    });
    expect(await run(["freeze", "fleet", "--yes", "--wait"], { server })).toEqual({
      code: 0,
      out: "authorityoperation.capstan.dev/fleet-freeze-x7k2p created\n",
      err: "fleet-freeze-x7k2p: Accepted: waits until the issuer says that it stands still\nfleet-freeze-x7k2p: Done: the issuer stands still\n",
    });
  });

  test.each<[string, Readonly<Record<string, Route>>, string]>([
    [
      "refused",
      { [`GET ${one}`]: object(freeze({ phase: "Refused", message: "no" })) },
      "error: operation fleet-freeze-x7k2p was refused: no\n",
    ],
    [
      "looked at by nobody",
      { [`GET ${one}`]: object(freeze()) },
      "error: nobody has looked at operation fleet-freeze-x7k2p in 2m: is the crl-publisher running? It is carried out when it is\n",
    ],
    [
      "not done in time",
      { [`GET ${one}`]: object(freeze({ phase: "Accepted", message: "waits" })) },
      "error: not done after 2m (last seen: Accepted: waits; generation 1 is Active; trust anchor prod: joined). It goes on by itself: kubectl capstan status fleet --watch\n",
    ],
    [
      "deleted",
      {},
      "error: operation fleet-freeze-x7k2p was deleted meanwhile; if it was accepted before, it is carried on: kubectl capstan status fleet\n",
    ],
    [
      "another of its name",
      {
        [`GET ${one}`]: object({
          ...(freeze({ phase: "Done" }) as object),
          metadata: { name: "fleet-freeze-x7k2p", uid: "another" },
        }),
      },
      "error: operation fleet-freeze-x7k2p was deleted meanwhile; if it was accepted before, it is carried on: kubectl capstan status fleet\n",
    ],
  ])("ends with 1 when it is %s", async (_, more, err) => {
    await using server = await startApiServer({ ...routes, ...more });
    const ended = await run(["freeze", "fleet", "--yes", "--wait"], { server });
    expect({ code: ended.code, err: ended.err.split("\n").slice(-2).join("\n") }).toEqual({ code: 1, err });
  });

  test("goes on after a connection that broke, and says so once", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${one}`]: (_, count) => (count < 2 ? "break" : object(freeze({ phase: "Done", message: "so" }))),
    });
    const { code, err } = await run(["freeze", "fleet", "--yes", "--wait"], { server });
    expect(code).toBe(0);
    expect(err.match(/trying again/g)).toHaveLength(1);
  });

  test("ends with the API server's own refusal", async () => {
    await using server = await startApiServer({ ...routes, [`GET ${one}`]: refusal(500, "InternalError", "etcd") });
    const { code, err } = await run(["freeze", "fleet", "--yes", "--wait"], { server });
    expect({ code, err }).toEqual({ code: 1, err: `error: GET ${one}: 500 InternalError: etcd\n` });
  });

  describe("of a rotation", () => {
    const turn = `${operations}/fleet-rotate-x7k2p`;
    const generationOne = { number: 1, phase: "Active" } as const;
    const at = (active: number, ...generations: NonNullable<CertificateAuthority["status"]>["generations"] & object) =>
      authority({ ...healthy, activeGeneration: active, generations });
    const doneRotate = operation("fleet-rotate-x7k2p", { kind: "Rotate" }, { phase: "Done", message: "introduced" });

    test("ends when the new generation signs, not when the operation is done", async () => {
      await using server = await startApiServer({
        ...routes,
        [`GET ${turn}`]: object(doneRotate),
        [`GET ${authorities}/fleet`]: inTurn(
          at(1, generationOne),
          at(1, generationOne),
          at(1, generationOne, { number: 2, phase: "Pending" }),
          at(1, generationOne, { number: 2, phase: "Published" }),
          at(2, { number: 1, phase: "Draining" }, { number: 2, phase: "Active" }),
        ),
      });
      expect(await run(["rotate", "fleet", "--yes", "--wait"], { server })).toEqual({
        code: 0,
        out: "authorityoperation.capstan.dev/fleet-rotate-x7k2p created\n",
        err: [
          "Done: introduced",
          "generation 2 is Pending",
          "generation 2 is Published",
          "generation 1 is Draining",
          "generation 2 is Active",
          "",
        ]
          .map((line) => (line === "" ? "" : `fleet-rotate-x7k2p: ${line}`))
          .join("\n"),
      });
    });

    test("ends with 1 when the new generation is given up", async () => {
      await using server = await startApiServer({
        ...routes,
        [`GET ${turn}`]: object(doneRotate),
        [`GET ${authorities}/fleet`]: inTurn(
          at(1, generationOne),
          at(1, generationOne, { number: 2, phase: "Published" }),
          at(1, generationOne, { number: 2, phase: "Published", abandoning: true }),
        ),
      });
      const { code, err } = await run(["rotate", "fleet", "--yes", "--wait"], { server });
      expect(code).toBe(1);
      expect(err).toMatch(/error: the new generation was given up \(last seen: .*generation 2 is being given up/);
    });

    test("follows the one under way", async () => {
      await using server = await startApiServer({
        ...routes,
        [`GET ${authorities}/fleet`]: inTurn(
          at(1, generationOne, { number: 2, phase: "Published" }),
          at(2, { number: 1, phase: "Draining" }, { number: 2, phase: "Active" }),
        ),
      });
      const { code, err } = await run(["rotate", "fleet", "--yes", "--wait"], { server });
      expect({ code, err }).toEqual({
        code: 0,
        err: "Generation 2 of fleet is being introduced already.\nfleet: generation 1 is Draining\nfleet: generation 2 is Active\n",
      });
      expect(posted(server)).toEqual([]);
    });
  });
});

const strange = "f".repeat(64);
/** As after a restore: a root in AWS that no generation here has. */
const restored: CertificateAuthority = {
  ...anchored,
  status: {
    ...healthy,
    trustAnchors: [
      {
        ...healthy.trustAnchors?.[0],
        name: "prod",
        joined: true,
        bundle: [...(healthy.trustAnchors?.[0]?.bundle ?? []), strange],
      },
      { name: "lab", joined: true, bundle: [strange] },
    ],
  },
};
const deleted = { ...anchored, metadata: { ...anchored.metadata, deletionTimestamp: "2026-11-22T09:00:00Z" } };
const introducing: CertificateAuthority = {
  ...anchored,
  status: { ...healthy, generations: [...(healthy.generations ?? []), { number: 2, phase: "Published" }] },
};

describe("recover, abandon and release", () => {
  test.each<[readonly string[], CertificateAuthority, object]>([
    [["recover", "fleet", "--yes"], anchored, { kind: "Recover" }],
    [["recover", "fleet", "--yes", "--accept", "none"], restored, { kind: "Recover" }],
    [
      ["recover", "fleet", "--yes", "--accept", strange.toUpperCase()],
      restored,
      { kind: "Recover", acceptedRoots: [strange] },
    ],
    [["abandon", "fleet", "--yes"], introducing, { kind: "Abandon" }],
    [["release", "fleet", "--yes", "--aws", "keep"], deleted, { kind: "Release", aws: "Keep" }],
    [["release", "fleet", "--yes", "--aws", "delete"], deleted, { kind: "Release", aws: "Delete" }],
  ])("%j", async (argv, known, spec) => {
    await using server = await startApiServer({ ...routes, [`GET ${authorities}/fleet`]: object(known) });
    const { code } = await run(argv, { server });
    expect({ code, specs: specsPosted(server) }).toEqual({
      code: 0,
      specs: [{ authority: "fleet", requestedBy: "alice@example.org", ...spec }],
    });
  });

  test("recover lists every unknown root once with its trust anchors, and asks for all of them", async () => {
    await using server = await startApiServer({ ...routes, [`GET ${authorities}/fleet`]: object(restored) });
    const { code, err } = await run(["recover", "fleet"], { server, answer: "fleet" });
    expect({ code, specs: specsPosted(server) }).toMatchObject({
      code: 0,
      specs: [{ kind: "Recover", acceptedRoots: [strange] }],
    });
    expect(err.split("\n").slice(0, 3)).toEqual([
      `unknown root ${strange} in trust anchor prod, lab`,
      "fleet is to go on after a restore from a backup:",
      `  kept in the trust anchors until its leaves have ended: root ${strange}`,
    ]);
  });

  test("a generation that is being given up is not given up again", async () => {
    const given = { ...healthy, generations: [{ number: 2, phase: "Published" as const, abandoning: true }] };
    await using server = await startApiServer({
      ...routes,
      [`GET ${authorities}/fleet`]: object({ ...anchored, status: given }),
    });
    const { code, out } = await run(["abandon", "fleet", "--yes"], { server });
    expect({ code, out, posted: posted(server) }).toEqual({
      code: 0,
      out: "certificateauthority.capstan.dev/fleet unchanged\n",
      posted: [],
    });
  });

  test("release is done when the authority's operation is, and the authority gone", async () => {
    await using server = await startApiServer({
      ...routes,
      [`GET ${authorities}/fleet`]: (_, count) =>
        count === 0 ? object(deleted) : refusal(404, "NotFound", 'certificateauthorities "fleet" not found'),
      [`GET ${operations}/fleet-release-x7k2p`]: inTurn(
        operation("fleet-release-x7k2p", { kind: "Release", aws: "Keep" }),
        operation(
          "fleet-release-x7k2p",
          { kind: "Release", aws: "Keep" },
          { phase: "Done", message: "Left in AWS: 1" },
        ),
      ),
    });
    const { code, err } = await run(["release", "fleet", "--yes", "--aws=keep", "--wait"], { server });
    expect({ code, err }).toEqual({ code: 0, err: "fleet-release-x7k2p: Done: Left in AWS: 1\n" });
  });

  test.each<[readonly string[], CertificateAuthority, 1 | 2, string]>([
    [
      ["recover", "fleet", "--yes"],
      restored,
      2,
      "trust anchors hold roots that are not known here: say with --accept which are yours, or none",
    ],
    [
      ["recover", "fleet", "--yes", "--accept", "e".repeat(64)],
      restored,
      1,
      `no trust anchor was read back with an unknown root ${"e".repeat(64)}`,
    ],
    [
      ["recover", "fleet", "--yes", "--accept", "9f86"],
      restored,
      2,
      "--accept: give up to 16 SHA-256 of roots in hex, separated by commas, or none",
    ],
    [
      ["abandon", "fleet", "--yes"],
      anchored,
      1,
      "no generation of fleet is being introduced; after the switch there is only a further one: kubectl capstan rotate fleet",
    ],
    [
      ["release", "fleet", "--yes", "--aws", "keep"],
      anchored,
      1,
      "CertificateAuthority fleet is not being deleted: kubectl delete certificateauthority fleet --wait=false, then this again",
    ],
    [["release", "fleet", "--yes"], deleted, 2, "say what becomes of AWS: --aws keep or --aws delete"],
  ])("%j is refused", async (argv, known, code, message) => {
    await using server = await startApiServer({ ...routes, [`GET ${authorities}/fleet`]: object(known) });
    const ended = await run(argv, { server });
    expect({ code: ended.code, posted: posted(server) }).toEqual({ code, posted: [] });
    expect(ended.err).toContain(`error: ${message}\n`);
  });
});

describe("an order is refused before anything is asked or written", () => {
  test.each<[string, readonly string[], Readonly<Record<string, Route>>, string]>([
    [
      "an authority that does not exist",
      ["freeze", "fleat", "--yes"],
      {},
      'error: there is no CertificateAuthority "fleat"; there is fleet\n',
    ],
    [
      "a trust anchor that it has not",
      ["freeze", "fleet", "--anchor", "prd", "--yes"],
      {},
      'error: CertificateAuthority fleet has no trust anchor "prd"; it has prod\n',
    ],
    [
      "a generation that it has not",
      ["rotate", "fleet", "--compromised", "--generation", "1,7", "--yes"],
      {},
      "error: fleet has no generation 7; it has 1 (Active)\n",
    ],
    [
      "the active generation where none signs",
      ["rotate", "fleet", "--compromised", "--yes"],
      { [`GET ${authorities}/fleet`]: object(authority()) },
      "error: no generation of fleet signs: say with --generation which ones are compromised\n",
    ],
  ])("%s", async (_, argv, more, err) => {
    await using server = await startApiServer({ ...routes, ...more });
    expect({ ...(await run(argv, { server })), posted: posted(server) }).toEqual({ code: 1, out: "", err, posted: [] });
  });

  test.each<[string, readonly string[], string]>([
    [
      "nobody to ask",
      ["freeze", "fleet"],
      "error: this changes what a certificate authority does and nobody can be asked here: add --yes\n",
    ],
    [
      "waiting for a dry run",
      ["freeze", "fleet", "--wait", "--dry-run=server"],
      "error: --wait and --dry-run clash: a dry run orders nothing that could be waited for\n",
    ],
    [
      "generations of a rotation that is none of a compromise",
      ["rotate", "fleet", "--generation", "1", "--yes"],
      "error: --generation says what is compromised: give --compromised with it\n",
    ],
    [
      "generations that are none",
      ["rotate", "fleet", "--compromised", "--generation", "1,x", "--yes"],
      'error: --generation: "1,x" is no list of generations: give up to 16 numbers, like 3 or 3,4\n',
    ],
    [
      "generation zero",
      ["rotate", "fleet", "--compromised", "--generation", "0", "--yes"],
      'error: --generation: "0" is no list of generations: give up to 16 numbers, like 3 or 3,4\n',
    ],
    [
      "a name that cannot be one",
      ["freeze", "../fleet", "--yes"],
      'error: "../fleet" is no CertificateAuthority\'s name: use at most 40 lower-case letters, digits and "-"\n',
    ],
    [
      "a time-out of nothing",
      ["freeze", "fleet", "--yes", "--timeout=0s"],
      "error: --timeout: 0s is no time to wait: give more than 0s\n",
    ],
  ])("%s", async (_, argv, err) => {
    await using server = await startApiServer(routes);
    const ended = await run(argv, { server });
    expect(ended).toEqual({ code: 2, out: "", err: `${err}See "kubectl capstan ${argv[0] ?? ""} --help".\n` });
    expect(server.requests).toEqual([]);
  });
});
