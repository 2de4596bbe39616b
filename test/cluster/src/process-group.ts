import { ClusterError } from "./errors.ts";
import { startProcess } from "./managed-process.ts";
import type { ManagedProcess, ProcessOptions } from "./managed-process.ts";

/** Processes that end together. */
export interface ProcessGroup {
  /** Starts a process in the group. After `killAll` it starts none that stays. */
  readonly start: (options: ProcessOptions) => Promise<ManagedProcess>;
  /** Kills all, also those that are just being started, and resolves when they are gone. */
  readonly killAll: () => Promise<void>;
}

export function createProcessGroup(): ProcessGroup {
  const starting: Promise<ManagedProcess>[] = [];
  let isClosed = false;
  return {
    start: async (options) => {
      if (isClosed) throw new ClusterError("ERR_PROCESS_EXITED", `${options.name} is not started: the rest was ended`);
      const started = startProcess(options);
      starting.push(started);
      return await started;
    },
    killAll: async () => {
      isClosed = true;
      for (const started of await Promise.allSettled(starting)) {
        if (started.status === "fulfilled") await started.value.kill();
      }
    },
  };
}
