import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { refusal } from "./api-server.ts";
import { testAuthority } from "./authority.ts";
import { issuerCommonName, prod, startWorld, type World } from "./aws-setup-world.ts";
import { run } from "./run.ts";

// What is asked for, where it comes from, and what is refused.

let folder: string;
let world: World;
let files: { readonly authority: string; readonly root: string; readonly otherRoot: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aws-setup-request-"));
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  world = await startWorld();
  files = {
    authority: join(folder, "authority.yaml"),
    root: join(folder, "root.pem"),
    otherRoot: join(folder, "other.pem"),
  };
  const other = await testAuthority("other", "Other CA", Date.now() - 60_000);
  await writeFile(files.root, world.fleet.root.pem);
  await writeFile(files.otherRoot, other.root.pem);
  await writeFile(files.authority, manifest());
});

afterEach(() => world[Symbol.asyncDispose]());

function manifest(spec: object = { subject: { commonName: issuerCommonName }, trustAnchors: [prod] }): string {
  const metadata = { name: "fleet" };
  return JSON.stringify({ apiVersion: "capstan.dev/v1alpha1", kind: "CertificateAuthority", metadata, spec });
}

describe("wrong usage ends with 2 and says why:", () => {
  test.each<[string, readonly string[], RegExp]>([
    ["two tasks", ["--apply", "--delete", "--yes"], /--apply and --delete ask for different things/],
    ["text and a task", ["-o", "cli", "--apply", "--yes"], /-o and --apply ask for different things/],
    ["nobody to ask", ["--apply"], /nobody can be asked here: add --yes, or look first by --dry-run/],
    ["a dry run of a server's", ["--apply", "--dry-run=server"], /Allowed choices are client/],
    ["a dry run of text", ["--dry-run"], /--dry-run goes with --apply or --delete/],
    ["a spec without ARNs", ["--write-spec"], /--write-spec goes with --apply/],
    ["a common name for no role", ["--common-name", "web.demo"], /name the role/],
    ["a role for nobody", ["--workload-role", "web"], /trusts nobody yet: give --common-name/],
    [
      "a role's name with a slash",
      ["--workload-role", "a/b", "--common-name", "x"],
      /letters, digits, hyphens and underscores/,
    ],
    ["a reserved name", ["--workload-role", "web", "--common-name", "publisher.fleet@capstan"], /Capstan's own/],
    ["a role for everybody", ["--workload-role", "web", "--common-name", "*"], /\* alone trusts every leaf/],
    [
      "a name that AWS does not map",
      ["--workload-role", "web", "--common-name", "a,b"],
      /does not map into session tags/,
    ],
    [
      "a name of another namespace",
      ["--workload-role", "web", "--common-name", "web.demo", "--namespace", "prod"],
      /does not end in \.prod: other namespaces could ask for it/,
    ],
    ["a trust anchor that is not in the spec", ["--anchor", "standby"], /has no "standby", but prod/],
  ])("%s", async (_, argv, message) => {
    const ended = await world.setUp(...argv);
    expect({ code: ended.code, out: ended.out }).toEqual({ code: 2, out: "" });
    expect(ended.err).toMatch(message);
    expect(world.emulator.requests()).toEqual([]);
  });

  test("text for one of several trust anchors that is not named, and --anchor names it", async () => {
    world.anchors = [prod, { ...prod, name: "standby", region: "us-east-1" }];
    const { code, err } = await world.setUp("-o", "cloudformation");
    expect({ code, isNamed: err.includes("name one of prod, standby by --anchor") }).toEqual({
      code: 2,
      isNamed: true,
    });
    expect((await world.setUp("-o", "cloudformation", "--anchor", "standby")).out).toContain("us-east-1");
  });
});

test("a namespace alone is trusted with every name in it, and another one with none", async () => {
  const { out } = await world.setUp("--apply", "--yes", "--workload-role", "web", "--namespace", "demo");
  const { trustAnchors } = parse(out) as { trustAnchors: readonly [{ readonly arn: string }] };
  const target = {
    trustAnchorArn: trustAnchors[0].arn,
    roleArn: world.emulator.roleArn("web"),
    profileArn: world.emulator.profileArn("capstan-fleet-prod-workload-web"),
  };
  await world.session("db.demo", target);
  await expect(world.session("db.other", target)).rejects.toThrow("Unable to assume role");
});

describe("the spec", () => {
  test("gets the ARNs in place of create: true after a yes, once", async () => {
    const { code, out, err } = await world.setUpAnswering("y", "--apply", "--write-spec");
    expect(code, err).toBe(0);
    const { trustAnchors } = parse(out) as { trustAnchors: unknown };
    expect(world.written.map(({ spec }) => spec.trustAnchors)).toEqual([trustAnchors]);
    expect(world.written[0]?.metadata.resourceVersion).toBe("1");
    expect(JSON.stringify(trustAnchors)).not.toContain("create");
    const again = await world.setUp("--apply", "--yes", "--write-spec");
    expect(again.err).toContain("The spec of fleet says so already.");
    expect(world.written).toHaveLength(1);
  });

  const path = "/apis/capstan.dev/v1alpha1/certificateauthorities/fleet";

  test("is written though the publisher writes its status at the same time", async () => {
    const write = world.routes[`PUT ${path}`];
    if (typeof write !== "function") throw new Error("nothing can be written");
    let refused = 0;
    world.routes[`PUT ${path}`] = (call, count) => {
      if (count >= 2) return write(call, count);
      refused += 1;
      return refusal(409, "Conflict", "the object has been modified");
    };
    const { code, err } = await world.setUp("--apply", "--yes", "--write-spec");
    expect({ code, refused, written: world.written.length }, err).toEqual({ code: 0, refused: 2, written: 1 });
  });

  test("that somebody else has changed meanwhile is left alone", async () => {
    const read = world.routes[`GET ${path}`];
    if (typeof read !== "function") throw new Error("nothing can be read");
    world.routes[`GET ${path}`] = async (call, count) => {
      const answer = await read(call, count);
      if (answer === "break") return answer;
      const stored = answer.body as { readonly metadata: object };
      return { body: { ...stored, metadata: { ...stored.metadata, generation: 1 + count } } };
    };
    const { code, err } = await world.setUp("--apply", "--yes", "--write-spec");
    expect({ code, written: world.written }).toEqual({ code: 1, written: [] });
    expect(err).toContain("somebody has changed CertificateAuthority fleet meanwhile: run the command again");
  });

  test("stays as it is where somebody says no to it", async () => {
    await world.setUp("--apply", "--yes");
    const { code, err } = await world.setUpAnswering("n", "--apply", "--write-spec");
    expect({ code, isSaid: err.includes("The spec was not changed."), written: world.written }).toEqual({
      code: 0,
      isSaid: true,
      written: [],
    });
  });
});

describe("other accounts", () => {
  const elsewhere = { ...prod, name: "elsewhere", account: "444455556666" };

  test("are left out, and said", async () => {
    world.anchors = [prod, elsewhere];
    const { code, out, err } = await world.setUp("--apply", "--yes");
    expect(code, err).toBe(0);
    expect(err).toContain("Left out, being of other accounts: elsewhere (account 444455556666).");
    expect((parse(out) as { trustAnchors: readonly object[] }).trustAnchors[1]).toEqual(elsewhere);
  });

  test("alone end with 1, and nothing is written", async () => {
    world.anchors = [elsewhere];
    const { code, err } = await world.setUp("--apply", "--yes");
    expect({ code, writes: world.writes() }).toEqual({ code: 1, writes: [] });
    expect(err).toContain("your AWS credentials are of account 111122223333");
  });
});

describe("without a cluster", () => {
  const offline = (...argv: readonly string[]) => run(["aws-setup", ...argv]);

  test("the authority comes from a file and the root from another", async () => {
    const { code, out } = await offline("-f", files.authority, "--root", files.root);
    expect({ code, isScript: out.startsWith("#!/usr/bin/env bash\n") }).toEqual({ code: 0, isScript: true });
  });

  test.each<[string, () => Promise<readonly string[]>, RegExp]>([
    ["no root", async () => ["-f", files.authority], /give --root/],
    [
      "a root of another CA",
      async () => ["-f", files.authority, "--root", files.otherRoot],
      /common name is not "Example Fleet CA"/,
    ],
    [
      "a root that is not there",
      async () => ["-f", files.authority, "--root", `${folder}/none`],
      /cannot be read \(ENOENT\)/,
    ],
    [
      "a root that is no PEM",
      async () => ["-f", files.authority, "--root", files.authority],
      /no PEM file of certificates|holds 0 certificates/,
    ],
    [
      "a file that is not there",
      async () => ["-f", `${folder}/none`, "--root", files.root],
      /cannot be read \(ENOENT\)/,
    ],
    [
      "an account as a number, which loses its zeros",
      async () => {
        const trustAnchors = [{ ...prod, account: 111122223333 }];
        await writeFile(files.authority, manifest({ subject: { commonName: issuerCommonName }, trustAnchors }));
        return ["-f", files.authority, "--root", files.root];
      },
      /spec.trustAnchors\[0\].account must be twelve digits in quotes/,
    ],
    [
      "a common name that a policy would read as a variable",
      async () => {
        await writeFile(
          files.authority,
          manifest({ subject: { commonName: "${aws:username}" }, trustAnchors: [prod] }),
        );
        return ["-f", files.authority, "--root", files.root];
      },
      /spec.subject.commonName must be/,
    ],
  ])("%s is refused", async (_, prepare, message) => {
    const { code, out, err } = await offline(...(await prepare()));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
  });

  test("an authority without trust anchors says what to write", async () => {
    await writeFile(files.authority, manifest({ subject: { commonName: issuerCommonName } }));
    const { code, err } = await offline("-f", files.authority, "--root", files.root);
    expect({ code, isSaid: err.includes("say in spec.trustAnchors where they are to be") }).toEqual({
      code: 1,
      isSaid: true,
    });
  });
});

describe("the root", () => {
  test("is not believed when the ConfigMap holds another one than the status says", async () => {
    world.routes["GET /api/v1/namespaces/capstan-system/configmaps/fleet-1"] = {
      body: { metadata: { name: "fleet-1" }, data: { "root.pem": (await testAuthority("other")).root.pem } },
    };
    const { code, err } = await world.setUp("-o", "cli");
    expect({ code, isSaid: err.includes("it is not believed") }).toEqual({ code: 1, isSaid: true });
  });

  test("is waited for", async () => {
    world.routes["GET /api/v1/namespaces/capstan-system/configmaps/fleet-1"] = refusal(404, "NotFound", "not found");
    const { code, err } = await world.setUp("--apply", "--yes");
    expect({ code, isSaid: err.includes("is not there yet"), asked: world.emulator.requests() }).toEqual({
      code: 1,
      isSaid: true,
      asked: [],
    });
  });
});

describe("AWS", () => {
  test("without credentials, what to do is said", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "none"));
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    const { code, err } = await world.setUp("--apply", "--yes");
    expect({ code, isSaid: err.includes("no AWS credentials") }).toEqual({ code: 1, isSaid: true });
  });

  test("that is not there is named, and that throttles is asked again", async () => {
    world.emulator.injectFault({ fault: { kind: "throttling" }, operation: "ListProfiles", count: 2 });
    world.emulator.injectFault({ fault: { kind: "throttling" }, operation: "CreateTrustAnchor", count: 1 });
    const { code, err } = await world.setUp("--apply", "--yes");
    expect(code, err).toBe(0);
    await world.emulator.stop();
    const gone = await world.setUp("--apply", "--yes");
    expect({ code: gone.code, err: gone.err }).toMatchObject({
      code: 1,
      err: expect.stringContaining("AWS was not reached") as string,
    });
  });

  test("a write whose answer is lost is not sent twice: the same command goes on", async () => {
    world.emulator.injectFault({
      fault: { kind: "connection-reset", effect: "done" },
      operation: "CreateProfile",
      count: 1,
    });
    expect((await world.setUp("--apply", "--yes")).code).toBe(1);
    const { code, err } = await world.setUp("--apply", "--yes");
    expect(code, err).toBe(0);
    expect((await world.setUp("--apply", "--yes")).err).toContain("Nothing is to be changed.");
  });
});
