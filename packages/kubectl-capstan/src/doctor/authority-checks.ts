import { authorityReasons, type CertificateAuthority, type Revocation, revocationResource } from "@capstan/api";
import { conditionOf, isTrue } from "../conditions.ts";
import { formatLength } from "../output/human-time.ts";
import { isUnpublished } from "../revoke/revocation.ts";
import { anchorFindings } from "./anchor-findings.ts";
import type { Check, Finding } from "./check.ts";
import { behindFindings, crlFindings } from "./crl-findings.ts";
import { authoritySubject, publisherFaults, revocationPatienceMs } from "./publisher-work.ts";
import type { World } from "./world.ts";

/** After a change the publisher writes its status within seconds. */
const handlingPatienceMs = 2 * 60_000;
const rotationPatienceMs = 24 * 3_600_000;

/** A check of each CertificateAuthority, by what its status says. */
function each(
  check: Omit<Check, "group" | "reads" | "run" | "needs">,
  look: (authority: CertificateAuthority, world: World) => readonly Omit<Finding, "authority">[],
): Check {
  return {
    ...check,
    group: "Authority",
    reads: "list certificateauthorities",
    needs: ["capstan-crds"],
    run: async (world) =>
      (await world.authorities()).flatMap((authority) =>
        look(authority, world).map((finding) => ({ ...finding, authority: authority.metadata.name })),
      ),
  };
}

export const authorityChecks: readonly Check[] = [
  {
    id: "authorities",
    group: "Authority",
    title: "there is a CertificateAuthority",
    reads: "list certificateauthorities",
    needs: ["capstan-crds"],
    run: async (world) =>
      (await world.authorities()).length > 0
        ? []
        : [
            {
              id: "no-authority",
              subject: "certificateauthorities",
              cause: "there is no CertificateAuthority, so nothing can be issued",
              cure: "kubectl apply -f deploy/examples/02-certificate-authority.yaml",
            },
          ],
  },
  each(
    { id: "authority-handled", title: "the publisher has handled each authority as it is now", after: publisherFaults },
    (authority, world) => {
      const { metadata, status } = authority;
      const subject = authoritySubject(authority);
      if (metadata.deletionTimestamp !== undefined) {
        return [
          {
            id: "authority-being-deleted",
            subject,
            cause: `CertificateAuthority ${metadata.name} is being deleted since ${metadata.deletionTimestamp}; its finalizer waits until nothing that it has issued is valid`,
            cure: `wait, or let it go: kubectl capstan release ${metadata.name} --aws keep, or --aws delete, which takes away what Capstan created there`,
          },
        ];
      }
      if (status?.observedGeneration === metadata.generation) return [];
      if (world.now() - Date.parse(metadata.creationTimestamp ?? "") < handlingPatienceMs) return [];
      const what = status?.observedGeneration === undefined ? "never handled it" : "not handled its newest spec";
      return [
        {
          id: "authority-not-handled",
          subject,
          cause: `the publisher has ${what}`,
          cure: `kubectl logs -n ${world.capstanNamespace} deployment/crl-publisher`,
        },
      ];
    },
  ),
  each(
    {
      id: "trust-anchors",
      title: "each trust anchor holds the roots, enabled and read back lately",
      after: [...publisherFaults, "authority-handled"],
    },
    (authority, world) =>
      (authority.spec.trustAnchors ?? [])
        .filter(({ ignore }) => ignore !== true)
        .flatMap((anchor) => anchorFindings(authority, anchor, world)),
  ),
  each({ id: "drift", title: "no trust anchor holds an unknown certificate" }, (authority) => {
    const drift = conditionOf(authority, "Drift");
    if (drift?.status !== "True" || drift.reason === authorityReasons.changedSettings) return [];
    return [
      {
        id: "anchor-drift",
        subject: authoritySubject(authority),
        cause: drift.message ?? "a trust anchor holds an unknown certificate",
        cure: "find in CloudTrail (UpdateTrustAnchor) who added it, then remove it from the bundle, or declare it in spec.trustAnchors[].foreignRoots if it is wanted",
      },
    ];
  }),
  each(
    // Apart from the certificates: no rotation and no leaf waits for it.
    { id: "anchor-settings", title: "nobody has changed a trust anchor's notifications or its name" },
    (authority) => {
      const drift = conditionOf(authority, "Drift");
      if (drift?.status !== "True" || drift.reason !== authorityReasons.changedSettings) return [];
      return [
        {
          id: "anchor-settings-changed",
          subject: authoritySubject(authority),
          cause: drift.message ?? "a trust anchor that Capstan made was changed by somebody",
          cure: "find in CloudTrail (PutNotificationSettings, UpdateTrustAnchor) who changed it, and keep Terraform or CloudFormation from managing what Capstan does; notifications are put back by themselves, a name by: aws rolesanywhere update-trust-anchor --trust-anchor-id ID --name NAME",
        },
      ];
    },
  ),
  each({ id: "authority-key", title: "the active generation's key can be used" }, (authority, world) => {
    const ready = conditionOf(authority, "Ready");
    if (ready?.reason !== "KeyMissing") return [];
    const { name } = authority.metadata;
    return [
      {
        id: "key-missing",
        subject: authoritySubject(authority),
        cause: ready.message ?? "the key of the active generation is missing",
        cure: `restore Secret ${name}-${authority.status?.activeGeneration ?? 1} in namespace ${world.capstanNamespace} from your backup, or: kubectl capstan rotate ${name}`,
      },
    ];
  }),
  each({ id: "frozen", title: "issuing is not held" }, (authority) => {
    const frozen = authority.status?.frozen;
    if (frozen === undefined) return [];
    return [
      {
        id: "authority-frozen",
        subject: authoritySubject(authority),
        cause: `issuing is held since ${frozen.since} by ${frozen.holds.map((hold) => (hold === "Operator" ? "an operator's order" : "a compromised generation")).join(" and ")}`,
        cure: `kubectl capstan unfreeze ${authority.metadata.name}`,
      },
    ];
  }),
  each(
    {
      id: "generation-dates",
      title: "no root ends before it is replaced",
      after: [...publisherFaults, "trust-anchors", "drift"],
    },
    dateFindings,
  ),
  each(
    {
      id: "authority-ready",
      title: "each authority issues",
      after: [
        ...publisherFaults,
        "authority-handled",
        "authority-key",
        "frozen",
        "trust-anchors",
        "drift",
        "generation-dates",
      ],
    },
    (authority) => {
      if (isTrue(authority, "Ready") || authority.metadata.deletionTimestamp !== undefined) return [];
      const ready = conditionOf(authority, "Ready");
      return [
        {
          id: "authority-not-ready",
          subject: authoritySubject(authority),
          cause:
            ready === undefined
              ? "the publisher has not said whether it issues"
              : `${ready.reason}: ${ready.message ?? ""}`,
          cure: `kubectl capstan status ${authority.metadata.name}`,
        },
      ];
    },
  ),
  each(
    {
      id: "crl-fresh",
      title: "each CRL was made lately",
      after: [...publisherFaults, "authority-handled", "authority-key"],
    },
    crlFindings,
  ),
  each({ id: "crl-room", title: "each CRL has room" }, (authority) => {
    const capacity = conditionOf(authority, "CRLCapacity");
    if (capacity?.status !== "False") return [];
    return [
      {
        id: "crl-filling",
        subject: authoritySubject(authority),
        cause: capacity.message ?? capacity.reason,
        cure: `kubectl capstan rotate ${authority.metadata.name}`,
      },
    ];
  }),
  each(
    {
      id: "crls-in-aws",
      title: "each trust anchor has the newest CRL",
      after: [...publisherFaults, "trust-anchors", "crl-fresh"],
    },
    behindFindings,
  ),
  {
    id: "revocations",
    group: "Authority",
    title: "every revocation is in force",
    reads: "list revocations",
    needs: ["capstan-crds"],
    after: [...publisherFaults, "trust-anchors", "crl-fresh", "crl-room", "crls-in-aws", "authority-key"],
    run: async (world) =>
      (await world.list<Revocation>(revocationResource))
        .filter(isUnpublished)
        .flatMap((revocation): readonly Finding[] => {
          const { metadata, status } = revocation;
          const ageMs = world.now() - Date.parse(metadata.creationTimestamp ?? "");
          if (ageMs < revocationPatienceMs) return [];
          const said =
            conditionOf(revocation, "Accepted")?.status === "True"
              ? conditionOf(revocation, "Published")
              : conditionOf(revocation, "Accepted");
          return [
            {
              id: "revocation-waiting",
              subject: `revocation/${metadata.namespace ?? ""}/${metadata.name}`,
              ...(status?.authority === undefined ? {} : { authority: status.authority }),
              cause: `ordered ${formatLength(ageMs)} ago and not in force everywhere: ${said === undefined ? "the publisher has not looked at it" : `${said.reason}: ${said.message ?? ""}`}`,
              cure: "kubectl capstan status",
            },
          ];
        }),
  },
];

function dateFindings(authority: CertificateAuthority, world: World): readonly Omit<Finding, "authority">[] {
  const { status } = authority;
  const now = world.now();
  const subject = authoritySubject(authority);
  const rotating = conditionOf(authority, "Rotating");
  const cure = `kubectl capstan rotate ${authority.metadata.name} --dry-run shows what it waits for`;
  const waits = rotating?.message === undefined ? "" : `: ${rotating.message}`;
  const active = status?.generations?.find(({ number }) => number === status.activeGeneration);
  if (active?.notAfter !== undefined && Date.parse(active.notAfter) <= now) {
    return [
      {
        id: "root-expired",
        subject,
        cause: `the root of generation ${active.number} ended at ${active.notAfter}${waits}`,
        cure,
      },
    ];
  }
  const moving = status?.generations?.find(({ phase }) => phase === "Pending" || phase === "Published");
  if (moving?.phaseSince !== undefined) {
    const ageMs = now - Date.parse(moving.phaseSince);
    if (ageMs < rotationPatienceMs) return [];
    return [
      {
        id: "rotation-stuck",
        subject,
        cause: `generation ${moving.number} is ${moving.phase} for ${formatLength(ageMs)}${waits}`,
        cure,
      },
    ];
  }
  if (status?.nextRotation === undefined || now - Date.parse(status.nextRotation) < rotationPatienceMs) return [];
  return [
    {
      id: "rotation-overdue",
      subject,
      cause: `the next generation was due at ${status.nextRotation} and was not begun${waits}`,
      cure,
    },
  ];
}
