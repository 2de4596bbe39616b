import { createPublicKey, verify } from "node:crypto";
import { generationName, type RevocationList, revocationListResource } from "@capstan/api";
import { readCrl, type RotationAction } from "@capstan/ca-core";
import { formatEntries, parseEntries, type RevocationEntry } from "../crl/revocation-entries.ts";
import { readNow } from "./anchor-actions.ts";
import { AnchorActionImpossible, callAnchor } from "./call-anchor.ts";
import type { CarryOut } from "./carry-out.ts";
import { rotationPolicyOf } from "./rotation-policy-of.ts";
import { generationOf } from "./seen.ts";
import { generationOfCrl } from "./to-observation.ts";

const actor = "recovered from AWS";

/**
 * Takes over what an anchor's CRL revokes and our own list has lost, and raises our number to its. Nothing is taken from a
 * CRL that the generation's own key has not signed.
 */
export function mergeRevocations(
  carry: CarryOut,
  { anchor: name, generation }: Extract<RotationAction, { readonly do: "MergeRevocations" }>,
): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    const { options, seen, signal } = carry;
    const { client, namespace } = options;
    const authority = seen.authority.metadata.name;
    const { root, found } = generationOf(seen, generation);
    // What it was decided by may be gone: somebody deleted it, as the refusal below asks for.
    const { crls } = await readNow(carry, anchor);
    const content = crls.find((one) => generationOfCrl(seen, one) === generation)?.content;
    if (content === undefined || content.number <= (options.crls.of(authority, generation)?.number ?? 0n)) return;
    const crl = readCrl(content.der);
    if (found.is === "Present" && !isSignedBy(found.generation.root.spki, crl)) {
      throw new AnchorActionImpossible(
        `the CRL of generation ${generation} in AWS is not signed by its key; delete it in AWS`,
      );
    }
    const ref = { namespace, name: generationName(authority, generation) };
    await options.generations.ensureList(authority, generation, signal);
    const list = await client.get<RevocationList>(revocationListResource, ref, { signal });
    const entries = parseEntries(list.spec);
    const known = new Set(entries.map(({ serial }) => serial));
    const { maxLeafMs } = rotationPolicyOf(seen.authority.spec);
    const lost = [...crl.entries]
      .filter(({ serial }) => !known.has(serial))
      .map(({ serial, revokedAt, reason = "unspecified" }): RevocationEntry => ({
        serial,
        revokedAt: seconds(revokedAt.getTime()),
        reason,
        // When it ends is not known; no leaf that could be revoked then ends later.
        notAfter: seconds(Math.min(root.notAfter, revokedAt.getTime() + maxLeafMs)),
        actor,
      }));
    await client.replace<RevocationList>(
      revocationListResource,
      {
        ...list,
        spec: {
          ...list.spec,
          crlNumber: Math.max(list.spec.crlNumber, Number(crl.number)),
          ...formatEntries([...entries, ...lost]),
        },
      },
      { signal },
    );
  });
}

function isSignedBy(
  spki: Uint8Array,
  { tbs, signature }: { readonly tbs: Uint8Array; readonly signature: Uint8Array },
): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  return verify("sha256", tbs, key, signature);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
