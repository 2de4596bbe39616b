import { defineConfig } from "vitest/config";

// Tests of one package see another's sources, not its build output.
const conditions = ["@capstan/source", "node"];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: [
            "packages/*/test/**/*.test.ts",
            "tools/test/**/*.test.ts",
            "test/{bench,cluster,conformance,deploy,docs,faults,interop,rolesanywhere,soak}/test/**/*.test.ts",
          ],
          exclude: ["test/{conformance,deploy,faults,soak}/test/e2e/**"],
          // Half of the time went into loading the same modules for each file. So a file leaves nothing behind in them.
          isolate: false,
          // Generous, as are all limits of waiting in tests: a loaded machine is no error.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          include: ["test/e2e/test/**/*.test.ts", "test/{conformance,deploy,faults,soak}/test/e2e/**/*.test.ts"],
          globalSetup: "test/e2e/src/global-setup.ts",
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // Each file has a cluster of its own, and most of its time it waits for what happens there: one more than there
          // are cores keeps the cores busy. A cluster takes 2 GiB. Projects of unlike numbers do not run at once.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
