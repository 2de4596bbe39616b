import {
  apiVersion,
  authorityLabel,
  type CapstanClusterIssuer,
  type CapstanIssuer,
  type CertificateAuthority,
  type Condition,
  type GenerationMark,
  type IssuedCertificate,
} from "@capstan/api";
import { type CaKey, createRoot, exportUnencryptedPrivateKey, generateCaKey, type Root } from "@capstan/ca-core";
import { formatTime, type KubeObject } from "@capstan/kube";
import { requestPem } from "../../../ca-core/test/support/request.ts";
import {
  type CertificateRequest,
  issuanceOfCertificateRequest,
  type RequestCondition,
} from "../../src/requests/certificate-request.ts";
import type { SigningRequest } from "../../src/kubernetes-csr/signing-request.ts";
import type { WebhookObject } from "../../src/issuers/webhooks.ts";
import type { Issuance } from "../../src/signing/issuance.ts";

export const now: Date = new Date("2026-11-22T03:00:00Z");
export const minute = 60_000;
export const hour: number = 60 * minute;
export const day: number = 24 * hour;
export const ownNamespace = "capstan-system";
/** Of the CSR in `request()`: CN=web.demo, P-256. */
export const csr: string = requestPem();

export function after(ms: number): Date {
  return new Date(now.getTime() + ms);
}

export function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** A generation with its own key, from an hour ago. */
export interface TestGeneration {
  readonly number: number;
  readonly root: Root;
  readonly key: CaKey;
}

export async function newGeneration(number = 1, lifetimeMs: number = 365 * day): Promise<TestGeneration> {
  const key = await generateCaKey("ECDSA-P256");
  const root = await createRoot({
    subject: { commonName: "Example Fleet CA" },
    generation: number,
    notBefore: after(-hour),
    notAfter: after(lifetimeMs),
    signer: key,
  });
  return { number, root, key };
}

export function keySecret({
  number,
  root,
  key,
}: TestGeneration): KubeObject & { readonly data: Record<string, string> } {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `fleet-${number}`, namespace: ownNamespace },
    data: { "tls.crt": base64(root.pem), "tls.key": base64(exportUnencryptedPrivateKey(key)) },
  };
}

export function condition(change: Partial<Condition> = {}): Condition {
  return {
    type: "Ready",
    status: "True",
    reason: "Checked",
    message: "fine",
    lastTransitionTime: formatTime(after(-day).getTime()),
    observedGeneration: 1,
    ...change,
  };
}

type Phase = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number]["phase"];

/** The authority "fleet": the last generation is the active one, those before it drain. */
export function authority(
  generations: readonly Pick<TestGeneration, "number" | "root">[],
  phases: Readonly<Record<number, Phase>> = {},
): CertificateAuthority {
  const active = generations.at(-1)?.number;
  return {
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name: "fleet", uid: "uid-fleet", generation: 1 },
    spec: {
      subject: { commonName: "Example Fleet CA" },
      keyAlgorithm: "ECDSA-P256",
      rootDuration: "8760h",
      maxLeafDuration: "168h",
      issuance: {
        namespaces: { matchLabels: { aws: "allowed" } },
        usages: ["digital signature", "key encipherment", "client auth", "server auth"],
      },
    },
    status: {
      ...(active === undefined ? {} : { activeGeneration: active }),
      generations: generations.map(({ number, root }) => ({
        number,
        phase: phases[number] ?? (number === active ? "Active" : "Draining"),
        fingerprint: root.sha256,
      })),
      conditions: [condition({ reason: "Issuing" })],
    },
  };
}

const issuerSpec: CapstanClusterIssuer["spec"] = {
  caRef: { name: "fleet" },
  profile: "RolesAnywhere",
  defaultDuration: "24h",
  overMaximum: "Refuse",
  policy: {
    commonName: { allow: ["*.{namespace}"], required: true },
    dnsNames: { allow: ["*.{namespace}.svc"], required: false },
  },
};

export function clusterIssuer(change: Partial<CapstanClusterIssuer> = {}): CapstanClusterIssuer {
  return {
    apiVersion,
    kind: "CapstanClusterIssuer",
    metadata: { name: "fleet", uid: "uid-issuer", generation: 1 },
    spec: issuerSpec,
    status: { observedGeneration: 1, conditions: [condition()] },
    ...change,
  };
}

export function namespacedIssuer(change: Partial<CapstanIssuer> = {}): CapstanIssuer {
  return {
    apiVersion,
    kind: "CapstanIssuer",
    metadata: { name: "fleet", namespace: "demo", uid: "uid-own-issuer", generation: 1 },
    spec: issuerSpec,
    status: { observedGeneration: 1, conditions: [condition()] },
    ...change,
  };
}

export function mark(notAfter: Date, status?: GenerationMark["status"], generation = 1): GenerationMark {
  return {
    apiVersion,
    kind: "GenerationMark",
    metadata: { name: `fleet-${generation}`, namespace: ownNamespace, labels: { [authorityLabel]: "fleet" } },
    spec: { authority: "fleet", generation, notAfter: formatTime(notAfter.getTime()) },
    ...(status === undefined ? {} : { status }),
  };
}

export function namespaceObject(labels: Readonly<Record<string, string>> = { aws: "allowed" }): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: "demo", labels } };
}

/** cert-manager's webhook configurations, as its chart makes them. */
export function webhookConfigurations(): readonly WebhookObject[] {
  const notDisabled = { key: "cert-manager.io/disable-validation", operator: "NotIn", values: ["true"] } as const;
  return (["Mutating", "Validating"] as const).map((kind) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: "cert-manager-webhook" },
    webhooks: [
      {
        name: "webhook.cert-manager.io",
        failurePolicy: "Fail",
        namespaceSelector: { matchExpressions: [{ ...notDisabled, values: ["true"] }] },
        rules: [
          { apiGroups: ["cert-manager.io"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["*/*"] },
        ],
      },
    ],
  }));
}

export type Request = CertificateRequest & KubeObject;

export const approved: RequestCondition = { type: "Approved", status: "True", reason: "cert-manager.io" };
export const denied: RequestCondition = { type: "Denied", status: "True", reason: "cert-manager.io" };

export interface RequestChange {
  readonly metadata?: Partial<Request["metadata"]>;
  readonly spec?: Partial<Request["spec"]>;
  readonly status?: Request["status"];
}

/** An approved request for CN=web.demo in namespace demo, by the cluster issuer "fleet". */
export function request({ metadata, spec, status }: RequestChange = {}): Request {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name: "web-1", namespace: "demo", uid: "0a1b2c3d-0000-4000-8000-000000000001", ...metadata },
    spec: {
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" },
      request: base64(csr),
      duration: "24h0m0s",
      usages: ["client auth", "digital signature"],
      username: "system:serviceaccount:cert-manager:cert-manager",
      ...spec,
    },
    status: status ?? { conditions: [approved] },
  };
}

export type KubernetesRequest = SigningRequest & KubeObject;

export interface KubernetesRequestChange {
  readonly metadata?: Partial<KubernetesRequest["metadata"]>;
  readonly spec?: Partial<KubernetesRequest["spec"]>;
  readonly status?: KubernetesRequest["status"];
}

/** An approved CertificateSigningRequest for CN=web.demo by service account app of demo, to the cluster issuer "fleet". */
export function signingRequest({ metadata, spec, status }: KubernetesRequestChange = {}): KubernetesRequest {
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "web", uid: "0a1b2c3d-0000-4000-8000-000000000007", ...metadata },
    spec: {
      signerName: "capstanclusterissuers.capstan.dev/fleet",
      request: base64(csr),
      expirationSeconds: 3_600,
      usages: ["client auth", "digital signature"],
      username: "system:serviceaccount:demo:app",
      groups: ["system:serviceaccounts", "system:serviceaccounts:demo", "system:authenticated"],
      ...spec,
    },
    status: status ?? { conditions: [{ type: "Approved", status: "True", reason: "Test" }] },
  };
}

/** What `request()` asks for. */
export function issuance(change: Partial<Issuance> = {}): Issuance {
  const { kind, name } = { kind: "CapstanClusterIssuer", name: "fleet" } as const;
  return { ...issuanceOfCertificateRequest(request(), { kind, name }), ...change };
}

/** A ledger record that answers no request in particular. */
export function record(
  change: {
    readonly metadata?: Partial<IssuedCertificate["metadata"]>;
    readonly spec?: Partial<IssuedCertificate["spec"]>;
    readonly status?: IssuedCertificate["status"];
  } = {},
): IssuedCertificate {
  return {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: { name: "0a1b2c3d-0000-4000-8000-000000000001", namespace: ownNamespace, ...change.metadata },
    spec: {
      serial: "4f1c",
      subject: "CN=web.demo",
      notBefore: formatTime(after(-minute).getTime()),
      notAfter: formatTime(after(day).getTime()),
      authority: "fleet",
      generation: 1,
      purpose: "Workload",
      requestHash: "0".repeat(64),
      publicKeySha256: "1".repeat(64),
      certificate: "the recorded certificate",
      ...change.spec,
    },
    ...(change.status === undefined ? {} : { status: change.status }),
  };
}
