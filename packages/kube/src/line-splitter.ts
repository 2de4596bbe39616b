import { KubeConnectionError } from "./kube-error.ts";

const newline = 0x0a;
// etcd refuses objects over 1.5 MiB; JSON of protobuf-stored kinds may be several times that.
export const longestLine: number = 32 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines of UTF-8 text. Characters may lie across chunks. Empty lines are left out.
 * Throws ERR_KUBE_PROTOCOL when the stream ends within a line (the connection broke there), at malformed UTF-8, and at a line over 32 MiB.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = decode([...parts, chunk.subarray(start, end)]);
      parts = [];
      length = 0;
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > longestLine) throw new KubeConnectionError("ERR_KUBE_PROTOCOL", "watch: a line is over 32 MiB long");
  }
  if (length > 0) throw new KubeConnectionError("ERR_KUBE_PROTOCOL", "watch: the stream ended within a line");
}

function decode(parts: readonly Uint8Array[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
  } catch {
    throw new KubeConnectionError("ERR_KUBE_PROTOCOL", "watch: a line is not UTF-8");
  }
}
