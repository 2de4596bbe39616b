import { KubeApiError } from "@capstan/kube";

interface AskedFor {
  readonly verb: string;
  /** `plural.group`, as in `kubectl auth can-i`. */
  readonly resource: string;
  readonly namespace: string | undefined;
}

/** Which ClusterRole grants a right that a command needs, for whom it is meant, and how it gets there. */
const grants: readonly {
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly role: string;
  /** Where it is no ClusterRole. */
  readonly kind?: "Role";
}[] = [
  {
    resource: "revocations.capstan.dev",
    verbs: ["create"],
    role: "capstan-revoker (a namespace's admins have it) or capstan-operator",
  },
  {
    resource: "revocations.capstan.dev",
    verbs: ["get", "list"],
    role: "capstan-revoker (a namespace's admins have it), capstan-operator or capstan-viewer",
  },
  { resource: "issuedcertificates.capstan.dev", verbs: ["get", "list"], role: "capstan-operator or capstan-viewer" },
  {
    resource: "certificateauthorities.capstan.dev",
    verbs: ["get", "list"],
    role: "capstan-developer, capstan-operator or capstan-viewer",
  },
  { resource: "authorityoperations.capstan.dev", verbs: ["create"], role: "capstan-operator" },
  {
    resource: "authorityoperations.capstan.dev",
    verbs: ["get", "list"],
    role: "capstan-operator or capstan-viewer",
  },
  {
    resource: "capstanclusterissuers.capstan.dev",
    verbs: ["get", "list"],
    role: "capstan-developer, capstan-operator or capstan-viewer",
  },
  {
    resource: "capstanissuers.capstan.dev",
    verbs: ["get", "list"],
    role: "capstan-tenant-viewer (a part of view), capstan-operator or capstan-viewer",
  },
  ...["generationmarks.capstan.dev", "revocationlists.capstan.dev"].map((resource) => ({
    resource,
    verbs: ["get", "list"],
    role: "capstan-operator or capstan-viewer",
  })),
  { resource: "certificates.cert-manager.io", verbs: ["get", "list"], role: "cert-manager-view or view" },
  { resource: "certificates/status.cert-manager.io", verbs: ["update"], role: "cert-manager-edit or edit" },
  { resource: "certificaterequests.cert-manager.io", verbs: ["create", "delete"], role: "cert-manager-edit or edit" },
  { resource: "certificaterequests.cert-manager.io", verbs: ["get", "list"], role: "cert-manager-view or view" },
  { resource: "pods", verbs: ["get", "list"], role: "view" },
  { resource: "secrets", verbs: ["get"], role: "edit" },
  { resource: "configmaps", verbs: ["get", "list"], kind: "Role", role: "capstan-published-reader" },
  { resource: "namespaces", verbs: ["get"], role: "view" },
  ...["csidrivers.storage.k8s.io", "leases.coordination.k8s.io"].map((resource) => ({
    resource,
    verbs: ["get"],
    role: "capstan-doctor",
  })),
  ...[
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "namespaces",
    "validatingadmissionpolicies.admissionregistration.k8s.io",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
  ].map((resource) => ({ resource, verbs: ["list"], role: "capstan-doctor" })),
  { resource: "subjectaccessreviews.authorization.k8s.io", verbs: ["create"], role: "capstan-doctor" },
  { resource: "selfsubjectreviews.authentication.k8s.io", verbs: ["create"], role: "system:basic-user" },
];

/** What to do about an answer of the API server, or undefined when its own words must do. */
export function explainApiError(error: KubeApiError): string | undefined {
  const asked = askedFor(error.request);
  if (error.code === 401) return "The API server does not know you: log in again, or check the kubeconfig's user.";
  if (asked === undefined) return undefined;
  if (error.code === 403) return isMissingRight(error) ? explainMissingRight(asked) : undefined;
  if (error.code === 404 && (asked.verb === "list" || asked.verb === "create")) {
    const [, group] = asked.resource.split(/\.(.*)/s);
    if (group === "capstan.dev")
      return "This cluster has no Capstan: its custom resource definitions are not installed.";
    if (group === "cert-manager.io") return "This cluster has no cert-manager.";
    if (group === "authentication.k8s.io")
      return "The API server is older than Kubernetes 1.28 and cannot say who you are.";
  }
  return undefined;
}

/** The right that was missing, in one line, for when a part of the output is left out. */
export function missingRight(error: unknown): string | undefined {
  if (!(error instanceof KubeApiError) || error.code !== 403 || !isMissingRight(error)) return undefined;
  const asked = askedFor(error.request);
  return asked === undefined ? undefined : explainMissingRight(asked);
}

/** Admission refuses with 403 as well; RBAC's words are "User … cannot … resource …". */
function isMissingRight(error: KubeApiError): boolean {
  return / cannot \S+ resource /.test(error.message);
}

function explainMissingRight({ verb, resource, namespace }: AskedFor): string {
  const where = namespace === undefined ? "in the whole cluster" : `in namespace ${namespace}`;
  const right = `Missing right: ${verb} ${resource} ${where}.`;
  const grant = grants.find((known) => known.resource === resource && known.verbs.includes(verb));
  return grant === undefined ? right : `${right} Granted by ${grant.kind ?? "ClusterRole"} ${grant.role}.`;
}

const path =
  /^(?<method>\S+) \/(?:api|apis\/(?<group>[^/]+))\/[^/]+(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?<name>\/[^/]+(?<subresource>\/[^/]+)?)?$/;

const writes: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

function askedFor(request: string): AskedFor | undefined {
  const { method, group, namespace, plural, name, subresource = "" } = path.exec(request)?.groups ?? {};
  if (method === undefined || plural === undefined) return undefined;
  const verb = writes[method] ?? (name === undefined ? "list" : "get");
  const resource = `${plural}${subresource}`;
  return { verb, resource: group === undefined ? resource : `${resource}.${group}`, namespace };
}
