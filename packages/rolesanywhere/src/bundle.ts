import { RolesAnywhereError } from "./errors.ts";
import { decodePemBlocks, encodePemBlock } from "./pem.ts";

/**
 * The certificates of a bundle, each as canonical PEM (lines of 64 characters ended by LF), in their order. Text outside
 * the armour, line ends and indentation do not matter, since a bundle that was read back may be somebody else's.
 * @throws {RolesAnywhereError} ERR_INVALID_ARGUMENT for broken armour or base64 and for a block that is no CERTIFICATE
 *
 * @example
 * const [oldRoot, newRoot] = splitBundle(anchor.bundlePem);
 */
export function splitBundle(pem: string): readonly string[] {
  return certificatesOf(pem).map((der) => encodePemBlock("CERTIFICATE", der));
}

/**
 * Whether two bundles hold the same certificates by their DER bytes, in whatever order: to AWS it means nothing.
 * @throws {RolesAnywhereError} as `splitBundle`
 *
 * @example
 * if (!sameCertificates(anchor.bundlePem, wantedPem)) report("the bundle is not what was written");
 */
export function sameCertificates(a: string, b: string): boolean {
  const [left, right] = [splitBundle(a).toSorted(), splitBundle(b).toSorted()];
  return left.length === right.length && left.every((certificate, index) => certificate === right[index]);
}

function certificatesOf(pem: string): readonly Uint8Array[] {
  return decodePemBlocks(pem, "bundle").map(({ label, der }) => {
    if (label !== "CERTIFICATE") {
      throw new RolesAnywhereError(
        "ERR_INVALID_ARGUMENT",
        `bundle: a block is labelled ${JSON.stringify(label)}: keep only CERTIFICATE blocks`,
        { operation: "splitBundle", field: "bundle" },
      );
    }
    return der;
  });
}
