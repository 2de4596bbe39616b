import {
  bundleKey,
  bundleName,
  capstanClusterIssuerResource,
  capstanIssuerResource,
  type CapstanClusterIssuer,
  type CapstanIssuer,
  type CertificateAuthority,
  certificateAuthorityResource,
  type Condition,
  crlKeys,
  generationName,
  type RevocationList,
  revocationListResource,
} from "@capstan/api";
import { CaError, type ProfileName, readRoot, type Root } from "@capstan/ca-core";
import type { KubeClient, KubeObject, ResourceType } from "@capstan/kube";
import type { WebhookConfiguration } from "@capstan/policy";
import { conditionOf } from "../conditions.ts";
import { missingRight } from "../explain-error.ts";
import { PluginError } from "../exit-code.ts";
import type { IssuerName } from "./asked.ts";

/** What a request is held against. What cannot be read is assumed, and said in `assumed`. */
export interface Surroundings {
  readonly issuer: {
    readonly kind: IssuerName["kind"];
    readonly spec: CapstanClusterIssuer["spec"];
    readonly ready?: Condition;
  };
  readonly authority: { readonly name: string; readonly spec: CertificateAuthority["spec"] };
  /** That signs now. */
  readonly root?: Root;
  /** Labels of the request's namespace; undefined when it does not exist, or there is none. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly webhooks: readonly WebhookConfiguration[];
  readonly isBlockedKey: (sha256: string) => boolean;
  readonly assumed: readonly string[];
}

/** What the command line gives in place of the cluster. */
export interface GivenSurroundings {
  readonly issuer?: unknown;
  readonly authority?: unknown;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Whose request it is, as far as its surroundings depend on it. */
export interface Asking {
  readonly issuer: IssuerName;
  readonly namespace?: string;
}

/** Whether nothing is left that a cluster would have to be asked for. */
export function isOffline({ issuer, authority, labels }: GivenSurroundings): boolean {
  return issuer !== undefined && authority !== undefined && labels !== undefined;
}

/** By what is given alone. @throws {PluginError} for a file that holds something else than it should */
export function givenSurroundings(given: GivenSurroundings, asking: Asking): Surroundings {
  const issuer = readIssuer(given.issuer, asking.issuer);
  return {
    issuer: { kind: asking.issuer.kind, spec: issuer.spec },
    authority: readAuthority(given.authority, issuer.spec.caRef.name),
    ...(given.labels === undefined ? {} : { labels: given.labels }),
    webhooks: sightedWebhooks,
    isBlockedKey: () => false,
    assumed: ["cert-manager's webhooks see the namespace", "issuer and authority are Ready", "the key is not blocked"],
  };
}

/**
 * From the cluster, but for what is given. Who may not read a part still gets the rest; issuer and authority must be known.
 *
 * @throws {PluginError} when there is no such issuer or authority
 */
export async function clusterSurroundings(
  client: KubeClient,
  given: GivenSurroundings,
  { issuer: name, namespace, capstanNamespace }: Asking & { readonly capstanNamespace: string },
): Promise<Surroundings> {
  const issuer = given.issuer === undefined ? await getIssuer(client, name) : readIssuer(given.issuer, name);
  const caName = issuer.spec.caRef.name;
  const live = given.authority === undefined ? await getAuthority(client, caName) : undefined;
  const authority = live === undefined ? readAuthority(given.authority, caName) : { name: caName, spec: live.spec };
  const assumed: string[] = [];
  const unless = async <T>(assumption: string, read: Promise<T>): Promise<T | undefined> => {
    try {
      return await read;
    } catch (error) {
      const right = missingRight(error);
      if (right === undefined) throw error;
      assumed.push(`${assumption}. ${right}`);
      return undefined;
    }
  };
  const [labels, webhooks, root, lists] = await Promise.all([
    given.labels ??
      (namespace === undefined
        ? undefined
        : unless(`namespace ${namespace} has no labels: give them by --namespace-labels`, labelsOf(client, namespace))),
    unless("cert-manager's webhooks see the namespace", webhooksOf(client)),
    live === undefined
      ? undefined
      : unless("the root is any", rootOf(client, { authority: live, capstanNamespace, profile: issuer.spec.profile })),
    unless(
      "the key is not blocked",
      client.listAll<RevocationList>(revocationListResource, { namespace: capstanNamespace }),
    ),
  ]);
  const blocked = (lists?.items ?? []).flatMap(({ spec }) => spec.blockedKeys ?? []);
  const ready = conditionOf(issuer, "Ready");
  return {
    issuer: { kind: name.kind, spec: issuer.spec, ...(ready === undefined ? {} : { ready }) },
    authority,
    ...(labels === undefined ? {} : { labels }),
    ...(root === undefined ? {} : { root }),
    webhooks: webhooks ?? sightedWebhooks,
    isBlockedKey: (sha256) =>
      blocked.some((key) => key.sha256 === sha256 && (key.namespace === undefined || key.namespace === namespace)),
    assumed,
  };
}

type Issuer = CapstanClusterIssuer | CapstanIssuer;

async function getIssuer(client: KubeClient, { kind, name, namespace }: IssuerName): Promise<Issuer> {
  const resource = kind === "CapstanIssuer" ? capstanIssuerResource : capstanClusterIssuerResource;
  const issuer = await client.getOrUndefined<Issuer>(
    resource,
    namespace === undefined ? { name } : { name, namespace },
  );
  if (issuer !== undefined) return issuer;
  const where = namespace === undefined ? "" : ` in namespace ${namespace}`;
  throw new PluginError(`there is no ${kind} ${name}${where}: requests for it wait until there is one`);
}

async function getAuthority(client: KubeClient, name: string): Promise<CertificateAuthority> {
  const authority = await client.getOrUndefined<CertificateAuthority>(certificateAuthorityResource, { name });
  if (authority === undefined)
    throw new PluginError(`there is no CertificateAuthority ${name}, which the issuer names`);
  return authority;
}

// What the API server fills in (packages/api/crds): a file may leave it out.
export const issuerDefaults = { profile: "RolesAnywhere", defaultDuration: "24h", overMaximum: "Refuse" } as const;
export const authorityDefaults = { keyAlgorithm: "RSA-2048", rootDuration: "8760h", maxLeafDuration: "168h" } as const;
const defaultUsages = ["digital signature", "key encipherment", "client auth", "server auth"];

/** One object of a file that must be the issuer named; its schema is the API server's to check. */
function readIssuer(document: unknown, { kind, name }: IssuerName): Issuer {
  const issuer = objectOf<Issuer>(document, kind, name);
  if (typeof issuer.spec.caRef?.name !== "string" || typeof issuer.spec.policy !== "object") {
    throw new PluginError(`the ${kind} of --issuer-file needs spec.caRef.name and spec.policy`);
  }
  return { ...issuer, spec: { ...issuerDefaults, ...issuer.spec } } as Issuer;
}

function readAuthority(document: unknown, name: string): Surroundings["authority"] {
  const { spec } = objectOf<CertificateAuthority>(document, "CertificateAuthority", name);
  if (typeof spec.subject?.commonName !== "string" || typeof spec.issuance?.namespaces !== "object") {
    throw new PluginError(
      "the CertificateAuthority of --authority-file needs spec.subject and spec.issuance.namespaces",
    );
  }
  return {
    name,
    spec: {
      ...authorityDefaults,
      ...spec,
      issuance: { ...spec.issuance, usages: spec.issuance.usages ?? defaultUsages },
    } as CertificateAuthority["spec"],
  };
}

/** What came out of a file: nothing of it is certain yet. */
type Unchecked<T> = T extends object ? { readonly [key in keyof T]?: Unchecked<T[key]> } : T;

function objectOf<T extends { readonly spec: object }>(
  document: unknown,
  kind: string,
  name: string,
): { readonly spec: Unchecked<T["spec"]> } {
  const object = (typeof document === "object" && document !== null ? document : {}) as {
    readonly kind?: unknown;
    readonly metadata?: { readonly name?: unknown };
    readonly spec?: unknown;
  };
  if (
    object.kind !== kind ||
    object.metadata?.name !== name ||
    typeof object.spec !== "object" ||
    object.spec === null
  ) {
    throw new PluginError(
      `the file does not hold ${kind} ${name}, but ${String(object.kind)} ${String(object.metadata?.name)}: give the one that is asked for`,
    );
  }
  return { spec: object.spec as Unchecked<T["spec"]> };
}

const namespaceResource: ResourceType = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};

async function labelsOf(client: KubeClient, name: string): Promise<Readonly<Record<string, string>> | undefined> {
  const namespace = await client.getOrUndefined(namespaceResource, { name });
  return namespace === undefined ? undefined : { ...namespace.metadata.labels };
}

const admission = { group: "admissionregistration.k8s.io", version: "v1", namespaced: false } as const;
const webhookResources: readonly ResourceType[] = [
  { ...admission, plural: "mutatingwebhookconfigurations", kind: "MutatingWebhookConfiguration" },
  { ...admission, plural: "validatingwebhookconfigurations", kind: "ValidatingWebhookConfiguration" },
];

/** Every webhook configuration of the cluster. */
export async function webhooksOf(client: KubeClient): Promise<readonly WebhookConfiguration[]> {
  const lists = await Promise.all(
    webhookResources.map((resource) => client.listAll<WebhookConfiguration & KubeObject>(resource)),
  );
  return lists.flatMap(({ items }) => items);
}

const configMapResource: ResourceType = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

/** The root of the active generation, as published; undefined when there is none that can be read. */
async function rootOf(
  client: KubeClient,
  options: {
    readonly authority: CertificateAuthority;
    readonly capstanNamespace: string;
    readonly profile: ProfileName;
  },
): Promise<Root | undefined> {
  const { authority, capstanNamespace: namespace, profile } = options;
  const { name } = authority.metadata;
  const generation = authority.status?.activeGeneration;
  if (generation === undefined) return undefined;
  const get = (configMap: string) =>
    client.getOrUndefined<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(configMapResource, {
      namespace,
      name: configMap,
    });
  const pem =
    (await get(generationName(name, generation)))?.data?.[crlKeys.root] ??
    (await get(bundleName(name)))?.data?.[bundleKey];
  try {
    return pem === undefined ? undefined : readRoot(pem, { profile });
  } catch (error) {
    // A bundle of two roots, or what somebody else wrote there: what depends on the root is not checked.
    if (error instanceof CaError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Webhooks as cert-manager's chart installs them, for when the cluster's cannot be read. */
const sightedWebhooks: readonly WebhookConfiguration[] = (
  ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] as const
).map((kind) => ({
  kind,
  metadata: { name: "cert-manager-webhook" },
  webhooks: [
    {
      name: "webhook.cert-manager.io",
      rules: [
        { apiGroups: ["cert-manager.io"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["*/*"] },
      ],
    },
  ],
}));
