import { X509Certificate } from "node:crypto";
import type { CertificateAuthority, GenerationMark, IssuedCertificate } from "@capstan/api";
import type { Emulator, TrustAnchorState } from "@capstan/test-rolesanywhere";
import type { Answer } from "../fault-proxy.ts";
import type { OutboundCall } from "./outbound-call.ts";

/** A leaf that somebody may use until its end. Milliseconds since 1970 of the run's time. */
export interface LivingLeaf {
  readonly serial: string;
  readonly generation: number;
  readonly notAfter: number;
}

/** Times of the case, in milliseconds of the run's time. */
export interface WitnessPolicy {
  readonly soakMs: number;
  readonly retentionMs: number;
  readonly skewMs: number;
  /** So much may pass between what a process decides and what is seen of it here. */
  readonly slackMs: number;
  /** How far the publisher's clock is behind, up to where it is trusted no more: intents end by it. */
  readonly behindMs: number;
  /** Names of the authority's trust anchors in the spec by their ARNs. */
  readonly anchors: ReadonlyMap<string, string>;
}

type AuthorityStatus = NonNullable<CertificateAuthority["status"]>;

/**
 * Sees what a publisher says to the API server and to AWS and what AWS then stores, and says which rule was broken. It knows nothing
 * of how the publisher decides.
 */
export class Witness {
  readonly #emulator: Pick<Emulator, "trustAnchors" | "sessionEvents">;
  readonly #now: () => number;
  readonly #policy: () => WitnessPolicy;
  readonly #foreign = new Set<string>();
  readonly #waived = new Set<string>();
  readonly #violations = new Map<string, string>();
  readonly #marks = new Map<number, GenerationMark>();
  readonly #leaves = new Map<string, LivingLeaf>();
  readonly #heldSince = new Map<string, number>();
  readonly #made = new Set<number>();
  #status: AuthorityStatus = {};
  #phaseSince = new Map<number, number>();
  #leader: string | undefined;
  #before: readonly TrustAnchorState[] = [];
  #writes = 0;

  constructor(given: {
    readonly emulator: Pick<Emulator, "trustAnchors" | "sessionEvents">;
    readonly now: () => number;
    /** Asked when it is needed: anchors come later. */
    readonly policy: () => WitnessPolicy;
  }) {
    this.#emulator = given.emulator;
    this.#now = given.now;
    this.#policy = given.policy;
  }

  /** `rule: what was seen`, each rule once. */
  get violations(): readonly string[] {
    return [...this.#violations].map(([rule, seen]) => `${rule}: ${seen}`);
  }

  /** Calls to AWS that write. */
  get writes(): number {
    return this.#writes;
  }

  get phases(): string {
    return phasesOf(this.#status);
  }

  /** Kubernetes is as it was before: what it said since then has not been. */
  restored(): void {
    this.#marks.clear();
    this.#phaseSince.clear();
    this.#status = {};
  }

  /** A rule that this case breaks on purpose. */
  waives(rule: string): void {
    this.#waived.add(rule);
  }

  /** A root of somebody else that may be removed when it has drained. */
  expectsForeign(fingerprint: string): void {
    this.#foreign.add(fingerprint);
  }

  /** Somebody else than the publisher has signed a leaf. */
  issued(leaf: LivingLeaf): void {
    this.#leaves.set(leaf.serial, leaf);
  }

  /** A process has died, and nobody leads until the next one does. */
  died(process: string): void {
    if (this.#leader === process) this.#leader = undefined;
  }

  readonly apiAnswered = (process: string, call: OutboundCall, body: Uint8Array, answer: Answer): void => {
    if (!call.isWrite && call.resource !== "generationmarks") return;
    if (answer.status >= 300) return;
    if (call.resource === "leases") this.#leader = leaseHolderOf(answer.body) === "" ? undefined : process;
    if (call.resource === "generationmarks") this.#markIs(parse(answer.body) as GenerationMark);
    if (call.resource === "generationmarks/status") this.#sealed(parse(answer.body) as GenerationMark);
    if (call.resource === "certificateauthorities/status") {
      this.#statusIs((parse(answer.body) as CertificateAuthority).status ?? {});
    }
    if (call.name.startsWith("create issuedcertificates")) {
      const { spec } = parse(answer.body) as IssuedCertificate;
      this.issued({ serial: spec.serial, generation: spec.generation, notAfter: Date.parse(spec.notAfter) });
    }
    if (call.name.startsWith("create secrets")) this.#keyMade(Number(call.object?.split("-").at(-1)));
    if (call.name.startsWith("delete secrets")) this.#keyDeleted(Number(call.object?.split("-").at(-1)));
    void body;
  };

  readonly awsForwarded = (process: string, call: OutboundCall): void => {
    if (!call.isWrite) return;
    this.#writes += 1;
    if (this.#leader !== undefined && this.#leader !== process) {
      this.#violates("who does not lead writes nothing", `${process} sent ${call.name} while ${this.#leader} led`);
    }
    this.#before = this.#emulator.trustAnchors();
  };

  readonly awsAnswered = (_process: string, call: OutboundCall): void => {
    this.look();
    if (!call.isWrite) return;
    const now = this.#now();
    for (const after of this.#emulator.trustAnchors()) {
      const before = this.#before.find(({ arn }) => arn === after.arn);
      if (after.fingerprints.length > 2) this.#violates("never a third certificate", call.name);
      if (after.crls.length > 2) this.#violates("never a third CRL", call.name);
      if (before === undefined) continue;
      for (const gone of before.fingerprints.filter((one) => !after.fingerprints.includes(one))) {
        this.#removed(after, gone, now);
      }
      this.#crlsAre(before, after, now);
    }
  };

  /** Notes since when each anchor has held each root. */
  look(): void {
    const now = this.#now();
    const held = new Set<string>();
    for (const { arn, fingerprints } of this.#emulator.trustAnchors()) {
      for (const fingerprint of fingerprints) {
        const key = `${arn} ${fingerprint}`;
        held.add(key);
        if (!this.#heldSince.has(key)) this.#heldSince.set(key, now);
      }
    }
    for (const key of this.#heldSince.keys()) if (!held.has(key)) this.#heldSince.delete(key);
  }

  #removed(anchor: TrustAnchorState, fingerprint: string, now: number): void {
    const { anchors, skewMs, slackMs, behindMs } = this.#policy();
    const name = anchors.get(anchor.arn) ?? "";
    const { removalIntent: intent } = this.#status;
    const isIntended =
      intent?.trustAnchor === name &&
      intent.remaining.toSorted().join() === anchor.fingerprints.toSorted().join() &&
      now <= Date.parse(intent.expiresAt) + slackMs + behindMs;
    // Its expiry is as far away as it says; what was stored long ago is none, however far it looks ahead.
    const isFresh = intent !== undefined && Date.parse(intent.expiresAt) - now <= intentMs;
    if (!isIntended || !isFresh) {
      this.#violates("removal by intent alone", `${fingerprint.slice(0, 8)} left ${name}; ${JSON.stringify(intent)}`);
    }
    const generation = this.#generationOf(fingerprint);
    if (generation === undefined && this.#foreign.has(fingerprint)) return;
    if (generation === undefined) return this.#violates("nothing unknown is overwritten", fingerprint);
    if (generation.compromised === true) return;
    const mark = this.#marks.get(generation.number);
    const drained = Date.parse(mark?.spec.notAfter ?? "") + skewMs;
    const isSealed = mark?.status?.sealed === true || generation.phase !== "Draining";
    if (!isSealed || !(now >= drained - slackMs)) {
      this.#violates("no root goes before its leaves", `generation ${generation.number} left ${name} before its mark`);
    }
    const living = [...this.#leaves.values()].find(
      (leaf) => leaf.generation === generation.number && leaf.notAfter > now,
    );
    if (living !== undefined) this.#violates("no root goes before its leaves", `a leaf of ${name} was valid`);
  }

  #crlsAre(before: TrustAnchorState, after: TrustAnchorState, now: number): void {
    for (const old of before.crls) {
      const crl = after.crls.find(({ arn }) => arn === old.arn);
      if (crl === undefined) continue;
      if (BigInt(crl.number ?? 0) < BigInt(old.number ?? 0)) {
        this.#violates("CRL numbers only rise", `${old.name}: ${old.number} became ${crl.number}`);
      }
      const lost = old.serials.find(
        (serial) => !crl.serials.includes(serial) && (this.#leaves.get(serial)?.notAfter ?? 0) > now,
      );
      if (lost !== undefined) this.#violates("no unexpired serial vanishes", `${lost} from ${old.name}`);
    }
  }

  #markIs(mark: GenerationMark): void {
    const { generation: number } = mark.spec;
    const known = this.#marks.get(number);
    this.#marks.set(number, mark);
    if (known === undefined) return;
    const [from, to] = [Date.parse(known.spec.notAfter), Date.parse(mark.spec.notAfter)];
    // Answers of two reads may have overtaken one another, answers to writes have not.
    if (Number(mark.metadata.resourceVersion) < Number(known.metadata.resourceVersion)) {
      this.#marks.set(number, known);
    } else if (to < from) this.#violates("a mark never falls", `of generation ${number}`);
    else if (known.status?.sealed === true && to > from) {
      this.#violates("a sealed mark is raised no more", `of generation ${number}`);
    }
  }

  #sealed(mark: GenerationMark): void {
    const wasSealed = this.#marks.get(mark.spec.generation)?.status?.sealed === true;
    this.#markIs(mark);
    if (wasSealed || mark.status?.sealed !== true) return;
    const { generations = [], trustAnchors = [] } = this.#status;
    const active = generations.find(({ number }) => number === mark.spec.generation);
    const next = generations.find(({ phase }) => phase === "Published");
    if (active?.phase !== "Active" || active.compromised === true || next === undefined) return;
    const { soakMs, slackMs, anchors } = this.#policy();
    this.look();
    for (const { arn, name, joined } of trustAnchors) {
      if (arn === undefined || !anchors.has(arn) || !joined) continue;
      const since = this.#heldSince.get(`${arn} ${next.fingerprint}`);
      if (since === undefined) this.#violates("read back before the switch", `${name} lacks generation ${next.number}`);
      else if (this.#now() - since < soakMs - slackMs) {
        this.#violates(
          "soak before the switch",
          `${name} held generation ${next.number} for ${this.#now() - since} ms`,
        );
      }
      if (!this.#hasPassedCanary(arn, next.fingerprint ?? "")) this.#violates("canary before the switch", name);
    }
  }

  /** Whether AWS gave a session to a canary by a leaf of this root. */
  #hasPassedCanary(arn: string, fingerprint: string): boolean {
    const root = this.#rootOf(arn, fingerprint);
    return this.#emulator.sessionEvents().some(({ requestParameters: asked, responseElements }) => {
      if (responseElements === null || asked.trustAnchorArn !== arn || !asked.roleArn.endsWith("/canary")) return false;
      const leaf = new X509Certificate(Buffer.from(asked.cert, "base64"));
      return root !== undefined && leaf.verify(root.publicKey);
    });
  }

  #rootOf(arn: string, fingerprint: string): X509Certificate | undefined {
    const { bundle = "" } = this.#emulator.trustAnchors().find((anchor) => anchor.arn === arn) ?? {};
    return (bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])
      .map((pem) => new X509Certificate(pem))
      .find((root) => root.fingerprint256.replaceAll(":", "").toLowerCase() === fingerprint);
  }

  #statusIs(status: AuthorityStatus): void {
    const now = this.#now();
    for (const { number, phase } of status.generations ?? []) {
      const before = this.#status.generations?.find((one) => one.number === number)?.phase;
      if (before !== phase) this.#phaseSince.set(number, now);
      if (before === "Active" && phase !== "Active" && this.#marks.get(number)?.status?.sealed !== true) {
        this.#violates("the seal is the switch", `generation ${number} became ${phase} with an open mark`);
      }
    }
    for (const { number, phase, fingerprint } of status.generations ?? []) {
      const isNew =
        phase === "Published" && this.#status.generations?.find((one) => one.number === number)?.phase !== phase;
      if (!isNew) continue;
      const lacking = this.#joined(status).find(({ fingerprints }) => !fingerprints.includes(fingerprint ?? ""));
      if (lacking !== undefined)
        this.#violates("read back before it counts", `${lacking.name} lacks generation ${number}`);
    }
    const active = (status.generations ?? []).filter(({ phase }) => phase === "Active");
    if (active.length > 1) this.#violates("one generation signs", phasesOf(status));
    this.#status = status;
  }

  /** What AWS stores of the anchors that status calls joined. */
  #joined({ trustAnchors = [] }: AuthorityStatus): readonly TrustAnchorState[] {
    const arns = trustAnchors.flatMap(({ arn, joined }) => (joined && arn !== undefined ? [arn] : []));
    return this.#emulator.trustAnchors().filter(({ arn }) => arns.includes(arn));
  }

  #keyMade(number: number): void {
    if (this.#made.has(number)) this.#violates("a generation is made once", `${number}`);
    this.#made.add(number);
  }

  #keyDeleted(number: number): void {
    const { retentionMs, slackMs } = this.#policy();
    const phase = this.#status.generations?.find((one) => one.number === number)?.phase;
    const since = this.#phaseSince.get(number) ?? Number.NEGATIVE_INFINITY;
    if (phase !== "Retired" && phase !== "Abandoned") this.#violates("keys in use are kept", `${number} is ${phase}`);
    else if (this.#now() - since < retentionMs - slackMs) this.#violates("keys are retained", `${number}`);
  }

  #generationOf(fingerprint: string) {
    return this.#status.generations?.find((generation) => generation.fingerprint === fingerprint);
  }

  #violates(rule: string, seen: string): void {
    if (!this.#violations.has(rule) && !this.#waived.has(rule)) this.#violations.set(rule, seen);
  }
}

/** How long an intent is good for. */
const intentMs = 30_000;

/** `1 Draining, 2 Active` */
export function phasesOf({ generations = [] }: Pick<AuthorityStatus, "generations">): string {
  return generations.map(({ number, phase }) => `${number} ${phase}`).join(", ");
}

function leaseHolderOf(body: Uint8Array): string {
  const { spec } = parse(body) as { readonly spec?: { readonly holderIdentity?: string } };
  return spec?.holderIdentity ?? "";
}

function parse(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString("utf8"));
}
