import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type ManagedProcess, startProcess } from "@capstan/test-cluster";

/** A container, in the network of this machine. */
export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Folders of this machine by where they are seen, read-only. */
  readonly mounts: Readonly<Record<string, string>>;
}

export interface Container {
  /** Runs Node in it, as its user, and returns what that prints. */
  readonly evaluate: (script: string) => Promise<string>;
  /** What its program has said so far, on both streams. */
  readonly output: () => Promise<string>;
}

/** A containerd of its own, with nothing of the machine's. */
export interface Containerd {
  readonly importImage: (archive: string) => Promise<void>;
  /** With a read-only root, the default seccomp profile and no new privileges. */
  readonly start: (options: ContainerOptions) => Promise<Container>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts containerd from unpacked packages. Needs root, for runc.
 *
 * @param packages folders of Debian's containerd and runc
 */
export async function startContainerd(packages: {
  readonly containerd: string;
  readonly runc: string;
}): Promise<Containerd> {
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-containerd-"));
  const socket = path.join(folder, "socket");
  const bins = [path.join(packages.containerd, "usr/bin"), path.join(packages.runc, "usr/sbin")];
  const environment = { ...process.env, PATH: [...bins, process.env["PATH"]].join(":") };
  const config = path.join(folder, "config.toml");
  await writeFile(config, configFile(folder, socket));
  const daemon = await startProcess({
    name: "containerd",
    program: path.join(packages.containerd, "usr/bin/containerd"),
    args: ["--config", config],
    environment,
    logFile: path.join(folder, "containerd.log"),
  });
  const ctr = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)("ctr", ["--address", socket, ...args], { env: environment })).stdout;
  const containers = new Map<string, ManagedProcess>();
  await answers(async () => await ctr("version"), daemon);

  const stop = async (): Promise<void> => {
    // The shims of its containers outlive containerd, so the containers go first.
    for (const [name, started] of containers) {
      await ctr("tasks", "kill", "--signal", "SIGKILL", name).catch(() => undefined);
      await started.kill();
      await ctr("tasks", "delete", "--force", name).catch(() => undefined);
    }
    await daemon.kill();
    await rm(folder, { recursive: true, force: true });
  };

  const start: Containerd["start"] = async ({ name, image, args, env, mounts }) => {
    const logFile = path.join(folder, `${name}.log`);
    const started = await startProcess({
      name,
      program: path.join(packages.containerd, "usr/bin/ctr"),
      args: [
        `--address=${socket}`,
        "run",
        "--rm",
        "--read-only",
        "--net-host",
        "--seccomp",
        "--snapshotter=native",
        ...Object.entries(env).map(([variable, value]) => `--env=${variable}=${value}`),
        ...Object.entries(mounts).map(([to, from]) => `--mount=type=bind,src=${from},dst=${to},options=rbind:ro`),
        image,
        name,
        ...args,
      ],
      environment,
      logFile,
    });
    containers.set(name, started);
    let count = 0;
    return {
      evaluate: async (script) => {
        count += 1;
        return await ctr("tasks", "exec", `--exec-id=evaluate-${count}`, name, "/nodejs/bin/node", "-e", script);
      },
      output: async () => await readFile(logFile, "utf8"),
    };
  };

  return {
    importImage: async (archive) => {
      await ctr("images", "import", "--snapshotter=native", archive);
    },
    start,
    stop,
  };
}

async function answers(ask: () => Promise<unknown>, daemon: ManagedProcess): Promise<void> {
  for (;;) {
    if (daemon.ending() !== undefined) throw await daemon.failure("ended before it answered");
    try {
      await ask();
      return;
    } catch {
      await delay(100);
    }
  }
}

function configFile(folder: string, socket: string): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
`;
}
