import type { OwnerReference } from "@capstan/kube";
import { conditionOf, eventually, kinds, type Lab, ownNamespace, type Stored } from "./rbac-lab.ts";

// What the steps of several actors begin with.

/** Creates a request for CN=web.demo in namespace demo; cert-manager's approver approves it. */
export async function createRequest(
  lab: Lab,
  issuerRef: { readonly kind: string; readonly name: string },
  ownerReferences: readonly OwnerReference[] = [],
): Promise<Stored> {
  const request = {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name: lab.unique("rbac"), namespace: "demo", ownerReferences },
    spec: {
      issuerRef: { group: "capstan.dev", ...issuerRef },
      request: lab.csr,
      duration: "24h",
      usages: ["client auth", "digital signature"],
    },
  };
  return lab.admin.create<Stored>(kinds.request, request);
}

/** Resolves when the Ready condition of a request has the reason. */
export async function requestWith(lab: Lab, signal: AbortSignal, { metadata }: Stored, reason: string): Promise<void> {
  const ref = { namespace: "demo", name: metadata.name };
  await eventually(signal, async () => {
    const request = await lab.admin.get<Stored>(kinds.request, ref);
    return conditionOf(request, "Ready")?.reason === reason ? true : undefined;
  });
}

/** With the mark below the leaf's end, so that it has to be raised. */
export async function issueRequest(
  lab: Lab,
  signal: AbortSignal,
  ownerReferences: readonly OwnerReference[] = [],
): Promise<Stored> {
  const ref = { namespace: ownNamespace, name: "fleet-1" };
  const mark = await lab.admin.get<Stored>(kinds.mark, ref);
  await lab.admin.delete(kinds.mark, ref);
  await lab.admin.create<Stored>(kinds.mark, {
    apiVersion: mark.apiVersion,
    kind: mark.kind,
    metadata: { ...ref, labels: mark.metadata.labels ?? {} },
    spec: { ...mark.spec, notAfter: "2026-01-01T00:00:00Z" },
  });
  const request = await createRequest(lab, { kind: "CapstanClusterIssuer", name: "fleet" }, ownerReferences);
  await requestWith(lab, signal, request, "Issued");
  return request;
}

export async function createIssuer(lab: Lab, kind: "issuer" | "clusterIssuer", authority = "fleet"): Promise<string> {
  const name = lab.unique("rbac");
  await createIssuerNamed(lab, kind, name, authority);
  return name;
}

export async function createIssuerNamed(
  lab: Lab,
  kind: "issuer" | "clusterIssuer",
  name: string,
  authority: string,
): Promise<void> {
  const type = kinds[kind];
  await lab.admin.create<Stored>(type, {
    apiVersion: "capstan.dev/v1alpha1",
    kind: type.kind,
    metadata: { name, ...(type.namespaced ? { namespace: "demo" } : {}) },
    spec: { caRef: { name: authority }, policy: { commonName: { allow: ["*.{namespace}"] } } },
  });
}

/** Creates a Revocation, in namespace demo unless it says another one, and resolves when `isDone` says so of it. */
export async function revokeAnd(
  lab: Lab,
  signal: AbortSignal,
  { namespace = "demo", ...spec }: { readonly target: object; readonly reissue?: true; readonly namespace?: string },
  isDone: (revocation: Stored) => boolean,
): Promise<void> {
  const ref = { namespace, name: lab.unique("rbac") };
  await lab.admin.create<Stored>(kinds.revocation, {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "Revocation",
    metadata: ref,
    spec: { ...spec, requestedBy: "admin" },
  });
  await eventually(signal, async () => (isDone(await lab.admin.get<Stored>(kinds.revocation, ref)) ? true : undefined));
}
