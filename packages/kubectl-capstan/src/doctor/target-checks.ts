import { ownCommonName } from "@capstan/ca-core";
import { type CertifiedNames, sessionAttributes } from "../check/session-attributes.ts";
import type { Profile } from "../aws/profiles.ts";
import { type AnchorPlace, ownAnchors } from "./aws-anchors.ts";
import type { SessionTarget } from "./aws-side.ts";
import type { Check, Finding } from "./check.ts";
import type { FindingId } from "./findings.ts";
import { leafOf } from "./leaf-checks.ts";
import { trustFaults, type TrustFault } from "./trust-policy.ts";
import { Unreadable } from "./unreadable.ts";
import type { World } from "./world.ts";

/** A session that somebody asks for: a workload, or the publisher for itself. */
interface Wanted extends SessionTarget {
  readonly place: AnchorPlace;
  /** Whose it is, for findings. */
  readonly label: string;
  /** Of the leaf; undefined while it is not known. */
  readonly names?: CertifiedNames;
}

/** Profiles and roles: of the workload that was named, and of the publisher and its canary. */
export const targetChecks: readonly Check[] = [
  ofTargets(
    {
      id: "aws-profiles",
      title: "each profile is enabled and holds the role",
      reads: "rolesanywhere:GetProfile",
      after: [],
    },
    async (wanted, world) => {
      const { profileArn, roleArn, place } = wanted;
      const profile = await world.aws.profile(profileArn);
      return profileFindings(profile, { profileArn, roleArn, region: place.region });
    },
  ),
  ofTargets(
    { id: "aws-roles", title: "each role lets Roles Anywhere in with this leaf", reads: "iam:GetRole", after: [] },
    roleFindings,
  ),
  ofTargets(
    {
      id: "aws-durations",
      title: "no profile asks for longer sessions than the role grants",
      reads: "rolesanywhere:GetProfile, iam:GetRole",
      after: ["aws-profiles", "aws-roles"],
    },
    async ({ profileArn, roleArn, place }, world) => {
      const [profile, role] = [await world.aws.profile(profileArn), await world.aws.role(roleArn, place.region)];
      if (profile === undefined || role === undefined || profile.durationSeconds <= role.maxSessionDuration) return [];
      return [
        {
          id: "session-duration-too-long",
          cause: `profile ${profile.name} asks for ${profile.durationSeconds} s, and role ${role.name} grants ${role.maxSessionDuration} s at most: who asks for nothing shorter is refused`,
          cure: `aws iam update-role --role-name ${role.name} --max-session-duration ${profile.durationSeconds}`,
        },
      ];
    },
  ),
];

type TargetFinding = Omit<Finding, "authority" | "subject">;

function ofTargets(
  check: Omit<Check, "group" | "needs" | "run">,
  look: (wanted: Wanted, world: World) => Promise<readonly TargetFinding[]>,
): Check {
  return {
    ...check,
    group: "AWS",
    needs: ["aws-reachable"],
    run: async (world) => {
      const all = await wantedSessions(world);
      if (all.length === 0) throw new Unreadable("no profile and role were named: give --profile-arn and --role-arn");
      const findings: Finding[] = [];
      for (const wanted of all) {
        const authority = wanted.place.authority.metadata.name;
        const found = await look(wanted, world);
        findings.push(...found.map((finding) => ({ ...finding, subject: wanted.label, authority })));
      }
      return findings;
    },
  };
}

async function wantedSessions(world: World): Promise<readonly Wanted[]> {
  const { target, leaf } = world.aws;
  const places = await ownAnchors(world);
  const own = places.flatMap((place): readonly Wanted[] => {
    const { authority, name } = place;
    const { publisher, canary } = authority.spec.trustAnchors?.find((anchor) => anchor.name === name) ?? {};
    return (
      [
        ["publisher", publisher],
        ["canary", canary],
      ] as const
    ).flatMap(([role, session]) =>
      session === undefined
        ? []
        : [{ ...session, place, label: `${role} of ${place.subject}`, names: ownNames(role, place) }],
    );
  });
  if (target === undefined) return own;
  const place = placeOf(target, places);
  if (place === undefined) return own;
  const names = leaf === undefined ? undefined : leafOf(world).facts.names;
  return [{ ...target, place, label: `role ${target.roleArn}`, ...(names === undefined ? {} : { names }) }, ...own];
}

/** The trust anchor beside the profile: both are of one account and region. */
export function placeOf({ profileArn }: SessionTarget, places: readonly AnchorPlace[]): AnchorPlace | undefined {
  const [, , , region, account] = profileArn.split(":");
  return places.find((place) => place.region === region && place.account === account);
}

/** Names of the publisher's own leaves. */
function ownNames(role: "publisher" | "canary", { authority }: AnchorPlace): CertifiedNames {
  const { commonName, organization, organizationalUnit } = authority.spec.subject;
  const { activeGeneration } = authority.status ?? {};
  return {
    subject: [{ type: "CN", value: ownCommonName(role, authority.metadata.name) }],
    issuer: [
      { type: "CN", value: commonName },
      ...(organization === undefined ? [] : [{ type: "O", value: organization }]),
      ...(organizationalUnit === undefined ? [] : [{ type: "OU", value: organizationalUnit }]),
      ...(activeGeneration === undefined ? [] : [{ type: "serialNumber", value: String(activeGeneration) }]),
    ],
    alternativeNames: [],
  };
}

function profileFindings(
  profile: Profile | undefined,
  { profileArn, roleArn, region }: { readonly profileArn: string; readonly roleArn: string; readonly region: string },
): readonly TargetFinding[] {
  const id = profileArn.split("/").at(-1) ?? "";
  if (profile === undefined) {
    return [
      {
        id: "profile-missing",
        cause: `profile ${profileArn} does not exist`,
        cure: "aws rolesanywhere list-profiles shows those that do; create one with the role in it",
      },
    ];
  }
  if (!profile.enabled) {
    return [
      {
        id: "profile-disabled",
        cause: `profile ${profile.name} is disabled`,
        cure: `aws rolesanywhere enable-profile --region ${region} --profile-id ${id}`,
      },
    ];
  }
  if (profile.roleArns.includes(roleArn)) return [];
  return [
    {
      id: "profile-lacks-role",
      cause: `profile ${profile.name} does not hold role ${roleArn}; it holds ${profile.roleArns.join(", ") || "none"}`,
      cure: `aws rolesanywhere update-profile --region ${region} --profile-id ${id} --role-arns ${[...profile.roleArns, roleArn].join(" ")}`,
    },
  ];
}

const trustFindings: Readonly<Record<TrustFault["kind"], FindingId>> = {
  principal: "role-principal-missing",
  action: "role-action-missing",
  "source-arn": "role-source-arn",
  attribute: "role-condition",
  denied: "role-denies",
};

async function roleFindings({ roleArn, place, names }: Wanted, world: World): Promise<readonly TargetFinding[]> {
  const role = await world.aws.role(roleArn, place.region);
  if (role === undefined) {
    return [
      {
        id: "role-missing",
        cause: `role ${roleArn} does not exist`,
        cure: "create the role, with a trust policy for rolesanywhere.amazonaws.com: kubectl capstan aws-setup",
      },
    ];
  }
  const attributes = names === undefined ? undefined : sessionAttributes(names);
  const keys = new Map([
    ["aws:sourcearn", place.arn],
    ["aws:sourceaccount", place.account],
    ...(attributes?.sourceIdentity === undefined ? [] : [["sts:sourceidentity", attributes.sourceIdentity] as const]),
    ...[...(attributes?.tags ?? [])].map(([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value] as const),
  ]);
  return trustFaults(role.trustPolicy, { keys, hasLeaf: names !== undefined }).map(({ kind, cause, cure }) => ({
    id: trustFindings[kind],
    // A leaf of another CA has another issuer in its tags.
    ...(kind === "attribute" ? { explainedBy: ["leaf-issuer"] } : {}),
    cause: `role ${role.name}: ${cause}`,
    cure: `${cure}: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
  }));
}
