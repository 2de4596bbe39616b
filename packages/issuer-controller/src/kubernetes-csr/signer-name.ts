import { apiGroup } from "@capstan/api";
import { type IssuerKind, issuerKinds, issuerResourceOf, type IssuerRef } from "../issuers/issuer-kinds.ts";

const kindsByDomain: ReadonlyMap<string, IssuerKind> = new Map(
  issuerKinds.map((kind) => [`${issuerResourceOf(kind).plural}.${apiGroup}`, kind]),
);

/**
 * The issuer that a CertificateSigningRequest's signerName means, or undefined when it is not ours:
 * `capstanclusterissuers.capstan.dev/NAME` or `capstanissuers.capstan.dev/NAMESPACE.NAME`, as cert-manager has it for its
 * own kinds. Names of issuers may hold dots, namespaces cannot (RFC 1123 labels).
 *
 * @example issuerOfSignerName("capstanissuers.capstan.dev/demo.web") // { kind: "CapstanIssuer", namespace: "demo", name: "web" }
 */
export function issuerOfSignerName(signerName: string): IssuerRef | undefined {
  const [domain = "", path = "", ...more] = signerName.split("/");
  const kind = kindsByDomain.get(domain);
  if (kind === undefined || path === "" || more.length > 0) return undefined;
  if (kind === "CapstanClusterIssuer") return { kind, name: path };
  const dot = path.indexOf(".");
  const [namespace, name] = [path.slice(0, dot), path.slice(dot + 1)];
  return dot < 1 || name === "" ? undefined : { kind, namespace, name };
}
