/** Where the API server serves a kind, and what its objects call themselves. `group` is "" for the core group. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Names one object. `namespace` is required for namespaced kinds and refused for others. */
export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** `group/version`, or `version` alone in the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** `plural.group`, as in `kubectl get`; `plural` alone in the core group. */
export function resourceName(type: ResourceType): string {
  return type.group === "" ? type.plural : `${type.plural}.${type.group}`;
}

/** Path of all objects of a kind: in one namespace, or in the cluster when `namespace` is left out. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  if (namespace === undefined) return `${root}/${type.plural}`;
  if (!type.namespaced) {
    throw new TypeError(`${resourceName(type)} is cluster-scoped: leave out the namespace "${namespace}"`);
  }
  return `${root}/namespaces/${pathSegment("namespace", namespace)}/${type.plural}`;
}

/** Path of one object, or of its subresource ("status", "scale", …). */
export function objectPath(type: ResourceType, ref: ObjectRef, subresource?: string): string {
  if (type.namespaced && ref.namespace === undefined) {
    throw new TypeError(`${resourceName(type)} is namespaced: give the namespace of "${ref.name}"`);
  }
  const path = `${collectionPath(type, ref.namespace)}/${pathSegment("name", ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** The rules of the API server (ValidatePathSegmentName): anything else would name another resource. */
function pathSegment(field: string, value: string): string {
  if (value === "" || value === "." || value === ".." || /[/%]/.test(value)) {
    throw new TypeError(
      `${field} ${JSON.stringify(value)} cannot be part of a path: give one without "/", "%", "." or ".." alone`,
    );
  }
  return encodeURIComponent(value);
}
