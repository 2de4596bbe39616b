import { type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import { type KubeClient, KubeApiError, type KubeObject, type ResourceType } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import { PluginError } from "../exit-code.ts";
import {
  type Certificate,
  certificateNameAnnotation,
  type CertificateRequest,
  certificateRequestResource,
  certificateResource,
  requestsOf,
} from "./cert-manager.ts";
import { checkAgainstLedger, type Leaf, shortNameOf } from "./leaf.ts";
import { readLeafCertificate } from "./leaf-certificate.ts";
import type { Target, TargetKind } from "./target.ts";

export interface ResolveOptions {
  readonly client: KubeClient;
  /** Of the objects named, and of the Revocation. */
  readonly namespace: string;
  readonly capstanNamespace: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Told what the user should know beside the result. */
  readonly note: (text: string) => void;
}

const secretResource: ResourceType = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Finds the certificate that a target means, as far as the caller's rights allow, and refuses what cannot be revoked. */
export async function resolveTarget(target: Target, options: ResolveOptions): Promise<Leaf> {
  const leaf = await findLeaf(target, options);
  return checkAgainstLedger(leaf, await readLedger(leaf, options), options);
}

function findLeaf(target: Target, options: ResolveOptions): Leaf | Promise<Leaf> {
  if (target.kind !== "serial") return finders[target.kind](target.name, options);
  const { serial } = target;
  return { label: serial, target: { serial }, serial, shortName: serial.slice(0, 8) };
}

const finders: Readonly<Record<TargetKind, (name: string, options: ResolveOptions) => Leaf | Promise<Leaf>>> = {
  issuedCertificate: (name) => ({
    label: `icert/${name}`,
    target: { issuedCertificate: name },
    shortName: shortNameOf(name),
  }),
  certificate: leafOfCertificate,
  secret: leafOfSecret,
};

/** The request's leaf is the one in the Secret, and reading it needs no right to the private key beside that. */
async function leafOfCertificate(name: string, { client, namespace, now, note }: ResolveOptions): Promise<Leaf> {
  const label = `certificate/${name}`;
  const certificate = await client.getOrUndefined<Certificate>(certificateResource, { namespace, name });
  if (certificate === undefined) throw new PluginError(`there is no Certificate ${name} in namespace ${namespace}`);
  const { items } = await client.listAll<CertificateRequest>(certificateRequestResource, { namespace });
  const { current, others } = requestsOf(certificate, items);
  if (current === undefined) {
    throw new PluginError(
      `${label}: its current certificate is in no CertificateRequest (not issued yet, or the request was deleted); give secret/NAME or the serial number`,
    );
  }
  const { serial, subject, notAfter } = readLeafCertificate(current.certificate, `certificaterequest/${current.name}`);
  for (const other of others) {
    const found = readLeafCertificate(other.certificate, `certificaterequest/${other.name}`);
    if (Date.parse(found.notAfter) <= now) continue;
    note(
      `${label} also has the certificate ${found.serial}, valid until ${found.notAfter}: revoke it too if its key leaked`,
    );
  }
  return { label, target: { serial }, serial, subject, notAfter, shortName: shortNameOf(name), certificate: name };
}

async function leafOfSecret(name: string, { client, namespace }: ResolveOptions): Promise<Leaf> {
  const label = `secret/${name}`;
  const secret = await client.getOrUndefined<Secret>(secretResource, { namespace, name });
  if (secret === undefined) throw new PluginError(`there is no Secret ${name} in namespace ${namespace}`);
  const chain = secret.data?.["tls.crt"];
  if (chain === undefined) throw new PluginError(`${label} has no tls.crt`);
  const { serial, subject, notAfter } = readLeafCertificate(chain, `tls.crt of ${label}`);
  const certificate = secret.metadata.annotations?.[certificateNameAnnotation];
  return { label, target: { serial }, serial, subject, notAfter, shortName: shortNameOf(name), certificate };
}

/** Tenants may not read the ledger: then the publisher alone decides. */
async function readLedger(
  { target: { serial, issuedCertificate: name } }: Leaf,
  { client, capstanNamespace: namespace }: ResolveOptions,
): Promise<readonly IssuedCertificate[] | undefined> {
  try {
    if (name !== undefined) {
      const record = await client.getOrUndefined<IssuedCertificate>(issuedCertificateResource, { namespace, name });
      return record === undefined ? [] : [record];
    }
    const fieldSelector = `spec.serial=${serial ?? ""}`;
    return (await client.listAll<IssuedCertificate>(issuedCertificateResource, { namespace, fieldSelector })).items;
  } catch (error) {
    if (error instanceof KubeApiError && missingRight(error) !== undefined) return undefined;
    throw error;
  }
}
