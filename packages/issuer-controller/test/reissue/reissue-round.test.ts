import type { IssuedCertificate } from "@capstan/api";
import { createLogger, type KubeClient, TokenBucket } from "@capstan/kube";
import { expect, test } from "vitest";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import { ReissueRound } from "../../src/reissue/reissue-round.ts";

const log = createLogger({ program: "test", level: "silent" });

test("as many leaves as a ledger may hold are no more than a function takes arguments", async () => {
  const clock = new ManualClock();
  const client = { getOrUndefined: () => Promise.resolve(undefined) } as unknown as KubeClient;
  const pace = new TokenBucket({ perSecond: 2, burst: 5, clock });
  const now = (): Date => new Date("2026-11-22T12:00:00Z");
  const round = new ReissueRound({ client, now, clock, log, pace, reason: "superseded", asker: "a test" });
  for (let leaf = 0; leaf < 200_000; leaf += 1) {
    round.add({
      metadata: { name: `uid-${leaf}` },
      spec: { owner: { kind: "Pod", name: "web", uid: "p" }, notAfter: "2026-11-23T12:00:00Z" },
    } as IssuedCertificate);
  }
  expect(await round.advance(new AbortController().signal)).toBe(500);
});
