import { constants, fstatSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";

/** Where audit lines go. */
export interface AuditSink {
  /** Resolves when the text, whole lines, will survive a crash as far as this sink can tell. */
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Appends to a file and syncs it. A file that was renamed or removed, as by log rotation, is followed by a new one of
 * the old name, in which the chain goes on: read both together.
 *
 * A copy that is followed by a truncation (logrotate's copytruncate) may lose lines that were written in between; their
 * loss would show, so rename instead.
 */
export async function openFileSink(file: string): Promise<AuditSink> {
  let handle = await openForAppending(file);
  return {
    async write(text) {
      if (!isStillAt(handle, file)) {
        await handle.close();
        handle = await openForAppending(file);
      }
      let rest: Uint8Array = new TextEncoder().encode(text);
      while (rest.length > 0) rest = rest.subarray((await handle.write(rest)).bytesWritten);
    },
    async close() {
      await handle.close();
    },
  };
}

async function openForAppending(file: string): Promise<FileHandle> {
  // Not for others: it tells who has which identity.
  const handle = await open(file, O_RDWR | O_APPEND | O_CREAT | O_DSYNC, 0o600);
  const { size } = await handle.stat();
  if (size === 0) await syncFolder(path.dirname(file));
  else await endTornLine(handle, size);
  return handle;
}

/** A process that ended in the middle of a line left it without an end: what follows must not continue it. */
async function endTornLine(handle: FileHandle, size: number): Promise<void> {
  const last = new Uint8Array(1);
  await handle.read(last, 0, 1, size - 1);
  if (last[0] !== lineFeed) await handle.appendFile("\n");
}

/** The name of a new file is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Without the thread pool: each of these takes some microseconds, and waking a thread for it many times as long. */
function isStillAt({ fd }: FileHandle, file: string): boolean {
  const [mine, there] = [fstatSync(fd), statSync(file, { throwIfNoEntry: false })];
  return there !== undefined && mine.ino === there.ino && mine.dev === there.dev;
}

// Each write returns when it is on the disk, so that writing and syncing are one wait.
const { O_APPEND, O_CREAT, O_DSYNC, O_RDWR } = constants;
const lineFeed = 0x0a;

/** Standard output. A line counts as written when the operating system took it. */
export function openStdoutSink(): Promise<AuditSink> {
  return Promise.resolve({
    write: (text: string) =>
      new Promise<void>((resolve, reject) => {
        process.stdout.write(text, (error) => {
          if (error === undefined || error === null) resolve();
          else reject(error);
        });
      }),
    close: () => Promise.resolve(),
  });
}
