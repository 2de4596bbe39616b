import { readdirSync, readFileSync } from "node:fs";

/** Bytes. */
export interface ProcessMemory {
  readonly resident: number;
  /** The most that was resident at once. */
  readonly peak: number;
}

/**
 * Memory of the one process whose command line has all of these words.
 *
 * @throws Error when there is none, or more than one
 */
export function memoryOf(...words: readonly string[]): ProcessMemory {
  const found = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && hasWords(entry, words));
  const [pid, ...others] = found;
  if (pid === undefined || others.length > 0) throw new Error(`${found.length} processes have ${words.join(" ")}`);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { resident: kibibytes("VmRSS") * 1024, peak: kibibytes("VmHWM") * 1024 };
}

function hasWords(pid: string, words: readonly string[]): boolean {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return words.every((word) => commandLine.includes(word));
  } catch {
    return false; // It has ended meanwhile.
  }
}
