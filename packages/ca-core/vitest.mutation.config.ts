import { matchesGlob, relative } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { AREAS, areaNamed } from "./tools/mutation-areas.ts";

// What the mutation run holds each mutant against: the tests of its area but the large ones, with small properties. Named
// by the tool.
const area = areaNamed(process.env["CAPSTAN_MUTATION_AREA"] ?? AREAS[0].name);

/** In the order of the area's globs: the first test that notices a fault is the last that runs. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number =>
      area.tests.findIndex((glob) => matchesGlob(relative(import.meta.dirname, moduleId), glob));
    return files.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

export default defineConfig({
  test: {
    include: [...area.tests],
    env: { CAPSTAN_FUZZ: "30", CAPSTAN_SCHEDULES: "150", CAPSTAN_LARGE_TESTS: "skip" },
    testTimeout: 60_000,
    // A worker and a reading of the modules for each fault, not for each file.
    isolate: false,
    sequence: { sequencer: InOrder },
  },
});
