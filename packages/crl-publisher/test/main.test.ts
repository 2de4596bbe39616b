import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** The endpoint that the program starts with: it logs its settings, and then fails for want of a cluster. */
function endpointWith(environment: Readonly<Record<string, string>>, ...args: readonly string[]): unknown {
  const node = ["--conditions=@capstan/source", main, "--kubeconfig=/nonexistent/config", ...args];
  const env = { PATH: process.env["PATH"], HOME: "/nonexistent", ...environment };
  const { stderr } = spawnSync(process.execPath, node, { encoding: "utf8", env });
  const starting = stderr.split("\n").find((line) => line.includes('"starting"'));
  if (starting === undefined) throw new Error(`it did not start: ${stderr}`);
  return (JSON.parse(starting) as { readonly settings?: Readonly<Record<string, unknown>> }).settings?.[
    "awsEndpointUrl"
  ];
}

const variables = { AWS_ENDPOINT_URL_ROLESANYWHERE: "http://own", AWS_ENDPOINT_URL: "http://all" };

test.each([
  ["the-flag-wins-over-the-environment", variables, ["--aws-endpoint-url=http://flag"], "http://flag"],
  ["the-services-own-variable-wins-over-the-general-one", variables, [], "http://own"],
  [
    "variables-count-for-nothing-when-aws-says-so",
    { ...variables, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
    [],
    undefined,
  ],
] as const)("%s", (_, environment, args, expected) => {
  expect(endpointWith(environment, ...args)).toBe(expected);
});
