import { conditionOf, eventually, kinds, type Lab, ownNamespace, type Stored } from "./rbac-lab.ts";
import {
  createIssuer,
  createIssuerNamed,
  createRequest,
  issueRequest,
  requestWith,
  revokeAnd,
} from "./rbac-requests.ts";
import { takeOver } from "./rbac-start.ts";

// What the issuer controller does for its users.

export async function issue(lab: Lab, signal: AbortSignal): Promise<void> {
  await issueRequest(lab, signal);
}

export async function checkIssuer(lab: Lab, signal: AbortSignal, kind: "issuer" | "clusterIssuer"): Promise<void> {
  const name = await createIssuer(lab, kind);
  const ref = { name, ...(kinds[kind].namespaced ? { namespace: "demo" } : {}) };
  await eventually(signal, async () =>
    conditionOf(await lab.admin.get<Stored>(kinds[kind], ref), "Ready")?.status === "True" ? true : undefined,
  );
  await lab.admin.delete(kinds[kind], ref);
}

/** A record of the request's uid is there before it is signed, as after a crash; it is another's, so the request fails. */
export async function findRecord(lab: Lab, signal: AbortSignal): Promise<void> {
  const issuer = lab.unique("rbac");
  const request = await createRequest(lab, { kind: "CapstanIssuer", name: issuer });
  await createRecord(lab, request.metadata.uid ?? "");
  await createIssuerNamed(lab, "issuer", issuer, "fleet");
  await requestWith(lab, signal, request, "Failed");
  await lab.admin.delete(kinds.issuer, { namespace: "demo", name: issuer });
}

/** A record that is none of the controller's: another's under a new name. */
async function createRecord(lab: Lab, name: string, change: { readonly notAfter?: Date } = {}): Promise<void> {
  const { items } = await lab.admin.list<Stored>(kinds.record, { namespace: ownNamespace, limit: 1 });
  const [model] = items;
  if (model === undefined) throw new Error("the ledger is empty: nothing was issued before");
  const { notAfter } = change;
  const seconds = notAfter === undefined ? {} : { "capstan.dev/not-after": String(notAfter.getTime() / 1000) };
  const end = notAfter === undefined ? {} : { notBefore: "2026-01-01T00:00:00Z", notAfter: formatSeconds(notAfter) };
  await lab.admin.create<Stored>(kinds.record, {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "IssuedCertificate",
    metadata: { name, namespace: ownNamespace, labels: { ...model.metadata.labels, ...seconds } },
    spec: { ...model.spec, ...end },
  });
}

const formatSeconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/** Whoever begins to lead removes what has been expired for long. */
export async function prune(lab: Lab, signal: AbortSignal): Promise<void> {
  const name = lab.unique("expired");
  await createRecord(lab, name, { notAfter: new Date("2026-01-02T00:00:00Z") });
  await takeOver(lab, signal, "issuer-controller");
  await eventually(signal, async () => {
    const record = await lab.admin.getOrUndefined<Stored>(kinds.record, { namespace: ownNamespace, name });
    return record === undefined ? true : undefined;
  });
}

/** What is told every minute is counted on the first event of this process. */
export async function tellTwice(lab: Lab, signal: AbortSignal): Promise<void> {
  const before = new Set((await ledgerEvents(lab)).map(({ metadata }) => metadata.uid));
  await takeOver(lab, signal, "issuer-controller", ["--ledger-limit=1"]);
  await eventually(signal, async () => {
    const events = (await ledgerEvents(lab)).filter(({ metadata }) => !before.has(metadata.uid));
    return events.some(({ series }) => (series?.count ?? 1) > 1) ? true : undefined;
  });
}

type CountedEvent = Stored & { readonly series?: { readonly count: number } };

async function ledgerEvents({ admin }: Lab): Promise<readonly CountedEvent[]> {
  // Authorities have no namespace; their events lie in this one.
  const place = { namespace: "default", fieldSelector: "reason=LedgerFull" };
  return (await admin.list<CountedEvent>(kinds.event, place)).items;
}

interface Reissued extends Stored {
  readonly status?: NonNullable<Stored["status"]> & { readonly reissue?: { readonly state: string } };
}

const isReissued = ({ status }: Reissued): boolean => status?.reissue?.state === "Done";

/** A revoked leaf of a Certificate is renewed. */
export async function reissueCertificate(lab: Lab, signal: AbortSignal): Promise<void> {
  const ref = { namespace: "demo", name: lab.unique("rbac") };
  await lab.admin.create<Stored>(kinds.certificate, {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: ref,
    spec: {
      secretName: ref.name,
      commonName: "web.demo",
      duration: "24h",
      privateKey: { algorithm: "ECDSA", size: 256 },
      usages: ["client auth", "digital signature"],
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" },
    },
  });
  await eventually(signal, async () =>
    conditionOf(await lab.admin.get<Stored>(kinds.certificate, ref), "Ready")?.status === "True" ? true : undefined,
  );
  const request = await lab.admin.get<Stored>(kinds.request, { ...ref, name: `${ref.name}-1` });
  await revokeAnd(lab, signal, { target: { issuedCertificate: request.metadata.uid }, reissue: true }, isReissued);
}

/** The pod whose leaf is revoked is evicted; a ConfigMap plays the controller that would start another. */
export async function evictPod(lab: Lab, signal: AbortSignal): Promise<void> {
  const name = lab.unique("rbac");
  const owner = await lab.admin.get<Stored>(kinds.configMap, { namespace: "demo", name: "kube-root-ca.crt" });
  const controller = { apiVersion: "v1", kind: "ConfigMap", name: owner.metadata.name, uid: owner.metadata.uid ?? "" };
  const pod = await lab.admin.create<Stored>(kinds.pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "demo", name, ownerReferences: [{ ...controller, controller: true }] },
    spec: {
      containers: [{ name: "app", image: "app" }],
      volumes: [{ name: "tls", csi: { driver: "csi.cert-manager.io", readOnly: true } }],
    },
  });
  const request = await issueRequest(lab, signal, [
    { apiVersion: "v1", kind: "Pod", name, uid: pod.metadata.uid ?? "" },
  ]);
  await revokeAnd(lab, signal, { target: { issuedCertificate: request.metadata.uid }, reissue: true }, isReissued);
}

/** For a service account of namespace demo, which a namespaced issuer asks to be allowed to refer to it. */
export async function signRequest(lab: Lab, signal: AbortSignal, kind: "issuer" | "clusterIssuer"): Promise<void> {
  const issuer = await createIssuer(lab, kind);
  const { plural, group, namespaced } = kinds[kind];
  const ref = { name: lab.unique("rbac") };
  await lab.actAs("system:serviceaccount:demo:web").create<Stored>(kinds.signingRequest, {
    apiVersion: "certificates.k8s.io/v1",
    kind: kinds.signingRequest.kind,
    metadata: ref,
    spec: {
      signerName: `${plural}.${group}/${namespaced ? "demo." : ""}${issuer}`,
      request: lab.csr,
      usages: ["client auth", "digital signature"],
      expirationSeconds: 86_400,
    },
  });
  const created = await lab.admin.get<Stored>(kinds.signingRequest, ref);
  const approval = { type: "Approved", status: "True", reason: "Test", message: "by the test" };
  await lab.admin.replace<Stored>(
    kinds.signingRequest,
    { ...created, status: { conditions: [approval] } },
    { subresource: "approval" },
  );
  await eventually(signal, async () => {
    const { status } = await lab.admin.get<Stored & { status?: { certificate?: string } }>(kinds.signingRequest, ref);
    return (status?.certificate ?? "") === "" ? undefined : true;
  });
}

/** Whom `signRequest` acts as, and may. */
export const requesterManifests = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: rbac-requester }
rules:
  - { apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create] }
  - { apiGroups: [capstan.dev], resources: [capstanissuers], verbs: [reference] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: rbac-requester }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: rbac-requester }
subjects: [{ kind: ServiceAccount, name: web, namespace: demo }]
`;
