import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Ports are picked below the kernel's usual range for outgoing connections (32768 and up): there, any connection of
 * any process could take a port between the pick and its use.
 */
const firstPort = 20_000;
const lastPort = 32_000;

const picked = new Set<number>();

/**
 * A TCP port that is free on every address now, and that this process has not picked before. Another process may
 * still take it: starting is to be tried again then.
 */
export async function pickFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, lastPort);
    if (picked.has(port) || !(await isFree(port))) continue;
    picked.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    // Without an address Node listens on all of IPv6 and IPv4, as cert-manager's webhook will.
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
