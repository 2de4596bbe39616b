/** What one client and all of them may take. Times are in milliseconds. */
export interface ServerLimits {
  /** Characters of the request's target; more is 414. */
  readonly targetLength: number;
  /** Bytes of all headers; more is 431. */
  readonly headerBytes: number;
  /** Open connections; further ones are closed at once. */
  readonly connections: number;
  readonly connectionsPerClient: number;
  /** Requests that a client may make at once after a pause; more is 429. */
  readonly burst: number;
  readonly requestsPerSecond: number;
  /** For all headers of a request to arrive, from its first byte; longer is 408. */
  readonly headersMs: number;
  /** For a connection between two requests. */
  readonly idleMs: number;
  /** For an answer to be taken, from the end of its request. */
  readonly answerMs: number;
}

/**
 * A relying party fetches a few files an hour. Many of them may stand behind one address, so a client's share is ample;
 * what is bounded is what a client that means harm can hold.
 */
export const serverLimits: ServerLimits = {
  targetLength: 2_048,
  headerBytes: 8_192,
  connections: 1_024,
  connectionsPerClient: 256,
  burst: 1_000,
  requestsPerSecond: 100,
  headersMs: 10_000,
  idleMs: 10_000,
  answerMs: 60_000,
};
