import {
  authorityLabel,
  apiVersion,
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
  type KubeClient,
  type KubeObject,
  TerminalError,
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

/** Keys and roots in Secrets. A generation is read once: its Secret is immutable. */
export class GenerationStore {
  readonly #options: GenerationStoreOptions;
  readonly #loaded = new Map<string, Generation>();

  constructor(options: GenerationStoreOptions) {
    this.#options = options;
  }

  /**
   * The generation, made when it does not exist and was never heard of. The Secret's create is atomic: of two publishers
   * one makes the generation and the other takes it.
   *
   * @throws {TerminalError} ERR_KEY_MISSING when status knows the generation and its Secret is gone: a new key in its
   *   place would be another authority; ERR_KEY_CHANGED when the Secret holds another root than status says, or what
   *   cannot be read
   */
  async ensure(authority: CertificateAuthority, number: number, signal: AbortSignal): Promise<Generation> {
    const known = authority.status?.generations?.find((generation) => generation.number === number)?.fingerprint;
    const generation =
      (await this.#load(authority, number, signal)) ?? (await this.#make(authority, number, known, signal));
    if (known !== undefined && generation.root.sha256 !== known) {
      throw new TerminalError(
        `Secret ${generationName(authority.metadata.name, number)} holds the root ${generation.root.sha256}, but generation ${number} is ${known}; restore the Secret from a backup`,
        { code: "ERR_KEY_CHANGED" },
      );
    }
    return generation;
  }

  /**
   * Makes the generation's mark and RevocationList when they are missing. A mark that went missing after status knew
   * the generation is made anew at the root's end: what was signed under the lost one is not known any more.
   */
  async ensureRecords(
    authority: CertificateAuthority,
    { number, root }: Generation,
    signal: AbortSignal,
  ): Promise<void> {
    const metadata = this.#metadata(authority.metadata.name, number);
    const isKnown = authority.status?.generations?.some((generation) => generation.number === number) === true;
    const signedUntil = isKnown ? root.notAfter : root.notBefore;
    const mark: GenerationMark = {
      apiVersion,
      kind: "GenerationMark",
      metadata,
      spec: { authority: authority.metadata.name, generation: number, notAfter: formatTime(signedUntil.getTime()) },
    };
    const list: RevocationList = {
      apiVersion,
      kind: "RevocationList",
      metadata,
      spec: { authority: authority.metadata.name, generation: number, crlNumber: 0 },
    };
    const { client } = this.#options;
    for (const [resource, object] of [
      [generationMarkResource, mark],
      [revocationListResource, list],
    ] as const) {
      const stored = await client.getOrUndefined(resource, metadata, { signal });
      if (stored === undefined) await createUnlessThere(() => client.create(resource, object, { signal }));
    }
  }

  async #load(
    { metadata, spec }: CertificateAuthority,
    number: number,
    signal: AbortSignal,
  ): Promise<Generation | undefined> {
    const name = generationName(metadata.name, number);
    const loaded = this.#loaded.get(name);
    if (loaded !== undefined) return loaded;
    const secret = await this.#options.client.getOrUndefined<KeySecret>(
      secretResource,
      { namespace: this.#options.namespace, name },
      { signal },
    );
    if (secret === undefined) return undefined;
    const { root, key } = readKeyPair(secret, profileOf(spec));
    if (!Buffer.from(root.spki).equals(key.publicKeySpki)) {
      throw new TerminalError(`Secret ${name} holds a key that is not its root's`, { code: "ERR_KEY_CHANGED" });
    }
    const generation = { number, root, key };
    this.#loaded.set(name, generation);
    return generation;
  }

  async #make(
    authority: CertificateAuthority,
    number: number,
    known: string | undefined,
    signal: AbortSignal,
  ): Promise<Generation> {
    const { name } = authority.metadata;
    const ref = { namespace: this.#options.namespace, name: generationName(name, number) };
    // The mark is created after the Secret, so a mark without a Secret is a lost key too.
    if (
      known !== undefined ||
      (await this.#options.client.getOrUndefined(generationMarkResource, ref, { signal })) !== undefined
    ) {
      throw new TerminalError(
        `Secret ${generationName(name, number)} with the key of generation ${number} is missing; restore it from a backup`,
        { code: "ERR_KEY_MISSING" },
      );
    }
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
      metadata: { ...this.#metadata(name, number), annotations: { [fingerprintAnnotation]: root.sha256 } },
      type: "kubernetes.io/tls",
      immutable: true,
      data: { "tls.crt": encode(root.pem), "tls.key": encode(exportUnencryptedPrivateKey(key)) },
    };
    await createUnlessThere(() => this.#options.client.create(secretResource, secret, { signal }));
    // What is stored counts: another publisher may have been first, or the create's answer was lost.
    const stored = await this.#load(authority, number, signal);
    if (stored === undefined) throw new Error(`Secret ${generationName(name, number)} was created and is gone again`);
    return stored;
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

function readKeyPair(secret: KeySecret, profile: ProfileName): { readonly root: Root; readonly key: CaKey } {
  const [certificate, privateKey] = [decode(secret, "tls.crt"), decode(secret, "tls.key")];
  try {
    return { root: readRoot(certificate, { profile }), key: importCaKey(privateKey) };
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    const orElse = profile === "RolesAnywhere" ? ", or remove spec.trustAnchors if it was made without any" : "";
    throw new TerminalError(
      `Secret ${secret.metadata.name} cannot be read: ${error.message}; restore it from a backup${orElse}`,
      { code: "ERR_KEY_CHANGED" },
    );
  }
}

function decode(secret: KeySecret, key: string): string {
  const value = secret.data?.[key];
  if (value === undefined)
    throw new TerminalError(`Secret ${secret.metadata.name} has no ${key}`, { code: "ERR_KEY_MISSING" });
  return Buffer.from(value, "base64").toString("utf8");
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
