import { createRequestHandler, createSession, type RequestHandler } from "@capstan/rolesanywhere";
import type { AuthorityWatch } from "./authority-watch.ts";
import { type Anchor, unpaced } from "./aws.ts";
import type { HeldLeaf } from "./held-leaf.ts";
import { verdictOn } from "./session-verdict.ts";
import type { SessionResult } from "./tally.ts";
import type { ScaledTime } from "./time-scale.ts";

/** Asks for sessions as any number of machines would: none of them waits for the pace of another. */
export class SessionAsker {
  readonly #options: { readonly endpoint: string; readonly time: ScaledTime; readonly authority: AuthorityWatch };
  readonly #requestHandler: RequestHandler = createRequestHandler();

  constructor(options: { readonly endpoint: string; readonly time: ScaledTime; readonly authority: AuthorityWatch }) {
    this.#options = options;
  }

  /** Never rejects: whatever AWS says is an outcome. */
  async ask(workload: string, anchor: Anchor, leaf: HeldLeaf): Promise<SessionResult> {
    const { endpoint, time, authority } = this.#options;
    const { now } = time;
    const generation = authority.generationOf(leaf.rootFingerprint);
    const { phases } = authority;
    const askedAt = now().getTime();
    const error = await createSession({
      certificatePem: leaf.certificatePem,
      privateKey: leaf.privateKey,
      trustAnchorArn: anchor.arn,
      ...anchor.workload,
      region: anchor.region,
      endpoint,
      requestHandler: this.#requestHandler,
      clock: unpaced(),
      now,
    }).then(
      () => undefined,
      (thrown: unknown) => thrown ?? new Error("unknown"),
    );
    const answeredAt = now().getTime();
    const verdict = verdictOn(error, { notAfter: leaf.notAfter, answeredAt });
    const reason = error instanceof Error ? error.message : "";
    return { workload, anchor, leaf, generation, askedAt, answeredAt, phases, verdict, reason };
  }

  close(): void {
    this.#requestHandler.close();
  }
}
