const begun = performance.now();

/** One line on stderr with the time since the start: stdout is for the tables. */
export function progress(line: string): void {
  const seconds = Math.round((performance.now() - begun) / 1000);
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  console.error(`[${clock.padStart(5)}] ${line}`);
}
