import type { CertificateAuthority } from "@capstan/api";
import type { Command } from "../command.ts";
import { PluginError, UsageError } from "../exit-code.ts";
import { type OrderOptions, orderFlags } from "../operations/order-flags.ts";
import { placeOrder } from "../operations/place-order.ts";
import { unknownRoots } from "./unknown-roots.ts";

interface RecoverOptions extends OrderOptions {
  readonly accept?: string;
}

/** `kubectl capstan recover CA`. */
export const recoverCommand: Command<RecoverOptions> = {
  name: "recover",
  summary: "Go on after a restore from a backup",
  description:
    "After the cluster was restored from a backup AWS may hold more than our state knows: roots made since, and CRLs with revocations since. This takes the revocations over, raises every mark so that no lost certificate outlives its root, and keeps the roots that you accept until their certificates have ended.",
  argument: { notation: "<CA>", description: "name of the CertificateAuthority" },
  flags: [
    {
      long: "accept",
      value: "SHA256,…",
      description: "accept these of the unknown roots, or none; else all of them are in the question",
    },
    ...orderFlags({ wait: "return when marks and revocations cover what was restored", timeout: "5m" }),
  ],
  examples: [
    "kubectl capstan recover fleet --wait",
    "kubectl capstan recover fleet --accept none --yes",
    "kubectl capstan recover fleet --accept 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --yes",
  ],
  run: ({ arguments: [authority = ""], options, context }) => {
    const { accept, yes = false } = options;
    const named = accept === undefined ? undefined : parseFingerprints(accept);
    return placeOrder(options, context, {
      authority,
      orderOf: (found) => {
        const unknown = unknownRoots(found);
        for (const { fingerprint, trustAnchors } of unknown) {
          context.terminal.err(`unknown root ${fingerprint} in trust anchor ${trustAnchors.join(", ")}\n`);
        }
        const acceptedRoots = [...acceptedOf(found, named, yes)];
        return { authority, kind: "Recover", ...(acceptedRoots.length === 0 ? {} : { acceptedRoots }) };
      },
    });
  },
};

function acceptedOf(
  authority: CertificateAuthority,
  named: readonly string[] | undefined,
  isConfirmed: boolean,
): readonly string[] {
  const unknown = unknownRoots(authority).map(({ fingerprint }) => fingerprint);
  if (named === undefined) {
    // Nobody sees the list before it counts.
    if (isConfirmed && unknown.length > 0) {
      throw new UsageError(
        "trust anchors hold roots that are not known here: say with --accept which are yours, or none",
      );
    }
    return unknown;
  }
  const missing = named.filter((fingerprint) => !unknown.includes(fingerprint));
  if (missing.length > 0) {
    throw new PluginError(`no trust anchor was read back with an unknown root ${missing.join(", ")}`);
  }
  return named;
}

/** @throws {UsageError} for what is no SHA-256 */
function parseFingerprints(text: string): readonly string[] {
  if (text === "none") return [];
  const fingerprints = text.split(",").map((part) => part.trim().replaceAll(":", "").toLowerCase());
  if (fingerprints.length <= 16 && fingerprints.every((part) => /^[0-9a-f]{64}$/.test(part))) {
    return [...new Set(fingerprints)];
  }
  throw new UsageError("--accept: give up to 16 SHA-256 of roots in hex, separated by commas, or none");
}
