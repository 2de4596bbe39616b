import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Cluster, installTools, pickFreePort, startCluster, until } from "@capstan/test-cluster";
import { buildImage, imageConfig } from "@capstan/tools/image";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Container, type Containerd, startContainerd } from "../../src/containerd.ts";
import { debianPackage } from "../../src/debian-package.ts";
import { deploymentsOf, renderObjects } from "../../src/deployments.ts";

// The image's own files, run by containerd as the chart's Deployments say, with the rights that the chart gives.

const minute = 60_000;
const namespace = "capstan-system";
const manifests = fileURLToPath(new URL("../../../../deploy/manifests", import.meta.url));
const containerd = await debianPackage("containerd");
const runc = await debianPackage("runc");
const missing = process.getuid?.() === 0 ? (containerd.missing ?? runc.missing) : "containers need root here";

let folder: string;
let digest: string;
let archive: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "capstan-image-test-"));
  const image = await buildImage();
  digest = image.digest;
  archive = path.join(folder, "image.tar");
  await writeFile(archive, image.tar);
}, 5 * minute);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("the same sources give the same image", { timeout: 5 * minute }, async () => {
  expect((await buildImage()).digest).toBe(digest);
});

test("the image holds Node, its libraries and the bundles, and nothing else", async () => {
  const layout = path.join(folder, "layout");
  await mkdir(layout);
  await promisify(execFile)("tar", ["-xf", archive, "-C", layout]);
  const { stdout } = await promisify(execFile)(
    "sh",
    ["-c", 'for blob in blobs/sha256/*; do tar -tzf "$blob" 2>/dev/null; done | sort', "sh"],
    { cwd: layout },
  );
  const files = stdout.split("\n").filter((file) => file !== "" && !file.endsWith("/"));
  const libraries = files.filter((file) => file.startsWith("lib"));
  expect(libraries.length).toBeGreaterThan(3);
  expect(libraries.filter((file) => !/^lib(64)?\/.*\.so(\.\d+)*$/.test(file))).toEqual([]);
  const programs = files.filter((file) => file.startsWith("app/"));
  expect(programs.filter((file) => !/^app\/([\w-]+\.js(\.map|\.LEGAL\.txt)?|package\.json)$/.test(file))).toEqual([]);
  const entries = ["issuer-controller", "crl-publisher", "crl-server", "cel-worker", "crl-reader-worker"];
  expect(programs).toEqual(expect.arrayContaining(entries.map((name) => `app/${name}.js`)));
  expect(files.filter((file) => !file.startsWith("lib") && !file.startsWith("app/"))).toEqual([
    "etc/group",
    "etc/nsswitch.conf",
    "etc/passwd",
    "etc/ssl/certs/ca-certificates.crt",
    "nodejs/bin/node",
  ]);
});

test("the Dockerfile starts the programs as this image does", async () => {
  const dockerfile = await readFile(
    fileURLToPath(new URL("../../../../deploy/image/Dockerfile", import.meta.url)),
    "utf8",
  );
  const { User, WorkingDir, Entrypoint } = imageConfig;
  const instructions = dockerfile.slice(dockerfile.lastIndexOf("\nFROM ")).split("\n");
  expect(instructions).toEqual(
    expect.arrayContaining([
      `USER ${User}`,
      `WORKDIR ${WorkingDir}`,
      `ENTRYPOINT ${JSON.stringify(Entrypoint).replaceAll(",", ", ")}`,
    ]),
  );
});

describe.skipIf(missing !== undefined)(`under containerd${missing === undefined ? "" : ` (${missing})`}`, () => {
  const programs = ["crl-publisher", "crl-server", "issuer-controller"] as const;
  type ProgramName = (typeof programs)[number];
  const containers = new Map<ProgramName, Container>();
  const health = new Map<ProgramName, number>();
  let cluster: Cluster;
  let daemon: Containerd;
  let served: number;

  const containerOf = (name: ProgramName): Container => {
    const container = containers.get(name);
    if (container === undefined) throw new Error(`${name} was not started`);
    return container;
  };
  const kubectl = async (args: readonly string[], stdin?: string): Promise<string> => {
    const result = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
    if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${result.stderr}`);
    return result.stdout;
  };

  beforeAll(async () => {
    const log = (): void => undefined;
    const tools = await installTools({ log });
    cluster = await startCluster({ tools, log });
    await kubectl(["apply", "--server-side", "-k", manifests]);
    daemon = await startContainerd({ containerd: containerd.folder ?? "", runc: runc.folder ?? "" });
    await daemon.importImage(archive);
    served = await pickFreePort();
    for (const { metadata, spec } of deploymentsOf(await renderObjects({ helm: tools.helm }))) {
      const {
        containers: [container],
        serviceAccountName,
      } = spec.template.spec;
      const name = programs.find((one) => one === metadata.name);
      if (container === undefined || name === undefined) throw new Error(`unknown Deployment ${metadata.name}`);
      const port = await pickFreePort();
      health.set(name, port);
      const account = await writeServiceAccount(serviceAccountName);
      const server = new URL(cluster.serverUrl);
      containers.set(
        name,
        await daemon.start({
          name,
          image: `docker.io/library/${container.image}`,
          // All of them share this machine's ports here; otherwise everything is the Deployment's.
          args: [
            "/nodejs/bin/node",
            "--enable-source-maps",
            ...container.args,
            `--health-address=127.0.0.1:${port}`,
            ...(name === "crl-server" ? [`--listen-address=127.0.0.1:${served}`] : []),
          ],
          env: {
            ...Object.fromEntries(container.env.map((one) => [one.name, one.value ?? namespace])),
            KUBERNETES_SERVICE_HOST: server.hostname,
            KUBERNETES_SERVICE_PORT: server.port,
          },
          mounts: { "/var/run/secrets/kubernetes.io/serviceaccount": account },
        }),
      );
    }
  }, 20 * minute);

  afterAll(async () => {
    await daemon?.stop();
    await cluster?.stop();
  });

  /** What a kubelet mounts into a pod. */
  async function writeServiceAccount(name: string): Promise<string> {
    const account = path.join(folder, name);
    await mkdir(account);
    const token = await kubectl(["create", "token", name, `--namespace=${namespace}`, "--duration=1h"]);
    // A controller puts it into each new namespace.
    const ca = await until("the cluster's root in the namespace", () =>
      kubectl([
        "get",
        "configmap",
        "kube-root-ca.crt",
        `--namespace=${namespace}`,
        String.raw`-o=jsonpath={.data.ca\.crt}`,
      ]),
    );
    await writeFile(path.join(account, "token"), token);
    await writeFile(path.join(account, "ca.crt"), ca);
    await writeFile(path.join(account, "namespace"), namespace);
    await chmod(folder, 0o755);
    return account;
  }

  test.each(programs)("%s becomes ready", async (name) => {
    const ready = expect.poll(
      async () => {
        const answer = await fetch(`http://127.0.0.1:${health.get(name)}/readyz`);
        return `${answer.status} ${await answer.text()}`;
      },
      { timeout: 2 * minute, interval: 500 },
    );
    try {
      await ready.toContain("200 ok");
    } catch (error) {
      throw new Error(`${name} said: ${await containerOf(name).output()}`, { cause: error });
    }
  });

  test.each(programs)("%s has an ordinary user, no capability, and a root that it cannot write to", async (name) => {
    const seen = await containerOf(name).evaluate(`
      const { readFileSync, writeFileSync } = require("node:fs");
      const status = readFileSync("/proc/1/status", "utf8");
      const field = (name) => status.match(new RegExp("^" + name + ":\\\\s+(\\\\S+)", "m"))[1];
      const writes = ["/app/x", "/tmp/x", "/x"].map((file) => {
        try { writeFileSync(file, ""); return "written"; } catch (error) { return error.code; }
      });
      console.log(JSON.stringify({ uid: field("Uid"), gid: field("Gid"), capabilities: field("CapEff"),
        noNewPrivileges: field("NoNewPrivs"), seccomp: field("Seccomp"), writes }));`);
    expect(JSON.parse(seen)).toEqual({
      uid: "65532",
      gid: "65532",
      capabilities: "0000000000000000",
      noNewPrivileges: "1",
      seccomp: "2",
      writes: ["EROFS", expect.stringMatching(/EROFS|ENOENT/), "EROFS"],
    });
  });

  test("they issue by a condition in CEL and publish a CRL, so that both workers are found beside the bundles", async () => {
    await kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
    await kubectl(["apply", "-f", "-"], authority);
    const leaf = ["get", "secret", "web-tls", "--namespace=demo", String.raw`-o=jsonpath={.data.tls\.crt}`];
    const said = async (): Promise<string> =>
      `${await containerOf("issuer-controller").output()}${await containerOf("crl-publisher").output()}`;
    await expect
      .poll(async () => await kubectl(leaf).catch(() => ""), { timeout: 3 * minute, interval: 1_000 })
      .toMatch(/^LS0t/);
    const url = `http://127.0.0.1:${served}/crl/image-1.pem`;
    await expect
      .poll(async () => await (await fetch(url)).text(), { timeout: 2 * minute, interval: 1_000 })
      .toContain("BEGIN X509 CRL");
    expect(await said()).not.toMatch(/Cannot find module|ERR_MODULE/);
  });
});

const authority = `
apiVersion: v1
kind: Namespace
metadata: { name: demo }
---
apiVersion: capstan.dev/v1alpha1
kind: CertificateAuthority
metadata: { name: image }
spec:
  subject: { commonName: Image CA }
  keyAlgorithm: ECDSA-P256
  issuance: { namespaces: {} }
---
apiVersion: capstan.dev/v1alpha1
kind: CapstanClusterIssuer
metadata: { name: image }
spec:
  caRef: { name: image }
  policy:
    commonName: { allow: ["*.{namespace}"], required: true }
  validations:
    - { expression: "request.duration <= duration('24h')", message: a day at most }
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: web, namespace: demo }
spec:
  secretName: web-tls
  commonName: web.demo
  duration: 24h
  privateKey: { algorithm: ECDSA, size: 256 }
  usages: [digital signature, client auth]
  issuerRef: { group: capstan.dev, kind: CapstanClusterIssuer, name: image }
`;
