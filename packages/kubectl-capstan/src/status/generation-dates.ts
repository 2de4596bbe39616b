import { type CertificateAuthority, generationName, type GenerationMark } from "@capstan/api";
import { rotationPolicyOf } from "@capstan/crl-publisher/rotation-policy";
import type { Generation } from "../operations/order.ts";
import { formatDay, formatLeft, formatTime } from "../output/human-time.ts";

/** What a generation comes to next by itself, and when: `rotates 2027-10-23 (334d left)`. */
export function nextOf(
  generation: Generation,
  authority: CertificateAuthority,
  marks: readonly GenerationMark[],
  now: number,
): string {
  return nexts[generation.phase]?.(generation, authority, marks, now) ?? "";
}

type Next = (...asked: Parameters<typeof nextOf>) => string;

const nexts: Readonly<Partial<Record<Generation["phase"], Next>>> = {
  Active: (_, { status }, __, now) => dated("next rotation", status?.nextRotation, now),
  Draining: ({ number }, { metadata, spec }, marks, now) => {
    const name = generationName(metadata.name, number);
    const mark = marks.find((known) => known.metadata.name === name);
    if (mark === undefined) return "drains";
    return dated("drains until", after(mark.spec.notAfter, rotationPolicyOf(spec).skewMs), now);
  },
  Retired: ({ phaseSince }, { spec }, _, now) =>
    dated("key is deleted", after(phaseSince, rotationPolicyOf(spec).retentionMs), now),
};

function after(time: string | undefined, milliseconds: number): string | undefined {
  const from = Date.parse(time ?? "");
  return Number.isNaN(from) ? undefined : formatTime(from + milliseconds);
}

function dated(what: string, time: string | undefined, now: number): string {
  if (time === undefined) return "";
  return Date.parse(time) <= now ? `${what} now` : `${what} ${formatDay(time)} (${formatLeft(time, now)})`;
}
