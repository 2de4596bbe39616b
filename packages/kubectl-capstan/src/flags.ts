import { defaultNamespace } from "@capstan/api";
import type { FlagSpec } from "./command.ts";
import { listFormats, objectFormats } from "./output/objects.ts";

/** Flags that several commands have. Those of one command alone stand with it. */

/** Which cluster: options of {@link ConnectionOptions}. */
export const connectionFlags: readonly FlagSpec[] = [
  { long: "context", value: "NAME", description: "context of the kubeconfig" },
  { long: "kubeconfig", value: "FILE", description: "kubeconfig; else $KUBECONFIG, else ~/.kube/config" },
];

export interface ConnectionOptions {
  readonly context?: string;
  readonly kubeconfig?: string;
}

export function namespaceFlag(description: string): FlagSpec {
  return { long: "namespace", short: "n", value: "NAMESPACE", description };
}

export const capstanNamespaceFlag: FlagSpec = {
  long: "capstan-namespace",
  value: "NAMESPACE",
  description: "where Capstan keeps its ledger",
  default: defaultNamespace,
};

/** For commands that show objects. */
export const listOutputFlag: FlagSpec = {
  long: "output",
  short: "o",
  value: "FORMAT",
  description: "how to print: json and yaml hold the objects themselves",
  choices: listFormats,
  default: "table",
};

/** For commands that create objects. */
export function objectOutputFlag(what: string): FlagSpec {
  return {
    long: "output",
    short: "o",
    value: "FORMAT",
    description: `print the ${what} instead of one line each`,
    choices: objectFormats,
  };
}

export const yesFlag: FlagSpec = {
  long: "yes",
  short: "y",
  description: "do not ask; needed where nobody can answer",
};

export const dryRunFlag: FlagSpec = {
  long: "dry-run",
  value: "WHERE",
  description: "change nothing",
  choices: ["client", "server"],
};

export function timeoutFlag(description: string, fallback: string): FlagSpec {
  return { long: "timeout", value: "DURATION", description, default: fallback };
}
