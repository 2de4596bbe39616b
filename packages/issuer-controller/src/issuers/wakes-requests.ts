import { isDeepStrictEqual } from "node:util";
import type { CertificateAuthority } from "@capstan/api";
import type { ReflectorChange } from "@capstan/kube";
import type { Issuer } from "./issuer-kinds.ts";

/**
 * Whether a change of an issuer can let its waiting requests go on: another issuer of that name, another spec, or a Ready
 * condition that came, went, turned or caught up. Not the same Ready in other words.
 */
export function issuerWakesRequests({ previous, current }: ReflectorChange<Issuer>): boolean {
  return previous === current || !isDeepStrictEqual(factsOfIssuer(previous), factsOfIssuer(current));
}

/** The same of an authority: which generation signs, and within which bounds. */
export function authorityWakesRequests({ previous, current }: ReflectorChange<CertificateAuthority>): boolean {
  return previous === current || !isDeepStrictEqual(factsOfAuthority(previous), factsOfAuthority(current));
}

function factsOfIssuer(issuer: Issuer | undefined): unknown {
  if (issuer === undefined) return undefined;
  const { uid, generation, deletionTimestamp } = issuer.metadata;
  const ready = issuer.status?.conditions?.find(({ type }) => type === "Ready");
  return [uid, generation, deletionTimestamp, ready?.status, ready?.observedGeneration];
}

function factsOfAuthority(authority: CertificateAuthority | undefined): unknown {
  if (authority === undefined) return undefined;
  const { uid, generation, deletionTimestamp } = authority.metadata;
  const { activeGeneration, generations = [], frozen } = authority.status ?? {};
  const phases = generations.map(({ number, phase, fingerprint }) => [number, phase, fingerprint]);
  return [uid, generation, deletionTimestamp, activeGeneration, phases, frozen !== undefined];
}
