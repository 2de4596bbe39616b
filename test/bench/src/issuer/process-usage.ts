import { readFileSync, writeFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second for programs (USER_HZ), whatever its own clock. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time that a process has had, all of its threads. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses, which may hold anything; utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that the process has had resident since the last {@link forgetPeak}, in bytes. */
export function peakResidentBytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status does not say the peak of resident memory`);
  return Number(kibibytes) * 1024;
}

/** Begins the peak of resident memory anew (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
