import { formatTime } from "../output/human-time.ts";
import type { Leaf } from "./leaf.ts";

/**
 * What a CRL does not do, and what else to do about it.
 *
 * IAM Roles Anywhere: sessions last 15 minutes to 12 hours by their profile's durationSeconds, 1 hour unless set
 * (CreateProfile). IAM: "Revoking IAM role temporary security credentials" with aws:TokenIssueTime.
 */
export function afterRevoking(options: {
  readonly leaves: readonly Leaf[];
  readonly namespace: string;
  readonly reissue: boolean;
  /** The policy that ends the sessions is printed. */
  readonly hasPolicy: boolean;
  /** When every trust anchor was seen to have the CRL, in milliseconds since 1970; undefined when that was not waited for. */
  readonly publishedAt: number | undefined;
}): readonly string[] {
  const { leaves, namespace, reissue, hasPolicy, publishedAt } = options;
  const certificates = reissue ? [] : [...new Set(leaves.flatMap(({ certificate }) => certificate ?? []))];
  const [when, time] =
    publishedAt === undefined ? ["once it is published", "that moment"] : ["now", formatTime(publishedAt)];
  return [
    "AWS sessions that are open already are not ended by a CRL: they run on for up to their profile's session duration (1h unless set, at most 12h).",
    hasPolicy
      ? "To end them give every role that they may have the policy below, as an inline policy, for twelve hours: aws iam put-role-policy --role-name ROLE --policy-name end-sessions --policy-document file://policy.json"
      : `To end them ${when}, give the role a policy that denies everything where aws:TokenIssueTime is before ${time} (IAM console: Revoke active sessions). It ends the role's other sessions too; their workloads open new ones. --end-sessions prints one that ends these alone.`,
    ...(certificates.length > mostNamed
      ? [
          `The Secrets of ${certificates.length} Certificates keep revoked certificates until they are renewed: cmctl renew NAME -n ${namespace}, or --reissue`,
        ]
      : certificates.map(
          (name) =>
            `The Secret of certificate/${name} keeps the revoked certificate until it is renewed: cmctl renew ${name} -n ${namespace}`,
        )),
  ];
}

const mostNamed = 10;
