import { createHash } from "node:crypto";
import { ownCommonName } from "@capstan/ca-core";
import type { Tags, WantedNotification } from "@capstan/rolesanywhere";

/** What one trust anchor of an authority needs in AWS: decided here, made, compared and printed elsewhere. */
export interface Setup {
  /** Name of the CertificateAuthority. */
  readonly authority: string;
  /** Common name of its roots. */
  readonly issuerCommonName: string;
  /** Name of the trust anchor in the spec. */
  readonly anchor: string;
  readonly region: string;
  readonly account: string;
  readonly partition: string;
  /** Name of the trust anchor in AWS: what the publisher itself gives one that it creates. */
  readonly anchorName: string;
  /** Of the spec, else of the status, whose may have been deleted since; undefined when nobody has named or read one. */
  readonly anchorArn: string | undefined;
  /** The spec names the trust anchor by its ARN: it is somebody's, and adopted. */
  readonly isAdopted: boolean;
  /** False: Capstan never writes it, nor does this. */
  readonly isManaged: boolean;
  /** PEM, the oldest first; one or two. */
  readonly roots: readonly string[];
  readonly identities: readonly Identity[];
  /** On everything that is made for it. */
  readonly tags: Tags;
}

/** A role, and the profile that hands it out. */
export interface Identity {
  readonly kind: "publisher" | "canary" | "workload";
  readonly roleName: string;
  readonly profileName: string;
  readonly description: string;
  /** Whose leaves the role trusts: any one of these; `*` stands for any characters. */
  readonly commonNames: readonly string[];
}

export interface WorkloadRole {
  readonly name: string;
  /** May hold `*`. */
  readonly commonName: string;
}

/** A trust anchor as the spec has it, of which the rest is not needed here. */
export interface AnchorSpec {
  readonly name: string;
  readonly region: string;
  readonly account: string;
  readonly arn?: string;
  readonly manage?: boolean;
  readonly ignore?: boolean;
}

/** Seconds that sessions last: AWS's default, and the most that a role allows unless told otherwise. */
export const sessionSeconds = 3_600;

/**
 * Leaves live shorter than AWS's default of 45 days, so it would warn of every one each day. Of a root it warns when its
 * rotation is long overdue.
 */
export const notificationSettings: readonly WantedNotification[] = [
  { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false },
  { event: "CA_CERTIFICATE_EXPIRY", enabled: true, thresholdDays: 14 },
];

/** Tags by which everything that was made for an authority is known again. */
export const ownerTags = {
  authority: "capstan.dev/authority",
  anchor: "capstan.dev/trust-anchor",
} as const;

/**
 * @example
 * describeSetup({ authority: "fleet", issuerCommonName: "Example Fleet CA", spec, roots: [rootPem] }).identities[0].roleName;
 * // "capstan-fleet-prod-publisher"
 */
export function describeSetup(input: {
  readonly authority: string;
  readonly issuerCommonName: string;
  readonly spec: AnchorSpec;
  /** As status has read it. */
  readonly knownArn?: string | undefined;
  readonly roots: readonly string[];
  readonly workload?: WorkloadRole | undefined;
}): Setup {
  const { authority, issuerCommonName, spec, knownArn, roots, workload } = input;
  const { name: anchor, region, account } = spec;
  const anchorName = `capstan-${authority}-${anchor}`;
  const of = `certificate authority ${authority}, trust anchor ${anchor}`;
  const identity = (kind: "publisher" | "canary", does: string, commonNames: readonly string[]): Identity => ({
    kind,
    roleName: roleName(`${anchorName}-${kind}`),
    profileName: `${anchorName}-${kind}`,
    description: `Capstan: ${does}. ${of}`,
    commonNames,
  });
  return {
    authority,
    issuerCommonName,
    anchor,
    region,
    account,
    partition: partitionOf(region),
    anchorName,
    anchorArn: spec.arn ?? knownArn,
    isAdopted: spec.arn !== undefined,
    isManaged: spec.manage !== false,
    roots,
    tags: { [ownerTags.authority]: authority, [ownerTags.anchor]: anchor },
    identities: [
      identity("publisher", "publishes roots and revocations", [ownCommonName("publisher", authority)]),
      identity("canary", "proves that AWS takes leaves and refuses revoked ones. It may do nothing", [
        ownCommonName("canary", authority),
        ownCommonName("crl", authority),
      ]),
      ...(workload === undefined
        ? []
        : [
            {
              kind: "workload" as const,
              roleName: workload.name,
              profileName: `${anchorName}-workload-${workload.name}`,
              description: `For workloads of ${of}`,
              commonNames: [workload.commonName],
            },
          ]),
    ],
  };
}

export function roleArnOf({ partition, account }: Setup, { roleName: name }: Identity): string {
  return `arn:${partition}:iam::${account}:role/${name}`;
}

/** The name of the inline policy of a role that may do something. */
export const policyName = "capstan";

const maxRoleName = 64;

/** A name that is too long for IAM ends in a digest of the whole: never cut, since cut names meet. */
function roleName(name: string): string {
  if (name.length <= maxRoleName) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 12);
  return `${name.slice(0, maxRoleName - digest.length - 1)}-${digest}`;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
