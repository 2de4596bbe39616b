import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import type { ListenOptions } from "node:net";

/**
 * Ports are picked below the kernel's usual range for outgoing connections (32768 and up): there, any connection of
 * any process could take a port between the pick and its use.
 */
const firstPort = 20_000;
const lastPort = 32_000;

/**
 * A TCP port that is free on every address now, and that no process of this machine has picked before and still
 * lives. A program that picks its ports otherwise may still take it: starting is to be tried again then.
 */
export async function pickFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, lastPort);
    if ((await claim(port)) && (await isFree(port))) return port;
  }
}

/**
 * Suites start their clusters side by side, each in a process of its own. A pick is known to all of them by a socket in
 * Linux's abstract namespace (unix(7)), whose name one process alone can hold, and the kernel frees when that one ends.
 */
async function claim(port: number): Promise<boolean> {
  const server = createServer();
  const isClaimed = await canListen(server, { path: `\0capstan-port-${port}` });
  if (isClaimed) server.unref();
  return isClaimed;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  // Without an address Node listens on all of IPv6 and IPv4, as cert-manager's webhook will.
  if (!(await canListen(server, { port, exclusive: true }))) return false;
  return await new Promise((resolve) => server.close(() => resolve(true)));
}

async function canListen(server: ReturnType<typeof createServer>, options: ListenOptions): Promise<boolean> {
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(options, () => resolve(true));
  });
}
