import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KubeClient, type KubeConnection, type KubeConnectionOptions, loadKubeConnection } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { widget, widgets } from "./objects.ts";
import { ScriptedServer } from "./scripted-server.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kube-connection-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

interface Parts {
  readonly cluster?: Record<string, unknown>;
  readonly user?: Record<string, unknown>;
  readonly context?: Record<string, unknown>;
}

function kubeconfig(parts: Parts = {}): Record<string, unknown> {
  return {
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1", ...parts.cluster } }],
    users: [{ name: "u", user: parts.user ?? {} }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", ...parts.context } }],
    "current-context": "x",
  };
}

/** Sees nothing of this machine. */
function load(options: KubeConnectionOptions = {}): KubeConnection {
  return loadKubeConnection({ env: {}, home: folder, serviceAccountFolder: join(folder, "none"), ...options });
}

function loadUser(user: Record<string, unknown>, clock = new ManualClock()): KubeConnection {
  return load({ kubeconfig: file("config", kubeconfig({ user })), clock });
}

async function authorization(connection: KubeConnection): Promise<string | undefined> {
  return (await connection.credentials()).headers["Authorization"];
}

describe("where the server is found", () => {
  const at = (port: number): Record<string, unknown> =>
    kubeconfig({ cluster: { server: `https://127.0.0.1:${port}` } });
  const serviceAccount = (): string => {
    const path = join(folder, "serviceaccount");
    mkdirSync(path);
    writeFileSync(join(path, "token"), "pod-token\n");
    writeFileSync(join(path, "namespace"), "capstan-system");
    writeFileSync(join(path, "ca.crt"), "the ca");
    return path;
  };
  const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

  test("the kubeconfig given wins over KUBECONFIG, that over ~/.kube/config, that over the service account", () => {
    const options = { env: { ...pod, KUBECONFIG: file("env", at(2)) }, serviceAccountFolder: serviceAccount() };
    mkdirSync(join(folder, ".kube"));
    file(".kube/config", at(3));
    const servers = [
      load({ ...options, kubeconfig: file("given", at(1)) }),
      load(options),
      load({ ...options, env: pod }),
      load({ ...options, env: pod, home: join(folder, "elsewhere") }),
    ].map((connection) => connection.server);
    expect(servers).toEqual([
      "https://127.0.0.1:1",
      "https://127.0.0.1:2",
      "https://127.0.0.1:3",
      "https://10.0.0.1:443",
    ]);
  });

  test("inCluster wins over everything and knows its namespace, CA and token", async () => {
    const env = { ...pod, KUBECONFIG: file("env", at(2)) };
    const connection = load({ env, inCluster: true, serviceAccountFolder: serviceAccount() });
    expect([connection.server, connection.namespace]).toEqual(["https://10.0.0.1:443", "capstan-system"]);
    const credentials = await connection.credentials();
    expect(credentials.headers).toEqual({ Authorization: "Bearer pod-token" });
    expect(Buffer.from(credentials.tls.ca ?? "").toString()).toBe("the ca");
  });

  test("an IPv6 address of the service is bracketed", () => {
    const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
    expect(load({ env, serviceAccountFolder: serviceAccount() }).server).toBe("https://[fd00::1]:443");
  });

  test("of several files the first to name a thing wins, and missing ones are passed over", () => {
    const first = {
      contexts: [{ name: "y", context: { cluster: "c", user: "u", namespace: "first" } }],
      "current-context": "y",
    };
    const second = { ...at(7), contexts: [{ name: "y", context: { cluster: "c", user: "u", namespace: "second" } }] };
    const list = [join(folder, "missing"), file("first", first), file("second", second)].join(":");
    const connection = load({ kubeconfig: list });
    expect([connection.server, connection.namespace]).toEqual(["https://127.0.0.1:7", "first"]);
  });

  test("a context can be named", () => {
    const config = { ...at(1), contexts: [{ name: "other", context: { cluster: "c", user: "u", namespace: "n" } }] };
    expect(load({ kubeconfig: file("config", config), context: "other" }).namespace).toBe("n");
  });

  test.each<[string, () => unknown, RegExp]>([
    ["nothing", () => load(), /^no kubeconfig: give one, set KUBECONFIG, or create .*\/\.kube\/config/],
    ["a file that is missing", () => load({ kubeconfig: join(folder, "none") }), /^kubeconfig .*none cannot be read$/],
    [
      "a context that is missing",
      () => load({ kubeconfig: file("c", kubeconfig()), context: "prod" }),
      /: context "prod" does not exist in contexts$/,
    ],
    [
      "no current-context",
      () => load({ kubeconfig: file("c", { ...kubeconfig(), "current-context": "" }) }),
      /: no current-context: set one or name a context$/,
    ],
    [
      "a user that is missing",
      () => load({ kubeconfig: file("c", { ...kubeconfig(), users: [] }) }),
      /: user "u" does not exist in users$/,
    ],
    [
      "a server that is no URL",
      () => load({ kubeconfig: file("c", kubeconfig({ cluster: { server: "kube:6443" } })) }),
      /its cluster's server must be an http or https URL$/,
    ],
    [
      "plain http",
      () => load({ kubeconfig: file("c", kubeconfig({ cluster: { server: "http://k" } })) }),
      /use https, or set insecure-skip-tls-verify: true$/,
    ],
    [
      "a SOCKS proxy",
      () => load({ kubeconfig: file("c", kubeconfig({ cluster: { "proxy-url": "socks5://p" } })) }),
      /proxy-url must begin with http:\/\/ or https:\/\/$/,
    ],
    [
      "groups to impersonate",
      () => load({ kubeconfig: file("c", kubeconfig({ user: { "as-groups": ["g"] } })) }),
      /has as-groups, which is not supported/,
    ],
    [
      "lists that are none",
      () => load({ kubeconfig: file("c", { ...kubeconfig(), users: {} }) }),
      /: users is not a list$/,
    ],
    ["no cluster around", () => load({ inCluster: true }), /^not in a cluster: KUBERNETES_SERVICE_HOST/],
  ])("%s is one error that says what to do", (_, call, message) => {
    expect(call).toThrow(expect.objectContaining({ code: "ERR_KUBECONFIG", message: expect.stringMatching(message) }));
  });

  test("broken YAML is not quoted: it may hold a key", () => {
    const path = file("config", 'users:\n- name: u\n  user: { token: "s3cret }\n');
    const read = (): unknown => load({ kubeconfig: path });
    expect(read).toThrow(`kubeconfig ${path} is not valid YAML`);
    try {
      read();
    } catch (error) {
      expect(JSON.stringify([String(error), (error as Error).cause])).not.toContain("s3cret");
    }
  });
});

describe("as whom", () => {
  test("a token", async () => {
    expect(await authorization(loadUser({ token: "abc" }))).toBe("Bearer abc");
  });

  test("user name and password", async () => {
    expect(await authorization(loadUser({ username: "u", password: "p" }))).toBe("Basic dTpw");
  });

  test("somebody else", async () => {
    expect((await loadUser({ token: "abc", as: "jane" }).credentials()).headers).toEqual({
      Authorization: "Bearer abc",
      "Impersonate-User": "jane",
    });
  });

  test("a tokenFile relative to the kubeconfig, which wins over token", async () => {
    file("token", "from-file\n");
    expect(await authorization(loadUser({ token: "abc", tokenFile: "token" }))).toBe("Bearer from-file");
  });

  test("a tokenFile that is rotated is read again within 30 s, and not for each call", async () => {
    const clock = new ManualClock();
    const path = file("token", "first");
    const connection = loadUser({ tokenFile: path }, clock);
    expect(await authorization(connection)).toBe("Bearer first");
    writeFileSync(path, "second");
    clock.advance(29_999);
    expect(await authorization(connection)).toBe("Bearer first");
    clock.advance(1);
    expect(await authorization(connection)).toBe("Bearer second");
  });

  test("a token that was refused is read again at once, but not more than each two seconds", async () => {
    const clock = new ManualClock();
    const path = file("token", "first");
    const connection = loadUser({ tokenFile: path }, clock);
    await connection.credentials();
    writeFileSync(path, "second");
    clock.advance(1_999);
    connection.refuse();
    expect(await authorization(connection)).toBe("Bearer first");
    clock.advance(1);
    connection.refuse();
    expect(await authorization(connection)).toBe("Bearer second");
  });

  test.each<[string, (path: string) => void]>([
    [
      "empty",
      (path) => {
        writeFileSync(path, "\n");
      },
    ],
    [
      "gone",
      (path) => {
        rmSync(path);
      },
    ],
  ])("a tokenFile that is %s for a moment leaves the last token in use", async (_, damage) => {
    const clock = new ManualClock();
    const path = file("token", "first");
    const connection = loadUser({ tokenFile: path }, clock);
    await connection.credentials();
    damage(path);
    clock.advance(30_000);
    expect(await authorization(connection)).toBe("Bearer first");
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a tokenFile that is not there", { tokenFile: "none" }, /token file .*none cannot be read$/],
    ["a client certificate that is not there", { "client-certificate": "none" }, /ENOENT/],
    [
      "an exec plugin that is not there",
      { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "/none" } },
      /ENOENT/,
    ],
    [
      "an exec plugin that fails",
      { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", "echo no >&2; exit 3"] } },
      /: no$/,
    ],
  ])("%s is ERR_KUBE_CREDENTIALS, and tried again", async (_, user, message) => {
    const connection = loadUser(user);
    const expected = { code: "ERR_KUBE_CREDENTIALS", message: expect.stringMatching(message) };
    await expect(connection.credentials()).rejects.toMatchObject(expected);
    await expect(connection.credentials()).rejects.toMatchObject(expected);
  });

  test("an exec plugin learns the version to answer in, and is asked anew when its token was refused", async () => {
    const clock = new ManualClock();
    const script = [
      'n=$(cat "$COUNT" 2>/dev/null || echo 0); n=$((n+1)); echo $n > "$COUNT"',
      'case "$KUBERNETES_EXEC_INFO" in *client.authentication.k8s.io/v1\\"*) ;; *) echo "no info" >&2; exit 1;; esac',
      'echo "{\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"plugin-$n\\"}}"',
    ].join("\n");
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "sh",
      args: ["-c", script],
      env: [{ name: "COUNT", value: join(folder, "count") }],
    };
    const connection = loadUser({ exec }, clock);
    expect(await authorization(connection)).toBe("Bearer plugin-1");
    clock.advance(60_000);
    expect(await authorization(connection)).toBe("Bearer plugin-1");
    clock.advance(2_000);
    connection.refuse();
    expect(await authorization(connection)).toBe("Bearer plugin-2");
  });

  test("data wins over a path beside it", async () => {
    const connection = load({
      kubeconfig: file(
        "config",
        kubeconfig({
          cluster: {
            "certificate-authority": "none",
            "certificate-authority-data": Buffer.from("ca").toString("base64"),
          },
          user: {
            "client-certificate": "none",
            "client-certificate-data": Buffer.from("cert").toString("base64"),
            "client-key-data": Buffer.from("key").toString("base64"),
          },
        }),
      ),
    });
    const { tls } = await connection.credentials();
    expect([tls.ca, tls.cert, tls.key].map((bytes) => Buffer.from(bytes ?? "").toString())).toEqual([
      "ca",
      "cert",
      "key",
    ]);
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ["a token", { token: "abc" }, "Bearer abc"],
  ["a tokenFile", { tokenFile: "token" }, "Bearer from-file"],
  ["an exec plugin", { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "none" } }, "client-node"],
])("%s: client-node is loaded only where it is needed", (_, user, expected) => {
  file("token", "from-file");
  const path = file("config", kubeconfig({ user }));
  const program = `
    import { registerHooks } from "node:module";
    registerHooks({ resolve(name, context, next) {
      if (name.includes("client-node")) throw new Error("client-node");
      return next(name, context);
    } });
    const { loadKubeConnection } = await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)});
    const read = loadKubeConnection({ kubeconfig: ${JSON.stringify(path)} }).credentials();
    console.log(await read.then(({ headers }) => headers.Authorization, ({ message }) => message));`;
  const args = ["--conditions=@capstan/source", "--input-type=module", "--eval", program];
  expect(execFileSync(process.execPath, args, { encoding: "utf8" }).trim()).toMatch(new RegExp(`${expected}$`));
});

describe("over the wire", () => {
  test("a server that says 401 gets the new token with the next call", async () => {
    const server = await ScriptedServer.start((exchange) => {
      if (exchange.seen.headers.authorization === "Bearer second") exchange.json(200, widget("a", "1"));
      else exchange.status(401, "Unauthorized");
    });
    const clock = new ManualClock();
    const path = file("token", "first");
    const cluster = { server: server.url, "insecure-skip-tls-verify": true };
    const connection = load({ kubeconfig: file("config", kubeconfig({ cluster, user: { tokenFile: path } })), clock });
    const client = new KubeClient(connection, { userAgent: "t" });
    const ref = { namespace: "demo", name: "a" };
    await connection.credentials();
    writeFileSync(path, "second");
    clock.advance(2_000);
    await expect(client.get(widgets, ref)).rejects.toMatchObject({ code: 401 });
    expect(await client.get(widgets, ref)).toMatchObject({ kind: "Widget" });
    await client.close();
    await server.close();
  });

  test("TLS: the CA is demanded, the client certificate shown, and both are followed when they change", async () => {
    const pki = (name: string): { cert: string; key: string } => {
      const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
      const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
      const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      execFileSync("openssl", ["req", "-x509", ...newKey, "-keyout", key, "-out", cert, "-days", "2", ...subject], {
        stdio: "ignore",
      });
      return { cert, key };
    };
    const [serverPair, first, second, stranger] = [pki("server"), pki("first"), pki("second"), pki("stranger")];
    const seen: unknown[] = [];
    let connections = 0;
    const server: Server = createServer(
      {
        cert: readFileSync(serverPair.cert),
        key: readFileSync(serverPair.key),
        requestCert: true,
        rejectUnauthorized: false,
        ALPNProtocols: ["h2", "http/1.1"],
      },
      (request, response) => {
        const socket = request.socket as TLSSocket;
        seen.push([socket.getPeerCertificate().subject?.CN, request.httpVersion]);
        response.end(JSON.stringify(widget("a", "1")));
      },
    );
    server.on("secureConnection", () => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clock = new ManualClock();
    const use = (pair: { cert: string; key: string }): void => {
      writeFileSync(join(folder, "client.crt"), readFileSync(pair.cert));
      writeFileSync(join(folder, "client.key"), readFileSync(pair.key));
    };
    use(first);
    const user = { "client-certificate": "client.crt", "client-key": "client.key" };
    const connect = (ca: string): KubeClient => {
      const config = kubeconfig({ cluster: { server: url, "certificate-authority": ca }, user });
      return new KubeClient(load({ kubeconfig: file("config", config), clock }), { userAgent: "t" });
    };
    const client = connect(serverPair.cert);
    const ref = { namespace: "demo", name: "a" };
    await client.get(widgets, ref);
    await client.get(widgets, ref);
    use(second);
    clock.advance(30_000);
    await client.get(widgets, ref);
    expect(seen).toEqual([
      ["first", "1.1"],
      ["first", "1.1"],
      ["second", "1.1"],
    ]);
    expect(connections).toBeLessThanOrEqual(3);
    const mistaken = connect(stranger.cert);
    await expect(mistaken.get(widgets, ref)).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    expect(seen).toHaveLength(3);
    await mistaken.close();
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
