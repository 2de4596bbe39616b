import { readFile } from "node:fs/promises";
import type { KubeClient, KubeObject } from "@capstan/kube";
import { PluginError, UsageError } from "../exit-code.ts";
import type { LeafFiles } from "./aws-side.ts";
import { secretResource } from "./resources.ts";

interface LeafOptions {
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly secret?: string;
}

/**
 * The leaf that the command line names, from two files or a Secret of type kubernetes.io/tls; undefined where it names none.
 *
 * @throws {UsageError} for flags that clash
 * @throws {PluginError} for what cannot be read
 */
export async function readLeafFiles(
  { certificate, privateKey, secret }: LeafOptions,
  client: KubeClient,
): Promise<LeafFiles | undefined> {
  if (secret !== undefined) {
    if (certificate !== undefined || privateKey !== undefined)
      throw new UsageError("--secret clashes with --certificate and --private-key: give one or the others");
    return await fromSecret(secret, client);
  }
  if (certificate === undefined) {
    if (privateKey !== undefined) throw new UsageError("--private-key is of no use without --certificate");
    return undefined;
  }
  const [certificatePem, privateKeyPem] = await Promise.all([
    readText(certificate),
    privateKey === undefined ? undefined : readText(privateKey),
  ]);
  return { label: certificate, certificatePem, ...(privateKeyPem === undefined ? {} : { privateKeyPem }) };
}

async function fromSecret(text: string, client: KubeClient): Promise<LeafFiles> {
  const [namespace = "", name = "", ...more] = text.split("/");
  if (namespace === "" || name === "" || more.length > 0)
    throw new UsageError(`--secret: ${JSON.stringify(text)} is not NAMESPACE/NAME`);
  const found = await client.getOrUndefined<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(
    secretResource,
    { namespace, name },
  );
  const read = (key: string): string | undefined => {
    const value = found?.data?.[key];
    return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
  };
  const [certificatePem, privateKeyPem] = [read("tls.crt"), read("tls.key")];
  if (certificatePem === undefined || privateKeyPem === undefined) {
    throw new PluginError(
      `secret/${name} in namespace ${namespace} does not hold tls.crt and tls.key: is its Certificate Ready?`,
    );
  }
  return { label: `secret ${namespace}/${name}`, certificatePem, privateKeyPem };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new PluginError(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? "unknown reason"}`, {
      cause,
    });
  }
}
