/** What is to happen at a time of the emulator's clock. It happens before the first request that comes after that time. */
export class Timeline {
  #entries: readonly { readonly due: number; readonly action: () => void }[] = [];

  at(due: Date, action: () => void): void {
    this.#entries = [...this.#entries, { due: due.getTime(), action }].sort((a, b) => a.due - b.due);
  }

  /** Does everything that is due, in order. */
  run(now: Date): void {
    const due = this.#entries.filter((entry) => entry.due <= now.getTime());
    this.#entries = this.#entries.filter((entry) => entry.due > now.getTime());
    for (const { action } of due) action();
  }
}
