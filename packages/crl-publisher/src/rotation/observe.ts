import {
  type CertificateAuthority,
  certificateAuthorityResource,
  type GenerationMark,
  generationMarkResource,
  generationName,
} from "@capstan/api";
import type { GenerationPhase } from "@capstan/ca-core";
import type { GenerationStatus } from "../authority/authority-parts.ts";
import type { RotationOptions } from "./rotation-options.ts";
import type { Seen, SeenGeneration } from "./seen.ts";

/** A Date header that is older says little. */
const clockMaxAgeMs = 10 * 60_000;

/** In these phases a generation can sign, or has signed what may be valid. */
const HAS_MARK: ReadonlySet<GenerationPhase> = new Set(["Pending", "Published", "Active", "Draining"]);

/** Reads an authority and its generations live; undefined when there is no such authority. */
export async function observe(options: RotationOptions, name: string, signal: AbortSignal): Promise<Seen | undefined> {
  const { client, now, awsClock } = options;
  const authority = await client.getOrUndefined<CertificateAuthority>(
    certificateAuthorityResource,
    { name },
    { signal },
  );
  if (authority === undefined) return undefined;
  const { generations = [], highestGeneration = 0 } = authority.status ?? {};
  const recorded = await Promise.all(generations.map((status) => seeRecorded(options, authority, status, signal)));
  const highest = Math.max(highestGeneration, ...generations.map(({ number }) => number));
  const made = await seeMade(options, authority, highest, signal);
  return {
    authority,
    generations: [...recorded, ...made.generations],
    highestNumber: made.highestNumber,
    standsStill: standsStill(options, authority),
    time: { own: now().getTime(), apiServer: client.serverNow(clockMaxAgeMs), aws: awsClock.now(clockMaxAgeMs) },
  };
}

async function seeRecorded(
  options: RotationOptions,
  authority: CertificateAuthority,
  status: GenerationStatus,
  signal: AbortSignal,
): Promise<SeenGeneration> {
  const { number, phase, fingerprint = "", notBefore = "", notAfter = "" } = status;
  const [found, mark] = await Promise.all([
    phase === "Destroyed" ? ({ is: "Missing" } as const) : options.generations.find(authority, number, signal),
    HAS_MARK.has(phase) ? readMark(options, authority, number, signal) : undefined,
  ]);
  const root = { fingerprint, notBefore: Date.parse(notBefore), notAfter: Date.parse(notAfter) };
  return { number, status, root, found, mark };
}

/** Looks for generations that were made and did not get into status: their numbers follow one another. */
async function seeMade(
  options: RotationOptions,
  authority: CertificateAuthority,
  highest: number,
  signal: AbortSignal,
): Promise<{ readonly generations: readonly SeenGeneration[]; readonly highestNumber: number }> {
  const generations: SeenGeneration[] = [];
  for (let number = highest + 1; ; number += 1) {
    const [found, mark] = await Promise.all([
      options.generations.find(authority, number, signal),
      readMark(options, authority, number, signal),
    ]);
    // A mark or a Secret that is of no use has used up its number all the same.
    if (found.is === "Missing" && mark === undefined) return { generations, highestNumber: number - 1 };
    if (found.is !== "Present") continue;
    const { sha256, notBefore, notAfter } = found.generation.root;
    const root = { fingerprint: sha256, notBefore: notBefore.getTime(), notAfter: notAfter.getTime() };
    generations.push({ number, status: undefined, root, found, mark });
  }
}

function readMark(
  { client, namespace }: RotationOptions,
  { metadata }: CertificateAuthority,
  number: number,
  signal: AbortSignal,
): Promise<GenerationMark | undefined> {
  const ref = { namespace, name: generationName(metadata.name, number) };
  return client.getOrUndefined<GenerationMark>(generationMarkResource, ref, { signal });
}

/** From caches: they may be behind, and then an issuer has said less than it has, never more. */
function standsStill({ issuers }: RotationOptions, { metadata: { name }, status }: CertificateAuthority): boolean {
  const { frozen } = status ?? {};
  if (frozen === undefined) return false;
  return issuers
    .flatMap((store) => store.byIndex("authority", name))
    .every(({ status: said }) => {
      const { authority, order = 0 } = said?.standsStill ?? {};
      return authority === name && order >= frozen.order;
    });
}
