// Roles as single rights: what the RBAC test takes away, one at a time.

/** A Role or ClusterRole as the API server returns it, as far as it is read here. */
export interface RoleObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[] | null;
}

export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** One verb on one resource. */
export interface Grant {
  readonly group: string;
  /** With its subresource: `certificaterequests/status`. */
  readonly resource: string;
  /** The one object that it is for; absent for all. */
  readonly resourceName?: string;
  readonly verb: string;
}

/** The rights that a role's rules grant, each once. Rules for URLs grant nothing here; none of ours has any. */
export function grantsOf({ rules }: RoleObject): readonly Grant[] {
  const grants = (rules ?? []).flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames === undefined
            ? { group, resource, verb }
            : resourceNames.map((resourceName) => ({ group, resource, verb, resourceName })),
        ),
      ),
    ),
  );
  return [...new Map(grants.map((grant) => [describeGrant(grant), grant])).values()];
}

/** The rules that grant all that a role does, but one right. */
export function rulesWithout(role: RoleObject, taken: Grant): readonly PolicyRule[] {
  return grantsOf(role)
    .filter((grant) => describeGrant(grant) !== describeGrant(taken))
    .map(ruleOf);
}

function ruleOf({ group, resource, resourceName, verb }: Grant): PolicyRule {
  return {
    apiGroups: [group],
    resources: [resource],
    ...(resourceName === undefined ? {} : { resourceNames: [resourceName] }),
    verbs: [verb],
  };
}

/** As `update leases.coordination.k8s.io issuer-controller`; distinct for distinct rights. */
export function describeGrant({ group, resource, resourceName, verb }: Grant): string {
  const [plural = "", ...subresource] = resource.split("/");
  const qualified = group === "" ? plural : `${plural}.${group}`;
  return [verb, [qualified, ...subresource].join("/"), ...(resourceName === undefined ? [] : [resourceName])].join(" ");
}

/** As `ClusterRole/capstan-viewer` and `Role/capstan-system/crl-server`. */
export function describeRole({ kind, metadata: { namespace, name } }: RoleObject): string {
  return [kind, ...(namespace === undefined ? [] : [namespace]), name].join("/");
}

/** A request to the API server, as RBAC sees it. */
export interface ApiCall {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  /** HTTP status. */
  readonly code: number;
}

/** Rights that no request asks for by their own name: admission looks for them when this resource is written. */
const askedByAdmission: readonly (Pick<Grant, "verb" | "resource" | "group"> & { readonly written: string })[] = [
  // cert-manager's webhook.
  { verb: "approve", resource: "signers", group: "cert-manager.io", written: "certificaterequests/status" },
  // kube-apiserver's plugin CertificateSigning.
  { verb: "sign", resource: "signers", group: "certificates.k8s.io", written: "certificatesigningrequests/status" },
];

/** Whether a call needs the right, of the role that grants it. For those that admission asks for: may need it. */
export function needs(call: ApiCall, role: RoleObject, grant: Grant): boolean {
  if (call.group !== grant.group) return false;
  const asked = askedByAdmission.find(({ verb, resource }) => verb === grant.verb && resource === grant.resource);
  if (asked !== undefined) return call.resource === asked.written && ["patch", "update"].includes(call.verb);
  return (
    call.verb === grant.verb &&
    call.resource === grant.resource &&
    (grant.resourceName === undefined || grant.resourceName === call.name) &&
    (role.metadata.namespace === undefined || role.metadata.namespace === call.namespace)
  );
}

/** Who is granted what: a RoleBinding or ClusterRoleBinding, as far as it is read here. */
export interface BindingObject {
  readonly metadata: { readonly namespace?: string };
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

/** The roles that are bound to a service account, given as its user name. */
export function rolesOf(
  user: string,
  objects: { readonly roles: readonly RoleObject[]; readonly bindings: readonly BindingObject[] },
): readonly RoleObject[] {
  const own = objects.bindings.filter(({ subjects = [] }) =>
    subjects.some(
      ({ kind, namespace = "", name }) =>
        kind === "ServiceAccount" && `system:serviceaccount:${namespace}:${name}` === user,
    ),
  );
  return objects.roles.filter(({ kind, metadata }) =>
    own.some(
      ({ roleRef, metadata: { namespace } }) =>
        roleRef.kind === kind &&
        roleRef.name === metadata.name &&
        (metadata.namespace === undefined || metadata.namespace === namespace),
    ),
  );
}
