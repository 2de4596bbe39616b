import { once } from "node:events";
import { createServer } from "node:net";
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
