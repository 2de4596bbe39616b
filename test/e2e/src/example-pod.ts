import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Environment, region } from "./environment.ts";

// Runs the containers of an example's pod as processes. What a kubelet would do is done from the manifest: the volumes are
// folders, so a path below a mount becomes one below its folder, wherever the manifest has it.

const run = promisify(execFile);

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

export interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}

export interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string };
  readonly configMap?: { readonly name: string };
  readonly csi?: { readonly driver: string; readonly volumeAttributes: Readonly<Record<string, string>> };
}

/** The container of a pod with this name. */
export function containerOf(pod: PodSpec, name: string): Container {
  const found = [...(pod.initContainers ?? []), ...pod.containers].find((container) => container.name === name);
  if (found === undefined) throw new Error(`the pod has no container ${name}`);
  return found;
}

/** Folders by the name of their volume. */
export type Folders = Readonly<Record<string, string>>;

/** A text of the manifest with the container's paths put in the place where they are on this machine. */
export function withFolders(text: string, { volumeMounts = [] }: Container, folders: Folders): string {
  return volumeMounts.reduce((replaced, { name, mountPath }) => {
    const folder = folders[name];
    if (folder === undefined) throw new Error(`no folder was given for volume ${name}`);
    return replaced.replaceAll(mountPath, folder);
  }, text);
}

/** The container's environment, and nothing of the user's own AWS settings. */
export async function environmentOf(
  environment: Environment,
  container: Container,
  folders: Folders = {},
): Promise<Readonly<Record<string, string>>> {
  const given = (container.env ?? []).map(({ name, value }) => [name, withFolders(value, container, folders)] as const);
  return { ...(await surroundings(environment)), ...Object.fromEntries(given) };
}

/** What the manifest has from the network of AWS and from the image: addresses of the emulator, AWS's helper in the PATH. */
export async function surroundings(environment: Environment): Promise<Readonly<Record<string, string>>> {
  const { cluster, emulator } = environment;
  const bin = path.join(cluster.directory, "example-bin");
  await mkdir(bin, { recursive: true });
  // The helper has a flag for the endpoint and no variable.
  const script = `#!/bin/sh\nexec ${cluster.tools.awsSigningHelper} "$@" --endpoint ${emulator.endpoint}\n`;
  const program = path.join(bin, "aws_signing_helper");
  // Put into its place at once: a container may be starting it.
  const written = `${program}.${randomUUID()}`;
  await writeFile(written, script, { mode: 0o755 });
  await rename(written, program);
  return {
    PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
    HOME: bin,
    AWS_ENDPOINT_URL_STS: emulator.endpoint,
    AWS_ENDPOINT_URL_ROLESANYWHERE: emulator.endpoint,
    AWS_EC2_METADATA_SERVICE_NUM_ATTEMPTS: "1",
  };
}

/** Runs an application that asks AWS who it is, with nothing but the environment: the ARN, or the SDK's error. */
export async function whoAmI(environment: Readonly<Record<string, string>>): Promise<string> {
  const program = fileURLToPath(new URL("example-app.ts", import.meta.url));
  const env = { AWS_REGION: region, ...environment };
  const { stdout } = await run(process.execPath, ["--conditions=@capstan/source", program], { env, timeout: 60_000 });
  return stdout.trim();
}
