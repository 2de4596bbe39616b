import type { CertificateAuthority } from "@capstan/api";
import type { CertificationRequest, NameAttribute, SubjectAlternativeName } from "@capstan/ca-core";
import type { IssuerSpec, PolicyQuestion } from "@capstan/policy";

type Rule = NonNullable<IssuerSpec["policy"]["commonName"]>;

/** A rule as the API server hands it out, with its default filled in. */
export function rule(allow: readonly string[], required = false): Rule {
  return { allow: [...allow], required };
}

export function subject(...attributes: readonly `${string}=${string}`[]): readonly NameAttribute[] {
  return attributes.map((text) => {
    const [type = "", ...value] = text.split("=");
    return { type, oid: "", value: value.join("=") };
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

export interface Change {
  readonly request?: Partial<CertificationRequest>;
  readonly asked?: Partial<PolicyQuestion["asked"]>;
  readonly requester?: Partial<PolicyQuestion["requester"]>;
  readonly kind?: PolicyQuestion["issuer"]["kind"];
  readonly issuer?: Partial<Omit<IssuerSpec, "policy">>;
  readonly policy?: IssuerSpec["policy"];
  readonly authority?: Partial<Omit<CertificateAuthority["spec"], "issuance">>;
  readonly issuance?: Partial<CertificateAuthority["spec"]["issuance"]>;
}

/** The quickstart's question, which is granted, with what a test changes in it. */
export function question(change: Change = {}): PolicyQuestion {
  return {
    request: { ...plainRequest, ...change.request },
    asked: { durationMs: 86_400_000, usages: ["client auth", "digital signature"], isCa: false, ...change.asked },
    requester: { namespace: "demo", namespaceLabels: { aws: "allowed" }, ...change.requester },
    issuer: {
      kind: change.kind ?? "CapstanClusterIssuer",
      spec: { ...issuerSpec, ...change.issuer, policy: { ...issuerSpec.policy, ...change.policy } },
    },
    authority: { ...authority, ...change.authority, issuance: { ...authority.issuance, ...change.issuance } },
  };
}
