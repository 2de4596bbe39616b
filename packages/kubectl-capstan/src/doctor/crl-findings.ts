import type { CertificateAuthority } from "@capstan/api";
import { conditionOf } from "../conditions.ts";
import type { Finding } from "./check.ts";
import { authoritySubject, revocationPatienceMs } from "./publisher-work.ts";
import type { World } from "./world.ts";

/** Whether the authority's CRLs were made lately. */
export function crlFindings(authority: CertificateAuthority, world: World): readonly Omit<Finding, "authority">[] {
  const subject = authoritySubject(authority);
  const cure = `kubectl logs -n ${world.capstanNamespace} deployment/crl-publisher`;
  const expired = (authority.status?.generations ?? []).filter(
    ({ phase, crl }) =>
      ["Active", "Draining", "Published"].includes(phase) &&
      crl !== undefined &&
      Date.parse(crl.nextUpdate) <= world.now(),
  );
  if (expired.length > 0) {
    return expired.map(({ number, crl }) => ({
      id: "crl-expired",
      subject,
      cause: `nextUpdate of the CRL of generation ${number} was ${crl?.nextUpdate ?? ""}`,
      cure,
    }));
  }
  const current = conditionOf(authority, "CRLCurrent");
  if (current?.status !== "False") return [];
  return [{ id: "crl-stale", subject, cause: current.message ?? current.reason, cure }];
}

/** Between making a CRL and sending it seconds pass; what is older than the last reading should have been there. */
export function behindFindings(authority: CertificateAuthority, world: World): readonly Omit<Finding, "authority">[] {
  const { trustAnchors = [], generations = [] } = authority.status ?? {};
  return trustAnchors
    .filter(({ name }) => authority.spec.trustAnchors?.find((spec) => spec.name === name)?.ignore !== true)
    .flatMap(({ name, crls = [], readAt = "", message }) =>
      crls.flatMap(({ generation, number }): readonly Omit<Finding, "authority">[] => {
        const made = generations.find((known) => known.number === generation)?.crl;
        if (made === undefined || made.number <= number) return [];
        if (
          world.now() - Date.parse(made.thisUpdate) < revocationPatienceMs ||
          Date.parse(readAt) <= Date.parse(made.thisUpdate)
        )
          return [];
        return [
          {
            id: "anchor-crl-behind",
            subject: `trust anchor ${authority.metadata.name}/${name}`,
            cause: `it has CRL ${number} of generation ${generation}, and CRL ${made.number} was made at ${made.thisUpdate}${message === undefined ? "" : `: ${message}`}`,
            cure: `kubectl logs -n ${world.capstanNamespace} deployment/crl-publisher`,
          },
        ];
      }),
    );
}
