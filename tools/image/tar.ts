/** One file or folder of an archive. */
export interface TarEntry {
  /** Without a leading slash; a folder's ends with one. At most 100 bytes. */
  readonly path: string;
  /** Of a folder: empty. */
  readonly content: Uint8Array;
  /** Permissions, like 0o755. */
  readonly mode: number;
}

/**
 * A tar archive in the ustar format (POSIX.1-1988). The entries belong to root, have the time 0 and come in the order of
 * their paths, so that the same entries always give the same bytes.
 *
 * @throws {RangeError} for a path that ustar's name field does not hold
 *
 * @example
 * const bytes = writeTar([{ path: "etc/hostname", content: new TextEncoder().encode("x\n"), mode: 0o644 }]);
 */
export function writeTar(entries: readonly TarEntry[]): Uint8Array {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const blocks = sorted.flatMap((entry) => [header(entry), entry.content, padding(entry.content.length)]);
  return Buffer.concat([...blocks, new Uint8Array(2 * blockSize)]);
}

const blockSize = 512;

function padding(length: number): Uint8Array {
  return new Uint8Array((blockSize - (length % blockSize)) % blockSize);
}

function header({ path, content, mode }: TarEntry): Uint8Array {
  const block = new Uint8Array(blockSize);
  const put = (offset: number, text: string): void => block.set(new TextEncoder().encode(text), offset);
  const putNumber = (offset: number, width: number, value: number): void =>
    put(offset, value.toString(8).padStart(width - 1, "0"));
  if (path.startsWith("/") || new TextEncoder().encode(path).length > 100) {
    throw new RangeError(`${path} does not fit into a tar archive: at most 100 bytes, without a slash in front`);
  }
  put(0, path);
  putNumber(100, 8, mode);
  putNumber(108, 8, 0); // uid
  putNumber(116, 8, 0); // gid
  putNumber(124, 12, content.length);
  putNumber(136, 12, 0); // time
  put(156, path.endsWith("/") ? "5" : "0");
  put(257, "ustar\u{0}00");
  // The sum is of the header with spaces in place of the sum.
  put(148, " ".repeat(8));
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\u{0} `);
  return block;
}

/** The folders above the entries, which an image needs to be listed. */
export function parentFolders(entries: readonly TarEntry[]): readonly TarEntry[] {
  const folders = new Set<string>();
  for (const { path } of entries) {
    const parts = path.split("/").slice(0, -1);
    for (const [index] of parts.entries()) folders.add(`${parts.slice(0, index + 1).join("/")}/`);
  }
  return [...folders].map((path) => ({ path, content: new Uint8Array(), mode: 0o755 }));
}
