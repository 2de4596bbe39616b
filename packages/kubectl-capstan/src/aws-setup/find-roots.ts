import { readFile } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { type CertificateAuthority, crlKeys, generationName } from "@capstan/api";
import { CaError, readRoot } from "@capstan/ca-core";
import type { KubeClient, KubeObject, ResourceType } from "@capstan/kube";
import { RolesAnywhereError, splitBundle } from "@capstan/rolesanywhere";
import { PluginError, UsageError } from "../exit-code.ts";

const configMapResource: ResourceType = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

type Generation = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number];

/** AWS takes two certificates in a trust anchor. */
const maxRoots = 2;

/**
 * The roots that a trust anchor has to hold now, by the status: those whose leaves may be in use, and of an authority that signs
 * nothing yet the first one. Read from the ConfigMaps that the publisher keeps beside each CRL, and compared with the
 * fingerprints in the status.
 *
 * @throws {PluginError} while there is none
 */
export async function findRoots(
  client: KubeClient,
  authority: CertificateAuthority,
  namespace: string,
): Promise<readonly string[]> {
  const { name } = authority.metadata;
  const generations = rootsWanted(authority.status?.generations ?? []);
  if (generations.length === 0) {
    throw new PluginError(
      `certificate authority ${name} has no root yet: wait until the publisher has made its first generation, which takes no AWS credentials (kubectl capstan status ${name}), or give the root by --root`,
    );
  }
  return Promise.all(
    generations.map(async ({ number, fingerprint }) => {
      const ref = { namespace, name: generationName(name, number) };
      const map = await client.getOrUndefined<ConfigMap>(configMapResource, ref);
      const pem = map?.data?.[crlKeys.root];
      if (pem === undefined) {
        throw new PluginError(
          `ConfigMap ${namespace}/${ref.name}, which holds the root of generation ${number}, is not there yet: wait until the publisher has signed its first CRL, correct --capstan-namespace, or give the root by --root`,
        );
      }
      const found = fingerprintOf(pem);
      if (found !== fingerprint) {
        throw new PluginError(
          `ConfigMap ${namespace}/${ref.name} holds a root with SHA-256 ${found}, but the status of ${name} says ${fingerprint ?? "none"}: somebody has changed the ConfigMap; it is not believed`,
        );
      }
      return pem;
    }),
  );
}

/** Pure. */
function rootsWanted(generations: readonly Generation[]): readonly Generation[] {
  const trusted = generations.filter(
    ({ phase, compromised }) => compromised !== true && ["Published", "Active", "Draining"].includes(phase),
  );
  const pending = generations.filter(({ phase, abandoning }) => phase === "Pending" && abandoning !== true);
  return (trusted.length > 0 ? trusted : pending.slice(-1)).toSorted((a, b) => a.number - b.number).slice(-maxRoots);
}

/**
 * Roots from a PEM file, each of which must be one of this authority.
 *
 * @throws {UsageError}
 */
export async function readRootFile(file: string, commonName: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`--root: ${file} cannot be read (${codeOf(error)})`);
  }
  const roots = splitRoots(file, text);
  if (roots.length === 0 || roots.length > maxRoots) {
    throw new UsageError(`--root: ${file} holds ${roots.length} certificates; a trust anchor takes one or two`);
  }
  for (const pem of roots) checkRoot(file, pem, commonName);
  return roots;
}

function splitRoots(file: string, text: string): readonly string[] {
  try {
    return splitBundle(text);
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
    throw new UsageError(`--root: ${file} is no PEM file of certificates: ${error.message}`);
  }
}

function checkRoot(file: string, pem: string, commonName: string): void {
  try {
    const { subject } = readRoot(pem);
    if (subject.some(({ type, value }) => type === "CN" && value === commonName)) return;
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    throw new UsageError(`--root: ${file} holds a certificate that is no root of Capstan's: ${error.message}`);
  }
  throw new UsageError(
    `--root: ${file} holds a root whose common name is not ${JSON.stringify(commonName)}, as spec.subject says: take the one of this authority`,
  );
}

function fingerprintOf(pem: string): string {
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
  } catch {
    return "(no certificate)";
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
