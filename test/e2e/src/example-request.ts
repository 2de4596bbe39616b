import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "@capstan/test-cluster";
import type { Environment } from "./environment.ts";
import { getRequest, readyOf } from "./requests.ts";
import type { LeafFiles } from "./workload.ts";

const run = promisify(execFile);

/** Who asks for what, with plain tools: openssl and kubectl. */
export interface Asking {
  readonly name: string;
  readonly namespace: string;
  readonly issuer: string;
  readonly commonName: string;
  readonly duration: string;
  /** kubectl's flags that say who asks, such as `--as=alice@example.org`. */
  readonly as?: readonly string[];
  readonly kubeconfig?: string;
}

/**
 * Makes a key, asks for its certificate and waits for it.
 *
 * @throws Error with what the API server or the issuer said
 */
export async function askForCertificate(environment: Environment, asking: Asking): Promise<LeafFiles> {
  const { cluster } = environment;
  const { name, namespace, as = [], kubeconfig } = asking;
  const folder = path.join(cluster.directory, "asked", namespace, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = { certificate: path.join(folder, `${name}.crt`), privateKey: path.join(folder, `${name}.key`) };
  const csr = path.join(folder, `${name}.csr`);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files.privateKey];
  await run("openssl", ["req", "-new", ...key, "-subj", `/CN=${asking.commonName}`, "-out", csr]);
  const manifest = {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name, namespace },
    spec: {
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: asking.issuer },
      request: (await readFile(csr)).toString("base64"),
      duration: asking.duration,
      usages: ["digital signature", "client auth"],
    },
  };
  const stdin = JSON.stringify(manifest);
  const identity = kubeconfig === undefined ? {} : { kubeconfig };
  const created = await cluster.kubectl(["create", ...as, "-f", "-"], { stdin, ...identity });
  if (created.exitCode !== 0) throw new Error(created.stderr);
  const request = await until(`CertificateRequest ${name} to be answered`, async () => {
    const found = await getRequest(environment, name, namespace);
    return ["Issued", "Failed", "Denied"].includes(readyOf(found)?.reason ?? "") ? found : undefined;
  });
  if (request.status?.certificate === undefined) throw new Error(readyOf(request)?.message);
  await writeFile(files.certificate, Buffer.from(request.status.certificate, "base64"));
  return files;
}
