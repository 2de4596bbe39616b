import { generateKeyPair, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { defaultNamespace, generationName } from "@capstan/api";
import { importCaKey, issueLeaf, prepareLeaf, readRoot } from "@capstan/ca-core";
import type { KubeClient, KubeObject, ResourceType } from "@capstan/kube";
import type { SessionAsker } from "./ask-session.ts";
import type { AuthorityWatch } from "./authority-watch.ts";
import type { Anchor } from "./aws.ts";
import { type HeldLeaf, readHeldLeaf } from "./held-leaf.ts";
import { authorityName } from "./places.ts";
import { incidentOf, type Tally } from "./tally.ts";
import type { ScaledTime } from "./time-scale.ts";

const secretResource: ResourceType = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface StrayLeavesOptions {
  readonly client: KubeClient;
  readonly anchors: readonly Anchor[];
  readonly asker: SessionAsker;
  readonly authority: AuthorityWatch;
  readonly tally: Tally;
  readonly time: ScaledTime;
}

/**
 * Leaves that somebody with a copy of a generation's key has signed, behind the back of ledger and mark, and that are valid by
 * their dates as long as the root. Ordinary leaves of a retired generation have ended, so nothing would show by them whether its
 * root is really gone.
 */
export class StrayLeaves {
  readonly #options: StrayLeavesOptions;
  readonly #leaves = new Map<number, HeldLeaf>();

  constructor(options: StrayLeavesOptions) {
    this.#options = options;
  }

  /** Signs one of an active generation, which must get a session under each anchor: else it would prove nothing later. */
  async plant(generation: number): Promise<void> {
    const { anchors, asker, tally } = this.#options;
    const leaf = await this.#sign(generation);
    this.#leaves.set(generation, leaf);
    for (const anchor of anchors) {
      let { verdict } = await asker.ask("stray", anchor, leaf);
      // Nothing was said of the leaf: on a busy machine the request was on its way for minutes of the run's time.
      for (let again = 0; again < 10 && verdict === "unanswered"; again += 1) {
        ({ verdict } = await asker.ask("stray", anchor, leaf));
      }
      tally.stray.controls += 1;
      if (verdict === "accepted") tally.stray.acceptedControls += 1;
    }
  }

  /** Tries those of retired generations that are valid by their dates. */
  async tryRetired(): Promise<void> {
    const { anchors, asker, authority, tally, time } = this.#options;
    for (const generation of authority.in("Retired", "Destroyed")) {
      const leaf = this.#leaves.get(generation);
      if (leaf === undefined) continue;
      if (leaf.notAfter <= time.now().getTime()) {
        this.#leaves.delete(generation);
        continue;
      }
      for (const anchor of anchors) {
        const { verdict, ...result } = await asker.ask("stray", anchor, leaf);
        tally.stray.triesAfterRetirement += 1;
        if (verdict === "accepted") tally.fromRetired.push(incidentOf(result));
      }
    }
  }

  async #sign(generation: number): Promise<HeldLeaf> {
    const { client, time } = this.#options;
    const ref = { namespace: defaultNamespace, name: generationName(authorityName, generation) };
    const { data = {} } = await client.get<Secret>(secretResource, ref);
    const [rootPem, keyPem] = ["tls.crt", "tls.key"].map((key) =>
      Buffer.from(data[key] ?? "", "base64").toString("utf8"),
    );
    const root = readRoot(rootPem ?? "");
    const keys = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
    const { ticket } = prepareLeaf({
      root,
      subject: [{ type: "CN", value: "stray.soak" }],
      subjectAlternativeNames: [],
      publicKeySpki: new Uint8Array(keys.publicKey.export({ type: "spki", format: "der" })),
      usages: ["digital signature", "client auth"],
      notBefore: new Date(Math.max(root.notBefore.getTime(), Math.floor(time.now().getTime() / 1000) * 1000 - 60_000)),
      notAfter: root.notAfter,
      maxLifetimeMs: root.notAfter.getTime() - root.notBefore.getTime(),
      random: randomBytes,
    });
    const { pem } = await issueLeaf({ ticket, signer: importCaKey(keyPem ?? "") });
    return readHeldLeaf({ certificatePem: pem, rootPem: rootPem ?? "", privateKey: keys.privateKey });
  }
}
