import {
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CustomResource,
} from "@capstan/api";
import { keyOf } from "@capstan/kube";

/** The kinds of ours that a request may name. */
export type IssuerKind = "CapstanIssuer" | "CapstanClusterIssuer";

export type Issuer = CapstanClusterIssuer | CapstanIssuer;

/** An issuer of ours, by name. */
export interface IssuerRef {
  readonly kind: IssuerKind;
  readonly name: string;
  /** Of a CapstanIssuer; a CapstanClusterIssuer has none. */
  readonly namespace?: string | undefined;
}

const resources: Readonly<Record<IssuerKind, CustomResource>> = {
  CapstanClusterIssuer: capstanClusterIssuerResource,
  CapstanIssuer: capstanIssuerResource,
};

export const issuerKinds: readonly IssuerKind[] = ["CapstanIssuer", "CapstanClusterIssuer"];

/** Where the API server serves an issuer kind. */
export function issuerResourceOf(kind: IssuerKind): CustomResource {
  return resources[kind];
}

/** Names an issuer in an index: kind/namespace/name, without the namespace for the cluster's kind. */
export function issuerIdOf({ kind, namespace, name }: IssuerRef): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

/** Key of an issuer in the store of its kind. */
export function storeKeyOf({ namespace, name }: IssuerRef): string {
  return keyOf({ metadata: namespace === undefined ? { name } : { namespace, name } });
}
