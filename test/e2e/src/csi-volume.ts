import { execFile } from "node:child_process";
import { generateKeyPairSync, randomUUID, X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { KubeClient, type KubeObject, loadKubeConnection } from "@capstan/kube";
import type { Environment } from "./environment.ts";
import { type CertificateRequestObject, readyOf } from "./requests.ts";

// cert-manager's csi-driver cannot be had from the module proxy. This does for a pod what it does with --use-token-request
// (cert-manager.io/docs/usage/csi-driver), as far as an issuer can see it: a request in the name of the pod's own service
// account, waited for by its Ready reason; a new one before the leaf ends, and the one before it deleted.

const run = promisify(execFile);

/** The pod that mounts the volume, and the volume's `csi.cert-manager.io/…` attributes without that prefix. */
export interface VolumeOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly attributes: {
    readonly "issuer-name": string;
    readonly "common-name": string;
    /** Go duration. The driver's default is 2160h. */
    readonly duration?: string;
    /** cert-manager's usages, with commas in between. */
    readonly "key-usages"?: string;
    /** Milliseconds before the end of the leaf; the driver takes a Go duration. Default: a third of its life. */
    readonly renewBeforeMs?: number;
  };
}

/** A published volume. */
export interface Volume {
  /** The pod's folder: tls.crt, tls.key and ca.crt, which change together. */
  readonly directory: string;
  /** What the volume holds now: one consistent set. */
  readonly read: () => Promise<VolumeFiles>;
  /** As NodeUnpublishVolume: ends renewal and removes the files. */
  readonly unpublish: () => Promise<void>;
}

export interface VolumeFiles {
  readonly certificate: X509Certificate;
  readonly privateKey: string;
  readonly ca: X509Certificate;
}

/** A request was refused; the message is what its condition says. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
}

/**
 * As NodePublishVolume: resolves when the first certificate is in the volume.
 *
 * @throws VolumeError when the request ends Failed or Denied, or has no answer in two minutes
 */
export async function publishVolume(environment: Environment, options: VolumeOptions): Promise<Volume> {
  const directory = path.join(environment.cluster.directory, "volumes", options.namespace, options.pod);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const requester = await actAsPod(environment, options);
  const stop = new AbortController();
  let renewal: Promise<void> = Promise.resolve();

  const issue = async (): Promise<{ readonly name: string; readonly renewAtMs: number }> => {
    const files = await requestFiles(requester, options, stop.signal);
    await writeTogether(directory, files.content);
    return files;
  };
  const renew = async (issued: Awaited<ReturnType<typeof issue>>): Promise<void> => {
    for (let current = issued; ;) {
      await delay(Math.max(0, current.renewAtMs - Date.now()), undefined, { signal: stop.signal });
      const next = await issue();
      // The driver keeps one request for each volume.
      await environment.cluster.kubectl(["delete", "certificaterequest", current.name, "-n", options.namespace]);
      current = next;
    }
  };
  const unpublish = async (): Promise<void> => {
    stop.abort();
    await renewal;
    await requester.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const issued = await issue();
    renewal = renew(issued).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    // Awaited by unpublish: until then a failure must not count as unhandled.
    renewal.catch(() => undefined);
    return { directory, read: () => readVolume(directory), unpublish };
  } catch (error) {
    await unpublish();
    throw error;
  }
}

/** The pod's identity: a token of its service account that is bound to the pod, as a kubelet hands one to the driver. */
async function actAsPod({ cluster }: Environment, { namespace, pod }: VolumeOptions): Promise<KubeClient> {
  const kubectl = async (args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await cluster.kubectl([...args, "-n", namespace]);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  const found = await kubectl(["get", "pod", pod, "-o", "jsonpath={.metadata.uid} {.spec.serviceAccountName}"]);
  const [uid = "", account = ""] = found.split(" ");
  const bound = ["--bound-object-kind=Pod", `--bound-object-name=${pod}`, `--bound-object-uid=${uid}`];
  const token = await kubectl(["create", "token", account, ...bound]);
  const admin = loadKubeConnection({ kubeconfig: cluster.adminKubeconfig, env: {} });
  const connection = {
    ...admin,
    credentials: async () => {
      const { tls } = await admin.credentials();
      return { headers: { authorization: `Bearer ${token}` }, tls: { ca: tls.ca } };
    },
  };
  return new KubeClient(connection, { userAgent: "csi-volume" });
}

const requestResource = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificaterequests",
  kind: "CertificateRequest",
  namespaced: true,
} as const;

/** How often the driver looks. */
const pollMs = 200;
/** How long a kubelet waits for a volume. */
const publishLimitMs = 120_000;

async function requestFiles(
  requester: KubeClient,
  { namespace, pod, attributes }: VolumeOptions,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly content: VolumeContent; readonly renewAtMs: number }> {
  const { key, csr } = await makeKeyAndCsr(attributes["common-name"]);
  const ref = { namespace, name: randomUUID() };
  await requester.create(requestResource, {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { ...ref, labels: { "capstan.test/pod": pod } },
    spec: {
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: attributes["issuer-name"] },
      request: Buffer.from(csr).toString("base64"),
      duration: attributes.duration ?? "2160h",
      usages: (attributes["key-usages"] ?? "client auth,digital signature").split(","),
    },
  } as KubeObject);
  const deadline = performance.now() + publishLimitMs;
  for (;;) {
    const request = await requester.get<CertificateRequestObject & KubeObject>(requestResource, ref, { signal });
    const ready = readyOf(request);
    if (ready?.reason === "Issued") return { name: ref.name, ...readAnswer(request, key, attributes.renewBeforeMs) };
    if (ready?.reason === "Failed" || ready?.reason === "Denied") throw new VolumeError(ready.message);
    // The driver takes every other reason for an end of this request when it starts again.
    if (ready !== undefined && ready.reason !== "Pending") throw new VolumeError(`Ready has reason ${ready.reason}`);
    if (performance.now() > deadline) throw new VolumeError(`still pending: ${ready?.message ?? "nobody answered"}`);
    await delay(pollMs, undefined, { signal });
  }
}

type VolumeContent = Readonly<Record<"tls.crt" | "tls.key" | "ca.crt", string>>;

function readAnswer(
  { status }: CertificateRequestObject,
  key: string,
  renewBeforeMs: number | undefined,
): { readonly content: VolumeContent; readonly renewAtMs: number } {
  const text = (base64: string | undefined): string => Buffer.from(base64 ?? "", "base64").toString("utf8");
  const certificate = text(status?.certificate);
  const { validFrom, validTo } = new X509Certificate(certificate);
  const [beginMs, endMs] = [Date.parse(validFrom), Date.parse(validTo)];
  return {
    content: { "tls.crt": certificate, "tls.key": key, "ca.crt": text(status?.ca) },
    renewAtMs: endMs - (renewBeforeMs ?? (endMs - beginMs) / 3),
  };
}

async function makeKeyAndCsr(commonName: string): Promise<{ readonly key: string; readonly csr: Uint8Array }> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-volume-"));
  try {
    const [keyFile, csrFile] = [path.join(folder, "key.pem"), path.join(folder, "csr.pem")];
    await writeFile(keyFile, key, { mode: 0o600 });
    await run("openssl", ["req", "-new", "-key", keyFile, "-subj", `/CN=${commonName}`, "-out", csrFile]);
    return { key, csr: await readFile(csrFile) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** All files in a new folder, which one rename of a link puts in place of the old: as a kubelet writes volumes. */
async function writeTogether(directory: string, content: VolumeContent): Promise<void> {
  const generation = `..${randomUUID()}`;
  await mkdir(path.join(directory, generation), { mode: 0o700 });
  for (const [name, text] of Object.entries(content)) {
    await writeFile(path.join(directory, generation, name), text, { mode: 0o600 });
  }
  const next = path.join(directory, "..next");
  await symlink(generation, next);
  await rename(next, path.join(directory, "..data"));
  for (const name of Object.keys(content)) {
    await symlink(path.join("..data", name), path.join(directory, name)).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

async function readVolume(directory: string): Promise<VolumeFiles> {
  const generation = path.join(directory, await readlink(path.join(directory, "..data")));
  const [certificate, privateKey, ca] = await Promise.all(
    ["tls.crt", "tls.key", "ca.crt"].map((name) => readFile(path.join(generation, name), "utf8")),
  );
  return {
    certificate: new X509Certificate(certificate ?? ""),
    privateKey: privateKey ?? "",
    ca: new X509Certificate(ca ?? ""),
  };
}
