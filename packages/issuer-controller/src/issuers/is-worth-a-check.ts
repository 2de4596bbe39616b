import { isDeepStrictEqual } from "node:util";
import type { CertificateAuthority } from "@capstan/api";
import type { ReflectorChange } from "@capstan/kube";
import type { Issuer } from "./issuer-kinds.ts";

/**
 * Whether a change of an issuer can change what a check finds. Our own writes of its status cannot, and a check costs a
 * signature.
 */
export function issuerIsWorthACheck({ previous, current }: ReflectorChange<Issuer>): boolean {
  return previous === current || !isDeepStrictEqual(factsOfIssuer(previous), factsOfIssuer(current));
}

/** The same of an authority, whose status also tells of every CRL. */
export function authorityIsWorthACheck({ previous, current }: ReflectorChange<CertificateAuthority>): boolean {
  return previous === current || !isDeepStrictEqual(factsOfAuthority(previous), factsOfAuthority(current));
}

function factsOfIssuer(issuer: Issuer | undefined): unknown {
  if (issuer === undefined) return undefined;
  const { uid, generation, deletionTimestamp } = issuer.metadata;
  const isChecked = issuer.status?.conditions?.some(({ type }) => type === "Ready") === true;
  return [uid, generation, deletionTimestamp, isChecked];
}

function factsOfAuthority(authority: CertificateAuthority | undefined): unknown {
  if (authority === undefined) return undefined;
  const { uid, generation, deletionTimestamp } = authority.metadata;
  const { activeGeneration, generations = [], conditions = [], frozen } = authority.status ?? {};
  const phases = generations.map(({ number, phase, fingerprint }) => [number, phase, fingerprint]);
  const ready = conditions.find(({ type }) => type === "Ready");
  const said = [ready?.status, ready?.reason, ready?.message];
  return [uid, generation, deletionTimestamp, activeGeneration, phases, frozen?.order, said];
}
