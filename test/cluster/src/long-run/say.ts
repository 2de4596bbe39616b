/** One line on stderr, with the time since the process began: stdout is for results. */
export function say(line: string): void {
  const seconds = Math.round(performance.now() / 1000);
  const clock = `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  process.stderr.write(`[${clock.padStart(6)}] ${line}\n`);
}
