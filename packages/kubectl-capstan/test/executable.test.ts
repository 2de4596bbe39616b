import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { installTool } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildExecutable } from "../tools/executable.ts";
import { startApiServer } from "./api-server.ts";
import { describePluginFile } from "./plugin-file-suite.ts";
import { runPluginFile, writeKubeconfig } from "./plugin-process.ts";

let folder: string;
let executable: string;
let again: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubectl-capstan-executable-"));
  executable = join(folder, "bin", "kubectl-capstan");
  again = join(folder, "again");
  await Promise.all([buildExecutable(executable), buildExecutable(again)]);
}, 600_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const inEmptyHome = () => ({ program: executable, before: [], folder });
const start = async (argv: readonly string[], env = {}) => await runPluginFile(inEmptyHome(), { argv, env });

// Its environment has no PATH at all, so that no Node of the machine's is found.
describePluginFile(inEmptyHome);

test("has the same bytes when it is built again", async () => {
  const digest = async (file: string): Promise<string> => {
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    return hash.digest("hex");
  };
  expect(await digest(again)).toBe(await digest(executable));
});

describe("without Node", () => {
  test("says its version, and nothing of how it is made", async () => {
    expect(await start(["version"])).toEqual({ code: 0, signal: null, out: "kubectl-capstan 0.1.0\n", err: "" });
  });

  test("takes no options that are meant for the user's own Node", async () => {
    const env = { NODE_OPTIONS: "--require /none/of/this.js" };
    expect(await start(["version"], env)).toMatchObject({ code: 0, err: "" });
  });

  test("prints help, and the script that completes it", async () => {
    expect(await start(["issue", "--help"])).toMatchObject({ code: 0, out: expect.stringContaining("--renew-before") });
    expect(await start(["completion", "kubectl"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^#!\/bin\/sh\n/),
    });
  });

  test("makes a key, and writes nothing when the request is refused", async () => {
    await using server = await startApiServer({});
    const argv = ["issue", "./no", "--cluster-issuer", "fleet", "--common-name", "no.default"];
    const ended = await runPluginFile(inEmptyHome(), { argv, kubeconfig: await writeKubeconfig(folder, server.url) });
    expect(ended).toMatchObject({ code: 1, out: "" });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /apis/cert-manager.io/v1/namespaces/default/certificaterequests",
    ]);
  });

  test("looks for what is wrong with a cluster in which nothing is installed", async () => {
    await using server = await startApiServer({});
    const kubeconfig = await writeKubeconfig(folder, server.url);
    const { code, out, err } = await runPluginFile(inEmptyHome(), { argv: ["doctor"], kubeconfig });
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toContain("capstan-crds-missing");
  });
});

describe("beside kubectl on the PATH", () => {
  let env: { readonly PATH: string };

  beforeAll(async () => {
    const kubectl = await installTool("kubectl", { log: () => {} });
    const bin = join(folder, "path");
    await mkdir(bin);
    await symlink(kubectl, join(bin, "kubectl"));
    await symlink(executable, join(bin, "kubectl-capstan"));
    env = { PATH: bin };
  }, 1_800_000);

  const kubectl = async (...argv: readonly string[]) =>
    await runPluginFile({ program: join(folder, "path", "kubectl"), before: [], folder }, { argv, env });

  test("is a command of kubectl's", async () => {
    expect(await kubectl("capstan", "version")).toMatchObject({ code: 0, out: "kubectl-capstan 0.1.0\n", err: "" });
  });

  test("has its exit status passed on", async () => {
    expect(await kubectl("capstan", "revoke", "4f")).toMatchObject({ code: 2, out: "" });
  });

  test("is listed among kubectl's plugins", async () => {
    expect(await kubectl("plugin", "list", "--name-only")).toMatchObject({
      code: 0,
      out: expect.stringContaining("kubectl-capstan\n"),
    });
  });
});
