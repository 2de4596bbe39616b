import { X509Certificate } from "node:crypto";
import { parseDuration } from "@capstan/api";
import { CaError, readCrl } from "@capstan/ca-core";
import { type Crl, crlDerOf, splitBundle } from "@capstan/rolesanywhere";
import { disabledFinding } from "./anchor-findings.ts";
import { type AnchorPlace, liveAnchor, ownAnchors } from "./aws-anchors.ts";
import { isOutage } from "./aws-side.ts";
import { canary } from "./canary-check.ts";
import type { Check, Finding } from "./check.ts";
import { leafChecks } from "./leaf-checks.ts";
import { targetChecks } from "./target-checks.ts";
import { Unreadable } from "./unreadable.ts";
import type { World } from "./world.ts";

/** AWS lets a signature be minutes old; what is beyond a minute will be beyond five some day. */
const maxSkewMs = 60_000;
const dayMs = 86_400_000;
/** Thresholds of notifications begin at one day. */
const shortestNoticeMs = dayMs;
/** A CRL that was made seconds ago is on its way. */
const crlPatienceMs = 2 * 60_000;

/** What the caller's credentials and a leaf show of AWS. */
export const awsChecks: readonly Check[] = [
  {
    id: "aws-reachable",
    group: "AWS",
    title: "AWS answers from here",
    reads: "sts:GetCallerIdentity, rolesanywhere:GetTrustAnchor",
    run: async (world) => {
      try {
        const [place] = await ownAnchors(world);
        if (place !== undefined) await liveAnchor(world, place);
        return [];
      } catch (error) {
        if (!(error instanceof Unreadable) || !isOutage(error.cause)) throw error;
        return [
          {
            id: "aws-unreachable",
            subject: "AWS",
            cause: error.message,
            cure: "let this computer reach AWS: check the network, HTTPS_PROXY, AWS_CA_BUNDLE and AWS_ENDPOINT_URL",
          },
        ];
      }
    },
  },
  {
    id: "aws-clock",
    group: "AWS",
    title: "this computer's clock and AWS's agree",
    reads: "the Date header of AWS's answers",
    needs: ["aws-reachable"],
    after: ["api-clock"],
    run: async (world) => {
      const aws = world.aws;
      const places = await ownAnchors(world);
      for (const { region } of places) {
        const skewMs = await aws.skewMs(region);
        if (skewMs === undefined || Math.abs(skewMs) <= maxSkewMs) continue;
        const seconds = Math.round(Math.abs(skewMs) / 1000);
        return [
          {
            id: "clock-skew-aws",
            subject: "this computer",
            cause: `this computer's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} AWS's in ${region}: signatures are refused from five minutes on`,
            cure: "synchronize the clock by NTP: timedatectl set-ntp true",
          },
        ];
      }
      return [];
    },
  },
  ofAnchors(
    {
      id: "aws-anchors",
      title: "each trust anchor is enabled in AWS and holds the roots",
      reads: "rolesanywhere:GetTrustAnchor",
      after: ["trust-anchors", "drift"],
    },
    async (place, world) => anchorFindings(place, world),
  ),
  ofAnchors(
    {
      id: "aws-crls",
      title: "each trust anchor has the newest CRLs, enabled",
      reads: "rolesanywhere:ListCrls",
      after: ["trust-anchors", "aws-anchors", "crls-in-aws", "crl-fresh"],
    },
    async (place, world) => crlFindings(place, await world.aws.crls(place.region), world),
  ),
  ofAnchors(
    {
      id: "aws-notifications",
      title: "AWS does not warn of every short-lived leaf",
      reads: "rolesanywhere:GetTrustAnchor",
      after: ["aws-anchors", "anchor-settings"],
    },
    async (place, world) => notificationFindings(place, world),
  ),
  ...leafChecks,
  ...targetChecks,
  canary,
];

/** A check of each trust anchor of the caller's account. */
function ofAnchors(
  check: Omit<Check, "group" | "needs" | "run">,
  look: (place: AnchorPlace, world: World) => Promise<readonly Omit<Finding, "authority" | "subject">[]>,
): Check {
  return {
    ...check,
    group: "AWS",
    needs: ["aws-reachable"],
    run: async (world) => {
      const findings: Finding[] = [];
      for (const place of await ownAnchors(world)) {
        const { subject, authority } = place;
        const found = await look(place, world);
        findings.push(...found.map((finding) => ({ ...finding, subject, authority: authority.metadata.name })));
      }
      return findings;
    },
  };
}

type AnchorFinding = Omit<Finding, "authority" | "subject">;

async function anchorFindings(place: AnchorPlace, world: World): Promise<readonly AnchorFinding[]> {
  const { arn, authority } = place;
  const anchor = await liveAnchor(world, place);
  if (anchor === undefined) {
    const cure = `set create: true or another arn for trust anchor ${place.name} in spec.trustAnchors of CertificateAuthority ${authority.metadata.name}`;
    return [{ id: "anchor-missing", cause: `trust anchor ${arn} does not exist in AWS`, cure }];
  }
  if (!anchor.enabled) return [disabledFinding(authority, place.name, arn)];
  if (anchor.bundlePem === undefined) {
    return [
      {
        id: "anchor-not-a-bundle",
        cause: `trust anchor ${arn} is of type ${anchor.sourceType}`,
        cure: "name a trust anchor of type CERTIFICATE_BUNDLE in spec.trustAnchors",
      },
    ];
  }
  const held = fingerprintsOf(anchor.bundlePem);
  const { generations = [], activeGeneration, acceptedRoots = [] } = authority.status ?? {};
  const foreign = authority.spec.trustAnchors?.find(({ name }) => name === place.name)?.foreignRoots ?? [];
  const known = new Set([...generations, ...acceptedRoots, ...foreign].flatMap(({ fingerprint }) => fingerprint ?? []));
  const unknown = held.filter((fingerprint) => !known.has(fingerprint));
  const active = generations.find(({ number }) => number === activeGeneration)?.fingerprint;
  const lacks =
    active === undefined || held.includes(active) ? "" : `not the root of generation ${activeGeneration ?? ""}`;
  if (unknown.length > 0) {
    const strangers = `a certificate that nobody here knows, SHA-256 ${unknown.join(" and ")}`;
    return [
      {
        id: "anchor-drift",
        cause: `trust anchor ${arn} holds ${strangers}${lacks === "" ? "" : `, and ${lacks}`}`,
        cure: "find in CloudTrail (UpdateTrustAnchor) who added it, then remove it from the bundle, or declare it in spec.trustAnchors[].foreignRoots if it is wanted",
      },
    ];
  }
  if (lacks === "") return [];
  return [
    {
      id: "anchor-lacks-root",
      cause: `trust anchor ${arn} holds ${lacks}: AWS refuses every leaf of it`,
      cure: `the publisher puts it back within minutes if it may: kubectl logs -n ${world.capstanNamespace} deployment/crl-publisher`,
    },
  ];
}

/** SHA-256 in lower-case hex, as status has them. */
function fingerprintsOf(bundlePem: string): readonly string[] {
  return splitBundle(bundlePem).map((pem) => new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase());
}

async function crlFindings(
  { arn, region, authority }: AnchorPlace,
  all: readonly Crl[],
  world: World,
): Promise<readonly AnchorFinding[]> {
  const { name } = authority.metadata;
  const crls = all.filter(({ trustAnchorArn }) => trustAnchorArn === arn);
  const logs = `kubectl logs -n ${world.capstanNamespace} deployment/crl-publisher`;
  return (authority.status?.generations ?? []).flatMap(
    ({ number, phase, crl: made, fingerprint = "" }): readonly AnchorFinding[] => {
      const isPublished = phase === "Active" || phase === "Draining" || phase === "Published";
      if (!isPublished || made === undefined) return [];
      const imported = crls.find((crl) => crl.name === `capstan-${name}-${number}-${fingerprint.slice(0, 16)}`);
      if (imported?.enabled === false) {
        const cure = `aws rolesanywhere enable-crl --region ${region} --crl-id ${imported.id}`;
        const cause = `the CRL of generation ${number} is disabled in AWS: revoked leaves are accepted`;
        return [{ id: "aws-crl-disabled", cause, cure }];
      }
      if (world.now() - Date.parse(made.thisUpdate) < crlPatienceMs) return [];
      if (imported === undefined) {
        const others = crls.map((crl) => crl.name).join(" and ");
        const places = others === "" ? "" : `; its two places hold ${others}`;
        const cause = `the CRL of generation ${number} is not imported for it${places}: AWS accepts revoked leaves`;
        const remove = "delete the CRL that is not Capstan's: aws rolesanywhere delete-crl --crl-id ID";
        return [{ id: "aws-crl-missing", cause, cure: crls.length < 2 ? logs : remove }];
      }
      const held = numberOf(imported.crlPem);
      if (held !== undefined && held >= BigInt(made.number)) return [];
      return [
        {
          id: "anchor-crl-behind",
          cause:
            held === undefined
              ? `what is imported as the CRL of generation ${number} is none of ours`
              : `it has CRL ${held} of generation ${number}, and CRL ${made.number} was made at ${made.thisUpdate}`,
          cure: logs,
        },
      ];
    },
  );
}

function numberOf(pem: string): bigint | undefined {
  try {
    return readCrl(crlDerOf(pem)).number;
  } catch (error) {
    if (error instanceof CaError || error instanceof Error) return undefined;
    throw error;
  }
}

async function notificationFindings(place: AnchorPlace, world: World): Promise<readonly AnchorFinding[]> {
  const anchor = await liveAnchor(world, place);
  const setting = anchor?.notificationSettings.find(
    ({ event, enabled }) => event === "END_ENTITY_CERTIFICATE_EXPIRY" && enabled,
  );
  if (setting === undefined) return [];
  const { maxLeafDuration } = place.authority.spec;
  const noticeMs = (setting.thresholdDays ?? 45) * dayMs;
  if (parseDuration(maxLeafDuration) > noticeMs) return [];
  const days = setting.thresholdDays ?? 45;
  return [
    {
      id: "notifications-noisy",
      cause: `AWS warns ${days} days before the end of a leaf, and no leaf lives longer than ${maxLeafDuration}: every one in use is warned of daily`,
      cure: `aws rolesanywhere put-notification-settings --region ${place.region} --trust-anchor-id ${place.id} --notification-settings enabled=false,event=END_ENTITY_CERTIFICATE_EXPIRY${parseDuration(maxLeafDuration) <= shortestNoticeMs ? "" : ",channel=ALL"}`,
    },
  ];
}
