import type { CertificateAuthority } from "@capstan/api";
import type { CertificationRequest, NameAttribute, SubjectAlternativeName } from "@capstan/ca-core";
import type { IssuerSpec, PolicyQuestion } from "@capstan/policy";

type Policy = IssuerSpec["policy"];
type Rule = NonNullable<Policy["commonName"]>;

/** A rule as the API server hands it out, with its default filled in. */
export function rule(allow: readonly string[], required = false): Rule & { allow: string[] } {
  return { allow: [...allow], required };
}

/** Everything of its kind, which profile General has. */
export const anyName = { allowAny: true, required: false } as const satisfies Rule;

/** What cert-manager's own CA issuer can do. */
export const generalPolicy = {
  commonName: anyName,
  organization: anyName,
  organizationalUnit: anyName,
  country: anyName,
  province: anyName,
  locality: anyName,
  otherSubjectAttributes: [{ type: "*", ...anyName }],
  dnsNames: anyName,
  ipAddresses: anyName,
  emailAddresses: anyName,
  uris: anyName,
  otherNames: [{ oid: "*", ...anyName }],
} as const satisfies { readonly [kind in keyof Policy]: unknown };

const oidBytes: Readonly<Record<string, readonly number[]>> = {
  "1.3.6.1.4.1.311.20.2.3": [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3],
  "1.2.3.4": [0x2a, 3, 4],
};

/** An otherName as ca-core hands it out: a UTF8String, or the DER of any other value. */
export function otherName(oid: string, value: string | Uint8Array): SubjectAlternativeName {
  const inner = typeof value === "string" ? [0x0c, value.length, ...new TextEncoder().encode(value)] : [...value];
  const type = oidBytes[oid];
  if (type === undefined) throw new Error(`no bytes for ${oid}`);
  const content = [6, type.length, ...type, 0xa0, inner.length, ...inner];
  return { kind: "otherName", value: Buffer.from([0xa0, content.length, ...content]).toString("hex") };
}

export function subject(...attributes: readonly `${string}=${string}`[]): readonly NameAttribute[] {
  return attributes.map((text) => {
    const [type = "", ...value] = text.split("=");
    return { type, oid: type === "serialNumber" ? "2.5.4.5" : /^\d/.test(type) ? type : "", value: value.join("=") };
  });
}

export function names(
  ...list: readonly `${SubjectAlternativeName["kind"]}:${string}`[]
): readonly SubjectAlternativeName[] {
  return list.map((text) => {
    const colon = text.indexOf(":");
    return { kind: text.slice(0, colon) as SubjectAlternativeName["kind"], value: text.slice(colon + 1) };
  });
}

/** CN=web.demo and nothing else. */
const plainRequest: CertificationRequest = {
  subject: subject("CN=web.demo"),
  sharedRdnTypes: [],
  subjectDer: new Uint8Array(),
  subjectAlternativeNames: [],
  publicKey: { algorithm: "RSA-2048", spki: new Uint8Array(), sha256: "" },
  requested: {},
  ignored: [],
};

const authority: CertificateAuthority["spec"] = {
  subject: { commonName: "Example Fleet CA" },
  keyAlgorithm: "RSA-2048",
  rootDuration: "8760h",
  maxLeafDuration: "168h",
  issuance: {
    namespaces: { matchLabels: { aws: "allowed" } },
    usages: ["digital signature", "key encipherment", "client auth", "server auth"],
  },
};

export const issuerSpec: IssuerSpec = {
  caRef: { name: "fleet" },
  profile: "RolesAnywhere",
  defaultDuration: "24h",
  overMaximum: "Refuse",
  policy: {
    commonName: rule(["*.{namespace}"], true),
    dnsNames: rule(["*.{namespace}.svc"]),
  },
};

type Issuance = CertificateAuthority["spec"]["issuance"];

export interface Change {
  readonly request?: Partial<CertificationRequest>;
  readonly asked?: Partial<PolicyQuestion["asked"]>;
  readonly requester?: Partial<PolicyQuestion["requester"]>;
  readonly kind?: PolicyQuestion["issuer"]["kind"];
  readonly issuer?: Partial<Omit<IssuerSpec, "policy">>;
  /** undefined: no rule for the kind. */
  readonly policy?: { readonly [kind in keyof Policy]: Readonly<Policy[kind]> | undefined };
  readonly root?: PolicyQuestion["root"];
  readonly authority?: Partial<Omit<CertificateAuthority["spec"], "issuance">>;
  readonly issuance?: { readonly [key in keyof Issuance]?: Issuance[key] | undefined };
}

/** The quickstart's question, which is granted, with what a test changes in it. */
export function question(change: Change = {}): PolicyQuestion {
  return {
    request: { ...plainRequest, ...change.request },
    asked: { durationMs: 86_400_000, usages: ["client auth", "digital signature"], isCa: false, ...change.asked },
    requester: { namespace: "demo", namespaceLabels: { aws: "allowed" }, ...change.requester },
    issuer: {
      kind: change.kind ?? "CapstanClusterIssuer",
      spec: { ...issuerSpec, ...change.issuer, policy: defined({ ...issuerSpec.policy, ...change.policy }) },
    },
    authority: {
      ...authority,
      ...change.authority,
      issuance: defined({ ...authority.issuance, ...change.issuance }) as Issuance,
    },
    root: change.root,
  };
}

/** Without what a test takes away. */
function defined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
