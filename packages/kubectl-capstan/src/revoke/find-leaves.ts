import { apiGroup } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { PluginError } from "../exit-code.ts";
import {
  type AnsweredRequest,
  type Certificate,
  certificateNameAnnotation,
  certificateResource,
  currentRequestOf,
  issuerGroupAnnotation,
  requestsOfPod,
} from "./cert-manager.ts";
import { type NamespaceLists, type Secret, secretResource } from "./cluster-objects.ts";
import { type Leaf, shortNameOf } from "./leaf.ts";
import { readLeafCertificate } from "./leaf-certificate.ts";
import { hasCertificateVolume, type Pod, secretsOfPod } from "./pod.ts";
import type { Target, TargetKind } from "./target.ts";

export interface FindOptions {
  readonly client: KubeClient;
  /** Of the objects named, and of the Revocation. */
  readonly namespace: string;
  readonly lists: NamespaceLists;
  /** Told what the user should know beside the result. */
  readonly note: (text: string) => void;
}

/** The certificates that a target means, read from what a tenant may read too: the ledger is not asked. */
export function findLeaves(target: Target, options: FindOptions): Promise<readonly Leaf[]> {
  if (target.kind !== "serial") return finders[target.kind](target.name, options);
  const { serial } = target;
  return Promise.resolve([{ label: serial, target: { serial }, serial, shortName: serial.slice(0, 8) }]);
}

const finders: Readonly<Record<TargetKind, (name: string, options: FindOptions) => Promise<readonly Leaf[]>>> = {
  issuedCertificate: (name) =>
    Promise.resolve([{ label: `icert/${name}`, target: { issuedCertificate: name }, shortName: shortNameOf(name) }]),
  certificate: leafOfCertificate,
  certificateRequest: leafOfCertificateRequest,
  pod: leavesOfPod,
  secret: leafOfSecret,
  serviceAccount: (name) =>
    Promise.resolve([
      {
        label: `serviceaccount/${name}`,
        target: { serviceAccount: { name } },
        shortName: shortNameOf(name),
        several: { what: "every certificate that it has asked for itself until now", found: undefined },
      },
    ]),
};

/** The request's leaf is the one in the Secret, and reading it needs no right to the private key beside that. */
async function leafOfCertificate(
  name: string,
  { client, namespace, lists, note }: FindOptions,
): Promise<readonly Leaf[]> {
  const label = `certificate/${name}`;
  const certificate = await client.getOrUndefined<Certificate>(certificateResource, { namespace, name });
  if (certificate === undefined) throw new PluginError(`there is no Certificate ${name} in namespace ${namespace}`);
  const current = currentRequestOf(certificate, await lists.requests());
  if (current === undefined) {
    throw new PluginError(
      `${label}: its current certificate is in no CertificateRequest (not issued yet, or the request was deleted); give secret/NAME or the serial number`,
    );
  }
  const { secretName } = certificate.spec ?? {};
  if (secretName !== undefined) tellSharing(secretName, { pods: await lists.podsIfAllowed(), note });
  const holder = { kind: "Certificate", name } as const;
  return [leafOfRequest(current, { label, shortName: shortNameOf(name), certificate: name, holder })];
}

async function leafOfCertificateRequest(name: string, { namespace, lists }: FindOptions): Promise<readonly Leaf[]> {
  const label = `certificaterequest/${name}`;
  const request = (await lists.requests()).find(({ metadata }) => metadata.name === name);
  if (request === undefined) {
    throw new PluginError(
      `there is no CertificateRequest ${name} in namespace ${namespace}: cert-manager deletes those before a Certificate's newest; give the serial number`,
    );
  }
  const { metadata, status } = request;
  if (status?.certificate === undefined) throw new PluginError(`${label} was not answered with a certificate`);
  const certificate = metadata.ownerReferences?.find(({ kind }) => kind === "Certificate")?.name;
  return [
    leafOfRequest({ name, certificate: status.certificate }, { label, shortName: shortNameOf(name), certificate }),
  ];
}

/** A pod's own certificates are those that the csi-driver got for it, and those in Secrets that its containers can read. */
async function leavesOfPod(name: string, options: FindOptions): Promise<readonly Leaf[]> {
  const { namespace, lists, note } = options;
  const label = `pod/${name}`;
  const pods = await lists.pods();
  const pod = pods.find(({ metadata }) => metadata.name === name);
  if (pod === undefined) throw new PluginError(`there is no Pod ${name} in namespace ${namespace}`);
  const { uid = "" } = pod.metadata;
  const requests = hasCertificateVolume(pod) ? requestsOfPod(uid, await lists.requests()) : [];
  const own = requests.map((request) =>
    leafOfRequest(request, {
      label: `${label} (volume, certificaterequest/${request.name})`,
      shortName: shortNameOf(name),
      holder: { kind: "Pod", name, uid },
    }),
  );
  const shared: Leaf[] = [];
  for (const secretName of secretsOfPod(pod)) {
    const leaf = await leafOfPodsSecret(secretName, { ...options, label });
    if (leaf === undefined) continue;
    shared.push(leaf);
    tellSharing(secretName, { pods, apartFrom: name, note });
  }
  const leaves = [...own, ...shared];
  if (leaves.length > 0) return leaves;
  throw new PluginError(
    hasCertificateVolume(pod)
      ? `${label}: no answered CertificateRequest is of its volume, so it has no certificate yet, or its driver asks in its own name; give the serial number`
      : `${label} has no volume of csi.cert-manager.io and no Secret with a certificate of Capstan's; give the serial number`,
  );
}

async function leafOfPodsSecret(
  name: string,
  { client, namespace, label, note }: FindOptions & { readonly label: string },
): Promise<Leaf | undefined> {
  const secret = await client.getOrUndefined<Secret>(secretResource, { namespace, name });
  const chain = secret?.data?.["tls.crt"];
  if (secret === undefined || chain === undefined) return undefined;
  const group = secret.metadata.annotations?.[issuerGroupAnnotation];
  if (group !== apiGroup) {
    note(
      `secret/${name} of ${label} holds a certificate that cert-manager has not got from Capstan: left out; name secret/${name} if it is of Capstan all the same`,
    );
    return undefined;
  }
  return leafFromSecret(secret, chain, `${label} (secret/${name})`);
}

const mostNamed = 10;

/** One Secret may serve many pods: all of them lose their access together. */
function tellSharing(
  secretName: string,
  {
    pods,
    apartFrom,
    note,
  }: { readonly pods: readonly Pod[]; readonly apartFrom?: string; readonly note: (text: string) => void },
): void {
  const names = pods
    .filter((pod) => pod.metadata.name !== apartFrom && secretsOfPod(pod).includes(secretName))
    .map(({ metadata }) => metadata.name);
  if (names.length === 0 || (apartFrom === undefined && names.length === 1)) return;
  const rest = names.length - mostNamed;
  const shown = `${names.slice(0, mostNamed).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
  const others = apartFrom === undefined ? "" : "other ";
  note(
    `secret/${secretName} serves ${names.length} ${others}${names.length === 1 ? "pod" : "pods"}, which AWS will refuse: ${shown}`,
  );
}

async function leafOfSecret(name: string, { client, namespace, lists, note }: FindOptions): Promise<readonly Leaf[]> {
  const label = `secret/${name}`;
  const secret = await client.getOrUndefined<Secret>(secretResource, { namespace, name });
  if (secret === undefined) throw new PluginError(`there is no Secret ${name} in namespace ${namespace}`);
  const chain = secret.data?.["tls.crt"];
  if (chain === undefined) throw new PluginError(`${label} has no tls.crt`);
  tellSharing(name, { pods: await lists.podsIfAllowed(), note });
  return [leafFromSecret(secret, chain, label)];
}

function leafFromSecret({ metadata }: Secret, chain: string, label: string): Leaf {
  const { serial, subject, commonName, notAfter } = readLeafCertificate(chain, `tls.crt of secret/${metadata.name}`);
  const certificate = metadata.annotations?.[certificateNameAnnotation];
  const shortName = shortNameOf(metadata.name);
  return {
    label,
    target: { serial },
    serial,
    subject,
    commonName,
    notAfter,
    shortName,
    certificate,
    ...(certificate === undefined ? {} : { holder: { kind: "Certificate", name: certificate } }),
    pem: pemOf(chain),
  };
}

/** The leaf that a request was answered with. */
export function leafOfRequest(
  { name, certificate: chain }: AnsweredRequest,
  known: Pick<Leaf, "label" | "shortName" | "certificate" | "holder">,
): Leaf {
  const { serial, subject, commonName, notAfter } = readLeafCertificate(chain, `certificaterequest/${name}`);
  return { target: { serial }, serial, subject, commonName, notAfter, pem: pemOf(chain), ...known };
}

function pemOf(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}
