/** A part of the package whose every deliberate fault must be found by the tests beside it. */
export interface MutationArea {
  readonly name: string;
  /** Globs of the sources that are changed. */
  readonly mutate: readonly string[];
  /** Globs of the tests that have to notice, those first that take the least time for the faults that they find. */
  readonly tests: readonly string[];
}

export const AREAS: readonly [MutationArea, ...MutationArea[]] = [
  {
    name: "keys",
    mutate: [
      "src/keys/check-public-key.ts",
      "src/keys/ed25519-weakness.ts",
      "src/keys/rsa-weakness.ts",
      "src/keys/signature.ts",
    ],
    tests: ["test/keys/{check-public-key,passed-keys,rsa-weakness,signature}.test.ts"],
  },
  {
    name: "lint",
    mutate: ["src/lint/**/*.ts", "!src/lint/crl/**"],
    tests: ["test/lint/**/*.test.ts"],
  },
  {
    name: "crl",
    mutate: ["src/crl/**/*.ts", "src/lint/crl/**/*.ts"],
    tests: [
      "test/crl/{crl-number,entry-time,sort-entries}.test.ts",
      "test/crl/read-crl.test.ts",
      "test/crl/lint-crl.test.ts",
      "test/crl/{crl-entries,encode-crl}.test.ts",
      "test/crl/{check-crl-before-publication,forecast-crl-size}.test.ts",
      // Not the second reader, which has threads of its own that are started, and that hang.
      "test/crl/{golden,hostile-revocations,*.property}.test.ts",
    ],
  },
  {
    name: "rotation",
    mutate: ["src/rotation/**/*.ts"],
    // Not the model: it needs minutes for each fault, and has broken planners of its own.
    tests: ["test/rotation/**/!(model|mutants).test.ts"],
  },
];

export function areaNamed(name: string): MutationArea {
  const area = AREAS.find((one) => one.name === name);
  if (area === undefined) throw new Error(`no area ${name}: there are ${AREAS.map((one) => one.name).join(", ")}`);
  return area;
}
