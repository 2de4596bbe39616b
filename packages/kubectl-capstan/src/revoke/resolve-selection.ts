import { createHash, createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type IssuedCertificate } from "@capstan/api";
import { PluginError } from "../exit-code.ts";
import { type Certificate, certificateResource, isOfCapstan } from "./cert-manager.ts";
import { type FindOptions, findLeaves, leafOfRequest } from "./find-leaves.ts";
import { readLeafCertificate } from "./leaf-certificate.ts";
import { checkAgainstLedger, type Identity, type Leaf, shortNameOf } from "./leaf.ts";
import { tellOtherLeaves } from "./other-leaves.ts";
import { type Pod, podResource } from "./pod.ts";
import { readRecords, readRecordsOf, stillValid } from "./read-ledger.ts";
import type { Selection } from "./selection.ts";
import type { Target } from "./target.ts";

export interface ResolveOptions extends FindOptions {
  readonly capstanNamespace: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Finds the certificates that are meant, each once, as far as the caller's rights allow, and refuses what the publisher
 * would refuse. What was named must be found; what was selected is left out, with a note, when it has no certificate.
 *
 * @throws {PluginError} saying what of it cannot be revoked
 */
export async function resolveSelection(selection: Selection, options: ResolveOptions): Promise<readonly Leaf[]> {
  // A Certificate, its Secret and a pod that mounts it mean the same leaf.
  const leaves = new Map<string, Leaf>();
  const found = await resolve(selection, options);
  for (const leaf of found) {
    const key = leaf.serial ?? leaf.label;
    if (!leaves.has(key)) leaves.set(key, leaf);
  }
  await tellOtherLeaves(found, options);
  return [...leaves.values()];
}

async function resolve(selection: Selection, options: ResolveOptions): Promise<readonly Leaf[]> {
  if (selection.by === "targets") return resolveTargets(selection.targets, options);
  if (selection.by === "selector") return resolveSelector(selection.selector, options);
  if (selection.by === "certificate") return [await resolveCertificate(selection.file, options)];
  return selection.by === "all" ? resolveAll(options) : resolvePublicKey(selection.file, options);
}

async function resolveTargets(targets: readonly Target[], options: ResolveOptions): Promise<readonly Leaf[]> {
  const leaves: Leaf[] = [];
  for (const target of targets) {
    for (const leaf of await findLeaves(target, options)) leaves.push(await completed(leaf, options));
  }
  return leaves;
}

async function completed(leaf: Leaf, options: ResolveOptions): Promise<Leaf> {
  const { serviceAccount } = leaf.target;
  if (serviceAccount !== undefined) return leafOfAccount(leaf, serviceAccount.name, options);
  return checkAgainstLedger(leaf, await readRecordsOf(leaf, options), options);
}

async function leafOfAccount(leaf: Leaf, name: string, options: ResolveOptions): Promise<Leaf> {
  const { namespace, now } = options;
  const records = await readRecords(`spec.requestNamespace=${namespace}`, options);
  const requester = `system:serviceaccount:${namespace}:${name}`;
  const found = records && stillValid(records, now).filter(({ spec }) => spec.requester === requester);
  if (found?.length === 0) {
    throw new PluginError(`${leaf.label}: the ledger has no valid certificate that it has asked for itself`);
  }
  const { what = "" } = leaf.several ?? {};
  return { ...leaf, several: { what, found: found?.map(identityOf) } };
}

async function resolveSelector(selector: string, options: ResolveOptions): Promise<readonly Leaf[]> {
  const { client, namespace, note } = options;
  const query = { namespace, labelSelector: selector };
  const [certificates, pods] = await Promise.all([
    client.listAll<Certificate>(certificateResource, query),
    client.listAll<Pod>(podResource, query),
  ]);
  const targets: readonly Target[] = [
    ...certificates.items
      .filter(isOfCapstan)
      .map(({ metadata }) => ({ kind: "certificate", name: metadata.name }) as const),
    ...pods.items.map(({ metadata }) => ({ kind: "pod", name: metadata.name }) as const),
  ];
  if (targets.length === 0) {
    throw new PluginError(`no Certificate of Capstan's and no Pod in namespace ${namespace} has labels ${selector}`);
  }
  const leaves: Leaf[] = [];
  for (const target of targets) {
    try {
      leaves.push(...(await resolveTargets([target], options)));
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      note(`left out: ${error.message}`);
    }
  }
  if (leaves.length === 0)
    throw new PluginError(`nothing with labels ${selector} has a certificate that can be revoked`);
  return leaves;
}

/** Everything valid of a namespace: by the ledger, which has all, else by the requests that still exist. */
async function resolveAll(options: ResolveOptions): Promise<readonly Leaf[]> {
  const { namespace, now, lists, note } = options;
  const records = await readRecords(`spec.requestNamespace=${namespace}`, options);
  const leaves = records === undefined ? await leavesOfRequests(options) : stillValid(records, now).map(leafOfRecord);
  if (leaves.length === 0) {
    throw new PluginError(`namespace ${namespace} has no valid certificate of Capstan's that is not revoked already`);
  }
  if (records === undefined) {
    note(
      `you may not read the ledger: these are of the ${(await lists.requests()).length} CertificateRequests that still exist; cert-manager deletes older ones, whose certificates may be valid`,
    );
  }
  return leaves;
}

async function leavesOfRequests({ lists, now }: ResolveOptions): Promise<readonly Leaf[]> {
  const answered = (await lists.requests()).filter(isOfCapstan).flatMap(({ metadata, status }) => {
    if (status?.certificate === undefined) return [];
    const certificate = metadata.ownerReferences?.find(({ kind }) => kind === "Certificate")?.name;
    const known = { label: `certificaterequest/${metadata.name}`, shortName: shortNameOf(metadata.name), certificate };
    return [leafOfRequest({ name: metadata.name, certificate: status.certificate }, known)];
  });
  return answered.filter(({ notAfter }) => Date.parse(notAfter ?? "") > now);
}

function leafOfRecord({ spec }: IssuedCertificate): Leaf {
  const { serial, subject, commonName, notAfter, owner, requestName = "" } = spec;
  const label = owner === undefined ? `certificaterequest/${requestName}` : `${owner.kind.toLowerCase()}/${owner.name}`;
  const certificate = owner?.kind === "Certificate" ? owner.name : undefined;
  const shortName = shortNameOf(owner?.name ?? requestName);
  return { label, target: { serial }, serial, subject, commonName, notAfter, shortName, certificate };
}

/** In Capstan's own namespace the certificate itself is the proof: the publisher checks who has signed it. */
async function resolveCertificate(file: string, options: ResolveOptions): Promise<Leaf> {
  const { namespace, capstanNamespace, note } = options;
  const pem = await readFileOrFail("--certificate", file);
  const { serial, subject, commonName, notAfter } = readLeafCertificate(Buffer.from(pem).toString("base64"), file);
  const [block = ""] =
    /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n?/.exec(Buffer.from(pem).toString()) ?? [];
  if (block === "")
    throw new PluginError(`--certificate: ${file} is not PEM: openssl x509 -inform DER -in ${file} makes it so`);
  const shortName = serial.slice(0, 8);
  const leaf = { label: file, target: { certificate: block }, serial, subject, commonName, notAfter, shortName };
  const records = await readRecords(`spec.serial=${serial}`, options);
  if (records?.length === 0 && namespace === capstanNamespace) {
    note(`the ledger has no certificate ${serial}: the publisher revokes it if one of our generations has signed it`);
    return checkAgainstLedger(leaf, undefined, options);
  }
  return checkAgainstLedger(leaf, records, options);
}

async function resolvePublicKey(file: string, options: ResolveOptions): Promise<readonly Leaf[]> {
  const { namespace, capstanNamespace, now } = options;
  const sha256 = await readPublicKeySha256(file);
  const records = await readRecords(`spec.publicKeySha256=${sha256}`, options);
  const reached =
    records &&
    stillValid(records, now).filter(
      ({ spec }) => namespace === capstanNamespace || spec.requestNamespace === namespace,
    );
  return [
    {
      label: `public key ${sha256}`,
      target: { publicKeySha256: sha256 },
      shortName: `key-${sha256.slice(0, 8)}`,
      several: {
        what: `every certificate with this key, and none will be issued for it any more${namespace === capstanNamespace ? "" : ` in namespace ${namespace}`}`,
        found: reached?.map(identityOf),
      },
    },
  ];
}

/** Of a certificate, a public key, or the private key that leaked: nothing of it is shown or sent but the public key's SHA-256. */
async function readPublicKeySha256(file: string): Promise<string> {
  const pem = await readFileOrFail("--public-key", file);
  try {
    const spki = createPublicKey(Buffer.from(pem)).export({ type: "spki", format: "der" });
    return createHash("sha256").update(spki).digest("hex");
  } catch {
    // OpenSSL's words may hold parts of the file.
    throw new PluginError(`--public-key: ${file} holds no certificate, public key or unencrypted private key in PEM`);
  }
}

async function readFileOrFail(flag: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new PluginError(`${flag}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`, {
      cause,
    });
  }
}

function identityOf({ spec: { serial, commonName } }: IssuedCertificate): Identity {
  return { serial, commonName };
}
