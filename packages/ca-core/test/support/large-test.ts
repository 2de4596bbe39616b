import { test } from "vitest";
import { KEY_ALGORITHM_NAMES, type KeyAlgorithm } from "../../src/index.ts";
import { LEAF_KEY_ALGORITHM_NAMES, type LeafKeyAlgorithm } from "../../src/keys/algorithms.ts";

const areLeftOut = process.env["CAPSTAN_LARGE_TESTS"] === "skip";

/** For a list of thousands of entries. Left out of mutation runs, where all tests of an area run for each fault. */
export const largeTest: ReturnType<typeof test.skipIf> = test.skipIf(areLeftOut);

/** Left out of mutation runs are those whose keys take a second to make. */
export const ROOT_ALGORITHMS: readonly KeyAlgorithm[] = KEY_ALGORITHM_NAMES.filter(isTried);

/** The same of leaves. */
export const LEAF_ALGORITHMS: readonly LeafKeyAlgorithm[] = LEAF_KEY_ALGORITHM_NAMES.filter(isTried);

function isTried(name: LeafKeyAlgorithm): boolean {
  return !(areLeftOut && (name === "RSA-3072" || name === "RSA-4096"));
}
