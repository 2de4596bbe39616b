import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { formatTotals } from "@capstan/test-cluster/long-run";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Environment, extraProtocol, startEnvironment } from "../../src/environment.ts";
import { document } from "../../src/places.ts";
import type { Result } from "../../src/result.ts";
import { type IssuerTemplate, listSpecs, runPort } from "../../src/run-suite.ts";
import { prepareCapstan } from "../../src/subjects.ts";

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** What fails against narrow-issuer.yaml, and why. */
const refused: readonly (readonly [spec: string, reason: RegExp])[] = [
  ["certificates / should issue a certificate that includes only a URISANs name", /no rule for URI/],
  ["certificates / should issue an ECDSA, defaulted certificate for a single Common Name", /spec\.keyAlgorithms/],
  [
    "certificates / should issue a basic, defaulted certificate for a single Common Name",
    /lasts 24h0m0s, not 2160h0m0s/,
  ],
  ["certificatesigningrequests / should issue a CA certificate with the CA basicConstraint set", /spec\.isCA/],
];

/** One spec of each part of the way: keys, names in bytes, CA certificates, the shim, and Kubernetes' own requests. */
const smoke = [
  "certificates / should issue a CA certificate with the CA basicConstraint set",
  "certificates / should issue a certificate with a couple valid otherName SAN values set as well as an emailAddress",
  "certificates / should issue an Ed25519, defaulted certificate for a single Common Name",
  "certificates / Creating a Gateway with annotations for issuerRef and other Certificate fields",
  "certificatesigningrequests / should issue a certificate that includes only a URISANs name",
  "certificatesigningrequests / should issue a signing CA certificate that has a large duration",
];

const compare = (one = "", other = ""): number => one.localeCompare(other);

let environment: Environment;

/** Runs those specs alone. */
async function run(titles: readonly string[], issuers: readonly IssuerTemplate[]): Promise<readonly Result[]> {
  const suite = runPort({
    kubeconfig: environment.cluster.adminKubeconfig,
    issuers,
    extraProtocol,
    focus: `^(${titles.join("|")})$`,
    workers: 4,
    onResult: ({ outcome, issuer, spec, reason = "" }) => log(`conformance: ${outcome} ${issuer} "${spec}" ${reason}`),
    log,
  });
  return await Promise.race([suite, environment.broken]);
}

beforeAll(async () => {
  environment = await startEnvironment({ capstan: true, log });
}, 1_800_000);

afterAll(async () => await environment?.stop());

test("both-kinds-of-issuers-pass-a-few-specs", { timeout: 900_000 }, async () => {
  const results = await run(smoke, await prepareCapstan(environment.cluster));
  expect(results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
  expect(formatTotals(results)).toBe(`${2 * smoke.length} passed, 0 failed, 0 skipped`);
});

test("an-issuer-that-refuses-or-shortens-fails-the-specs-of-that", { timeout: 900_000 }, async () => {
  await prepareCapstan(environment.cluster);
  const file = fileURLToPath(new URL("narrow-issuer.yaml", import.meta.url));
  const titles = refused.map(([title]) => title);
  const results = await run(titles, [{ kind: "CapstanClusterIssuer", file }]);
  expect(formatTotals(results)).toBe(`0 passed, ${refused.length} failed, 0 skipped`);
  for (const [title, reason] of refused) {
    expect(results.find(({ suite, spec }) => `${suite} / ${spec}` === title)?.reason).toMatch(reason);
  }
});

test("the-page-of-results-has-every-spec-of-the-port-and-no-failure", { timeout: 900_000 }, async () => {
  const page = await readFile(document, "utf8");
  const ported = page.slice(0, page.indexOf("v1.11.5 unchanged"));
  const rows = [...ported.matchAll(/^\| (.+?) \| (.+) \| (.+) \|$/gm)].filter(
    ([line]) => !/^\| (spec|---) /.test(line),
  );
  const specs = (await listSpecs({ log })).map((name) => name.replace(/^\w+ \/ /, ""));
  expect(rows.map(([, spec]) => spec).toSorted(compare)).toEqual(specs.toSorted(compare));
  const outcomes = new Set(rows.flatMap(([, , ...cells]) => cells));
  expect(outcomes).toEqual(new Set(["passed", "skipped: needs ACMEUseARI, which is declared unsupported"]));
  expect(page).not.toContain("| failed");
});
