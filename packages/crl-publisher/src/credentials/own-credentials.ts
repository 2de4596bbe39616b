import type { Logger } from "@capstan/kube";
import {
  type AwsCredentialKeeper,
  type AwsCredentials,
  type CallerIdentity,
  RolesAnywhereError,
} from "@capstan/rolesanywhere";
import type { OwnCredentialsMetrics } from "../metrics/own-credentials-metrics.ts";

/** Shorter than the shortest session, and longer than any call lasts. */
const renewBeforeMs = 5 * 60_000;
/** How soon our own leaves are tried again while the provider chain stands in for them. */
const retryLeavesMs = 5 * 60_000;

export interface OwnCredentialsOptions {
  readonly authority: string;
  /** Name of the trust anchor in the spec. */
  readonly anchor: string;
  /**
   * The generations to ask by, the best first. None means that no role is configured, or the anchor does not exist yet: the
   * provider chain is then what is meant, and nothing to warn of.
   */
  readonly generations: () => readonly number[];
  /** Mints a leaf of the generation and gets a session by it. */
  readonly exchange: (generation: number) => Promise<ExchangedLeaf>;
  /** AWS's standard provider chain. */
  readonly providerChain: () => Promise<AwsCredentials>;
  /** Of the trust anchor, twelve digits. */
  readonly account: string;
  /** Whose credentials these are, as AWS says it. */
  readonly identify: (credentials: AwsCredentials) => Promise<CallerIdentity>;
  readonly metrics: OwnCredentialsMetrics;
  readonly now: () => Date;
  readonly log: Logger;
}

/** A session by a leaf of our own. */
export interface ExchangedLeaf {
  readonly credentials: AwsCredentials;
  /** Of the leaf: the session's name in CloudTrail. */
  readonly serial: string;
}

interface Kept {
  readonly credentials: AwsCredentials;
  /** Of the leaf; undefined for the provider chain. */
  readonly generation: number | undefined;
  readonly renewAt: number;
}

/**
 * The publisher's AWS credentials for one trust anchor: a session by a leaf of its own, of each held generation in turn, and
 * the standard provider chain when AWS refuses them all. They are kept until five minutes before their end.
 */
export class OwnCredentials implements AwsCredentialKeeper {
  readonly #options: OwnCredentialsOptions;
  #kept: Kept | undefined;
  /** Who the keys of the provider chain belong to; the same keys are never another account's. */
  #identified: { readonly accessKeyId: string; readonly identity: CallerIdentity } | undefined;
  #underWay: Promise<AwsCredentials> | undefined;

  constructor(options: OwnCredentialsOptions) {
    this.#options = options;
  }

  /** The generation whose leaf the present credentials came from; undefined for none, and for the provider chain. */
  get ownLeaf(): { readonly generation: number } | undefined {
    const generation = this.#kept?.generation;
    return generation === undefined ? undefined : { generation };
  }

  readonly current = async (): Promise<AwsCredentials> => {
    if (this.#kept !== undefined && this.#options.now().getTime() < this.#kept.renewAt) return this.#kept.credentials;
    // Calls that come meanwhile wait for the same leaf.
    this.#underWay ??= this.#obtain().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  };

  readonly discard = (refused: AwsCredentials): void => {
    if (this.#kept?.credentials === refused) this.#kept = undefined;
  };

  /**
   * Gets the credentials by a leaf of this generation and no other. Those there are stay when it fails.
   *
   * @throws whatever minting or CreateSession ended with
   */
  async renewBy(generation: number): Promise<void> {
    this.#keepExchanged(await this.#options.exchange(generation), generation);
  }

  async #obtain(): Promise<AwsCredentials> {
    const { authority, anchor, exchange, log, metrics, providerChain } = this.#options;
    const refusals: string[] = [];
    for (const generation of this.#options.generations()) {
      try {
        return this.#keepExchanged(await exchange(generation), generation);
      } catch (error) {
        // What does not answer would not take the provider chain's credentials either, and those may last for ever.
        if (isOutage(error)) throw error;
        refusals.push(`generation ${generation}: ${messageOf(error)}`);
        metrics.refused({ authority, anchor });
      }
    }
    try {
      const given = await providerChain();
      await this.#checkAccount(given);
      const credentials = this.#keep(given, undefined);
      const fields = { authority, trustAnchor: anchor };
      if (refusals.length > 0) {
        log.warn({ ...fields, refusals }, "no leaf of our own got AWS credentials; using the provider chain's");
      } else log.info(fields, "using AWS credentials of the provider chain");
      return credentials;
    } catch (error) {
      if (isOutage(error) || isOfWrongAccount(error)) {
        if (refusals.length > 0)
          log.warn({ authority, trustAnchor: anchor, refusals }, "no leaf of our own got AWS credentials");
        throw error;
      }
      throw new NoOwnCredentials([...refusals, `provider chain: ${messageOf(error)}`].join("; "));
    }
  }

  /** The chain is chosen by region alone, and what another account's keys find or create is another trust anchor. */
  async #checkAccount(credentials: AwsCredentials): Promise<void> {
    const { anchor, account: wanted, identify } = this.#options;
    const { accessKeyId } = credentials;
    if (this.#identified?.accessKeyId !== accessKeyId) {
      this.#identified = { accessKeyId, identity: await identify(credentials) };
    }
    const { account, arn } = this.#identified.identity;
    if (account === wanted) return;
    throw new RolesAnywhereError(
      "ERR_AWS_WRONG_ACCOUNT",
      `trust anchor ${anchor} is of account ${wanted}, and the AWS provider chain gives credentials of account ${account} (${arn}): give the publisher some of ${wanted}, or a role by spec.trustAnchors[].publisher`,
      { operation: "GetCallerIdentity" },
    );
  }

  #keepExchanged({ credentials, serial }: ExchangedLeaf, generation: number): AwsCredentials {
    const { authority, anchor, log } = this.#options;
    log.info({ authority, trustAnchor: anchor, generation, serial }, "got AWS credentials by a leaf of our own");
    return this.#keep(credentials, generation);
  }

  #keep(credentials: AwsCredentials, generation: number | undefined): AwsCredentials {
    const { authority, anchor, metrics, now } = this.#options;
    const end = (credentials.expiration?.getTime() ?? Infinity) - renewBeforeMs;
    const renewAt = generation === undefined ? Math.min(end, now().getTime() + retryLeavesMs) : end;
    this.#kept = { credentials, generation, renewAt };
    metrics.obtained({ authority, anchor, source: generation === undefined ? "provider-chain" : "leaf" });
    return credentials;
  }
}

/** Neither a leaf of our own nor the provider chain gave credentials; the message says why of each. */
export class NoOwnCredentials extends Error {
  override readonly name = "NoOwnCredentials";
  readonly code = "ERR_NO_OWN_CREDENTIALS";
}

function isOutage(error: unknown): boolean {
  return (
    error instanceof RolesAnywhereError && (error.code === "ERR_AWS_UNAVAILABLE" || error.code === "ERR_AWS_THROTTLED")
  );
}

function isOfWrongAccount(error: unknown): boolean {
  return error instanceof RolesAnywhereError && error.code === "ERR_AWS_WRONG_ACCOUNT";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}
