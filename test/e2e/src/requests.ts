import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "@capstan/test-cluster";
import type { Environment } from "./environment.ts";
import { getObject } from "./workload.ts";

const run = promisify(execFile);

/** A CertificateRequest as the API server returns it. */
export interface CertificateRequestObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly status?: {
    readonly certificate?: string;
    readonly ca?: string;
    readonly failureTime?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

/** What a request asks for beside its CSR. */
export interface RequestOptions {
  readonly name: string;
  readonly namespace?: string;
  readonly csr: Uint8Array;
  readonly duration?: string;
  readonly isCA?: boolean;
  readonly usages?: readonly string[];
}

/** A PKCS#10 request in PEM, made by openssl: bytes that Capstan did not make. */
export async function makeCsr(options: {
  readonly subject: string;
  readonly key?: string;
  readonly extensions?: readonly string[];
}): Promise<Uint8Array> {
  const { subject, key = "rsa:2048", extensions = [] } = options;
  const directory = await mkdtemp(path.join(tmpdir(), "capstan-csr-"));
  try {
    const file = path.join(directory, "request.pem");
    const newKey = key.startsWith("ec:")
      ? ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${key.slice(3)}`]
      : ["-newkey", key];
    const added = extensions.flatMap((extension) => ["-addext", extension]);
    await run("openssl", [
      "req",
      "-new",
      ...newKey,
      "-nodes",
      "-keyout",
      path.join(directory, "key.pem"),
      "-subj",
      subject,
      ...added,
      "-out",
      file,
    ]);
    return await readFile(file);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The manifest of a CertificateRequest for cluster issuer `fleet`. */
export function requestManifest({
  name,
  namespace = "demo",
  csr,
  duration,
  isCA,
  usages = ["client auth", "digital signature"],
}: RequestOptions): string {
  return JSON.stringify({
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name, namespace },
    spec: {
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" },
      request: Buffer.from(csr).toString("base64"),
      usages,
      ...(duration === undefined ? {} : { duration }),
      ...(isCA === undefined ? {} : { isCA }),
    },
  });
}

/** Creates a CertificateRequest; the error's message is what the API server said. */
export async function createRequest({ cluster }: Environment, options: RequestOptions): Promise<void> {
  const created = await cluster.kubectl(["create", "-f", "-"], { stdin: requestManifest(options) });
  if (created.exitCode !== 0) throw new Error(created.stderr);
}

export async function getRequest(
  environment: Environment,
  name: string,
  namespace = "demo",
): Promise<CertificateRequestObject | undefined> {
  return getObject<CertificateRequestObject>(environment, ["certificaterequests", name, "-n", namespace]);
}

/** The request once its Ready condition has the reason. */
export async function requestWith(
  environment: Environment,
  name: string,
  reason: string,
  namespace = "demo",
): Promise<CertificateRequestObject> {
  return until(`CertificateRequest ${name} to be ${reason}`, async () => {
    const request = await getRequest(environment, name, namespace);
    return readyOf(request)?.reason === reason ? request : undefined;
  });
}

export function readyOf(
  request: CertificateRequestObject | undefined,
): { readonly status: string; readonly reason: string; readonly message: string } | undefined {
  return request?.status?.conditions?.find(({ type }) => type === "Ready");
}
