import { execFile, spawn } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { type Cluster, ClusterError, installTools, startCluster, type Tools, until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilAllowed } from "../src/rights.ts";

const run = promisify(execFile);
const log = (line: string): void => void process.stderr.write(`${line}\n`);

let tools: Tools;
let cluster: Cluster;

beforeAll(async () => {
  tools = await installTools({ log });
  const begun = performance.now();
  cluster = await startCluster({ tools, log });
  log(`the control plane started in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}, 1_800_000);

afterAll(async () => await cluster?.stop());

/** Runs kubectl as admin, and expects success. */
async function kubectl(args: readonly string[], stdin?: string): Promise<string> {
  const result = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

const apply = async (manifest: object): Promise<string> =>
  await kubectl(["apply", "--filename=-"], JSON.stringify(manifest));

/** A field by JSONPath, undefined while it is empty. */
const field = async (object: readonly string[], jsonPath: string): Promise<string | undefined> =>
  (await kubectl(["get", ...object, `--output=jsonpath=${jsonPath}`])) || undefined;

const condition = (type: string): string => `{.status.conditions[?(@.type=="${type}")].status}`;

function namespaced(kind: string, apiVersion: string, name: string, content: object): object {
  return { apiVersion, kind, metadata: { name, namespace: "default" }, ...content };
}

const serviceAccount = (name: string): object => namespaced("ServiceAccount", "v1", name, {});
const certManagerAccount = { kind: "ServiceAccount", name: "cert-manager", namespace: "cert-manager" };

/** A PEM certificate request with a P-256 key. */
async function createCsr(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "csr-"));
  const key = path.join(directory, "key");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  const { stdout } = await run("openssl", ["req", "-new", ...newKey, "-subj", "/CN=web.default"]);
  await rm(directory, { recursive: true });
  return stdout;
}

function certificateRequest(name: string, csr: string, issuerRef: object): object {
  return namespaced("CertificateRequest", "cert-manager.io/v1", name, {
    spec: { request: Buffer.from(csr).toString("base64"), usages: ["client auth"], issuerRef },
  });
}

/** Entries of the API server's audit log so far. */
async function auditEntries(): Promise<AuditEntry[]> {
  const lines = (await readFile(cluster.auditLog, "utf8")).split("\n");
  // The last line may be half written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as AuditEntry);
}

interface AuditEntry {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly name?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code: number };
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
}

/** Process ids whose command line names a file of this cluster. */
async function processesOf(directory: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (commandLine.includes(`${directory}/`)) found.push(Number(pid));
  }
  return found;
}

describe("a cluster's API server", () => {
  test("reports the version of the release that it was built from", async () => {
    const { serverVersion } = JSON.parse(await kubectl(["version", "--output=json"])) as {
      serverVersion: { major: string; minor: string; gitVersion: string };
    };
    expect(serverVersion).toMatchObject({
      major: "1",
      minor: "36",
      gitVersion: expect.stringMatching(/^v1\.36\.\d+$/),
    });
  });

  test("refuses a service account without rights, and knows who it is", async () => {
    await apply(serviceAccount("nobody"));
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "default", name: "nobody" });
    const identity = await cluster.kubectl(["auth", "whoami", "--output=jsonpath={.status.userInfo.username}"], {
      kubeconfig,
    });
    expect(identity.stdout).toBe("system:serviceaccount:default:nobody");
    const secrets = await cluster.kubectl(["get", "secrets"], { kubeconfig });
    expect(secrets.exitCode).toBe(1);
    expect(secrets.stderr).toContain('User "system:serviceaccount:default:nobody" cannot list resource "secrets"');
  });

  test("lets the same account do what a role allows, and no more", async () => {
    await apply(serviceAccount("reader"));
    await kubectl(["create", "role", "reader", "--verb=list", "--resource=configmaps"]);
    await kubectl(["create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader"]);
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "default", name: "reader" });
    await untilAllowed(cluster, ["list", "configmaps"], { kubeconfig });
    expect((await cluster.kubectl(["get", "configmaps"], { kubeconfig })).exitCode).toBe(0);
    expect((await cluster.kubectl(["delete", "configmaps", "--all"], { kubeconfig })).stderr).toContain("Forbidden");
    expect((await cluster.kubectl(["get", "configmaps", "--namespace=kube-system"], { kubeconfig })).stderr).toContain(
      "Forbidden",
    );
  });

  test("gives no kubeconfig for an account that does not exist", async () => {
    await expect(cluster.serviceAccountKubeconfig({ namespace: "default", name: "ghost" })).rejects.toMatchObject({
      code: "ERR_SERVICE_ACCOUNT_MISSING",
      message: "there is no ServiceAccount ghost in namespace default: apply its manifest first",
    });
  });

  test("logs who wrote what, and no contents", async () => {
    await kubectl(["create", "secret", "generic", "audited", "--from-literal=key=very-secret-value"]);
    const entries = await auditEntries();
    const created = entries.find(
      ({ verb, objectRef }) => verb === "create" && objectRef?.resource === "secrets" && objectRef.name === "audited",
    );
    expect(created).toMatchObject({ user: { username: "admin" }, responseStatus: { code: 201 } });
    expect(entries.some(({ requestObject, responseObject }) => (requestObject ?? responseObject) !== undefined)).toBe(
      false,
    );
    const secret = Buffer.from("very-secret-value");
    const text = await readFile(cluster.auditLog, "utf8");
    expect([secret.toString("utf8"), secret.toString("base64")].filter((needle) => text.includes(needle))).toEqual([]);
  });
});

describe("its controllers", () => {
  test("delete what a deleted object owned", async () => {
    await apply(namespaced("ConfigMap", "v1", "owner", {}));
    const uid = await field(["configmap", "owner"], "{.metadata.uid}");
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }];
    await apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "owned", namespace: "default", ownerReferences },
    });
    expect(await field(["configmap", "owned"], "{.metadata.name}")).toBe("owned");
    await kubectl(["delete", "configmap", "owner"]);
    await until("the owned object to go", async () => {
      const left = await kubectl(["get", "configmap", "owned", "--ignore-not-found", "--output=name"]);
      return left === "" ? true : undefined;
    });
  });

  test("aggregate a labelled ClusterRole into view, and take it out again", async () => {
    const rules = [{ apiGroups: ["aggregated.example"], resources: ["things"], verbs: ["get"] }];
    const metadata = { name: "things", labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } };
    await apply({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata, rules });
    const isInView = async (): Promise<boolean> =>
      ((await field(["clusterrole", "view"], "{.rules[*].apiGroups}")) ?? "").includes("aggregated.example");
    await until("the rule in view", async () => (await isInView()) || undefined);
    await kubectl(["delete", "clusterrole", "things"]);
    await until("the rule out of view", async () => !(await isInView()) || undefined);
  });

  test("empty and remove a deleted namespace", async () => {
    await kubectl(["create", "namespace", "short-lived"]);
    await kubectl(["create", "configmap", "content", "--namespace=short-lived"]);
    await kubectl(["delete", "namespace", "short-lived", "--timeout=240s"]);
    expect(await kubectl(["get", "namespace", "short-lived", "--ignore-not-found"])).toBe("");
  });
});

describe("cert-manager", () => {
  const selfSigned = { name: "self-signed", kind: "Issuer", group: "cert-manager.io" };
  beforeAll(async () => {
    await apply(namespaced("Issuer", "cert-manager.io/v1", "self-signed", { spec: { selfSigned: {} } }));
  });

  test("makes a Certificate Ready, with a key that fits its certificate", async () => {
    await apply(
      namespaced("Certificate", "cert-manager.io/v1", "web", {
        spec: {
          secretName: "web-tls",
          commonName: "web.default",
          issuerRef: selfSigned,
          privateKey: { algorithm: "ECDSA" },
        },
      }),
    );
    await until("Certificate web", async () =>
      (await field(["certificate", "web"], condition("Ready"))) === "True" ? true : undefined,
    );
    expect(await field(["certificate", "web"], "{.status.revision}")).toBe("1");
    const data = JSON.parse((await field(["secret", "web-tls"], "{.data}")) ?? "{}") as Record<string, string>;
    const certificate = new X509Certificate(Buffer.from(data["tls.crt"] ?? "", "base64"));
    expect(certificate.subject).toBe("CN=web.default");
    expect(certificate.checkPrivateKey(createPrivateKey(Buffer.from(data["tls.key"] ?? "", "base64")))).toBe(true);
  });

  test("works as its own service account, and not as admin", async () => {
    const writers = (await auditEntries())
      .filter(
        ({ verb, objectRef }) =>
          verb !== "get" && verb !== "list" && verb !== "watch" && objectRef?.name?.startsWith("web-") === true,
      )
      .map(({ user }) => user.username);
    expect([...new Set(writers)]).toEqual(["system:serviceaccount:cert-manager:cert-manager"]);
  });

  test("refuses a request whose CSR has a broken signature", async () => {
    const der = Buffer.from((await createCsr()).replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
    // The last byte of the signature's second integer.
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    const body = der.toString("base64").replaceAll(/.{64}/g, "$&\n").trimEnd();
    const broken = `-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`;
    const result = await cluster.kubectl(["create", "--filename=-"], {
      stdin: JSON.stringify(certificateRequest("broken", broken, selfSigned)),
    });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('admission webhook "webhook.cert-manager.io" denied the request');
    expect(result.stderr).toContain("spec.request");
    expect(await kubectl(["get", "certificaterequest", "broken", "--ignore-not-found"])).toBe("");
  });

  test("writes the requester into a request, whatever it says itself", async () => {
    await apply(serviceAccount("requester"));
    await kubectl([
      "create",
      "rolebinding",
      "requester",
      "--clusterrole=cert-manager-edit",
      "--serviceaccount=default:requester",
    ]);
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "default", name: "requester" });
    await untilAllowed(cluster, ["create", "certificaterequests.cert-manager.io"], { kubeconfig });
    const result = await cluster.kubectl(["create", "--filename=-"], {
      kubeconfig,
      stdin: JSON.stringify(certificateRequest("attested", await createCsr(), selfSigned)),
    });
    expect(result).toMatchObject({ exitCode: 0 });
    expect(await field(["certificaterequest", "attested"], "{.spec.username}")).toBe(
      "system:serviceaccount:default:requester",
    );
  });

  test("approves a foreign issuer's request only when its account may approve that signer", async () => {
    const group = "foreign.example";
    await apply({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `foreignissuers.${group}` },
      spec: {
        group,
        scope: "Namespaced",
        names: {
          plural: "foreignissuers",
          singular: "foreignissuer",
          kind: "ForeignIssuer",
          listKind: "ForeignIssuerList",
        },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
      },
    });
    await kubectl(["wait", "--for=condition=Established", "--timeout=60s", `crd/foreignissuers.${group}`]);
    await apply(certificateRequest("foreign", await createCsr(), { name: "any", kind: "ForeignIssuer", group }));

    // The approver tried, and the webhook refused it: without that, an unapproved request may be a slow one.
    await until("the approver to be refused", async () =>
      (await auditEntries()).find(
        ({ user, objectRef, responseStatus }) =>
          user.username === "system:serviceaccount:cert-manager:cert-manager" &&
          objectRef?.resource === "certificaterequests" &&
          objectRef.subresource === "status" &&
          objectRef.name === "foreign" &&
          (responseStatus?.code ?? 0) >= 400,
      ),
    );
    expect(await field(["certificaterequest", "foreign"], condition("Approved"))).toBeUndefined();

    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "approve-foreign" };
    const rules = [
      {
        apiGroups: ["cert-manager.io"],
        resources: ["signers"],
        verbs: ["approve"],
        resourceNames: [`foreignissuers.${group}/*`],
      },
    ];
    const apiVersion = "rbac.authorization.k8s.io/v1";
    await apply({ apiVersion, kind: "ClusterRole", metadata: { name: roleRef.name }, rules });
    await apply({
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name: roleRef.name },
      roleRef,
      subjects: [certManagerAccount],
    });
    await until("the approval", async () =>
      (await field(["certificaterequest", "foreign"], condition("Approved"))) === "True" ? true : undefined,
    );
  });
});

describe("a cluster's processes", () => {
  test("all die with the process that started them, when that is killed", async () => {
    const script = `
      import { startCluster } from "@capstan/test-cluster";
      const cluster = await startCluster({ tools: ${JSON.stringify(tools)}, log: () => {} });
      process.stdout.write(cluster.directory);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["--conditions=@capstan/source", "--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output]: Uint8Array[] = await once(parent.stdout, "data");
    const directory = Buffer.from(output ?? []).toString("utf8");
    expect(await processesOf(directory)).toHaveLength(6);
    parent.kill("SIGKILL");
    await until("its processes to go", async () => ((await processesOf(directory)).length === 0 ? true : undefined));
    await rm(directory, { recursive: true });
  });

  test("and its temporary folder are gone after stop", async () => {
    const short = await startCluster({ tools, log });
    expect(await processesOf(short.directory)).toHaveLength(6);
    await short.stop();
    await short.stop();
    expect(await processesOf(short.directory)).toEqual([]);
    await expect(readdir(short.directory)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("are gone after a start that failed, and the error has the reason", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "cluster-"));
    const error = await startCluster({ tools, log, directory, apiServerExtraArgs: ["--no-such-flag"] }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({
      code: "ERR_PROCESS_EXITED",
      message: expect.stringContaining("unknown flag: --no-such-flag"),
    });
    expect(await processesOf(directory)).toEqual([]);
    await rm(directory, { recursive: true });
  });

  test("start again on other ports when one is taken, and give up when that does not help", async () => {
    const holder = createServer();
    holder.listen(0, "127.0.0.1");
    await once(holder, "listening");
    const address = holder.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const directory = await mkdtemp(path.join(tmpdir(), "cluster-"));
    const lines: string[] = [];
    await expect(
      startCluster({
        tools,
        directory,
        log: (line) => lines.push(line),
        apiServerExtraArgs: [`--secure-port=${port}`],
      }),
    ).rejects.toMatchObject({ code: "ERR_PORT_TAKEN", message: expect.stringContaining("address already in use") });
    expect(lines.filter((line) => line.includes("starting again"))).toHaveLength(2);
    expect(await processesOf(directory)).toEqual([]);
    holder.close();
    await rm(directory, { recursive: true });
  });
});
