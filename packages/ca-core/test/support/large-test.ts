import { test } from "vitest";
import { KEY_ALGORITHM_NAMES, type KeyAlgorithm } from "../../src/index.ts";

const areLeftOut = process.env["CAPSTAN_LARGE_TESTS"] === "skip";

/** For a list of thousands of entries. Left out of mutation runs, where all tests of an area run for each fault. */
export const largeTest: ReturnType<typeof test.skipIf> = test.skipIf(areLeftOut);

/** Of roots. Left out of mutation runs are those whose keys take a second to make. */
export const ROOT_ALGORITHMS: readonly KeyAlgorithm[] = KEY_ALGORITHM_NAMES.filter(
  (name) => !(areLeftOut && (name === "RSA-3072" || name === "RSA-4096")),
);
