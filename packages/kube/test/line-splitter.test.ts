import * as fc from "fast-check";
import { expect, test } from "vitest";
import { splitLines } from "../src/line-splitter.ts";

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function lines(chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  const bytes = chunks.map((chunk) => (typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk));
  const result: string[] = [];
  for await (const line of splitLines(from(bytes))) result.push(line);
  return result;
}

test("any text cut at any bytes comes out as its lines", async () => {
  const line = fc.string({ unit: "binary" }).filter((text) => !text.includes("\n") && text !== "");
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (texts, sizes) => {
        const bytes = new TextEncoder().encode(texts.map((text) => `${text}\n`).join(""));
        const chunks: Uint8Array[] = [];
        for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(bytes.subarray(start, start + size));
          start += size;
        }
        // Lone surrogates have no UTF-8: the encoder has replaced them already.
        const expected = texts.map((text) => text.toWellFormed());
        expect(await lines(chunks)).toEqual(expected);
      },
    ),
  );
});

test.each<[string, (string | Uint8Array)[], string[]]>([
  ["several lines in a chunk", ["a\nb\n", "c\n"], ["a", "b", "c"]],
  ["a line over three chunks", ["a", "b", "c\n"], ["abc"]],
  ["a newline alone in its chunk", ["abc", "\n"], ["abc"]],
  ["empty lines", ["\n\na\n\n"], ["a"]],
  ["empty chunks", ["", "a", "", "\n"], ["a"]],
  ["nothing", [], []],
])("%s", async (_, chunks, expected) => {
  expect(await lines(chunks)).toEqual(expected);
});

test.each<[string, (string | Uint8Array)[], string]>([
  ["a stream that ends within a line", ["a\nb"], "ended within a line"],
  ["bytes that are not UTF-8", [Uint8Array.of(0x22, 0xff, 0x0a)], "not UTF-8"],
  ["a character cut off by the newline", [Uint8Array.of(0xe2, 0x82, 0x0a)], "not UTF-8"],
  ["a line without end", Array.from({ length: 33 }, () => new Uint8Array(1024 * 1024).fill(0x61)), "over 32 MiB"],
])("%s is a protocol error", async (_, chunks, message) => {
  await expect(lines(chunks)).rejects.toMatchObject({
    code: "ERR_KUBE_PROTOCOL",
    message: expect.stringContaining(message),
  });
});
