import {
  checkAgainstProfile,
  checkCertificationRequest,
  chooseValidity,
  formatViolations,
  issueLeaf,
  prepareLeaf,
  usagesOf,
} from "@capstan/ca-core";
import type { BenchAuthority } from "./bench-authority.ts";
import { inProcess, type Contestant } from "./contestant.ts";
import type { BenchRequest } from "./requests.ts";

const DAY_MS = 86_400_000;
const USAGES = ["digital signature", "key encipherment", "client auth"];

/** ca-core with every check that the issuer controller has of it. */
export function caCore({ root, signer }: BenchAuthority, requests: readonly BenchRequest[]): Contestant {
  return inProcess("ca-core", async (n) => {
    const checked = checkCertificationRequest(requests[n % requests.length]?.pem ?? "");
    if (!checked.ok) throw new Error(formatViolations(checked.violations));
    const request = checked.value;
    const violations = checkAgainstProfile({ request, usages: USAGES });
    if (violations.length > 0) throw new Error(formatViolations(violations));
    const validity = chooseValidity({
      now: new Date(),
      requestedMs: DAY_MS,
      maxMs: 7 * DAY_MS,
      overMaximum: "Refuse",
      root,
    });
    if (!validity.ok) throw new Error(validity.reason);
    const { ticket } = prepareLeaf({
      root,
      subject: request.subject,
      subjectAlternativeNames: request.subjectAlternativeNames,
      publicKeySpki: request.publicKey.spki,
      usages: usagesOf(USAGES),
      notBefore: validity.notBefore,
      notAfter: validity.notAfter,
      maxLifetimeMs: 7 * DAY_MS,
    });
    return (await issueLeaf({ ticket, signer })).der;
  });
}
