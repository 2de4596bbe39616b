import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { collection, type Route, startApiServer } from "./api-server.ts";
import { record } from "./objects.ts";
import { leftOpen, type PluginFile, runPluginFile, startPlugin, writeKubeconfig } from "./plugin-process.ts";

/** What holds of the plugin in each form that users get it in. */
export function describePluginFile(getPlugin: () => PluginFile): void {
  // Each test starts several processes, and a machine may have other work.
  vi.setConfig({ testTimeout: 300_000 });
  const start = async (...argv: readonly string[]) => await runPluginFile(getPlugin(), { argv });

  test("runs, talks to an API server, and ends by itself", async () => {
    const { folder } = getPlugin();
    await using server = await startApiServer({
      "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates": collection(record()),
    });
    const kubeconfig = await writeKubeconfig(folder, server.url);
    expect(await runPluginFile(getPlugin(), { argv: ["list", "-A", "-o", "name"], kubeconfig })).toEqual({
      code: 0,
      signal: null,
      out: "issuedcertificate.capstan.dev/0a8f5c6e-1111-4222-8333-444455556666\n",
      err: "",
    });
    expect(server.requests.map(({ headers }) => [headers.authorization, headers["user-agent"]])).toEqual([
      ["Bearer alice-token", "kubectl-capstan/0.1.0"],
    ]);
  });

  test("evaluates conditions in CEL, whose worker it carries", async () => {
    expect(await checkWith(getPlugin(), "request.commonName.matches('^web[.]')")).toEqual({
      code: 0,
      err: "",
      found: [],
    });
    expect(await checkWith(getPlugin(), "request.duration <= duration('1h')")).toEqual({
      code: 1,
      err: "",
      found: ["ERR_POLICY_VALIDATION"],
    });
  });

  test("reads standard input", async () => {
    const { code, err } = await runPluginFile(getPlugin(), { argv: ["whois", "-"], input: "no trail" });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^error: standard input /) });
  });

  test("without a terminal nothing is revoked but with --yes", async () => {
    expect(await start("revoke", "4f")).toEqual({
      code: 2,
      signal: null,
      out: "",
      err: 'error: a revocation cannot be undone and nobody can be asked here: add --yes\nSee "kubectl capstan revoke --help".\n',
    });
  });

  test("a kubeconfig that is not there ends with 1", async () => {
    expect(await start("status")).toEqual({
      code: 1,
      signal: null,
      out: "",
      err: `error: kubeconfig ${join(getPlugin().folder, "none")} cannot be read\n`,
    });
  });

  describe("interrupted", () => {
    const requests = "/apis/cert-manager.io/v1/namespaces/default/certificaterequests";
    const created = (body: unknown) => ({
      ...(body as object),
      metadata: { name: "web-x7k2p", namespace: "default", uid: "1" },
    });
    /** A request that nobody answers; `asked` is told each time that somebody looks. */
    const waiting = (asked: () => void): Record<string, Route> => ({
      [`POST ${requests}`]: ({ body }) => ({ status: 201, body: created(body) }),
      [`GET ${requests}/web-x7k2p`]: () => {
        asked();
        return { body: created({}) };
      },
    });

    test.each(["SIGINT", "SIGTERM"] as const)(
      "by %s ends by that signal, and issue has written nothing",
      async (signal) => {
        const { folder } = getPlugin();
        let interrupt = (): void => undefined;
        await using server = await startApiServer(waiting(() => interrupt()));
        const argv = ["issue", "./web", "--cluster-issuer", "fleet", "--common-name", "web.default"];
        const { child, ended } = startPlugin(getPlugin(), {
          argv,
          kubeconfig: await writeKubeconfig(folder, server.url),
        });
        interrupt = () => void child.kill(signal);
        expect(await ended).toMatchObject({ code: null, signal, out: "" });
        expect((await readdir(folder)).filter((name) => name.startsWith("web"))).toEqual([]);
      },
    );

    test("at a question ends with 130 for the shell, and gives the terminal back as it was", async () => {
      const { program, before, folder } = getPlugin();
      // The program has the real clock, by which an expired certificate is not worth a question.
      const valid = record({ notAfter: new Date(Date.now() + 86_400_000).toISOString() });
      await using server = await startApiServer({
        "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates": collection(valid),
        "GET /apis/capstan.dev/v1alpha1/namespaces/demo/revocations": collection(),
      });
      const kubeconfig = await writeKubeconfig(folder, server.url);
      const command = [program, ...before, "revoke", "4f1c09ab5566778899aabbccddeeff01", "-n", "demo"].join(" ");
      // A terminal, on which Ctrl-C is typed once the question stands there.
      const { child, ended } = startPlugin(
        { program: "script", before: ["--quiet", "--return", "--flush"], folder },
        {
          argv: [
            "--command",
            `stty -a > before; ${command}; echo "shell: $?"; stty -a > after; cmp before after && echo same`,
            "/dev/null",
          ],
          kubeconfig,
          env: { PATH: process.env["PATH"] ?? "" },
          input: leftOpen,
        },
      );
      let shown = "";
      child.stdout?.on("data", (chunk: Uint8Array) => {
        shown += Buffer.from(chunk).toString();
        if (shown.includes("[y/N]")) child.stdin?.end("\u{3}");
      });
      const { out } = await ended;
      expect(out).toMatch(/\[y\/N\][^]*shell: 130\r?\nsame\r?\n$/);
    });
  });
}

/** Which rules `check` says are broken by a Certificate, under an issuer with one condition. */
async function checkWith(plugin: PluginFile, expression: string) {
  const { folder } = plugin;
  const write = async (name: string, object: unknown): Promise<string> => {
    await writeFile(join(folder, name), JSON.stringify(object));
    return join(folder, name);
  };
  const apiVersion = "capstan.dev/v1alpha1";
  const certificate = await write("certificate.json", {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: "web", namespace: "demo" },
    spec: {
      commonName: "web.demo",
      duration: "24h",
      privateKey: { algorithm: "ECDSA" },
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" },
    },
  });
  const authority = await write("authority.json", {
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name: "fleet" },
    spec: { subject: { commonName: "Fleet" }, issuance: { namespaces: {} } },
  });
  const issuer = await write("issuer.json", {
    apiVersion,
    kind: "CapstanClusterIssuer",
    metadata: { name: "fleet" },
    spec: {
      caRef: { name: "fleet" },
      policy: { commonName: { allow: ["*.{namespace}"] } },
      validations: [{ expression, message: "not this one" }],
    },
  });
  const files = ["--issuer-file", issuer, "--authority-file", authority, "--namespace-labels", "a=b"];
  const { code, out, err } = await runPluginFile(plugin, { argv: ["check", certificate, ...files, "-o", "json"] });
  const { checks } = JSON.parse(out) as { checks: { violations: { code: string }[] }[] };
  return { code, err, found: checks.flatMap(({ violations }) => violations.map((violation) => violation.code)) };
}
