import type { PlaceholderValues } from "./pattern.ts";

/** Who made a request, as the API server or cert-manager's webhook wrote it into the request's spec. */
export interface RequestMaker {
  /** `spec.username`. */
  readonly username: string;
  /** `spec.groups`. */
  readonly groups: readonly string[];
  /** `spec.extra`. */
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Where a request stands. */
export type RequestPlace =
  | {
      readonly kind: "CertificateRequest";
      readonly namespace: string;
      /** `metadata.annotations`: cert-manager's own cannot be changed after the request was made. */
      readonly annotations?: Readonly<Record<string, string>> | undefined;
    }
  | {
      /** It lies in no namespace. */
      readonly kind: "CertificateSigningRequest";
      /**
       * Of the CapstanIssuer that it names: the caller has had the API server review that its maker may use that issuer.
       * Undefined for a CapstanClusterIssuer.
       */
      readonly issuerNamespace: string | undefined;
    };

/** What of a requester is known for certain. */
export interface AttestedRequester extends PlaceholderValues {
  /** The namespace that the request counts for; undefined when there is none. */
  readonly namespace: string | undefined;
  /** Why no service account is attested; undefined when one is. */
  readonly unattested: string | undefined;
}

/**
 * Service accounts that make requests for others by default: cert-manager's controller for Certificates, and its csi-driver
 * when it runs without token requests. Both under the names and in the namespace of their charts.
 */
export const defaultProxies: readonly string[] = [
  "system:serviceaccount:cert-manager:cert-manager",
  "system:serviceaccount:cert-manager:cert-manager-csi-driver",
];

const serviceAccountName = /^system:serviceaccount:([^:]+):([^:]+)$/;
/** cert-manager sets it on every request that it makes for a Certificate. */
export const certificateAnnotation = "cert-manager.io/certificate-name";
/** The API server sets it for a token that is bound to a pod (Kubernetes: "Managing Service Accounts", bound tokens). */
const podNameKey = "authentication.kubernetes.io/pod-name";

/**
 * What the platform attests about the maker of a request. The namespace of a CertificateRequest is a fact of the API
 * server. A service account counts only when it lies in that namespace and made the request for itself: cert-manager makes
 * the requests of Certificates in its own name, also of those that somebody creates in cert-manager's namespace.
 *
 * @example
 * attestRequester(
 *   { username: "system:serviceaccount:demo:web", groups: ["system:serviceaccounts", "system:serviceaccounts:demo"] },
 *   { kind: "CertificateRequest", namespace: "demo" },
 * ); // { namespace: "demo", serviceAccount: "web", unattested: undefined }
 */
export function attestRequester(
  maker: RequestMaker,
  place: RequestPlace,
  proxies: readonly string[] = defaultProxies,
): AttestedRequester {
  const account = readServiceAccount(maker);
  const namespace =
    place.kind === "CertificateRequest" ? place.namespace : (place.issuerNamespace ?? account?.namespace);
  const unattested = whyUnattested({ maker, place, proxies, account, namespace });
  if (unattested !== undefined || account === undefined) return { namespace, unattested };
  const [podName, ...more] = maker.extra?.[podNameKey] ?? [];
  return {
    namespace,
    serviceAccount: account.name,
    ...(podName === undefined || more.length > 0 ? {} : { podName }),
    unattested: undefined,
  };
}

interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** The API server puts every service account into its namespace's group, and nobody else. */
function readServiceAccount({ username, groups }: RequestMaker): ServiceAccount | undefined {
  const [, namespace, name] = serviceAccountName.exec(username) ?? [];
  if (namespace === undefined || name === undefined) return undefined;
  return groups.includes(`system:serviceaccounts:${namespace}`) ? { namespace, name } : undefined;
}

function whyUnattested(question: {
  readonly maker: RequestMaker;
  readonly place: RequestPlace;
  readonly proxies: readonly string[];
  readonly account: ServiceAccount | undefined;
  readonly namespace: string | undefined;
}): string | undefined {
  const { maker, place, proxies, account, namespace } = question;
  if (account === undefined) return "it was not made by a service account";
  if (place.kind === "CertificateRequest" && place.annotations?.[certificateAnnotation] !== undefined) {
    return "cert-manager made it for a Certificate";
  }
  if (proxies.includes(maker.username)) return `${maker.username} makes requests for others`;
  if (account.namespace !== namespace) return `${maker.username} made it from another namespace`;
  return undefined;
}
