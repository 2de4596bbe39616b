import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { collection, forbidden, object, type Route, startApiServer } from "./api-server.ts";
import { issuerPod, openApi, paths, type Routes, worldAt } from "./doctor-world.ts";
import { condition, revocation } from "./objects.ts";
import { type Ended, run, startedAt } from "./run.ts";

const { ago, fleet, healthyRoutes, issuer, lease, request } = worldAt(startedAt);

interface Printed {
  readonly checks: readonly {
    readonly check: string;
    readonly group: string;
    readonly result: string;
    readonly reason?: string;
    readonly findings: readonly {
      readonly id: string;
      readonly subject: string;
      readonly cause: string;
      readonly cure: string;
      readonly followsFrom?: string;
    }[];
  }[];
}

async function doctor(changes: Routes = {}, argv: readonly string[] = [], skewMs = 0): Promise<Ended> {
  await using server = await startApiServer(healthyRoutes(changes), { date: startedAt + skewMs });
  return await run(["doctor", ...argv], { server });
}

async function printed(changes: Routes = {}, skewMs = 0): Promise<Printed & { readonly code: number }> {
  const { code, out, err } = await doctor(changes, ["-o", "json"], skewMs);
  if (out === "") throw new Error(err);
  return { code, ...(JSON.parse(out) as Printed) };
}

/** Ids of what was found, with what each follows from. */
async function found(changes: Routes, skewMs = 0): Promise<readonly string[]> {
  const { checks } = await printed(changes, skewMs);
  return checks.flatMap(({ findings }) =>
    findings.map(({ id, followsFrom }) => (followsFrom === undefined ? id : `${id} <- ${followsFrom}`)),
  );
}

const notFound: Route = { status: 404, body: { kind: "Status", code: 404, reason: "NotFound", message: "not found" } };
const approved = condition("Approved", "True", "cert-manager.io");

test("of a slow API server at most eight questions are asked at once", async () => {
  let open = 0;
  let most = 0;
  let asked = 0;
  /** Until no more come: asker and server share an event loop, so on a slow machine what is on its way has its turns too. */
  const untilQuiet = async (): Promise<void> => {
    for (let seen = 0; seen !== asked;) {
      seen = asked;
      await delay(20);
      for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    }
  };
  const review: Route = async () => {
    asked += 1;
    open += 1;
    most = Math.max(most, open);
    await untilQuiet();
    open -= 1;
    return object({ status: { allowed: true } });
  };
  expect(await found({ [paths.reviews]: review })).toEqual([]);
  expect(most).toBe(8);
});

describe("all is well", () => {
  test("nothing is found, everything was looked at, and it ends with 0", async () => {
    expect(await doctor()).toMatchInlineSnapshot(`
      {
        "code": 0,
        "err": "",
        "out": "Not checked:
        aws-reachable, aws-clock, aws-anchors, aws-crls, aws-notifications, aws-profiles, aws-roles, aws-durations: no AWS credentials in the environment: name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
        leaf, leaf-issuer, leaf-revoked: no leaf was given: name one by --certificate and --private-key, or by --secret
        canary: no leaf, profile and role were given: name them by --certificate and --private-key or --secret, --profile-arn and --role-arn

      44 checks: 32 passed, 0 failed, 12 skipped: nothing is wrong
      ",
      }
    `);
  });

  test("wide shows every check", async () => {
    expect((await doctor({}, ["-o", "wide"])).out).toMatchInlineSnapshot(`
      "GROUP       CHECK                          RESULT    TRUE WHEN PASSED                                                              READS
      Cluster     capstan-crds                   Passed    the API server serves Capstan's kinds                                         discovery of capstan.dev/v1alpha1
      Cluster     capstan-crd-fields             Passed    Capstan's kinds have every field of this release                              OpenAPI of capstan.dev/v1alpha1
      Cluster     api-clock                      Passed    this computer's clock and the API server's agree                              the Date header of the API server's answers
      Cluster     cert-manager                   Passed    cert-manager is installed                                                     discovery of cert-manager.io/v1
      Cluster     cert-manager-webhooks          Passed    cert-manager's webhooks attest who makes a request                            list mutating- and validatingwebhookconfigurations
      Cluster     cert-manager-webhook-answers   Passed    cert-manager's webhook answers                                                create certificaterequests, as a dry run that the webhook must refuse
      Cluster     namespaces-seen                Passed    cert-manager's webhooks see every namespace that is issued to                 list namespaces, webhook configurations and certificateauthorities
      Cluster     approver-right                 Passed    somebody may approve requests for Capstan's issuers                           create subjectaccessreviews, list pods in Capstan's namespace
      Cluster     csi-driver                     Passed    csi-driver asks in the pods' names where that is demanded, and they may ask   get csidrivers, list pods, create subjectaccessreviews
      Capstan     capstan-rights                 Passed    Capstan's programs have the rights of their manifests                         create subjectaccessreviews
      Capstan     admission-policies             Passed    nobody can write another's name into an order                                 list validatingadmissionpolicies and validatingadmissionpolicybindings
      Capstan     capstan-pods                   Passed    Capstan's pods stay up                                                        list pods in Capstan's namespace
      Capstan     capstan-leaders                Passed    each program has a leader at work                                             get leases in Capstan's namespace
      Authority   authorities                    Passed    there is a CertificateAuthority                                               list certificateauthorities
      Authority   authority-handled              Passed    the publisher has handled each authority as it is now                         list certificateauthorities
      Authority   trust-anchors                  Passed    each trust anchor holds the roots, enabled and read back lately               list certificateauthorities
      Authority   drift                          Passed    no trust anchor holds an unknown certificate                                  list certificateauthorities
      Authority   anchor-settings                Passed    nobody has changed a trust anchor's notifications or its name                 list certificateauthorities
      Authority   authority-key                  Passed    the active generation's key can be used                                       list certificateauthorities
      Authority   frozen                         Passed    issuing is not held                                                           list certificateauthorities
      Authority   generation-dates               Passed    no root ends before it is replaced                                            list certificateauthorities
      Authority   authority-ready                Passed    each authority issues                                                         list certificateauthorities
      Authority   crl-fresh                      Passed    each CRL was made lately                                                      list certificateauthorities
      Authority   crl-room                       Passed    each CRL has room                                                             list certificateauthorities
      Authority   crls-in-aws                    Passed    each trust anchor has the newest CRL                                          list certificateauthorities
      Authority   revocations                    Passed    every revocation is in force                                                  list revocations
      Requests    issuers                        Passed    every issuer is Ready                                                         list capstanclusterissuers and capstanissuers
      Requests    ledger                         Passed    the ledger has room, at the present rate                                      list issuedcertificates and pods in Capstan's namespace
      Requests    requests-approved              Passed    no request waits for an approver                                              list certificaterequests
      Requests    requests-answered              Passed    every approved request is answered                                            list certificaterequests
      Requests    requests-failed                Passed    no request was refused without a later one that was not                       list certificaterequests
      Requests    helper-versions                Passed    no pod runs a version of AWS's helper that serves empty credentials           list pods
      AWS         aws-reachable                  Skipped   AWS answers from here                                                         sts:GetCallerIdentity, rolesanywhere:GetTrustAnchor
      AWS         aws-clock                      Skipped   this computer's clock and AWS's agree                                         the Date header of AWS's answers
      AWS         aws-anchors                    Skipped   each trust anchor is enabled in AWS and holds the roots                       rolesanywhere:GetTrustAnchor
      AWS         aws-crls                       Skipped   each trust anchor has the newest CRLs, enabled                                rolesanywhere:ListCrls
      AWS         aws-notifications              Skipped   AWS does not warn of every short-lived leaf                                   rolesanywhere:GetTrustAnchor
      AWS         leaf                           Skipped   the leaf is one that AWS takes                                                the certificate and key that were given
      AWS         leaf-issuer                    Skipped   the leaf is signed by a root that a trust anchor holds                        rolesanywhere:GetTrustAnchor, else get configmaps in Capstan's namespace
      AWS         leaf-revoked                   Skipped   the leaf is not revoked                                                       list issuedcertificates in Capstan's namespace
      AWS         aws-profiles                   Skipped   each profile is enabled and holds the role                                    rolesanywhere:GetProfile
      AWS         aws-roles                      Skipped   each role lets Roles Anywhere in with this leaf                               iam:GetRole
      AWS         aws-durations                  Skipped   no profile asks for longer sessions than the role grants                      rolesanywhere:GetProfile, iam:GetRole
      AWS         canary                         Skipped   AWS grants a session to the leaf that was given                               rolesanywhere:CreateSession, with the leaf

      Not checked:
        aws-reachable, aws-clock, aws-anchors, aws-crls, aws-notifications, aws-profiles, aws-roles, aws-durations: no AWS credentials in the environment: name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
        leaf, leaf-issuer, leaf-revoked: no leaf was given: name one by --certificate and --private-key, or by --secret
        canary: no leaf, profile and role were given: name them by --certificate and --private-key or --secret, --profile-arn and --role-arn

      44 checks: 32 passed, 0 failed, 12 skipped: nothing is wrong
      "
    `);
  });
});

/** Denies what the question is about. */
function denying(matches: (attributes: Readonly<Record<string, string>>, user: string) => boolean): Route {
  return ({ body }) => {
    const { spec } = body as {
      readonly spec: { readonly user: string; readonly resourceAttributes: Readonly<Record<string, string>> };
    };
    return object({ status: { allowed: !matches(spec.resourceAttributes, spec.user) } });
  };
}

const ready = condition("Ready", "True", "Issuing");
const prod = {
  name: "prod",
  joined: true,
  readAt: ago(10_000),
  arn: "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/2f6b4f0e-0000-4000-8000-000000000001",
};

const faults: readonly (readonly [fact: string, changes: Routes, found: readonly string[], skewMs?: number])[] = [
  [
    "Capstan's kinds are not served",
    {
      [paths.capstan]: notFound,
      [paths.authorities]: notFound,
      [paths.clusterIssuers]: notFound,
      [paths.issuers]: notFound,
      [paths.ledger]: notFound,
    },
    ["capstan-crds-missing"],
  ],
  [
    "one kind is not served",
    { [paths.capstan]: object({ resources: [{ name: "certificateauthorities" }] }) },
    ["capstan-crds-missing"],
  ],
  [
    "the definition of a kind is older than this release",
    { [paths.openApi]: openApi((field) => field.startsWith("Revocation.spec.reissue")) },
    ["capstan-crds-outdated"],
  ],
  [
    "the API server's clock is ahead",
    {},
    ["clock-skew-api-server", "no-leader <- clock-skew-api-server", "no-leader <- clock-skew-api-server"],
    120_000,
  ],
  [
    "the API server's clock is behind",
    {
      [paths.issuerLease]: lease("issuer-controller", 120_000),
      [paths.publisherLease]: lease("crl-publisher", 120_000),
    },
    ["clock-skew-api-server"],
    -120_000,
  ],
  ["there is no cert-manager", { [paths.certManager]: notFound, [paths.requests]: notFound }, ["cert-manager-missing"]],
  [
    "the mutating webhook is gone",
    {
      [paths.mutating]: collection(),
      [paths.clusterIssuers]: collection(issuer(condition("Ready", "False", "WebhooksMissing", "gone"))),
    },
    ["cert-manager-webhook-fault", "issuer-not-ready <- cert-manager-webhook-fault"],
  ],
  [
    "the webhook does not answer",
    {
      [paths.dryRun]: {
        status: 500,
        body: {
          kind: "Status",
          code: 500,
          reason: "InternalError",
          message: 'failed calling webhook "webhook.cert-manager.io": connection refused',
        },
      },
    },
    ["cert-manager-webhook-unreachable"],
  ],
  [
    "a namespace that is issued to is hidden",
    {
      [paths.namespaces]: collection({
        metadata: { name: "demo", labels: { aws: "allowed", "cert-manager.io/disable-validation": "true" } },
      }),
    },
    ["namespace-hidden-from-webhooks"],
  ],
  [
    "another namespace is hidden",
    {
      [paths.namespaces]: collection({
        metadata: { name: "x", labels: { "cert-manager.io/disable-validation": "true" } },
      }),
    },
    [],
  ],
  [
    "nobody may approve",
    { [paths.reviews]: denying(({ verb }) => verb === "approve"), [paths.requests]: collection(request("web-1")) },
    ["approver-right-missing", "request-unapproved <- approver-right-missing"],
  ],
  [
    "approver-policy may approve in cert-manager's place",
    {
      [paths.reviews]: denying(({ verb }, user) => verb === "approve" && user.endsWith(":cert-manager")),
      "GET /apis/policy.cert-manager.io/v1alpha1": object({}),
    },
    [],
  ],
  [
    "csi-driver asks in its own name",
    {
      [paths.csiDriver]: object({ metadata: { name: "csi.cert-manager.io" }, spec: {} }),
      [paths.clusterIssuers]: collection(issuer(ready, { attestation: "ServiceAccount" })),
    },
    ["csi-token-requests-missing"],
  ],
  [
    "csi-driver asks in its own name, and nobody minds",
    { [paths.csiDriver]: object({ metadata: { name: "csi.cert-manager.io" }, spec: {} }) },
    [],
  ],
  [
    "a pod's account may not ask",
    {
      [paths.csiDriver]: object({
        metadata: { name: "csi.cert-manager.io" },
        spec: { tokenRequests: [{ audience: "" }] },
      }),
      [paths.pods]: collection({
        metadata: { name: "web-0", namespace: "demo" },
        spec: {
          serviceAccountName: "web",
          volumes: [
            {
              csi: {
                driver: "csi.cert-manager.io",
                volumeAttributes: { "csi.cert-manager.io/issuer-group": "capstan.dev" },
              },
            },
          ],
        },
      }),
      [paths.reviews]: denying((_, user) => user === "system:serviceaccount:demo:web"),
    },
    ["csi-account-right-missing"],
  ],
  [
    "a program lacks a right and has lost its lease",
    {
      [paths.reviews]: denying(({ resource }) => resource === "leases"),
      [paths.issuerLease]: lease("issuer-controller", 120_000),
    },
    ["controller-right-missing", "controller-right-missing", "no-leader <- controller-right-missing"],
  ],
  [
    "an admission policy is gone",
    { [paths.policies]: collection() },
    ["admission-policy-missing", "admission-policy-missing", "admission-policy-missing"],
  ],
  [
    "an admission policy only warns",
    {
      [paths.bindings]: collection(
        ...["operation-requested-by", "publisher-writes-no-spec", "revocation-requested-by"].map((name, index) => ({
          metadata: { name },
          spec: { policyName: `capstan-${name}`, validationActions: [index === 0 ? "Warn" : "Deny"] },
        })),
      ),
    },
    ["admission-policy-missing"],
  ],
  [
    "a pod of Capstan's does not start, so nobody leads",
    {
      [paths.capstanPods]: collection({
        metadata: { name: "crl-publisher-x", namespace: "capstan-system" },
        status: {
          containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } }],
        },
      }),
      [paths.publisherLease]: notFound,
    },
    ["capstan-pod-fails", "no-leader <- capstan-pod-fails"],
  ],
  [
    "a pod of Capstan's is being created",
    {
      [paths.capstanPods]: collection({
        metadata: { name: "x" },
        status: { containerStatuses: [{ state: { waiting: { reason: "ContainerCreating" } } }] },
      }),
    },
    [],
  ],
  [
    "the publisher has stopped",
    {
      [paths.publisherLease]: lease("crl-publisher", 61_000),
      [paths.authorities]: collection(fleet({ trustAnchors: [{ ...prod, readAt: ago(3_600_000) }] })),
    },
    ["no-leader", "anchor-read-back-old <- no-leader"],
  ],
  ["a lease was released", { [paths.issuerLease]: lease("issuer-controller", 1_000, "") }, ["no-leader"]],
  [
    "there is no authority",
    { [paths.authorities]: collection(), [paths.clusterIssuers]: collection() },
    ["no-authority"],
  ],
  [
    "an issuer names an authority that is not there",
    {
      [paths.clusterIssuers]: collection(
        issuer(condition("Ready", "False", "AuthorityNotFound", "CertificateAuthority x does not exist")),
      ),
    },
    ["issuer-authority-missing"],
  ],
  [
    "an issuer's policy is at fault",
    { [paths.clusterIssuers]: collection(issuer(condition("Ready", "False", "InvalidPolicy", "spec.policy…"))) },
    ["issuer-policy-invalid"],
  ],
  [
    "the publisher has not seen the newest spec",
    { [paths.authorities]: collection(fleet({ observedGeneration: 2 })) },
    ["authority-not-handled"],
  ],
  [
    "the key is missing",
    {
      [paths.authorities]: collection(
        fleet({ conditions: [condition("Ready", "False", "KeyMissing", "Secret fleet-1 is gone")] }),
      ),
      [paths.clusterIssuers]: collection(issuer(condition("Ready", "False", "AuthorityNotReady", "not ready"))),
    },
    ["key-missing", "authority-not-ready <- key-missing", "issuer-not-ready <- key-missing"],
  ],
  [
    "issuing is held",
    {
      [paths.authorities]: collection(
        fleet({
          frozen: { holds: ["Operator"], order: 1, since: ago(60_000) },
          conditions: [condition("Ready", "False", "Frozen")],
        }),
      ),
    },
    ["authority-frozen", "authority-not-ready <- authority-frozen"],
  ],
  [
    "a trust anchor is disabled",
    { [paths.authorities]: collection(fleet({ trustAnchors: [{ ...prod, state: "Disabled" }] })) },
    ["anchor-disabled"],
  ],
  [
    "a trust anchor is gone",
    { [paths.authorities]: collection(fleet({ trustAnchors: [{ ...prod, joined: false, state: "Missing" }] })) },
    ["anchor-missing"],
  ],
  [
    "a trust anchor is of another kind",
    { [paths.authorities]: collection(fleet({ trustAnchors: [{ ...prod, joined: false, state: "NotABundle" }] })) },
    ["anchor-not-a-bundle"],
  ],
  [
    "a trust anchor was never read",
    { [paths.authorities]: collection(fleet({ trustAnchors: [] })) },
    ["anchor-unread"],
  ],
  [
    "AWS is out of reach",
    {
      [paths.authorities]: collection(
        fleet({
          trustAnchors: [{ ...prod, message: "no answer" }],
          conditions: [ready, condition("TrustAnchorsInSync", "False", "AWSUnavailable", "no answer within 30000 ms")],
        }),
      ),
    },
    ["aws-unreachable-for-publisher"],
  ],
  [
    "a stranger added a certificate",
    {
      [paths.authorities]: collection(
        fleet({ conditions: [ready, condition("Drift", "True", "UnknownCertificate", "prod holds ab…")] }),
      ),
    },
    ["anchor-drift"],
  ],
  [
    "somebody changed a trust anchor's settings, which holds up no rotation",
    {
      [paths.authorities]: collection(
        fleet({
          nextRotation: ago(2 * 86_400_000),
          conditions: [ready, condition("Drift", "True", "ChangedSettings", "its name is x instead of y")],
        }),
      ),
    },
    ["anchor-settings-changed", "rotation-overdue"],
  ],
  [
    "the root has ended",
    {
      [paths.authorities]: collection(
        fleet({ generations: [{ number: 1, phase: "Active", notAfter: ago(1_000) }], conditions: [ready] }),
      ),
    },
    ["root-expired"],
  ],
  [
    "the rotation is overdue",
    { [paths.authorities]: collection(fleet({ nextRotation: ago(2 * 86_400_000) })) },
    ["rotation-overdue"],
  ],
  [
    "the rotation is stuck",
    {
      [paths.authorities]: collection(
        fleet({ generations: [{ number: 2, phase: "Published", phaseSince: ago(2 * 86_400_000) }] }),
      ),
    },
    ["rotation-stuck"],
  ],
  [
    "a CRL is stale",
    {
      [paths.authorities]: collection(
        fleet({ conditions: [ready, condition("CRLCurrent", "False", "Stale", "the CRL of generation 1 is old")] }),
      ),
    },
    ["crl-stale"],
  ],
  [
    "a CRL is full, and a revocation waits for it",
    {
      [paths.authorities]: collection(
        fleet({ conditions: [ready, condition("CRLCapacity", "False", "Full", "full")] }),
      ),
      [paths.revocations]: collection({
        ...revocation("web"),
        metadata: { name: "web", namespace: "demo", creationTimestamp: ago(3_600_000) },
      }),
    },
    ["crl-filling", "revocation-waiting <- crl-filling"],
  ],
  [
    "a trust anchor lacks the newest CRL",
    {
      [paths.authorities]: collection(
        fleet({
          generations: [
            {
              number: 1,
              phase: "Active",
              crl: { number: 18, thisUpdate: ago(1_800_000), nextUpdate: ago(-86_400_000), entries: 1 },
            },
          ],
          trustAnchors: [{ ...prod, crls: [{ generation: 1, number: 17 }] }],
        }),
      ),
    },
    ["anchor-crl-behind"],
  ],
  [
    "a request is not approved though somebody may",
    { [paths.requests]: collection(request("web-1")) },
    ["request-unapproved"],
  ],
  ["a request was made just now", { [paths.requests]: collection(request("web-1", { ageMs: 5_000 })) }, []],
  [
    "an approved request is not answered",
    {
      [paths.requests]: collection(
        request("web-1", { conditions: [approved, condition("Ready", "False", "Pending", "the ledger is full")] }),
      ),
    },
    ["request-waiting"],
  ],
  [
    "a request was refused",
    {
      [paths.requests]: collection(
        request("web-1", {
          conditions: [approved, condition("Ready", "False", "Failed", "spec.commonName…")],
          failureTime: ago(60_000),
        }),
      ),
    },
    ["request-failed"],
  ],
  [
    "a refused request was followed by a good one",
    {
      [paths.requests]: collection(
        request("web-1", {
          certificate: "web",
          conditions: [approved, condition("Ready", "False", "Failed")],
          failureTime: ago(60_000),
        }),
        request("web-2", {
          ageMs: 30_000,
          certificate: "web",
          conditions: [approved, condition("Ready", "True", "Issued")],
        }),
      ),
    },
    [],
  ],
  [
    "the ledger is nearly full",
    {
      [paths.ledger]: object({
        items: [{ metadata: { creationTimestamp: ago(2 * 86_400_000) } }],
        metadata: { resourceVersion: "1", remainingItemCount: 90_000 },
      }),
    },
    ["ledger-filling"],
  ],
  [
    "the ledger grows too fast",
    {
      [paths.ledger]: object({
        items: [
          {
            metadata: { creationTimestamp: ago(3_600_000) },
            spec: { notBefore: ago(3_600_000), notAfter: ago(-6 * 86_400_000) },
          },
        ],
        metadata: { resourceVersion: "1", remainingItemCount: 40_000 },
      }),
    },
    ["ledger-filling"],
  ],
  ...(
    [
      ["1.8.0", true],
      ["1.7.9", true],
      ["1.8.3", false],
      ["latest", false],
    ] as const
  ).map(
    ([version, isBroken]) =>
      [
        `a pod serves by helper ${version}`,
        {
          [paths.pods]: collection({
            metadata: { name: "web-0", namespace: "demo" },
            spec: {
              containers: [
                {
                  name: "aws",
                  image: `public.ecr.aws/rolesanywhere/credential-helper:${version}`,
                  args: ["serve", "--certificate"],
                },
              ],
            },
          }),
        },
        isBroken ? ["helper-serves-empty-credentials"] : [],
      ] as const,
  ),
];

describe("one fault", () => {
  test.for(faults)("%s", async ([, changes, expected, skewMs]) => {
    expect(await found(changes, skewMs)).toEqual(expected);
  });

  test("is told with its cause, its cure, and what follows from it", async () => {
    const changes = {
      [paths.reviews]: denying(({ verb }) => verb === "approve"),
      [paths.requests]: collection(request("web-1")),
    };
    expect(await doctor(changes)).toMatchInlineSnapshot(`
      {
        "code": 1,
        "err": "",
        "out": "approver-right-missing (serviceaccount/cert-manager/cert-manager)
        cause: system:serviceaccount:cert-manager:cert-manager may not approve for signers capstanclusterissuers.capstan.dev/*, capstanissuers.capstan.dev/*
        cure:  kubectl auth reconcile -f deploy/manifests/cert-manager-approval.yaml

      What follows from that:
        request-unapproved (certificaterequest/demo/web-1), from approver-right-missing: nobody has approved it for 60m: its approver does not run, or no policy of approver-policy selects it

      Not checked:
        aws-reachable, aws-clock, aws-anchors, aws-crls, aws-notifications, aws-profiles, aws-roles, aws-durations: no AWS credentials in the environment: name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
        leaf, leaf-issuer, leaf-revoked: no leaf was given: name one by --certificate and --private-key, or by --secret
        canary: no leaf, profile and role were given: name them by --certificate and --private-key or --secret, --profile-arn and --role-arn

      44 checks: 30 passed, 2 failed, 12 skipped: 1 wrong, 1 follows from that
      ",
      }
    `);
  });
});

/** The first finding's cure. */
async function cureOf(changes: Routes): Promise<string> {
  const { checks } = await printed(changes);
  return checks.flatMap(({ findings }) => findings)[0]?.cure ?? "";
}

const policyNames = ["operation-requested-by", "publisher-writes-no-spec", "revocation-requested-by"];
const release = { "meta.helm.sh/release-name": "anchors", "meta.helm.sh/release-namespace": "ca" };
const byHelm = { labels: { "app.kubernetes.io/managed-by": "Helm" }, annotations: release };
const strangersRelease = { metadata: { name: "stranger", ...byHelm } };
/** Policies as Helm has made them, but for one. */
const helmsPolicies = (missing?: string): Route =>
  collection(
    ...policyNames
      .filter((name) => name !== missing)
      .map((name) => ({ metadata: { name: `capstan-${name}`, ...byHelm } })),
  );

describe("the cure of what is missing of the installation leaves Deployments and values as they are", () => {
  const noPublisher = denying((_, user) => user.endsWith(":crl-publisher"));
  const upgrade =
    "with deploy/chart of the version that is installed, and --force-conflicts if Helm 4 tells of a conflict: helm upgrade anchors deploy/chart --namespace ca --reuse-values";

  test.each<[fact: string, changes: Routes, cure: string]>([
    [
      "a right, without Helm",
      { [paths.reviews]: noPublisher },
      "kubectl auth reconcile -f deploy/manifests/crl-publisher.yaml",
    ],
    [
      "a right, beside another release of Helm's",
      {
        [paths.reviews]: noPublisher,
        [paths.policies]: collection(
          strangersRelease,
          ...policyNames.map((name) => ({ metadata: { name: `capstan-${name}` } })),
        ),
      },
      "kubectl auth reconcile -f deploy/manifests/crl-publisher.yaml",
    ],
    ["a right of a Helm release", { [paths.reviews]: noPublisher, [paths.policies]: helmsPolicies() }, upgrade],
    [
      "a right, where nobody may look at what Helm has made",
      {
        [paths.reviews]: noPublisher,
        [paths.policies]: forbidden("list", "validatingadmissionpolicies", "admissionregistration.k8s.io"),
      },
      "kubectl auth reconcile -f deploy/manifests/crl-publisher.yaml",
    ],
    [
      "a policy, without Helm",
      { [paths.bindings]: collection() },
      "kubectl apply --server-side --force-conflicts -f deploy/manifests/operation-requested-by.yaml",
    ],
    ["a policy of a Helm release", { [paths.policies]: helmsPolicies("operation-requested-by") }, upgrade],
  ])("%s", async (_fact, changes, cure) => {
    expect(await cureOf(changes)).toBe(cure);
  });

  test("in another namespace what was fitted to it", async () => {
    const lease = (name: string): Routes => ({
      [`GET /apis/coordination.k8s.io/v1/namespaces/ca/leases/${name}`]: healthyRoutes()[paths.issuerLease] ?? notFound,
    });
    const changes = {
      ...lease("issuer-controller"),
      ...lease("crl-publisher"),
      ["GET /api/v1/namespaces/ca/pods"]: collection(),
      [paths.reviews]: noPublisher,
    };
    const { out } = await doctor(changes, ["--capstan-namespace", "ca"]);
    expect(out).toContain(
      "cure:  apply deploy/manifests/crl-publisher.yaml, and nothing else, as you fitted it to namespace ca\n",
    );
  });
});

describe("a trust anchor that somebody ordered to be disabled", () => {
  const ordered = {
    disabledTrustAnchors: [
      { name: "prod", operation: "fleet-disable-1", requestedBy: "alice@example.org", since: ago(3_600_000) },
    ],
  };

  test("and is gone is not to be enabled", async () => {
    const trustAnchors = [{ ...prod, joined: false, state: "Missing" as const }];
    expect(await found({ [paths.authorities]: collection(fleet({ ...ordered, trustAnchors })) })).toEqual([
      "anchor-missing",
    ]);
  });

  test.each([
    ["is read back as disabled", { trustAnchors: [{ ...prod, state: "Disabled" as const }] }],
    ["is about to be disabled", { trustAnchors: [prod] }],
    ["AWS was not read lately", { trustAnchors: [{ ...prod, readAt: ago(3_600_000) }] }],
  ])("and %s is enabled by unfreeze", async (_fact, status) => {
    const { checks } = await printed({ [paths.authorities]: collection(fleet({ ...ordered, ...status })) });
    expect(checks.flatMap(({ findings }) => findings)).toEqual([
      {
        id: "anchor-disabled",
        subject: "trust anchor fleet/prod",
        authority: "fleet",
        cause: `alice@example.org ordered at ${ago(3_600_000)} that trust anchor prod is disabled in AWS: no session starts under it`,
        cure: "once the reason is gone: kubectl capstan unfreeze fleet --anchor prod",
      },
    ]);
  });
});

describe("who approves", () => {
  const pki = issuerPod(["--approver=pki/approver"]);
  const only = (user: string): Route =>
    denying(({ verb }, asking) => verb === "approve" && asking !== `system:serviceaccount:${user}`);
  const nobody = denying(({ verb }) => verb === "approve");
  const policies = { "GET /apis/policy.cert-manager.io/v1alpha1": object({}) };
  const reconcile = "kubectl auth reconcile -f";
  const withName = (namespace: string, name: string): string =>
    `sed -e 's/^    name: cert-manager$/    name: ${name}/' -e 's/^    namespace: cert-manager$/    namespace: ${namespace}/' deploy/manifests/cert-manager-approval.yaml | ${reconcile} -`;
  const upgrade = "helm upgrade anchors deploy/chart --namespace ca --reuse-values --set approverRole.enabled=true";

  test.each<[fact: string, changes: Routes]>([
    [
      "by the issuer controller's flag",
      { [paths.reviews]: only("pki:approver"), [paths.capstanPods]: collection(pki) },
    ],
    [
      "by the flag of one of its pods, as in a roll-out",
      {
        [paths.reviews]: only("cert-manager:cert-manager"),
        [paths.capstanPods]: collection(pki, issuerPod([])),
      },
    ],
  ])("is known %s", async (_fact, changes) => {
    expect(await found(changes)).toEqual([]);
  });

  test("is not asked of a pod that has ended", async () => {
    const ended = issuerPod(["--approver=pki/former"], { status: { phase: "Failed" } });
    const changes = { [paths.reviews]: only("pki:former"), [paths.capstanPods]: collection(ended) };
    expect(await found(changes)).toEqual(["approver-right-missing"]);
  });

  test("may be told", async () => {
    const changes = { [paths.reviews]: only("other:approver"), [paths.capstanPods]: collection(pki) };
    expect(await doctor(changes, ["--approver", "other/approver"])).toMatchObject({ code: 0 });
    expect((await doctor(changes)).out).toContain("approver-right-missing (serviceaccount/pki/approver)");
  });

  test.each<[fact: string, changes: Routes, cure: string]>([
    ["cert-manager", {}, `${reconcile} deploy/manifests/cert-manager-approval.yaml`],
    ["another account", { [paths.capstanPods]: collection(pki) }, withName("pki", "approver")],
    [
      "approver-policy, which cert-manager's own approver would pass by",
      policies,
      withName("cert-manager", "cert-manager-approver-policy"),
    ],
    [
      "another account beside approver-policy",
      { ...policies, [paths.capstanPods]: collection(pki) },
      withName("pki", "approver"),
    ],
    [
      "another account, of a Helm release",
      { [paths.capstanPods]: collection(pki), [paths.policies]: helmsPolicies() },
      `see that {"kind":"ServiceAccount","name":"approver","namespace":"pki"} is in the chart's value approverRole.subjects, then with deploy/chart of the version that is installed, and --force-conflicts if Helm 4 tells of a conflict: ${upgrade}`,
    ],
  ])("is given the right beside others: %s", async (_fact, changes, cure) => {
    expect(await cureOf({ [paths.reviews]: nobody, ...changes })).toBe(cure);
  });
});

test("a key that was lost is replaced without refusing anybody", async () => {
  const conditions = [condition("Ready", "False", "KeyMissing", "Secret fleet-1 is gone")];
  expect(await cureOf({ [paths.authorities]: collection(fleet({ conditions })) })).toBe(
    "restore Secret fleet-1 in namespace capstan-system from your backup, or: kubectl capstan rotate fleet",
  );
});

describe("cert-manager's webhooks are put back without an upgrade of cert-manager", () => {
  const chart = "oci://quay.io/jetstack/charts/cert-manager";
  const { body } = healthyRoutes()[paths.validating] as { readonly body: { readonly items: readonly object[] } };
  const left = (labels: object, annotations: object): Route =>
    collection({ ...body.items[0], metadata: { name: "cert-manager-webhook", labels, annotations } });
  const version = { "app.kubernetes.io/version": "v1.20.3" };

  test.each<[fact: string, left: Route, cure: string]>([
    [
      "by the release and the version that the other one names",
      left(version, release),
      `with --force-conflicts if Helm 4 tells of a conflict: helm upgrade anchors ${chart} --namespace ca --version v1.20.3 --reuse-values`,
    ],
    [
      "by the version, without Helm",
      left(version, {}),
      "apply the webhook configurations of cert-manager v1.20.3 as they were installed, and nothing else",
    ],
    [
      "where neither is known",
      collection(),
      `find release and version: helm list --all-namespaces --filter cert-manager; then, with --force-conflicts if Helm 4 tells of a conflict: helm upgrade RELEASE ${chart} --namespace NAMESPACE --version VERSION --reuse-values`,
    ],
  ])("%s", async (_fact, validating, cure) => {
    expect(await cureOf({ [paths.mutating]: collection(), [paths.validating]: validating })).toBe(cure);
  });
});

test("csi-driver is told to use tokens with its values and in its version", async () => {
  const labels = { "app.kubernetes.io/version": "v0.12.0" };
  const metadata = { name: "csi.cert-manager.io", labels, annotations: release };
  const changes = {
    [paths.csiDriver]: object({ metadata, spec: {} }),
    [paths.clusterIssuers]: collection(issuer(ready, { attestation: "ServiceAccount" })),
  };
  expect(await cureOf(changes)).toBe(
    "with --force-conflicts if Helm 4 tells of a conflict: helm upgrade anchors oci://quay.io/jetstack/charts/cert-manager-csi-driver --namespace ca --version v0.12.0 --reuse-values --set app.driver.useTokenRequest=true",
  );
});

test("an issuer of a namespace is edited there", async () => {
  const namespaced = {
    ...(issuer(condition("Ready", "False", "InvalidPolicy", "spec.policy…")) as object),
    kind: "CapstanIssuer",
    metadata: { name: "team", namespace: "demo", generation: 1, creationTimestamp: ago(86_400_000) },
  };
  expect(await cureOf({ [paths.issuers]: collection(namespaced) })).toBe("kubectl edit capstanissuer team -n demo");
});

test("an authority that is being deleted is let go by an order", async () => {
  const deleted = fleet();
  const metadata = { ...deleted.metadata, deletionTimestamp: ago(60_000) };
  expect(await cureOf({ [paths.authorities]: collection({ ...deleted, metadata }) })).toBe(
    "wait, or let it go: kubectl capstan release fleet --aws keep, or --aws delete, which takes away what Capstan created there",
  );
});

test("changed settings of a trust anchor are no reason to take a certificate from it", async () => {
  const conditions = [ready, condition("Drift", "True", "ChangedSettings", "its name is x instead of y")];
  expect(await cureOf({ [paths.authorities]: collection(fleet({ conditions })) })).toBe(
    "find in CloudTrail (PutNotificationSettings, UpdateTrustAnchor) who changed it, and keep Terraform or CloudFormation from managing what Capstan does; notifications are put back by themselves, a name by: aws rolesanywhere update-trust-anchor --trust-anchor-id ID --name NAME",
  );
});

describe("the cure of a refused request", () => {
  const conditions = [approved, condition("Ready", "False", "Failed", "spec.commonName…")];
  const refused = { conditions, failureTime: ago(60_000) };

  test.each([
    [
      "names its Certificate",
      request("web-1", { ...refused, certificate: "web" }),
      "correct what is named, then: kubectl capstan retry web -n demo",
    ],
    [
      "without a Certificate is to ask anew",
      request("web-1", refused),
      "correct what is named, then create the request anew: nothing else asks again for certificaterequest/demo/web-1",
    ],
  ])("%s", async (_fact, seen, cure) => {
    expect(await cureOf({ [paths.requests]: collection(seen) })).toBe(cure);
  });
});

describe("the ledger's limit and retention are those that the issuer controller is started with", () => {
  const records = (remainingItemCount: number, createdMsAgo = 2 * 86_400_000): Route =>
    object({
      items: [
        {
          metadata: { creationTimestamp: ago(createdMsAgo) },
          spec: { notBefore: ago(3_600_000), notAfter: ago(-3_600_000) },
        },
      ],
      metadata: { resourceVersion: "1", remainingItemCount },
    });
  const startedWith = (...pods: readonly (readonly string[])[]): Routes => ({
    [paths.capstanPods]: collection(...pods.map((flags) => issuerPod(flags))),
  });

  test.each<[fact: string, changes: Routes, cause: string]>([
    [
      "a limit below the default",
      { ...startedWith(["--ledger-limit=5000"]), [paths.ledger]: records(4_099) },
      "it holds 4100 records of at most 5000",
    ],
    [
      "a flag and its value apart",
      { ...startedWith(["--ledger-limit", "5000"]), [paths.ledger]: records(4_099) },
      "it holds 4100 records of at most 5000",
    ],
    [
      "the lower one in a roll-out",
      { ...startedWith(["--ledger-limit=5000"], ["--ledger-limit=9000"]), [paths.ledger]: records(4_099) },
      "it holds 4100 records of at most 5000",
    ],
    [
      "the default where none is given",
      { ...startedWith([]), [paths.ledger]: records(80_000) },
      "it holds 80001 records of at most 100000",
    ],
    [
      "the default for a value that its program refuses",
      { ...startedWith(["--ledger-limit=many"]), [paths.ledger]: records(80_000) },
      "it holds 80001 records of at most 100000",
    ],
    [
      "a retention beyond the default",
      { ...startedWith(["--ledger-retention=720h"]), [paths.ledger]: records(4_999, 3_600_000) },
      "at the rate of the last day it grows to 150417 records (",
    ],
  ])("%s", async (_fact, changes, cause) => {
    const { checks } = await printed(changes);
    const findings = checks.flatMap((one) => one.findings);
    expect(findings).toEqual([
      expect.objectContaining({ id: "ledger-filling", cause: expect.stringContaining(cause) }),
    ]);
  });

  test("a limit beyond the default has room", async () => {
    expect(await found({ ...startedWith(["--ledger-limit=200000"]), [paths.ledger]: records(90_000) })).toEqual([]);
  });
});

describe("what may not be read", () => {
  test.each<[path: keyof typeof paths, verb: string, plural: string, group: string, checks: readonly string[]]>([
    [
      "mutating",
      "list",
      "mutatingwebhookconfigurations",
      "admissionregistration.k8s.io",
      ["cert-manager-webhooks", "namespaces-seen"],
    ],
    ["reviews", "create", "subjectaccessreviews", "authorization.k8s.io", ["approver-right", "capstan-rights"]],
    ["dryRun", "create", "certificaterequests", "cert-manager.io", ["cert-manager-webhook-answers"]],
    ["issuerLease", "get", "leases", "coordination.k8s.io", ["capstan-leaders"]],
    ["ledger", "list", "issuedcertificates", "capstan.dev", ["ledger"]],
    ["pods", "list", "pods", "", ["helper-versions"]],
    ["capstanPods", "list", "pods", "", ["approver-right", "capstan-pods", "ledger"]],
  ])("%s is skipped and says so", async (path, verb, plural, group, expected) => {
    const { checks, code } = await printed({ [paths[path]]: forbidden(verb, plural, group) });
    // What is asked of AWS is not the matter here: the environment names no credentials.
    const skipped = checks.filter(({ result, group }) => result === "Skipped" && group !== "AWS");
    expect(skipped.map(({ check }) => check)).toEqual(expected);
    expect(skipped.map(({ reason }) => reason)).toEqual(expected.map(() => expect.stringContaining("Missing right")));
    expect(code).toBe(0);
  });
});

test("an authority that is not there ends with 1", async () => {
  expect(await doctor({}, ["nowhere"])).toMatchObject({ code: 1 });
});

test("an approver that is no account is wrong usage", async () => {
  expect(await run(["doctor", "--approver", "alice"])).toMatchObject({ code: 2, out: "" });
});
