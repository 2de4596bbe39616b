import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { expect, test } from "vitest";

import { pickFreePort } from "../src/free-port.ts";

test("picked ports differ, can be listened on, and lie below the range of outgoing connections", async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, async () => await pickFreePort()));
  expect(new Set(ports).size).toBe(50);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(20_000);
  expect(Math.max(...ports)).toBeLessThan(32_000);
  const server = createServer();
  server.listen(ports[0], "127.0.0.1");
  await once(server, "listening");
  server.close();
});

// A twelfth of the range: by chance alone not one of two hundred would be among them once in 10^7 runs.
test("what one process has picked no other picks, though nothing listens there, until that one ends", async () => {
  const mine = new Set<number>();
  while (mine.size < 1_000) mine.add(await pickFreePort());
  const program = `
    import { pickFreePort } from "${new URL("../src/free-port.ts", import.meta.url).href}";
    const ports = [];
    while (ports.length < 200) ports.push(await pickFreePort());
    console.log(JSON.stringify(ports));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  const theirs = JSON.parse(stdout) as readonly number[];
  expect(theirs).toHaveLength(200);
  expect(theirs.filter((port) => mine.has(port))).toEqual([]);
});
