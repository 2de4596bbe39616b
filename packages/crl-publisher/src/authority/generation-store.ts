import {
  apiVersion,
  authorityLabel,
  type CertificateAuthority,
  fingerprintAnnotation,
  type GenerationMark,
  generationMarkResource,
  generationName,
  parseDuration,
  type RevocationList,
  revocationListResource,
} from "@capstan/api";
import {
  CaError,
  type CaKey,
  createRoot,
  exportUnencryptedPrivateKey,
  generateCaKey,
  importCaKey,
  type ProfileName,
  readRoot,
  type Root,
} from "@capstan/ca-core";
import {
  type AuditLog,
  formatTime,
  isAlreadyExists,
  isNotFound,
  type KubeClient,
  type KubeObject,
} from "@capstan/kube";

export const secretResource = {
  group: "",
  version: "v1",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
} as const;

/** A root is valid a little before now, for clocks that are behind. */
const backdateMs = 300_000;

/** A generation with its key, as the store holds it. */
export interface Generation {
  readonly number: number;
  readonly root: Root;
  readonly key: CaKey;
}

/** What a generation's Secret turned out to hold. */
export type FoundGeneration =
  | { readonly is: "Present"; readonly generation: Generation }
  | { readonly is: "Missing" }
  /** There is a Secret, and it is of no use: the message says why and what to do. */
  | { readonly is: "Unusable"; readonly message: string };

interface KeySecret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface GenerationStoreOptions {
  readonly client: KubeClient;
  /** Where keys, marks and lists are. */
  readonly namespace: string;
  readonly audit: AuditLog;
  readonly now: () => Date;
}

/**
 * Keys and roots in Secrets, with the marks and lists beside them. Whether a Secret is there is always read live; what it
 * holds is taken apart once, since it is immutable.
 */
export class GenerationStore {
  readonly #options: GenerationStoreOptions;
  readonly #loaded = new Map<string, { readonly uid: string | undefined; readonly generation: Generation }>();

  constructor(options: GenerationStoreOptions) {
    this.#options = options;
  }

  /** A generation by its number. One that status knows must have the root that status says. */
  async find(authority: CertificateAuthority, number: number, signal: AbortSignal): Promise<FoundGeneration> {
    const name = generationName(authority.metadata.name, number);
    const secret = await this.#options.client.getOrUndefined<KeySecret>(
      secretResource,
      { namespace: this.#options.namespace, name },
      { signal },
    );
    if (secret === undefined) {
      this.#loaded.delete(name);
      return { is: "Missing" };
    }
    const loaded = this.#loaded.get(name);
    const found = loaded?.uid === secret.metadata.uid ? loaded?.generation : readSecret(secret, number, authority.spec);
    if (found === undefined || typeof found === "string") return { is: "Unusable", message: found ?? "" };
    this.#loaded.set(name, { uid: secret.metadata.uid, generation: found });
    const known = authority.status?.generations?.find((generation) => generation.number === number)?.fingerprint;
    return known === undefined || known === found.root.sha256
      ? { is: "Present", generation: found }
      : {
          is: "Unusable",
          message: `Secret ${name} holds the root ${found.root.sha256}, but generation ${number} is ${known}; restore the Secret from a backup`,
        };
  }

  /**
   * Makes a generation that was never heard of: its Secret, with key and root together, then its mark and list. The
   * Secret's create is atomic: of two publishers one makes the generation and the other takes it.
   */
  async make(authority: CertificateAuthority, number: number, signal: AbortSignal): Promise<void> {
    const { name } = authority.metadata;
    const { client } = this.#options;
    const metadata = this.#metadata(name, number);
    const { spec } = authority;
    const key = await generateCaKey(spec.keyAlgorithm);
    const notBefore = new Date(Math.floor((this.#options.now().getTime() - backdateMs) / 1000) * 1000);
    // notAfter is inclusive (RFC 5280, 4.1.2.5).
    const notAfter = new Date(notBefore.getTime() + parseDuration(spec.rootDuration) - 1000);
    const root = await this.#options.audit.sign(
      { purpose: "Root", authority: name, generation: number, notAfter: formatTime(notAfter.getTime()) },
      () =>
        createRoot({ subject: spec.subject, generation: number, notBefore, notAfter, signer: key, ...depthOf(spec) }),
      ({ der }) => der,
    );
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { ...metadata, annotations: { [fingerprintAnnotation]: root.sha256 } },
      type: "kubernetes.io/tls",
      immutable: true,
      data: { "tls.crt": encode(root.pem), "tls.key": encode(exportUnencryptedPrivateKey(key)) },
    };
    await createUnlessThere(() => client.create(secretResource, secret, { signal }));
    // What is stored counts: another publisher may have been first, or the create's answer was lost.
    const stored = await this.find(authority, number, signal);
    if (stored.is === "Present") await this.ensureRecords(authority, stored.generation, signal);
  }

  /** Makes the mark and the RevocationList of a generation that has signed nothing but its root yet, where they are missing. */
  async ensureRecords(authority: CertificateAuthority, generation: Generation, signal: AbortSignal): Promise<void> {
    const { name } = authority.metadata;
    const { number, root } = generation;
    await this.makeMark(name, number, { notAfter: root.notBefore.getTime() }, signal);
    await this.ensureList(name, number, signal);
  }

  /** Makes a mark that is missing. Times are milliseconds since 1970. */
  async makeMark(
    authority: string,
    number: number,
    { notAfter, generalNotAfter }: { readonly notAfter: number; readonly generalNotAfter?: number },
    signal: AbortSignal,
  ): Promise<void> {
    const mark: GenerationMark = {
      apiVersion,
      kind: "GenerationMark",
      metadata: this.#metadata(authority, number),
      spec: {
        authority,
        generation: number,
        notAfter: formatTime(notAfter),
        ...(generalNotAfter === undefined ? {} : { generalNotAfter: formatTime(generalNotAfter) }),
      },
    };
    await createUnlessThere(() => this.#options.client.create(generationMarkResource, mark, { signal }));
  }

  /** Makes a RevocationList that is missing. */
  async ensureList(authority: string, number: number, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const metadata = this.#metadata(authority, number);
    if ((await client.getOrUndefined(revocationListResource, metadata, { signal })) !== undefined) return;
    const list: RevocationList = {
      apiVersion,
      kind: "RevocationList",
      metadata,
      spec: { authority, generation: number, crlNumber: 0 },
    };
    await createUnlessThere(() => client.create(revocationListResource, list, { signal }));
  }

  /** Deletes a key. Nothing can be signed by it any more, and nobody can make it anew. */
  async destroy(authority: string, number: number, signal: AbortSignal): Promise<void> {
    const { name, namespace } = this.#metadata(authority, number);
    try {
      await this.#options.client.delete(secretResource, { name, namespace }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#loaded.delete(name);
  }

  #metadata(authority: string, number: number): { name: string; namespace: string; labels: Record<string, string> } {
    return {
      name: generationName(authority, number),
      namespace: this.#options.namespace,
      labels: { [authorityLabel]: authority },
    };
  }
}

async function createUnlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** What a trust anchor may hold is held to AWS's rules. */
function profileOf({ trustAnchors = [] }: CertificateAuthority["spec"]): ProfileName {
  return trustAnchors.length > 0 ? "RolesAnywhere" : "General";
}

/**
 * How many CAs may stand below a root. Where the authority allows CA certificates, which may have CAs below themselves, it is one
 * more than their own bound (RFC 5280, 4.2.1.9). Any other root is one that a trust anchor could hold.
 */
function depthOf(spec: CertificateAuthority["spec"]): { readonly profile?: "General"; readonly pathLength?: number } {
  const { caCertificates } = spec.issuance;
  if (caCertificates === undefined || profileOf(spec) !== "General") return {};
  return { profile: "General", pathLength: caCertificates.maxPathLength + 1 };
}

/** The generation, or what is wrong with its Secret. */
function readSecret(secret: KeySecret, number: number, spec: CertificateAuthority["spec"]): Generation | string {
  const { name } = secret.metadata;
  const profile = profileOf(spec);
  const [certificate, privateKey] = [decode(secret, "tls.crt"), decode(secret, "tls.key")];
  if (certificate === undefined || privateKey === undefined) {
    return `Secret ${name} has no ${certificate === undefined ? "tls.crt" : "tls.key"}; restore it from a backup`;
  }
  try {
    const [root, key] = [readRoot(certificate, { profile }), importCaKey(privateKey)];
    return Buffer.from(root.spki).equals(key.publicKeySpki)
      ? { number, root, key }
      : `Secret ${name} holds a key that is not its root's; restore it from a backup`;
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    const orElse = profile === "RolesAnywhere" ? ", or remove spec.trustAnchors if it was made without any" : "";
    return `Secret ${name} cannot be read: ${error.message}; restore it from a backup${orElse}`;
  }
}

function decode(secret: KeySecret, key: string): string | undefined {
  const value = secret.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
