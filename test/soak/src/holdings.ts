import type { TrustAnchorState } from "@capstan/test-rolesanywhere";

/** What a trust anchor held after a change. */
export interface Holding {
  /** Milliseconds since 1970 of the run's time. */
  readonly at: number;
  readonly trustAnchorArn: string;
  readonly certificates: number;
  readonly crls: number;
}

/** Follows what each trust anchor holds. */
export class Holdings {
  /** One for each change. */
  readonly history: Holding[] = [];
  #samples = 0;

  /** How often was looked. */
  get samples(): number {
    return this.#samples;
  }

  /** @param anchors what AWS stores, whatever it shows */
  sample(anchors: readonly Pick<TrustAnchorState, "arn" | "fingerprints" | "crls">[], at: number): void {
    this.#samples += 1;
    for (const { arn: trustAnchorArn, fingerprints, crls: lists } of anchors) {
      const [certificates, crls] = [fingerprints.length, lists.length];
      const before = this.history.findLast((holding) => holding.trustAnchorArn === trustAnchorArn);
      if (before?.certificates === certificates && before.crls === crls) continue;
      this.history.push({ at, trustAnchorArn, certificates, crls });
    }
  }
}
