import { expect, test } from "vitest";
import {
  address,
  describeSettings,
  oneOf,
  optionalText,
  readSettings,
  requiredText,
  SettingsError,
} from "../src/settings.ts";

const table = {
  namespace: {
    flag: "namespace",
    environment: "POD_NAMESPACE",
    default: "capstan-system",
    description: "Where keys are.",
    parse: requiredText,
  },
  health: { flag: "health-address", default: ":8081", description: "Health.", parse: address },
  level: { flag: "log-level", default: "info", description: "Level.", parse: oneOf("debug", "info") },
  kubeconfig: { flag: "kubeconfig", environment: "KUBECONFIG", description: "Path.", parse: optionalText },
} as const;

const read = (argv: readonly string[], environment: Record<string, string> = {}) =>
  readSettings(table, { argv, environment });

function faultsOf(argv: readonly string[], environment: Record<string, string> = {}): string {
  try {
    read(argv, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message;
  }
  throw new Error("no fault was found");
}

test("defaults-stand-in-for-what-is-not-given", () => {
  expect(read([])).toEqual({
    namespace: "capstan-system",
    health: { host: "", port: 8081 },
    level: "info",
    kubeconfig: undefined,
  });
});

test("a-flag-wins-over-the-environment-and-that-over-the-default", () => {
  expect(read(["--namespace=a"], { POD_NAMESPACE: "b" }).namespace).toBe("a");
  expect(read([], { POD_NAMESPACE: "b" }).namespace).toBe("b");
  expect(read([], { POD_NAMESPACE: "" }).namespace).toBe("capstan-system");
});

test("every-fault-is-named-at-once", () => {
  expect(faultsOf(["stray", "--unknown=1", "--health-address=nowhere", "--log-level=loud"])).toMatchInlineSnapshot(`
    "stray: not a flag; settings are given as --name=value
    --unknown: unknown flag; known are --namespace, --health-address, --log-level, --kubeconfig
    --health-address: "nowhere" is not host:port, like :8080 or 127.0.0.1:8080
    --log-level: "loud" is none of debug, info"
  `);
});

test.each([
  ["a-flag-without-a-value", ["--namespace"], {}, "--namespace: a value is missing"],
  ["a-flag-given-twice", ["--namespace=a", "--namespace=b"], {}, "--namespace: given twice"],
  [
    "a-port-beyond-65535",
    ["--health-address=:65536"],
    {},
    '--health-address: ":65536" is not host:port, like :8080 or 127.0.0.1:8080',
  ],
])("%s-is-a-fault", (_, argv, environment, message) => {
  expect(faultsOf(argv, environment)).toBe(message);
});

test.each([
  [":0", { host: "", port: 0 }],
  ["[::1]:80", { host: "::1", port: 80 }],
  ["localhost:8080", { host: "localhost", port: 8080 }],
])("address-%s-is-read", (text, expected) => {
  expect(address(text)).toEqual(expected);
});

test("help-names-flag-environment-and-default", () => {
  expect(describeSettings({ namespace: table.namespace })).toBe(
    "  --namespace\n      Where keys are. (environment POD_NAMESPACE, default capstan-system)\n",
  );
});
