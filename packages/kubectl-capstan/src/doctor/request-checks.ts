import { type IssuedCertificate, issuedCertificateResource, issuerReasons } from "@capstan/api";
import { etcdDefaultQuotaBytes, forecastLedger } from "@capstan/issuer-controller/forecast-ledger";
import { issuerSettings } from "@capstan/issuer-controller/settings";
import { conditionOf } from "../conditions.ts";
import { formatLength } from "../output/human-time.ts";
import { certificateNameAnnotation } from "../revoke/cert-manager.ts";
import type { Check, Finding } from "./check.ts";
import { helperVersions } from "./helper-versions.ts";
import { issuerSetting } from "./issuer-settings.ts";
import { ourRequests, type SeenRequest } from "./requests.ts";
import type { Issuer, World } from "./world.ts";

/** The approver takes seconds, the issuer controller says a minute. */
const approvalPatienceMs = 60_000;
const answerPatienceMs = 2 * 60_000;
const dayMs = 86_400_000;

/** From here on somebody should look. */
const ledgerMark = 0.8;

const issuerFaults = ["capstan-crds", "capstan-rights", "capstan-pods", "capstan-leaders"] as const;
const authorityFaults = [
  "authorities",
  "authority-handled",
  "authority-key",
  "frozen",
  "trust-anchors",
  "drift",
  "generation-dates",
  "authority-ready",
] as const;

/** Which earlier checks explain a reason of an issuer's Ready condition, and what it means by itself. */
const byReason: Readonly<Record<string, Pick<Finding, "id"> & { readonly explainedBy: readonly string[] }>> = {
  [issuerReasons.authorityMissing]: { id: "issuer-authority-missing", explainedBy: [] },
  [issuerReasons.invalidPolicy]: { id: "issuer-policy-invalid", explainedBy: [] },
  [issuerReasons.webhooksMissing]: { id: "issuer-not-ready", explainedBy: ["cert-manager", "cert-manager-webhooks"] },
  [issuerReasons.authorityNotReady]: { id: "issuer-not-ready", explainedBy: [...issuerFaults, ...authorityFaults] },
  [issuerReasons.keyUnusable]: { id: "issuer-not-ready", explainedBy: [...issuerFaults, ...authorityFaults] },
  [issuerReasons.signingFailed]: { id: "issuer-not-ready", explainedBy: [...issuerFaults, ...authorityFaults] },
};

/** What keeps any request from being answered. */
const everything = [
  "cert-manager",
  "cert-manager-webhooks",
  "cert-manager-webhook-answers",
  "namespaces-seen",
  ...issuerFaults,
  ...authorityFaults,
  "issuers",
  "ledger",
] as const;

/** Whether requests are answered. */
export const requestChecks: readonly Check[] = [
  {
    id: "issuers",
    group: "Requests",
    title: "every issuer is Ready",
    reads: "list capstanclusterissuers and capstanissuers",
    needs: ["capstan-crds"],
    after: issuerFaults,
    run: async (world) => (await world.issuers()).flatMap((issuer) => issuerFindings(issuer, world)),
  },
  {
    id: "ledger",
    group: "Requests",
    title: "the ledger has room, at the present rate",
    reads: "list issuedcertificates and pods in Capstan's namespace",
    needs: ["capstan-crds"],
    run: ledgerFindings,
  },
  {
    id: "requests-approved",
    group: "Requests",
    title: "no request waits for an approver",
    reads: "list certificaterequests",
    needs: ["cert-manager"],
    after: ["approver-right", "cert-manager-webhook-answers", "cert-manager-webhooks"],
    run: async (world) =>
      (await ourRequests(world)).flatMap((request): readonly Finding[] => {
        const ageMs = ageOf(request, world);
        if (
          ["Approved", "Denied", "InvalidRequest"].some((type) => isTrue(request, type)) ||
          ageMs < approvalPatienceMs
        )
          return [];
        const { namespace = "", name } = request.metadata;
        return [
          {
            id: "request-unapproved",
            subject: subjectOf(request),
            cause: `nobody has approved it for ${formatLength(ageMs)}: its approver does not run, or no policy of approver-policy selects it`,
            cure: `cmctl approve ${name} -n ${namespace}, or start the approver`,
          },
        ];
      }),
  },
  {
    id: "requests-answered",
    group: "Requests",
    title: "every approved request is answered",
    reads: "list certificaterequests",
    needs: ["cert-manager"],
    after: everything,
    run: async (world) =>
      (await ourRequests(world)).flatMap((request): readonly Finding[] => {
        const ready = request.conditions.find(({ type }) => type === "Ready");
        const isOpen = isTrue(request, "Approved") && (ready === undefined || ready.reason === "Pending");
        const ageMs = ageOf(request, world);
        if (!isOpen || ageMs < answerPatienceMs) return [];
        return [
          {
            id: "request-waiting",
            subject: subjectOf(request),
            cause: `it waits for ${formatLength(ageMs)}: ${ready?.message ?? "the issuer controller has not looked at it"}`,
            cure: `kubectl describe certificaterequest ${request.metadata.name} -n ${request.metadata.namespace ?? ""}`,
          },
        ];
      }),
  },
  {
    id: "requests-failed",
    group: "Requests",
    title: "no request was refused without a later one that was not",
    reads: "list certificaterequests",
    needs: ["cert-manager"],
    after: ["namespaces-seen", "cert-manager-webhooks", "issuers"],
    run: async (world) => failedFindings(await ourRequests(world), world),
  },
  helperVersions,
];

function issuerFindings(issuer: Issuer, world: World): readonly Finding[] {
  const { kind, metadata, spec } = issuer;
  const namespace = metadata.namespace === undefined ? "" : `${metadata.namespace}/`;
  const about = { subject: `${kind.toLowerCase()}/${namespace}${metadata.name}`, authority: spec.caRef.name };
  const ready = conditionOf(issuer, "Ready");
  const isBehind = ready?.observedGeneration !== undefined && ready.observedGeneration !== metadata.generation;
  if (ready === undefined || isBehind) {
    if (world.now() - Date.parse(metadata.creationTimestamp ?? "") < answerPatienceMs) return [];
    return [
      {
        ...about,
        id: "issuer-not-handled",
        cause: `the issuer controller has not checked ${ready === undefined ? "it" : "its newest spec"}`,
        cure: `kubectl logs -n ${world.capstanNamespace} deployment/issuer-controller`,
      },
    ];
  }
  if (ready.status === "True") return [];
  const { id, explainedBy } = byReason[ready.reason] ?? {
    id: "issuer-not-ready",
    explainedBy: everything.filter((one) => one !== "issuers"),
  };
  return [
    {
      ...about,
      id,
      explainedBy,
      cause: `${ready.reason}: ${ready.message ?? ""}`,
      cure:
        id === "issuer-authority-missing"
          ? `correct spec.caRef.name of ${kind} ${metadata.name}, or create CertificateAuthority ${spec.caRef.name}`
          : `kubectl edit ${kind.toLowerCase()} ${metadata.name}${metadata.namespace === undefined ? "" : ` -n ${metadata.namespace}`}`,
    },
  ];
}

/** Of each Certificate only its newest request counts: what failed before was mended. */
function failedFindings(requests: readonly SeenRequest[], world: World): readonly Finding[] {
  const byCertificate = Map.groupBy(requests, ({ metadata: { namespace = "", name, annotations } }) => {
    const certificate = annotations?.[certificateNameAnnotation];
    return certificate === undefined ? `request ${namespace}/${name}` : `certificate ${namespace}/${certificate}`;
  });
  return [...byCertificate.values()].flatMap((all): readonly Finding[] => {
    const newest = all.toSorted((a, b) => createdAt(b) - createdAt(a))[0];
    const certificate = newest?.metadata.annotations?.[certificateNameAnnotation];
    const ready = newest?.conditions.find(({ type }) => type === "Ready");
    if (newest === undefined || ready?.reason !== "Failed") return [];
    // An old one without a Certificate is history, not a fault of today.
    if (world.now() - Date.parse(newest.failureTime ?? "") > dayMs) return [];
    return [
      {
        id: "request-failed",
        subject: subjectOf(newest),
        cause: (ready.message ?? "").replaceAll("\n", "; "),
        cure:
          certificate === undefined
            ? `correct what is named, then create the request anew: nothing else asks again for ${subjectOf(newest)}`
            : `correct what is named, then: kubectl capstan retry ${certificate} -n ${newest.metadata.namespace ?? ""}`,
      },
    ];
  });
}

/** Records are named by random uids, so that one page is a fair sample of all. */
async function ledgerFindings(world: World): Promise<readonly Finding[]> {
  const path = `/apis/${issuedCertificateResource.group}/${issuedCertificateResource.version}/namespaces/${world.capstanNamespace}/${issuedCertificateResource.plural}`;
  const page = await world.read<{
    readonly items?: readonly IssuedCertificate[];
    readonly metadata?: { readonly remainingItemCount?: number };
  }>(path, { limit: 500 });
  // Of pods that differ, those values by which it is full first.
  const ledgerLimit = Math.min(...(await issuerSetting(world, issuerSettings.ledgerLimit)));
  const retentionMs = Math.max(...(await issuerSetting(world, issuerSettings.ledgerRetention)));
  const sample = page?.items ?? [];
  const records = sample.length + (page?.metadata?.remainingItemCount ?? 0);
  const subject = `ledger in namespace ${world.capstanNamespace}`;
  const cure =
    "issue for longer or to fewer, or raise --ledger-limit of the issuer controller with etcd's size in view";
  if (records >= ledgerMark * ledgerLimit) {
    return [{ id: "ledger-filling", subject, cause: `it holds ${records} records of at most ${ledgerLimit}`, cure }];
  }
  const recent = sample.filter(({ metadata }) => world.now() - Date.parse(metadata.creationTimestamp ?? "") < dayMs);
  if (recent.length === 0) return [];
  const lifetimes = recent.map(({ spec }) => Date.parse(spec.notAfter) - Date.parse(spec.notBefore));
  const forecast = forecastLedger({
    issuesPerDay: (recent.length / sample.length) * records,
    lifetimeMs: lifetimes.reduce((sum, one) => sum + one, 0) / lifetimes.length,
    retentionMs,
  });
  if (forecast.records < ledgerLimit && forecast.etcdBytes < etcdDefaultQuotaBytes / 2) return [];
  const megabytes = Math.round(forecast.etcdBytes / 1024 ** 2);
  return [
    {
      id: "ledger-filling",
      subject,
      cause: `at the rate of the last day it grows to ${forecast.records} records (${megabytes} MiB in etcd), and at most ${ledgerLimit} are taken`,
      cure,
    },
  ];
}

function subjectOf({ metadata }: SeenRequest): string {
  return `certificaterequest/${metadata.namespace ?? ""}/${metadata.name}`;
}

function isTrue({ conditions }: SeenRequest, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === "True");
}

function createdAt({ metadata }: SeenRequest): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}

function ageOf(request: SeenRequest, world: World): number {
  return world.now() - createdAt(request);
}
