import { isIPv6 } from "node:net";
import { type Clock, TokenBucket } from "@capstan/kube";
import type { ServerLimits } from "./server-limits.ts";

/** Clients that are remembered; of more, those that have made no request for the longest time are forgotten. */
const mostClients = 10_000;

/**
 * Who counts as one client: an IPv4 address, or a /64 of IPv6, which one host has whole.
 *
 * @example
 * clientOf("::ffff:192.0.2.7") // "192.0.2.7"
 */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const bare = address.replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  return isIPv6(bare) ? `${networkOf(bare)}::/64` : bare;
}

/** The first four groups. */
function networkOf(address: string): string {
  const [left = "", right] = address.toLowerCase().split("::");
  const [before, after] = [groupsOf(left), groupsOf(right ?? "")];
  const missing = right === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: missing }, () => "0"), ...after].slice(0, 4).join(":");
}

/** An IPv4 address at the end stands for two groups. */
function groupsOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\d+\.\d+\.\d+\.\d+$/, "0:0").split(":");
}

/** How many requests each client may make now. */
export class ClientRates {
  readonly #limits: Pick<ServerLimits, "burst" | "requestsPerSecond">;
  readonly #clock: Clock | undefined;
  /** The least recently seen first. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(limits: Pick<ServerLimits, "burst" | "requestsPerSecond">, clock?: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Takes one request of the client, if it may make one. */
  tryTake(client: string): boolean {
    const { burst, requestsPerSecond } = this.#limits;
    const bucket =
      this.#buckets.get(client) ??
      new TokenBucket({
        burst,
        perSecond: requestsPerSecond,
        ...(this.#clock === undefined ? {} : { clock: this.#clock }),
      });
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > mostClients) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return bucket.tryTake();
  }

  get size(): number {
    return this.#buckets.size;
  }
}
