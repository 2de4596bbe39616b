import type { CertificateAuthority } from "@capstan/api";
import type { OwnLeafRole } from "@capstan/ca-core";
import type { Logger } from "@capstan/kube";
import {
  type AwsCredentials,
  type CallerIdentity,
  callerIdentity,
  createSession,
  type EndpointVariant,
  providerChain,
  type RequestHandler,
  type SessionTarget,
} from "@capstan/rolesanywhere";
import type { AnchorSpec, GenerationStatus } from "../authority/authority-parts.ts";
import type { FoundGeneration, Generation } from "../authority/generation-store.ts";
import type { OwnSessions } from "../rotation/own-sessions.ts";
import { proveRevoked, type RevokedOutcome, runCanary } from "./canary.ts";
import type { OwnLeaf } from "./mint-own-leaf.ts";
import { type ExchangedLeaf, OwnCredentials } from "./own-credentials.ts";
import type { OwnCredentialsMetrics } from "../metrics/own-credentials-metrics.ts";

export interface OwnLeafSessionsOptions extends EndpointVariant {
  /** From the cache; undefined for an authority that is gone. */
  readonly authorityOf: (name: string) => CertificateAuthority | undefined;
  readonly findGeneration: (authority: CertificateAuthority, number: number) => Promise<FoundGeneration>;
  readonly mint: (leaf: {
    readonly authority: string;
    readonly generation: Generation;
    readonly role: OwnLeafRole;
  }) => Promise<OwnLeaf>;
  /** Another endpoint than the region's own. */
  readonly endpoint?: string | undefined;
  readonly requestHandler: RequestHandler;
  /** Default is AWS's standard provider chain. */
  readonly providerChainOf?: (region: string) => () => Promise<AwsCredentials>;
  /** Default asks STS. */
  readonly identifyIn?: (region: string) => (credentials: AwsCredentials) => Promise<CallerIdentity>;
  readonly metrics: OwnCredentialsMetrics;
  readonly now: () => Date;
  readonly log: Logger;
}

/** In the order in which generations are tried: one that signs and stays first. */
const order = ["Active", "Published", "Draining", "Pending"] as const satisfies readonly GenerationStatus["phase"][];

/** Sessions in AWS by leaves of our own, for every trust anchor of every authority. */
export class OwnLeafSessions implements OwnSessions {
  readonly #options: OwnLeafSessionsOptions;
  readonly #credentials = new Map<string, OwnCredentials>();

  constructor(options: OwnLeafSessionsOptions) {
    this.#options = options;
  }

  /** The credential source of an anchor's control plane. */
  credentialsOf(authority: string, anchor: AnchorSpec): OwnCredentials {
    const { name, region, account } = anchor;
    const id = [authority, name, region, account].join(" ");
    const known = this.#credentials.get(id);
    if (known !== undefined) return known;
    const { metrics, now, log, requestHandler } = this.#options;
    const chain = this.#options.providerChainOf ?? ((place) => providerChain({ region: place, requestHandler }));
    const identify =
      this.#options.identifyIn ??
      ((place) => (credentials) => callerIdentity({ credentials, region: place, requestHandler }));
    const made = new OwnCredentials({
      authority,
      account,
      identify: identify(region),
      anchor: name,
      generations: () => this.#generationsFor(authority, name),
      exchange: (number) => this.#exchange(authority, name, number),
      providerChain: chain(region),
      metrics,
      now,
      log,
    });
    this.#credentials.set(id, made);
    return made;
  }

  ownLeaf(authority: string, anchor: AnchorSpec): { readonly generation: number } | undefined {
    return this.credentialsOf(authority, anchor).ownLeaf;
  }

  renew(authority: string, anchor: AnchorSpec, generation: Generation): Promise<void> {
    return this.credentialsOf(authority, anchor).renewBy(generation.number);
  }

  async runCanary(
    authority: string,
    anchor: AnchorSpec,
    generation: Generation,
    signal: AbortSignal,
  ): Promise<{ readonly passed: boolean; readonly message: string }> {
    const target = this.#targetOf(authority, anchor.name, "canary");
    if (target === undefined)
      return { passed: false, message: "the trust anchor, or its canary's role, is not known yet" };
    const leaf = await this.#options.mint({ authority, generation, role: "canary" });
    return runCanary({ target, leaf }, signal);
  }

  /**
   * Whether AWS refuses a leaf that a CRL names, because it is revoked; undefined where no canary is configured.
   *
   * @param leaf as `mintSentinel` returned it
   */
  async proveRevoked(
    authority: string,
    anchor: AnchorSpec,
    leaf: OwnLeaf,
    signal: AbortSignal,
  ): Promise<RevokedOutcome | undefined> {
    const target = this.#targetOf(authority, anchor.name, "canary");
    return target === undefined ? undefined : proveRevoked({ target, leaf }, signal);
  }

  /** None where no role is configured, or the trust anchor does not exist yet. */
  #generationsFor(authority: string, anchor: string): readonly number[] {
    if (this.#targetOf(authority, anchor, "publisher") === undefined) return [];
    const generations = this.#options.authorityOf(authority)?.status?.generations ?? [];
    const inPhase = order.flatMap((phase) => generations.filter((generation) => generation.phase === phase));
    const leaves = ({ compromised, abandoning }: GenerationStatus): boolean =>
      compromised === true || abandoning === true;
    // One that is leaving may be the only one that the anchor still holds.
    return [...inPhase.filter((one) => !leaves(one)), ...inPhase.filter(leaves)].map(({ number }) => number);
  }

  async #exchange(name: string, anchor: string, number: number): Promise<ExchangedLeaf> {
    const authority = this.#options.authorityOf(name);
    const target = this.#targetOf(name, anchor, "publisher");
    if (authority === undefined || target === undefined) throw new Error("no role is configured for the publisher");
    const found = await this.#options.findGeneration(authority, number);
    if (found.is !== "Present") throw new Error(found.is === "Missing" ? "its key is gone" : found.message);
    const leaf = await this.#options.mint({ authority: name, generation: found.generation, role: "publisher" });
    const { credentials } = await createSession({ ...target, ...leaf });
    return { credentials, serial: leaf.serial };
  }

  /** What the spec wants now, of the trust anchor that the spec names or status has found. */
  #targetOf(authorityName: string, anchorName: string, role: "canary" | "publisher"): SessionTarget | undefined {
    const { authorityOf, endpoint, useFips = false, useDualStack = false, requestHandler, now } = this.#options;
    const authority = authorityOf(authorityName);
    const spec = authority?.spec.trustAnchors?.find(({ name }) => name === anchorName);
    const status = authority?.status?.trustAnchors?.find(({ name }) => name === anchorName);
    const trustAnchorArn = spec?.arn ?? status?.arn;
    const arns = spec?.[role];
    if (spec === undefined || arns === undefined || trustAnchorArn === undefined) return undefined;
    const { profileArn, roleArn } = arns;
    const place = { region: spec.region, endpoint, useFips, useDualStack };
    return { trustAnchorArn, profileArn, roleArn, ...place, requestHandler, now };
  }
}
