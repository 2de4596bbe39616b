import { readFileSync } from "node:fs";

/**
 * The most memory that this process has had resident, in bytes. From /proc, since getrusage also counts what the parent
 * had before it became this program.
 */
export function peakMemoryBytes(): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (kibibytes === undefined) throw new Error("/proc/self/status does not say the peak of resident memory");
  return Number(kibibytes) * 1024;
}
