import { apiVersion, type GenerationMark, generationMarkResource } from "@capstan/api";
import type { RotationAction } from "@capstan/ca-core";
import { formatTime } from "@capstan/kube";
import { writeStatus } from "../authority/write-status.ts";
import { fieldManager } from "../field-manager.ts";
import type { CarryOut } from "./carry-out.ts";
import { mayHaveSignedGeneral } from "./general-leaves.ts";
import { generationOf } from "./seen.ts";

type ActionOf<K extends RotationAction["do"]> = Extract<RotationAction, { readonly do: K }>;

export function restoreMark(
  { options, seen, signal }: CarryOut,
  { generation, notAfter }: ActionOf<"RestoreMark">,
): Promise<void> {
  const { authority } = seen;
  const found = generationOf(seen, generation);
  // One that is not in status yet has signed nothing.
  const isGeneral = found.status !== undefined && mayHaveSignedGeneral(authority, found);
  const times = { notAfter, ...(isGeneral ? { generalNotAfter: notAfter } : {}) };
  return options.generations.makeMark(authority.metadata.name, generation, times, signal);
}

export async function raiseMark(carry: CarryOut, { generation, notAfter }: ActionOf<"RaiseMark">): Promise<void> {
  const { options, seen, signal } = carry;
  const mark = markOf(carry, generation);
  const to = Math.ceil(notAfter / 1000) * 1000;
  const raised = (time = formatTime(to)): string => formatTime(Math.max(to, Date.parse(time)));
  const isGeneral = mayHaveSignedGeneral(seen.authority, generationOf(seen, generation));
  const times = {
    notAfter: raised(mark.spec.notAfter),
    ...(isGeneral ? { generalNotAfter: raised(mark.spec.generalNotAfter) } : {}),
  };
  await options.client.replace(generationMarkResource, { ...mark, spec: { ...mark.spec, ...times } }, { signal });
}

/** The switch: a leaf whose mark is raised before it is signed is signed before this, or not at all. */
export async function sealMark(carry: CarryOut, { generation, at }: ActionOf<"SealMark">): Promise<void> {
  await writeMarkStatus(carry, generation, { sealed: true, sealedAt: formatTime(at) });
}

/**
 * Gives a generation up. Where one signs that could still be switched from, it is written into that one's mark: the seal is
 * written to the same object, and of the two exactly one happens.
 */
export async function beginAbandon(
  carry: CarryOut,
  { generation, recordedIn, at }: ActionOf<"BeginAbandon">,
): Promise<void> {
  if (recordedIn !== undefined) return writeMarkStatus(carry, recordedIn, { abandons: generation });
  const { options, seen, signal } = carry;
  const { authority } = seen;
  const generations = (authority.status?.generations ?? []).map((one) =>
    one.number === generation ? { ...one, abandoning: true } : one,
  );
  await writeStatus(options.client, authority, { ...authority.status, generations, highWater: formatTime(at) }, signal);
}

async function writeMarkStatus(
  carry: CarryOut,
  generation: number,
  change: NonNullable<GenerationMark["status"]>,
): Promise<void> {
  const { metadata, status } = markOf(carry, generation);
  const { name, namespace = "", resourceVersion = "" } = metadata;
  await carry.options.client.apply(
    generationMarkResource,
    {
      apiVersion,
      kind: "GenerationMark",
      metadata: { name, namespace, resourceVersion },
      status: { ...status, ...change },
    },
    { fieldManager, force: true, subresource: "status", signal: carry.signal },
  );
}

function markOf({ seen }: CarryOut, number: number): GenerationMark {
  const { mark } = generationOf(seen, number);
  if (mark === undefined) throw new TypeError(`the mark of generation ${number} was not seen`);
  return mark;
}
