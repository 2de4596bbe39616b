import {
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
} from "@capstan/api";
import {
  type Clock,
  isNotFound,
  type KubeClient,
  KubeApiError,
  type KubeObject,
  type ListOptions,
  type ResourceType,
} from "@capstan/kube";
import pLimit from "p-limit";
import type { AwsSide } from "./aws-side.ts";
import { asUnreadable } from "./unreadable.ts";

/** An account of a program, as in a binding. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export interface WorldOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly capstanNamespace: string;
  /** Only this CertificateAuthority and what belongs to it. */
  readonly authority?: string | undefined;
  /** Who approves requests; whom the issuer controller's flag names when left out. */
  readonly approver?: Account | undefined;
  readonly aws: AwsSide;
}

/** Of questions that are asked by the dozen: an API server that is slow already would let the last ones run out of time. */
const mostAtOnce = 8;

export type Issuer = CapstanClusterIssuer | CapstanIssuer;

/** What the checks look at. Each list is read once, whoever asks. */
export class World {
  readonly client: KubeClient;
  readonly capstanNamespace: string;
  readonly approver: Account | undefined;
  readonly aws: AwsSide;
  readonly #authority: string | undefined;
  readonly #clock: Clock;
  readonly #inTurn = pLimit(mostAtOnce);
  readonly #lists = new Map<string, Promise<readonly KubeObject[]>>();

  constructor({ client, clock, capstanNamespace, authority, approver, aws }: WorldOptions) {
    this.client = client;
    this.capstanNamespace = capstanNamespace;
    this.approver = approver;
    this.aws = aws;
    this.#authority = authority;
    this.#clock = clock;
  }

  /** By our own clock, milliseconds since 1970. */
  ownNow(): number {
    return this.#clock.now();
  }

  /** By the API server's clock, which wrote the times that are compared with it; our own before its first answer. */
  now(): number {
    return this.client.serverNow(60_000) ?? this.ownNow();
  }

  /** Every object of a kind; none where the kind is not served. @throws {Unreadable} for lack of rights */
  list<T extends KubeObject>(
    resource: ResourceType,
    options: Pick<ListOptions, "namespace" | "labelSelector"> = {},
  ): Promise<readonly T[]> {
    const key = JSON.stringify([resource.group, resource.plural, options]);
    const known = this.#lists.get(key);
    if (known !== undefined) return known as Promise<readonly T[]>;
    const reading = this.client.listAll<T>(resource, options).then(
      ({ items }) => items,
      (error: unknown) => {
        if (isNotFound(error)) return [];
        throw asUnreadable(error);
      },
    );
    this.#lists.set(key, reading);
    return reading;
  }

  /** One object; undefined where it does not exist. @throws {Unreadable} for lack of rights */
  async get<T extends KubeObject>(
    resource: ResourceType,
    ref: { readonly name: string; readonly namespace?: string },
  ): Promise<T | undefined> {
    try {
      return await this.client.getOrUndefined<T>(resource, ref);
    } catch (error) {
      throw asUnreadable(error);
    }
  }

  /** Anything else that answers with JSON; undefined for 404. @throws {Unreadable} for lack of rights */
  async read<T>(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<T | undefined> {
    try {
      return await this.client.request<T>({ method: "GET", path, query });
    } catch (error) {
      if (error instanceof KubeApiError && error.code === 404) return undefined;
      throw asUnreadable(error);
    }
  }

  async authorities(): Promise<readonly CertificateAuthority[]> {
    const all = await this.list<CertificateAuthority>(certificateAuthorityResource);
    return all.filter(({ metadata }) => this.#authority === undefined || metadata.name === this.#authority);
  }

  async issuers(): Promise<readonly Issuer[]> {
    const [cluster, namespaced] = await Promise.all([
      this.list<CapstanClusterIssuer>(capstanClusterIssuerResource),
      this.list<CapstanIssuer>(capstanIssuerResource),
    ]);
    return [...cluster, ...namespaced].filter(
      ({ spec }) => this.#authority === undefined || spec.caRef.name === this.#authority,
    );
  }

  /** Whether somebody may do something, as the API server's authorizers see it. @throws {Unreadable} who may not ask */
  async mayDo(account: Account, attributes: ResourceAttributes): Promise<boolean> {
    const { namespace } = account;
    try {
      const { status } = await this.#inTurn(() =>
        this.client.request<{ readonly status?: { readonly allowed?: boolean } }>({
          method: "POST",
          path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
          body: {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SubjectAccessReview",
            spec: {
              user: userOf(account),
              // A binding may name a group: these are the ones of every service account's token.
              groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
              resourceAttributes: attributes,
            },
          },
        }),
      );
      return status?.allowed === true;
    } catch (error) {
      throw asUnreadable(error);
    }
  }
}

export interface ResourceAttributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** A service account's user name. */
export function userOf({ namespace, name }: Account): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
