import { capstanClusterIssuerResource, capstanIssuerResource, type CustomResource } from "@capstan/api";
import type { IssuerKind } from "../requests/certificate-request.ts";

const resources: Readonly<Record<IssuerKind, CustomResource>> = {
  CapstanClusterIssuer: capstanClusterIssuerResource,
  CapstanIssuer: capstanIssuerResource,
};

/** Where the API server serves an issuer kind. */
export function issuerResourceOf(kind: IssuerKind): CustomResource {
  return resources[kind];
}
