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

/**
 * Reads a manifest as what asks for a leaf; undefined for an object of another kind.
 *
 * @param namespace for an object that names none
 * @throws {PluginError} for a manifest that the API server would refuse, and for an issuer that is not Capstan's
 */
export function readAsked(
  document: unknown,
  namespace: { readonly given?: string; readonly fallback: string },
): Asked | undefined {
  const object = new ManifestFields(document, "");
  const type = `${object.text("kind") ?? ""}.${(object.text("apiVersion") ?? "").replace(/\/[^/]*$/, "")}`;
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
  return read?.(object, namespace);
}

type Reader = (object: ManifestFields, namespace: { readonly given?: string; readonly fallback: string }) => Asked;

const readers: Readonly<Record<string, Reader>> = {
  "Certificate.cert-manager.io": (object, fallback) => {
    const { name, namespace } = readMetadata(object, fallback);
    const spec = object.object("spec");
    const issuer = readIssuerRef(spec.object("issuerRef"), namespace);
    return { label: `certificate/${name}`, via: "Certificate", namespace, issuer, spec: readCertificateSpec(spec) };
  },
  "CertificateRequest.cert-manager.io": (object, fallback) => {
    const { name, namespace, annotations } = readMetadata(object, fallback);
    const spec = object.object("spec");
    return {
      label: `certificaterequest/${name}`,
      via: "CertificateRequest",
      namespace,
      annotations,
      issuer: readIssuerRef(spec.object("issuerRef"), namespace),
      csr: base64(spec.requiredText("request")),
      usages: spec.texts("usages") ?? [],
      isCa: spec.flag("isCA") ?? false,
      ...readMaker(spec),
      ...readDuration(spec.text("duration"), "spec.duration"),
    };
  },
  "CertificateSigningRequest.certificates.k8s.io": (object) => {
    const metadata = object.object("metadata");
    const name = metadata.text("name") ?? metadata.text("generateName") ?? "";
    const annotations = metadata.labels("annotations") ?? {};
    const spec = object.object("spec");
    const seconds = spec.number("expirationSeconds");
    const issuer = readSignerName(spec.requiredText("signerName"));
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
  options: { readonly label: string; readonly namespace: string; readonly issuer: IssuerName },
): Asked {
  return { ...options, via: "CertificateRequest", annotations: {}, csr, usages: [], isCa: false, faults: [] };
}

const kinds: ReadonlyMap<string, IssuerName["kind"]> = new Map(
  [capstanClusterIssuerResource, capstanIssuerResource].flatMap(({ kind, plural }) => [
    [kind.toLowerCase(), kind],
    [plural, kind],
  ]),
);

/** `--issuer KIND/NAME`, the kind as kubectl takes it. Undefined for anything else. */
export function parseIssuerName(text: string, namespace: string): IssuerName | undefined {
  const [kindText = "", name = "", ...more] = text.split("/");
  const kind = kinds.get(kindText.toLowerCase().replace(`.${apiGroup}`, ""));
  if (kind === undefined || name === "" || more.length > 0) return undefined;
  return kind === "CapstanIssuer" ? { kind, name, namespace } : { kind, name };
}

function readMetadata(
  object: ManifestFields,
  { given, fallback }: { readonly given?: string; readonly fallback: string },
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

/** cert-manager's default kind is the namespaced one; an empty group is its own. */
function readIssuerRef(reference: ManifestFields, namespace: string): IssuerName {
  const name = reference.requiredText("name");
  const kind = reference.text("kind") ?? "CapstanIssuer";
  if (reference.text("group") !== apiGroup) {
    throw new PluginError(
      `spec.issuerRef.group is ${JSON.stringify(reference.text("group") ?? "")}: only issuers of Capstan are checked, whose group is ${apiGroup}`,
    );
  }
  if (kind === "CapstanIssuer") return { kind, name, namespace };
  if (kind === "CapstanClusterIssuer") return { kind, name };
  throw new PluginError(`spec.issuerRef.kind is ${JSON.stringify(kind)}: write CapstanClusterIssuer or CapstanIssuer`);
}

function readSignerName(signerName: string): IssuerName {
  const slash = signerName.indexOf("/");
  const [domain, path] = [signerName.slice(0, slash), signerName.slice(slash + 1)];
  const kind = kinds.get(domain.replace(`.${apiGroup}`, ""));
  if (kind === "CapstanClusterIssuer" && domain.endsWith(`.${apiGroup}`)) return { kind, name: path };
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
