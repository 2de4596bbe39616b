/** Uses what was started and stops it, also when this process is interrupted: what it started would outlive it, or leave a folder. */
export async function withStop<S extends { readonly stop: () => Promise<void> }, T>(
  started: S,
  use: (started: S) => Promise<T>,
): Promise<T> {
  const interrupted = (): void => void started.stop().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    return await use(started);
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await started.stop();
  }
}
