import {
  apiVersion,
  type CertificateAuthority,
  certificateAuthorityResource,
  type GenerationMark,
  generationMarkResource,
  generationName,
} from "@capstan/api";
import type { RotationAction } from "@capstan/ca-core";
import { withoutFinalizer } from "../authority/finalizer.ts";
import { fieldManager } from "../field-manager.ts";
import { tellReleased } from "../operations/report-operations.ts";
import type { CarryOut } from "./carry-out.ts";

/** Somebody made another authority of the name meanwhile, or took the finalizer away: nothing more is destroyed. */
export class NotBeingDeleted extends Error {
  override readonly name = "NotBeingDeleted";
  readonly code = "ERR_NOT_BEING_DELETED";
}

/**
 * Lets a deleted authority go. What it leaves in Capstan's namespace (docs/develop/rotation.md):
 *
 * - its marks, sealed: each says that a number is used up, so that an authority of the same name goes on counting, and nothing is
 *   ever signed under an old mark. They are written first, since of what follows nothing can be undone;
 * - no key: without an authority nobody watches it, and it is an AWS credential wherever a trust anchor holds its root;
 * - lists, CRLs and roots, as they were published: relying parties ask for them as long as a leaf may be valid.
 *
 * Cut off anywhere, the next look does it once more.
 *
 * @throws {NotBeingDeleted}
 */
export async function removeFinalizer(
  carry: CarryOut,
  { left }: Extract<RotationAction, { readonly do: "RemoveFinalizer" }>,
): Promise<void> {
  const { options, seen, signal } = carry;
  const { name } = seen.authority.metadata;
  const highest = Math.max(seen.highestNumber, seen.authority.status?.highestGeneration ?? 0);
  for (let number = 1; number <= highest; number += 1) await useUp(carry, number);
  await assertBeingDeleted(carry);
  for (let number = 1; number <= highest; number += 1) await options.generations.destroy(name, number, signal);
  await tellReleased(options, seen, left, signal);
  const { authority } = seen;
  await options.client.replace(certificateAuthorityResource, withoutFinalizer(authority), { signal });
}

/** Seals the mark of a number, which is made where there is none. */
async function useUp({ options, seen, signal }: CarryOut, number: number): Promise<void> {
  const { client, namespace, generations, now } = options;
  const authority = seen.authority.metadata.name;
  const ref = { namespace, name: generationName(authority, number) };
  const find = (): Promise<GenerationMark | undefined> =>
    client.getOrUndefined<GenerationMark>(generationMarkResource, ref, { signal });
  let mark = await find();
  if (mark === undefined) {
    await generations.makeMark(authority, number, { notAfter: now().getTime() }, signal);
    mark = await find();
  }
  if (mark?.status?.sealed === true) return;
  const { resourceVersion = "" } = mark?.metadata ?? {};
  await client.apply(
    generationMarkResource,
    {
      apiVersion,
      kind: "GenerationMark",
      metadata: { ...ref, resourceVersion },
      status: { ...mark?.status, sealed: true },
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
}

/** Read live, right before what cannot be undone. */
async function assertBeingDeleted({ options, seen, signal }: CarryOut): Promise<void> {
  const { name, uid } = seen.authority.metadata;
  const live = await options.client.getOrUndefined<CertificateAuthority>(
    certificateAuthorityResource,
    { name },
    { signal },
  );
  if (live?.metadata.uid === uid && live?.metadata.deletionTimestamp !== undefined) return;
  throw new NotBeingDeleted(`CertificateAuthority ${name} is not the one any more that is being deleted`);
}
