import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { imageConfig } from "@capstan/tools/image";
import { parseAllDocuments } from "yaml";

// What the image holds, started as deploy/manifests starts it: tests and the quickstart run the same files as a cluster.

const manifests = fileURLToPath(new URL("../../../deploy/manifests", import.meta.url));

/** How a Deployment of deploy/manifests starts its program. */
export interface ShippedProgram {
  readonly serviceAccount: string;
  /** File of the image's folder. */
  readonly bundle: string;
  /** Flags of the container, without the dashes and by their names. */
  readonly flags: Readonly<Record<string, string>>;
  /** Variables of the container, but for those that come from the pod. */
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws Error when the manifest has no Deployment with one container whose flags are given as `--name=value` */
export async function readShippedProgram(name: string): Promise<ShippedProgram> {
  const file = path.join(manifests, `${name}-deployment.yaml`);
  const objects = parseAllDocuments(await readFile(file, "utf8")).map((document) => document.toJS() as Manifest);
  const pod = objects.find(({ kind }) => kind === "Deployment")?.spec?.template?.spec;
  const [bundle, ...args] = pod?.containers[0]?.args ?? [];
  if (pod === undefined || bundle === undefined) throw new Error(`${file} starts nothing`);
  return {
    serviceAccount: pod.serviceAccountName,
    bundle,
    flags: flagsOf(args),
    environment: Object.fromEntries(
      (pod.containers[0]?.env ?? []).flatMap(({ name: key, value }) => (value === undefined ? [] : [[key, value]])),
    ),
  };
}

/** `--name=value` as a record, the later one of two with the same name. */
export function flagsOf(args: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    args.map((arg) => {
      const [, name, value] = /^--([\w-]+)(?:=(.*))?$/.exec(arg) ?? [];
      if (name === undefined) throw new Error(`${arg} is no flag`);
      return [name, value ?? ""];
    }),
  );
}

/** What Node is given to run a bundle as the image's entry point does, with the flags. */
export function commandLine(file: string, flags: Readonly<Record<string, string>>): readonly string[] {
  const [, ...ofNode] = imageConfig.Entrypoint;
  return [...ofNode, file, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
}

interface Manifest {
  readonly kind: string;
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly serviceAccountName: string;
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}
