import {
  apiGroup,
  capstanClusterIssuerResource,
  capstanIssuerResource,
  DurationError,
  parseDuration,
} from "@capstan/api";
import type { CertificateSpec, PolicyViolation, RequestMaker } from "@capstan/policy";
import { PluginError } from "../exit-code.ts";
import { ManifestFields } from "./manifest-fields.ts";

/** An issuer of ours, by name. */
export interface IssuerName {
  readonly kind: "CapstanIssuer" | "CapstanClusterIssuer";
  readonly name: string;
  /** Of a CapstanIssuer. */
  readonly namespace?: string;
}

/** What asks for a leaf, in terms of one of the three APIs, or a request file alone. */
export type Asked = {
  /** As messages name it: `certificate/web`. */
  readonly label: string;
  readonly issuer: IssuerName;
} & (
  | { readonly via: "Certificate"; readonly namespace: string; readonly spec: CertificateSpec }
  | {
      readonly via: "CertificateRequest" | "CertificateSigningRequest";
      /** That it counts for, where that is known. */
      readonly namespace?: string;
      readonly annotations: Readonly<Record<string, string>>;
      /** PKCS#10 in PEM, as the APIs carry it. */
      readonly csr: Uint8Array;
      readonly usages: readonly string[];
      readonly isCa: boolean;
      readonly durationMs?: number;
      /** Undefined where the object does not say: it was not created yet. */
      readonly maker?: RequestMaker;
      /** What could not be read of it. */
      readonly faults: readonly PolicyViolation[];
    }
);

/** What a manifest leaves to the command line. */
export interface AskedDefaults {
  /** By `-n`: what names another namespace is refused. */
  readonly given?: string;
  /** Of what names no namespace. */
  readonly fallback: string;
  /** Asked in place of the issuer that the manifest names; a CapstanIssuer is the one of the manifest's namespace. */
  readonly issuer?: Pick<IssuerName, "kind" | "name">;
}

/** Why an object is left out of a check, or what it asks for. */
export type Reading = { readonly skipped: string } | { readonly asked: Asked };

/**
 * Reads a manifest as what asks for a leaf; skips objects of other kinds, and those for issuers that are not Capstan's.
 *
 * @throws {PluginError} for a manifest that the API server would refuse, and for a kind of Capstan's that is no issuer
 */
export function readAsked(document: unknown, defaults: AskedDefaults): Reading {
  const object = new ManifestFields(document, "");
  const type = `${object.text("kind") ?? ""}.${(object.text("apiVersion") ?? "").replace(/\/[^/]*$/, "")}`;
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (read === undefined) return { skipped: "asks for no certificate" };
  const asked = read(object, defaults);
  return typeof asked === "string"
    ? { skipped: `is for ${asked}: --issuer KIND/NAME checks it for an issuer of Capstan's` }
    : { asked };
}

/** What it asks for; of another's issuer its name. */
type Reader = (object: ManifestFields, defaults: AskedDefaults) => Asked | string;

const readers: Readonly<Record<string, Reader>> = {
  "Certificate.cert-manager.io": (object, defaults) => {
    const { name, namespace } = readMetadata(object, defaults);
    const spec = object.object("spec");
    const issuer = issuerInstead(defaults, namespace) ?? readIssuerRef(spec.object("issuerRef"), namespace);
    if (typeof issuer === "string") return issuer;
    return { label: `certificate/${name}`, via: "Certificate", namespace, issuer, spec: readCertificateSpec(spec) };
  },
  "CertificateRequest.cert-manager.io": (object, defaults) => {
    const { name, namespace, annotations } = readMetadata(object, defaults);
    const spec = object.object("spec");
    const issuer = issuerInstead(defaults, namespace) ?? readIssuerRef(spec.object("issuerRef"), namespace);
    if (typeof issuer === "string") return issuer;
    return {
      label: `certificaterequest/${name}`,
      via: "CertificateRequest",
      namespace,
      annotations,
      issuer,
      csr: base64(spec.requiredText("request")),
      usages: spec.texts("usages") ?? [],
      isCa: spec.flag("isCA") ?? false,
      ...readMaker(spec),
      ...readDuration(spec.text("duration"), "spec.duration"),
    };
  },
  "CertificateSigningRequest.certificates.k8s.io": (object, defaults) => {
    const metadata = object.object("metadata");
    const name = metadata.text("name") ?? metadata.text("generateName") ?? "";
    const annotations = metadata.labels("annotations") ?? {};
    const spec = object.object("spec");
    const seconds = spec.number("expirationSeconds");
    const issuer =
      issuerInstead(defaults, defaults.given ?? defaults.fallback) ?? readSignerName(spec.requiredText("signerName"));
    if (typeof issuer === "string") return issuer;
    // cert-manager's annotations, which its users of this API know; the duration counts before expirationSeconds.
    const duration = annotations["experimental.cert-manager.io/request-duration"];
    return {
      label: `certificatesigningrequest/${name}`,
      via: "CertificateSigningRequest",
      annotations,
      ...namespaceOf(issuer, spec.text("username")),
      issuer,
      csr: base64(spec.requiredText("request")),
      usages: spec.texts("usages") ?? [],
      isCa: annotations["experimental.cert-manager.io/request-is-ca"] === "true",
      ...readMaker(spec),
      ...(duration === undefined && seconds !== undefined
        ? { durationMs: seconds * 1000, faults: [] }
        : readDuration(duration, "metadata.annotations: experimental.cert-manager.io/request-duration")),
    };
  },
};

/** A request file alone, to be sent as a CertificateRequest that says nothing else. */
export function askedByFile(
  csr: Uint8Array,
  {
    label,
    namespace,
    issuer,
  }: { readonly label: string; readonly namespace: string; readonly issuer: Pick<IssuerName, "kind" | "name"> },
): Asked {
  const asked = issuer.kind === "CapstanIssuer" ? { ...issuer, namespace } : issuer;
  return {
    label,
    namespace,
    issuer: asked,
    via: "CertificateRequest",
    annotations: {},
    csr,
    usages: [],
    isCa: false,
    faults: [],
  };
}

const kinds: ReadonlyMap<string, IssuerName["kind"]> = new Map(
  [capstanClusterIssuerResource, capstanIssuerResource].flatMap(({ kind, plural }) => [
    [kind.toLowerCase(), kind],
    [plural, kind],
  ]),
);

/** `--issuer KIND/NAME`, the kind as kubectl takes it. Undefined for anything else. */
export function parseIssuerName(text: string): Pick<IssuerName, "kind" | "name"> | undefined {
  const [kindText = "", name = "", ...more] = text.split("/");
  const kind = kinds.get(kindText.toLowerCase().replace(`.${apiGroup}`, ""));
  if (kind === undefined || name === "" || more.length > 0) return undefined;
  return { kind, name };
}

function readMetadata(
  object: ManifestFields,
  { given, fallback }: AskedDefaults,
): { readonly name: string; readonly namespace: string; readonly annotations: Readonly<Record<string, string>> } {
  const metadata = object.object("metadata");
  const own = metadata.text("namespace");
  if (own !== undefined && given !== undefined && own !== given) {
    throw new PluginError(`metadata.namespace is ${own}, and --namespace ${given}: leave one of them out`);
  }
  return {
    name: metadata.text("name") ?? metadata.text("generateName") ?? "",
    namespace: own ?? given ?? fallback,
    annotations: metadata.labels("annotations") ?? {},
  };
}

/** In the namespace of what asks: a CapstanIssuer issues to its own alone. */
function issuerInstead({ issuer }: AskedDefaults, namespace: string): IssuerName | undefined {
  if (issuer === undefined) return undefined;
  return issuer.kind === "CapstanIssuer" ? { ...issuer, namespace } : issuer;
}

/** cert-manager's default kind is the namespaced one; an empty group is its own. */
function readIssuerRef(reference: ManifestFields, namespace: string): IssuerName | string {
  const name = reference.requiredText("name");
  const group = reference.text("group");
  if (group !== apiGroup) {
    const ownGroup = group === undefined || group === "" ? "cert-manager.io" : group;
    return `${reference.text("kind") ?? "Issuer"}.${ownGroup}/${name}`;
  }
  const kind = reference.text("kind") ?? "CapstanIssuer";
  if (kind === "CapstanIssuer") return { kind, name, namespace };
  if (kind === "CapstanClusterIssuer") return { kind, name };
  throw new PluginError(`spec.issuerRef.kind is ${JSON.stringify(kind)}: write CapstanClusterIssuer or CapstanIssuer`);
}

function readSignerName(signerName: string): IssuerName | string {
  const slash = signerName.indexOf("/");
  const [domain, path] = [signerName.slice(0, slash), signerName.slice(slash + 1)];
  if (!domain.endsWith(`.${apiGroup}`)) return `signer ${signerName}`;
  const kind = kinds.get(domain.replace(`.${apiGroup}`, ""));
  if (kind === "CapstanClusterIssuer") return { kind, name: path };
  const dot = path.indexOf(".");
  if (kind === "CapstanIssuer" && dot > 0) return { kind, namespace: path.slice(0, dot), name: path.slice(dot + 1) };
  throw new PluginError(
    `spec.signerName ${JSON.stringify(signerName)} names no issuer of Capstan: write capstanclusterissuers.${apiGroup}/NAME or capstanissuers.${apiGroup}/NAMESPACE.NAME`,
  );
}

/** It lies in no namespace, and counts for its issuer's, else for the one of the service account that made it. */
function namespaceOf({ namespace }: IssuerName, username: string | undefined): { readonly namespace?: string } {
  const found = namespace ?? /^system:serviceaccount:([^:]+):[^:]+$/.exec(username ?? "")?.[1];
  return found === undefined ? {} : { namespace: found };
}

function readMaker(spec: ManifestFields): { readonly maker?: RequestMaker } {
  const username = spec.text("username");
  if (username === undefined || username === "") return {};
  return { maker: { username, groups: spec.texts("groups") ?? [], extra: spec.lists("extra") } };
}

function readDuration(
  text: string | undefined,
  field: string,
): { readonly durationMs?: number; readonly faults: readonly PolicyViolation[] } {
  if (text === undefined) return { faults: [] };
  try {
    return { durationMs: parseDuration(text), faults: [] };
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return { faults: [{ code: "ERR_POLICY_DURATION", field, rule: error.message }] };
  }
}

function readCertificateSpec(spec: ManifestFields): CertificateSpec {
  const subject = spec.object("subject");
  const key = spec.object("privateKey");
  return {
    commonName: spec.text("commonName"),
    subject: {
      organizations: subject.texts("organizations"),
      countries: subject.texts("countries"),
      organizationalUnits: subject.texts("organizationalUnits"),
      localities: subject.texts("localities"),
      provinces: subject.texts("provinces"),
      streetAddresses: subject.texts("streetAddresses"),
      postalCodes: subject.texts("postalCodes"),
      serialNumber: subject.text("serialNumber"),
    },
    literalSubject: spec.text("literalSubject"),
    dnsNames: spec.texts("dnsNames"),
    emailAddresses: spec.texts("emailAddresses"),
    ipAddresses: spec.texts("ipAddresses"),
    uris: spec.texts("uris"),
    otherNames: spec
      .objects("otherNames")
      ?.map((name) => ({ oid: name.requiredText("oid"), utf8Value: name.requiredText("utf8Value") })),
    duration: spec.text("duration"),
    usages: spec.texts("usages"),
    isCA: spec.flag("isCA"),
    privateKey: { algorithm: key.text("algorithm"), size: key.number("size") },
    ...(spec.has("nameConstraints") ? { nameConstraints: {} } : {}),
  };
}

function base64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
