import { apiVersion, type CertificateAuthority } from "@capstan/api";
import { type Answer, collection, object, type Route } from "./api-server.ts";
import { knownFields } from "../src/doctor/known-fields.ts";
import { authority, condition, healthy } from "./objects.ts";

/** A cluster in which all is well, as the routes of a scripted API server; `changes` make one thing of it otherwise. */
export type Routes = Readonly<Record<string, Route>>;

const webhook = {
  name: "webhook.cert-manager.io",
  namespaceSelector: {
    matchExpressions: [{ key: "cert-manager.io/disable-validation", operator: "NotIn", values: ["true"] }],
  },
  rules: [
    { apiGroups: ["cert-manager.io"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["*/*"] },
  ],
};

export const paths = {
  capstan: "GET /apis/capstan.dev/v1alpha1",
  openApi: "GET /openapi/v3/apis/capstan.dev/v1alpha1",
  certManager: "GET /apis/cert-manager.io/v1",
  mutating: "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
  validating: "GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  dryRun: "POST /apis/cert-manager.io/v1/namespaces/default/certificaterequests",
  namespaces: "GET /api/v1/namespaces",
  reviews: "POST /apis/authorization.k8s.io/v1/subjectaccessreviews",
  policies: "GET /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  bindings: "GET /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
  issuerLease: "GET /apis/coordination.k8s.io/v1/namespaces/capstan-system/leases/issuer-controller",
  publisherLease: "GET /apis/coordination.k8s.io/v1/namespaces/capstan-system/leases/crl-publisher",
  capstanPods: "GET /api/v1/namespaces/capstan-system/pods",
  pods: "GET /api/v1/pods",
  csiDriver: "GET /apis/storage.k8s.io/v1/csidrivers/csi.cert-manager.io",
  authorities: "GET /apis/capstan.dev/v1alpha1/certificateauthorities",
  clusterIssuers: "GET /apis/capstan.dev/v1alpha1/capstanclusterissuers",
  issuers: "GET /apis/capstan.dev/v1alpha1/capstanissuers",
  revocations: "GET /apis/capstan.dev/v1alpha1/revocations",
  ledger: "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates",
  requests: "GET /apis/cert-manager.io/v1/certificaterequests",
} as const;

const names = ["operation-requested-by", "publisher-writes-no-spec", "revocation-requested-by"].map(
  (name) => `capstan-${name}`,
);

/** As the API server shows the schemas, without the fields that match. */
export function openApi(isMissing: (field: string) => boolean = () => false): Answer {
  const schemas = Object.entries(knownFields).map(([kind, fields]) => [
    `dev.capstan.v1alpha1.${kind}`,
    {
      ...schemaOf(fields.filter((field) => !isMissing(`${kind}.${field}`))),
      "x-kubernetes-group-version-kind": [{ group: "capstan.dev", version: "v1alpha1", kind }],
    },
  ]);
  return object({ components: { schemas: Object.fromEntries(schemas) } });
}

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
}

function schemaOf(fields: readonly string[]): Schema {
  const root: Schema = {};
  for (const field of fields) {
    let at = root;
    for (const part of field.split(".")) {
      const name = part.replaceAll("[]", "");
      at = (at.properties ??= {})[name] ??= {};
      for (let depth = (part.length - name.length) / 2; depth > 0; depth--) at = at.items ??= {};
    }
  }
  return root;
}

/** A pod of the issuer controller's, started with these flags. */
export function issuerPod(flags: readonly string[], change: object = {}): unknown {
  return {
    metadata: {
      name: "issuer-controller-6f7d9-x2k",
      namespace: "capstan-system",
      labels: { "app.kubernetes.io/name": "issuer-controller", "app.kubernetes.io/part-of": "capstan" },
    },
    spec: {
      serviceAccountName: "issuer-controller",
      containers: [{ name: "issuer-controller", args: ["issuer-controller.js", "--log-level=info", ...flags] }],
    },
    status: { phase: "Running" },
    ...change,
  };
}

/** What the webhook answers to what it must refuse. */
const webhookRefusal: Answer = {
  status: 422,
  body: {
    kind: "Status",
    code: 422,
    reason: "Invalid",
    message: 'admission webhook "webhook.cert-manager.io" denied the request',
  },
};

/** Such a cluster at a moment, milliseconds since 1970. */
export function worldAt(now: number) {
  function lease(name: string, renewedMsAgo = 3_000, holderIdentity = `${name}-1`): Answer {
    const renewTime = new Date(now - renewedMsAgo).toISOString();
    return object({ metadata: { name }, spec: { holderIdentity, leaseDurationSeconds: 30, renewTime } });
  }

  /** Before the moment that every test starts at. */
  function ago(ms: number): string {
    return `${new Date(now - ms).toISOString().slice(0, 19)}Z`;
  }

  function fleet(status: Partial<NonNullable<CertificateAuthority["status"]>> = {}): CertificateAuthority {
    const base = authority();
    const { generations = [], trustAnchors = [] } = healthy;
    const ends = new Date(now + 300 * 86_400_000).toISOString();
    return {
      ...base,
      metadata: { ...base.metadata, creationTimestamp: ago(86_400_000) },
      spec: {
        ...base.spec,
        issuance: { ...base.spec.issuance, namespaces: { matchLabels: { aws: "allowed" } } },
        trustAnchors: [{ name: "prod", region: "eu-central-1", account: "111122223333", create: true }],
      },
      status: {
        ...healthy,
        notAfter: ends,
        generations: generations.map((generation) => ({
          ...generation,
          notAfter: ends,
          crl: { number: 17, thisUpdate: ago(60_000), nextUpdate: ends, entries: 4 },
        })),
        trustAnchors: trustAnchors.map((anchor) => ({ ...anchor, state: "Present" as const, readAt: ago(10_000) })),
        ...status,
      },
    };
  }

  function issuer(ready = condition("Ready", "True", "Checked"), spec: object = {}): unknown {
    return {
      apiVersion,
      kind: "CapstanClusterIssuer",
      metadata: { name: "fleet", generation: 1, creationTimestamp: ago(86_400_000) },
      spec: {
        caRef: { name: "fleet" },
        profile: "RolesAnywhere",
        defaultDuration: "24h",
        overMaximum: "Refuse",
        policy: {},
        ...spec,
      },
      status: { conditions: [{ ...ready, observedGeneration: 1 }] },
    };
  }

  function request(
    name: string,
    options: {
      readonly ageMs?: number;
      readonly conditions?: readonly unknown[];
      readonly failureTime?: string;
      readonly certificate?: string;
    } = {},
  ): unknown {
    const { ageMs = 3_600_000, conditions = [], failureTime, certificate } = options;
    return {
      metadata: {
        name,
        namespace: "demo",
        creationTimestamp: ago(ageMs),
        annotations: certificate === undefined ? {} : { "cert-manager.io/certificate-name": certificate },
      },
      spec: { issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" } },
      status: { conditions, ...(failureTime === undefined ? {} : { failureTime }) },
    };
  }

  function healthyRoutes(changes: Routes = {}): Routes {
    const plurals = [
      "authorityoperations",
      "capstanclusterissuers",
      "capstanissuers",
      "certificateauthorities",
      "generationmarks",
      "issuedcertificates",
      "revocationlists",
      "revocations",
    ];
    return {
      "GET /version": object({}),
      [paths.capstan]: object({ resources: plurals.map((name) => ({ name })) }),
      [paths.openApi]: openApi(),
      [paths.certManager]: object({ resources: [{ name: "certificaterequests" }] }),
      [paths.mutating]: collection({ metadata: { name: "cert-manager-webhook" }, webhooks: [webhook] }),
      [paths.validating]: collection({ metadata: { name: "cert-manager-webhook" }, webhooks: [webhook] }),
      [paths.dryRun]: webhookRefusal,
      [paths.namespaces]: collection(
        { metadata: { name: "demo", labels: { aws: "allowed" } } },
        { metadata: { name: "kube-system" } },
      ),
      [paths.reviews]: object({ status: { allowed: true } }),
      [paths.policies]: collection(...names.map((name) => ({ metadata: { name } }))),
      [paths.bindings]: collection(
        ...names.map((name) => ({ metadata: { name }, spec: { policyName: name, validationActions: ["Deny"] } })),
      ),
      [paths.issuerLease]: () => lease("issuer-controller"),
      [paths.publisherLease]: () => lease("crl-publisher"),
      [paths.capstanPods]: collection(),
      [paths.pods]: collection(),
      [paths.authorities]: collection(fleet()),
      [paths.clusterIssuers]: collection(issuer()),
      [paths.issuers]: collection(),
      [paths.revocations]: collection(),
      [paths.ledger]: collection(),
      [paths.requests]: collection(
        request("web-1", {
          conditions: [condition("Approved", "True", "cert-manager.io"), condition("Ready", "True", "Issued")],
        }),
      ),
      ...changes,
    };
  }

  return { ago, fleet, healthyRoutes, issuer, lease, request };
}
