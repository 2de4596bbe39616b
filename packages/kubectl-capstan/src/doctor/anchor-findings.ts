import type { CertificateAuthority, Condition } from "@capstan/api";
import { parseTrustAnchorArn } from "@capstan/rolesanywhere";
import { conditionOf } from "../conditions.ts";
import { formatLength } from "../output/human-time.ts";
import type { Finding } from "./check.ts";
import { publisherFaults } from "./publisher-work.ts";
import type { World } from "./world.ts";

/** The publisher reads each trust anchor every five minutes at least. */
const readBackOldMs = 30 * 60_000;

type Status = NonNullable<CertificateAuthority["status"]>;
type AnchorStatus = NonNullable<Status["trustAnchors"]>[number];
type AnchorSpec = NonNullable<CertificateAuthority["spec"]["trustAnchors"]>[number];

const states: Readonly<
  Record<
    Exclude<NonNullable<AnchorStatus["state"]>, "Present" | "Disabled">,
    Pick<Finding, "id"> & { readonly fault: string; readonly cure: (anchor: AnchorSpec) => string }
  >
> = {
  Missing: {
    id: "anchor-missing",
    fault: "does not exist in AWS",
    cure: ({ name }) => `set create: true or another arn for trust anchor ${name} in spec.trustAnchors`,
  },
  NotABundle: {
    id: "anchor-not-a-bundle",
    fault: "is no certificate bundle",
    cure: ({ name }) => `name a trust anchor of type CERTIFICATE_BUNDLE as ${name} in spec.trustAnchors`,
  },
};

/** Of a trust anchor by which no session starts: what somebody ordered is not undone in AWS, behind the publisher's back. */
export function disabledFinding(
  { metadata, status }: CertificateAuthority,
  name: string,
  arn: string,
): Pick<Finding, "id" | "cause" | "cure"> {
  const order = orderToDisable(status, name);
  if (order !== undefined) {
    return {
      id: "anchor-disabled",
      cause: `${order.requestedBy} ordered at ${order.since} that trust anchor ${name} is disabled in AWS: no session starts under it`,
      cure: `once the reason is gone: kubectl capstan unfreeze ${metadata.name} --anchor ${name}`,
    };
  }
  const { region, id } = parseTrustAnchorArn(arn);
  return {
    id: "anchor-disabled",
    cause: `trust anchor ${arn} is disabled in AWS: no session starts under it`,
    cure: `aws rolesanywhere enable-trust-anchor --region ${region} --trust-anchor-id ${id}`,
  };
}

function orderToDisable(
  status: CertificateAuthority["status"],
  anchor: string,
): NonNullable<Status["disabledTrustAnchors"]>[number] | undefined {
  return status?.disabledTrustAnchors?.find(({ name }) => name === anchor);
}

/** What status says of a trust anchor of the spec. */
export function anchorFindings(authority: CertificateAuthority, anchor: AnchorSpec, world: World): readonly Finding[] {
  const known = authority.status?.trustAnchors?.find(({ name }) => name === anchor.name);
  const subject = `trust anchor ${authority.metadata.name}/${anchor.name}`;
  const said = known?.message === undefined ? "" : `: ${known.message}`;
  const inSync = conditionOf(authority, "TrustAnchorsInSync");
  const logs = `kubectl logs -n ${world.capstanNamespace} deployment/crl-publisher`;
  if (inSync?.reason === "AWSUnavailable" && known?.joined !== true) return [unreachable(subject, inSync, logs)];
  if (known?.arn === undefined) {
    return [
      {
        id: "anchor-unread",
        subject,
        cause: `the publisher has never read trust anchor ${anchor.name}${said}`,
        cure: `kubectl capstan aws-setup ${authority.metadata.name}`,
      },
    ];
  }
  if (known.state === "Missing" || known.state === "NotABundle") {
    const { id, fault, cure } = states[known.state];
    return [{ id, subject, cause: `trust anchor ${known.arn} ${fault}`, cure: cure(anchor) }];
  }
  if (known.state === "Disabled" || orderToDisable(authority.status, anchor.name) !== undefined) {
    return [{ ...disabledFinding(authority, anchor.name, known.arn), subject }];
  }
  if (inSync?.reason === "AWSUnavailable") return [unreachable(subject, inSync, logs)];
  if (!known.joined) {
    return [
      {
        id: "anchor-not-joined",
        subject,
        cause: `trust anchor ${anchor.name} does not hold what it should${said}`,
        cure: logs,
        explainedBy: [...publisherFaults, "authority-handled"],
      },
    ];
  }
  const ageMs = world.now() - Date.parse(known.readAt ?? "");
  if (!(ageMs > readBackOldMs)) return [];
  return [
    {
      id: "anchor-read-back-old",
      subject,
      cause: `it was last read back ${formatLength(ageMs)} ago${said}`,
      cure: logs,
    },
  ];
}

function unreachable(subject: string, { message = "" }: Condition, logs: string): Finding {
  return {
    id: "aws-unreachable-for-publisher",
    subject,
    cause: `the publisher cannot read it: ${message}`,
    cure: logs,
  };
}
