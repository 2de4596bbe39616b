import { ClusterError } from "./errors.ts";
import { startProcess } from "./managed-process.ts";
import type { ManagedProcess, ProcessOptions } from "./managed-process.ts";

/** Processes that end together. */
export interface ProcessGroup {
  /** Starts a process in the group. After `killAll` it starts none that stays. */
  readonly start: (options: ProcessOptions) => Promise<ManagedProcess>;
  /**
   * Kills the process of that name (SIGKILL) and waits until it is gone.
   *
   * @throws ClusterError ERR_PROCESS_EXITED when there is none
   */
  readonly kill: (name: string) => Promise<void>;
  /**
   * Starts what was killed again, with the same arguments; its log goes on. It need not be ready yet.
   *
   * @throws ClusterError ERR_PROCESS_EXITED when there was none
   */
  readonly startAgain: (name: string) => Promise<ManagedProcess>;
  /** Kills all, also those that are just being started, and resolves when they are gone. */
  readonly killAll: () => Promise<void>;
}

export function createProcessGroup(): ProcessGroup {
  const starting: Promise<ManagedProcess>[] = [];
  const latest = new Map<string, { readonly options: ProcessOptions; readonly started: Promise<ManagedProcess> }>();
  let isClosed = false;
  const start = async (options: ProcessOptions): Promise<ManagedProcess> => {
    if (isClosed) throw new ClusterError("ERR_PROCESS_EXITED", `${options.name} is not started: the rest was ended`);
    const started = startProcess(options);
    starting.push(started);
    latest.set(options.name, { options, started });
    return await started;
  };
  const find = (name: string): { readonly options: ProcessOptions; readonly started: Promise<ManagedProcess> } => {
    const found = latest.get(name);
    if (found !== undefined) return found;
    throw new ClusterError("ERR_PROCESS_EXITED", `there is no process ${name}, only ${[...latest.keys()].join(", ")}`);
  };
  return {
    start,
    kill: async (name) => await (await find(name).started).kill(),
    startAgain: async (name) => {
      const { options, started } = find(name);
      await (await started).kill();
      return await start(options);
    },
    killAll: async () => {
      isClosed = true;
      for (const started of await Promise.allSettled(starting)) {
        if (started.status === "fulfilled") await started.value.kill();
      }
    },
  };
}
