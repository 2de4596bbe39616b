import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { LEAF_EXTENSIONS, OpensslPki } from "../../../test/rolesanywhere/test/openssl-pki.ts";
import { caBundleFromEnvironment } from "../src/ca-bundle.ts";
import type { ControlPlaneOptions } from "../src/create-control-plane.ts";
import { createControlPlane } from "../src/create-control-plane.ts";
import { providerChain } from "../src/credentials.ts";
import { proxyFromEnvironment } from "../src/proxy.ts";
import { createRequestHandler, type RequestHandler, type RequestHandlerOptions } from "../src/request-handler.ts";
import { jumpingClock } from "./jumping-clock.ts";
import { startScriptedServer } from "./scripted-server.ts";
import { anchorId, controlPlaneAt, errorOf, region, wireAnchor } from "./setup.ts";
import { type Misbehaviour, startTestProxy } from "./test-proxy.ts";

const awsHost = "rolesanywhere.eu-central-1.amazonaws.com";
const pki = new OpensslPki();
const privateCa = pki.root({ subject: "/CN=Private CA" });
const otherCa = pki.root({ subject: "/CN=Other CA" });
const serverCertificate = privateCa.issue({
  subject: "/CN=server",
  extensions: [...LEAF_EXTENSIONS.slice(0, 2), `subjectAltName = DNS:${awsHost}, DNS:localhost, IP:127.0.0.1`],
});
const password = "p%40ss-geheim";

let server: Server;
let port: number;
/** Host headers of the requests that came. */
let requests: (string | undefined)[];
/** Bytes that came in the clear after TLS. */
let connections: number;
let handlers: RequestHandler[];

beforeEach(async () => {
  requests = [];
  connections = 0;
  handlers = [];
  server = createServer(
    { cert: serverCertificate.certificatePem, key: serverCertificate.keyPem },
    (request, response) => {
      requests.push(request.headers.host);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ trustAnchor: wireAnchor }));
    },
  );
  server.on("secureConnection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  for (const handler of handlers) handler.close();
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

afterAll(() => pki.dispose());

const caBundlePem = privateCa.certificatePem;

function handlerOf(options: RequestHandlerOptions): RequestHandler {
  const handler = createRequestHandler(options);
  handlers.push(handler);
  return handler;
}

/** Asks AWS by its own name, or the endpoint, with nothing but this handler. */
function ask(options: RequestHandlerOptions, more: Partial<ControlPlaneOptions> = {}): Promise<unknown> {
  return createControlPlane({
    region,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not a real key" },
    clock: jumpingClock(),
    requestHandler: handlerOf(options),
    ...more,
  }).getTrustAnchor(anchorId);
}

describe("an https endpoint behind a proxy", () => {
  test("is asked through a tunnel, in which the proxy sees the host and port alone", async () => {
    await using proxy = await startTestProxy({ tunnelTo: port });
    const httpsProxy = `http://127.0.0.1:${proxy.port}`;

    await expect(ask({ proxy: { httpsProxy }, caBundlePem })).resolves.toMatchObject({ id: anchorId });

    expect(proxy.asked).toEqual([`CONNECT ${awsHost}:443`]);
    expect(proxy.users).toEqual([undefined]);
    expect(requests).toEqual([awsHost]);
  });

  test("is asked with user and password where the proxy's URL has them, which AWS does not get to see", async () => {
    await using proxy = await startTestProxy({ tunnelTo: port });
    const httpsProxy = `http://capstan:${password}@127.0.0.1:${proxy.port}`;

    await ask({ proxy: { httpsProxy }, caBundlePem });

    expect(proxy.users).toEqual(["capstan:p@ss-geheim"]);
  });

  test("is asked on one connection for calls that follow each other", async () => {
    await using proxy = await startTestProxy({ tunnelTo: port });
    const requestHandler = handlerOf({ proxy: { httpsProxy: `http://127.0.0.1:${proxy.port}` }, caBundlePem });
    const sent = vi.fn();
    const aws = createControlPlane({
      region,
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not a real key" },
      clock: jumpingClock(),
      requestHandler,
      beforeSend: sent,
    });

    for (const _call of [1, 2, 3]) await aws.getTrustAnchor(anchorId);

    expect(proxy.asked).toHaveLength(1);
    expect([connections, requests.length]).toEqual([1, 3]);
    expect(sent).toHaveBeenCalledTimes(3);
  });

  test("is reached through a proxy that speaks TLS itself, whose CA NODE_EXTRA_CA_CERTS names", async () => {
    const { certificatePem: cert, keyPem: key } = serverCertificate;
    await using proxy = await startTestProxy({ tunnelTo: port, tls: { cert, key } });
    const httpsProxy = `https://127.0.0.1:${proxy.port}`;

    expect(await runScript({ NODE_EXTRA_CA_CERTS: pki.newFile(".pem", caBundlePem), HTTPS_PROXY: httpsProxy })).toBe(
      anchorId,
    );
    expect(proxy.asked).toEqual([`CONNECT localhost:${port}`]);
    expect(await errorOf(ask({ proxy: { httpsProxy }, caBundlePem }))).toMatchObject({ code: "ERR_AWS_UNAVAILABLE" });
  });

  test.each<[string, Misbehaviour, string | RegExp]>([
    [
      "wants another password",
      { status: "407 Proxy Authentication Required" },
      "GetTrustAnchor: AWS was not reached: the proxy refused the connection (HTTP 407): check HTTPS_PROXY, its user and password, and what the proxy lets through",
    ],
    ["lets nothing through", { status: "403 Forbidden" }, /refused the connection \(HTTP 403\)/u],
    ["is a web server", { status: "200x" }, /^GetTrustAnchor: AWS was not reached: /u],
    ["is no proxy at all", "answer garbage", /^GetTrustAnchor: AWS was not reached: /u],
    ["hangs up", "close the connection", /^GetTrustAnchor: AWS was not reached: /u],
    ["never answers", "never answer", "GetTrustAnchor: no answer within 1000 ms"],
  ])("is ERR_AWS_UNAVAILABLE when the proxy %s, and the error has no password", async (_name, misbehave, message) => {
    await using proxy = await startTestProxy({ tunnelTo: port, misbehave });
    const httpsProxy = `http://capstan:${password}@127.0.0.1:${proxy.port}`;

    // One second is for the proxy that never answers: on a busy machine the others may take longer.
    const limit = misbehave === "never answer" ? { requestTimeoutMs: 1_000 } : {};
    const error = await errorOf(ask({ proxy: { httpsProxy }, caBundlePem }, limit));

    expect(error).toMatchObject({ code: "ERR_AWS_UNAVAILABLE", retryable: true });
    expect(error.message).toMatch(message);
    expectNoSecret(error);
    expect(requests).toEqual([]);
  });

  test("is ERR_AWS_UNAVAILABLE when the proxy is down", async () => {
    const proxy = await startTestProxy({});
    await proxy[Symbol.asyncDispose]();
    const httpsProxy = `http://capstan:${password}@127.0.0.1:${proxy.port}`;

    const error = await errorOf(ask({ proxy: { httpsProxy } }));

    expect(error).toMatchObject({
      code: "ERR_AWS_UNAVAILABLE",
      message: "GetTrustAnchor: AWS was not reached: ECONNREFUSED",
    });
    expectNoSecret(error);
  });

  test("gets nothing of a request that beforeSend refuses, and the call ends with its error", async () => {
    await using proxy = await startTestProxy({ tunnelTo: port });
    const lost = new Error("the lease was lost");
    const beforeSend = (): void => {
      throw lost;
    };

    const call = ask({ proxy: { httpsProxy: `http://127.0.0.1:${proxy.port}` }, caBundlePem }, { beforeSend });

    await expect(call).rejects.toBe(lost);
    // The tunnel stood already, and the next request is the first that the server sees.
    expect(proxy.asked).toHaveLength(1);
    await ask({ proxy: { httpsProxy: `http://127.0.0.1:${proxy.port}` }, caBundlePem });
    expect(requests).toHaveLength(1);
  });
});

describe("an http endpoint behind a proxy", () => {
  test("is asked in whole URLs, and what is signed stays as it was", async () => {
    await using plain = await startScriptedServer(() => ({ body: { trustAnchor: wireAnchor } }));
    await using proxy = await startTestProxy({});
    const httpProxy = `http://capstan:${password}@127.0.0.1:${proxy.port}`;

    await ask({ proxy: { httpProxy } }, { endpoint: plain.url });

    expect(proxy.asked).toEqual([`GET ${plain.url}/trustanchor/${anchorId}`]);
    expect(proxy.users).toEqual(["capstan:p@ss-geheim"]);
    expect(plain.requests[0]?.headers).toMatchObject({ host: new URL(plain.url).host });
    expect(plain.requests[0]?.headers).not.toHaveProperty("proxy-authorization");
  });

  test("has a proxy of its own beside that of https endpoints", async () => {
    await using plain = await startScriptedServer(() => ({ body: { trustAnchor: wireAnchor } }));
    await using one = await startTestProxy({});
    await using other = await startTestProxy({ tunnelTo: port });
    const proxy = { httpProxy: `http://127.0.0.1:${one.port}`, httpsProxy: `http://127.0.0.1:${other.port}` };

    await ask({ proxy }, { endpoint: plain.url });
    await ask({ proxy, caBundlePem });

    expect(one.asked).toEqual([`GET ${plain.url}/trustanchor/${anchorId}`]);
    expect(other.asked).toEqual([`CONNECT ${awsHost}:443`]);
  });

  test("is not asked through the proxy of https endpoints, nor the other way round", async () => {
    await using plain = await startScriptedServer(() => ({ body: { trustAnchor: wireAnchor } }));
    await using proxy = await startTestProxy({ tunnelTo: port });
    const url = `http://127.0.0.1:${proxy.port}`;

    await ask({ proxy: { httpsProxy: url } }, { endpoint: plain.url });
    await ask({ proxy: { httpProxy: url }, caBundlePem }, { endpoint: `https://localhost:${port}` });

    expect(proxy.asked).toEqual([]);
  });
});

describe("NO_PROXY", () => {
  test.each<[string, "direct" | "by proxy"]>([
    ["localhost", "direct"],
    ["LOCALHOST", "direct"],
    ["example.org, localhost", "direct"],
    ["localhost:PORT", "direct"],
    ["*", "direct"],
    ["localhost:1", "by proxy"],
    ["local", "by proxy"],
    ["host", "by proxy"],
    ["example.org", "by proxy"],
    ["xlocalhost", "by proxy"],
    ["", "by proxy"],
  ])("%j: %s", async (noProxy, expected) => {
    await using proxy = await startTestProxy({ tunnelTo: port });
    const proxied = { httpsProxy: `http://127.0.0.1:${proxy.port}`, noProxy: noProxy.replace("PORT", String(port)) };

    await ask({ proxy: proxied, caBundlePem }, { endpoint: `https://localhost:${port}` });

    expect(proxy.asked).toEqual(expected === "direct" ? [] : [`CONNECT localhost:${port}`]);
    expect(requests).toEqual([`localhost:${port}`]);
  });

  test.each<[string, "direct" | "by proxy"]>([
    [awsHost, "direct"],
    [".amazonaws.com", "direct"],
    ["*.amazonaws.com", "direct"],
    ["amazonaws.com", "direct"],
    [" Eu-Central-1.amazonaws.com ", "direct"],
    ["azonaws.com", "by proxy"],
    ["eu-west-1.amazonaws.com", "by proxy"],
    ["rolesanywhere", "by proxy"],
    ["10.0.0.0/8", "by proxy"],
  ])("%j: AWS's own name %s", async (noProxy, expected) => {
    await using proxy = await startTestProxy({ tunnelTo: port });
    const requestHandler = handlerOf({
      proxy: { httpsProxy: `http://127.0.0.1:${proxy.port}`, noProxy },
      caBundlePem,
    });
    // Nothing of a test goes out into the world.
    requestHandler.httpsAgent.options.lookup = (_host, _options, answer) =>
      answer(null, [{ address: "127.0.0.1", family: 4 }]);

    await ask({}, { requestHandler, endpoint: `https://${awsHost}:${port}` });

    expect(proxy.asked).toEqual(expected === "direct" ? [] : [`CONNECT ${awsHost}:${port}`]);
  });
});

describe("a private CA", () => {
  const endpoint = (): string => `https://localhost:${port}`;

  test("is trusted when the bundle names it, also among others and with text around", async () => {
    const several = `# ours\n${otherCa.certificatePem}\n# theirs\n${caBundlePem}`;

    await expect(ask({ caBundlePem: several }, { endpoint: endpoint() })).resolves.toMatchObject({ id: anchorId });
  });

  test.each<[string, () => RequestHandlerOptions, RegExp]>([
    [
      "no bundle",
      () => ({}),
      /AWS was not reached: UNABLE_TO_VERIFY_LEAF_SIGNATURE: .* name that CA in AWS_CA_BUNDLE$/u,
    ],
    ["another CA's bundle", () => ({ caBundlePem: otherCa.certificatePem }), /AWS_CA_BUNDLE$/u],
    [
      "a bundle with the leaf's own key's certificate",
      () => ({ caBundlePem: serverCertificate.certificatePem }),
      /AWS was not reached/u,
    ],
  ])("is not trusted with %s, and nothing is sent", async (_name, options, message) => {
    const error = await errorOf(ask(options(), { endpoint: endpoint() }));

    expect(error).toMatchObject({ code: "ERR_AWS_UNAVAILABLE" });
    expect(error.message).toMatch(message);
    expect(requests).toEqual([]);
  });

  test("does not make another host's certificate good", async () => {
    const stranger = privateCa.issue({
      extensions: [...LEAF_EXTENSIONS.slice(0, 2), "subjectAltName = DNS:elsewhere"],
    });
    server.setSecureContext({ cert: stranger.certificatePem, key: stranger.keyPem });

    expect(await errorOf(ask({ caBundlePem }, { endpoint: endpoint() }))).toMatchObject({
      code: "ERR_AWS_UNAVAILABLE",
      message: "GetTrustAnchor: AWS was not reached: ERR_TLS_CERT_ALTNAME_INVALID",
    });
    expect(requests).toEqual([]);
  });

  test("that NODE_EXTRA_CA_CERTS names is trusted beside Node's own", async () => {
    expect(await runScript({ NODE_EXTRA_CA_CERTS: pki.newFile(".pem", caBundlePem) })).toBe(anchorId);
    await expect(runScript({})).rejects.toThrow("AWS_CA_BUNDLE");
  });

  test.each([
    ["nothing", ""],
    ["no PEM", "Private CA"],
    ["a key alone", serverCertificate.keyPem],
    ["broken PEM", caBundlePem.slice(0, -30)],
  ])("whose bundle holds %s is refused at once", (_name, pem) => {
    expect(() => createRequestHandler({ caBundlePem: pem })).toThrow(
      expect.objectContaining({ code: "ERR_AWS_CONFIGURATION", field: "caBundlePem" }),
    );
  });

  test("comes from the file that AWS_CA_BUNDLE names", async () => {
    const file = pki.newFile(".pem");
    await writeFile(file, caBundlePem);

    expect(await caBundleFromEnvironment({ AWS_CA_BUNDLE: file })).toBe(caBundlePem);
    expect(await caBundleFromEnvironment({ AWS_CA_BUNDLE: "" })).toBeUndefined();
    expect(await caBundleFromEnvironment({})).toBeUndefined();
    await expect(caBundleFromEnvironment({ AWS_CA_BUNDLE: `${file}.gone` })).rejects.toMatchObject({
      code: "ERR_AWS_CONFIGURATION",
      message: expect.stringMatching(/\.gone", cannot be read \(ENOENT\): mount it, or unset the variable$/u),
    });
    await expect(
      caBundleFromEnvironment({ AWS_CA_BUNDLE: fileURLToPath(new URL(".", import.meta.url)) }),
    ).rejects.toMatchObject({
      code: "ERR_AWS_CONFIGURATION",
    });
  });
});

test("the provider chain asks STS through the same proxy", async () => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  await using sts = await startScriptedServer(() => ({
    headers: { "content-type": "text/xml" },
    body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
      <AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>not a real key</SecretAccessKey><SessionToken>t</SessionToken>
      <Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  }));
  await using proxy = await startTestProxy({});
  vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
  vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", pki.newFile(".token", "not a real token"));
  vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/publisher");
  vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
  try {
    const requestHandler = handlerOf({ proxy: { httpProxy: `http://127.0.0.1:${proxy.port}` } });

    expect(await providerChain({ region, requestHandler })()).toMatchObject({ accessKeyId: "ASIAWEB" });

    expect(proxy.asked).toEqual([`POST ${sts.url}/`]);
  } finally {
    vi.unstubAllEnvs();
  }
});

describe("proxyFromEnvironment", () => {
  test.each<[string, Record<string, string>, ReturnType<typeof proxyFromEnvironment>]>([
    ["nothing", { PATH: "/bin", ALL_PROXY: "socks5://x" }, {}],
    [
      "all three",
      { HTTPS_PROXY: "http://a:1", HTTP_PROXY: "http://b:2", NO_PROXY: "c" },
      { httpsProxy: "http://a:1/", httpProxy: "http://b:2/", noProxy: "c" },
    ],
    [
      "the lower-case form before the other",
      { https_proxy: "http://a:1", HTTPS_PROXY: "http://b:2" },
      { httpsProxy: "http://a:1/" },
    ],
    [
      "the upper-case form when the other is empty",
      { https_proxy: "", HTTPS_PROXY: "http://b:2" },
      { httpsProxy: "http://b:2/" },
    ],
    [
      "a proxy without scheme as curl does",
      { HTTPS_PROXY: "proxy.example.org:3128" },
      { httpsProxy: "http://proxy.example.org:3128/" },
    ],
    ["user and password", { HTTPS_PROXY: "https://u:p%40@a" }, { httpsProxy: "https://u:p%40@a/" }],
  ])("reads %s", (_name, env, expected) => {
    expect(proxyFromEnvironment(env)).toEqual(expected);
  });

  test.each(["socks5://u:geheim@a:1080", "http://", "ftp://u:geheim@a", "http://u:geheim@a b", "://geheim"])(
    "refuses %j without repeating it",
    (value) => {
      const read = (): unknown => proxyFromEnvironment({ HTTPS_PROXY: value });

      expect(read).toThrow(expect.objectContaining({ code: "ERR_AWS_CONFIGURATION" }));
      expect(read).toThrow(/^HTTPS_PROXY is not the URL of an http or https proxy: write one such as/u);
      expect(read).not.toThrow("geheim");
    },
  );
});

/** Asks the server from a process of its own, whose environment Node reads as it starts. */
async function runScript(env: NodeJS.ProcessEnv): Promise<string> {
  const script = pki.newFile(
    ".mts",
    `import { createControlPlane, createRequestHandler, proxyFromEnvironment } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
     const aws = createControlPlane({
       region: "eu-central-1",
       endpoint: "https://localhost:${port}",
       credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not a real key" },
       requestHandler: createRequestHandler({ proxy: proxyFromEnvironment(process.env) }),
     });
     console.log((await aws.getTrustAnchor("${anchorId}"))?.id);
     process.exit();`,
  );
  const run = promisify(execFile)(process.execPath, [script], { env: { PATH: process.env["PATH"], ...env } });
  return (await run).stdout.trim();
}

function expectNoSecret(error: Error): void {
  const everything = `${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))}`;
  for (const hidden of ["geheim", "capstan:", Buffer.from("capstan:p@ss-geheim").toString("base64")]) {
    expect(everything).not.toContain(hidden);
  }
}

test("a handler of its own is direct and has Node's CAs", async () => {
  await using plain = await startScriptedServer(() => ({ body: { trustAnchor: wireAnchor } }));
  vi.stubEnv("HTTP_PROXY", "http://127.0.0.1:1");
  try {
    expect(await controlPlaneAt(plain.url).getTrustAnchor(anchorId)).toMatchObject({ id: anchorId });
  } finally {
    vi.unstubAllEnvs();
  }
});
