import { anchorPlaces } from "./aws-anchors.ts";
import { isOutage } from "./aws-side.ts";
import type { Check } from "./check.ts";
import { placeOf } from "./target-checks.ts";
import { Unreadable } from "./unreadable.ts";

const anchors = ["trust-anchors", "drift", "aws-anchors"] as const;
const leaf = ["leaf", "leaf-issuer", "leaf-revoked"] as const;
const targets = ["aws-profiles", "aws-roles", "aws-durations"] as const;
const clocks = ["api-clock", "aws-clock"] as const;

/**
 * What AWS says when it refuses a session, what is behind it as far as anybody has seen, and which checks find that out. The
 * first that matches counts.
 */
const refusals: readonly {
  readonly says: RegExp;
  readonly probably: string;
  readonly explainedBy: readonly string[];
}[] = [
  {
    says: /Untrusted signing certificate/i,
    probably: "the leaf is of another authority than the trust anchor's, or the trust anchor has lost its root",
    explainedBy: [...anchors, ...leaf],
  },
  {
    says: /Certificate revoked/i,
    probably: "its serial stands on a CRL of the trust anchor",
    explainedBy: ["leaf-revoked", "revocations"],
  },
  {
    says: /Insufficient certificate|Untrusted certificate/i,
    probably: "the leaf lacks digitalSignature, is a CA certificate, has ended or has not begun",
    explainedBy: [...leaf, ...clocks],
  },
  {
    says: /failed to be mapped into session tags/i,
    probably:
      "a name of the leaf or of the authority has characters that AWS cannot map, and the role's conditions do not match without it",
    explainedBy: [...leaf, ...targets],
  },
  {
    says: /exceeds the MaxSessionDuration/i,
    probably: "the profile's duration is over the role's MaxSessionDuration",
    explainedBy: ["aws-durations"],
  },
  {
    says: /profile is disabled|profile does not exist|:profile\//i,
    probably: "the profile is disabled or does not exist",
    explainedBy: ["aws-profiles"],
  },
  {
    says: /trust anchor (?:or profile )?(?:is disabled|does not exist)|:trust-anchor\/|Resource not found/i,
    probably: "the trust anchor is disabled or does not exist",
    explainedBy: [...anchors, ...targets],
  },
  {
    says: /Unable to assume role/i,
    probably:
      "the profile does not hold the role, or the role's trust policy lacks the principal rolesanywhere.amazonaws.com, one of sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity, or a condition on aws:SourceArn or the leaf's attributes does not match",
    explainedBy: [...targets, "leaf"],
  },
  { says: /skew|signature|expired|not yet/i, probably: "a clock is wrong", explainedBy: [...clocks, ...leaf] },
];

const everything = [...anchors, ...leaf, ...targets, ...clocks, "aws-reachable"];

/** A real session, by the leaf that was given: what AWS says to it in one sentence the checks before it have taken apart. */
export const canary: Check = {
  id: "canary",
  group: "AWS",
  title: "AWS grants a session to the leaf that was given",
  reads: "rolesanywhere:CreateSession, with the leaf",
  run: async (world) => {
    const aws = world.aws;
    const { target, leaf: given } = aws;
    if (target === undefined || given?.privateKeyPem === undefined) {
      throw new Unreadable(
        "no leaf, profile and role were given: name them by --certificate and --private-key or --secret, --profile-arn and --role-arn",
      );
    }
    const place = placeOf(target, await anchorPlaces(world));
    if (place === undefined) {
      return [
        {
          id: "target-elsewhere",
          subject: `profile ${target.profileArn}`,
          cause: "no trust anchor of an authority here is in the account and region of the profile",
          cure: "name a profile of the trust anchor's account and region: kubectl capstan status shows where they are",
        },
      ];
    }
    const refusal = await aws.refusal(place.arn, target);
    if (refusal === undefined) return [];
    const { awsMessage = refusal.message } = refusal;
    const known = refusals.find(({ says }) => says.test(awsMessage));
    return [
      {
        id: isOutage(refusal) ? "aws-unreachable" : "session-refused",
        subject: `role ${target.roleArn}`,
        authority: place.authority.metadata.name,
        explainedBy: known?.explainedBy ?? everything,
        cause: `AWS refuses a session to ${given.label}: ${awsMessage}${known === undefined ? "" : `${awsMessage.endsWith(".") ? "" : "."} Probably ${known.probably}`}`,
        cure: aws.hasCredentials
          ? "compare what AWS's CloudTrail has of CreateSession"
          : "run doctor with AWS credentials that may read: it then looks at trust anchor, profile and role",
      },
    ];
  },
};
