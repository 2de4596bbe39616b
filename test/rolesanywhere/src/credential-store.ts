import { createHash, randomBytes } from "node:crypto";
import type { IdentityPolicy } from "./identity-policy.ts";

/** Who a request comes from, as GetCallerIdentity tells it. */
export interface Principal {
  /** Its fifth part is the account. */
  readonly arn: string;
  readonly userId: string;
  /** Undefined for a user. */
  readonly session: RoleSession | undefined;
}

/** What a session of a role brings along when it calls. */
export interface RoleSession {
  readonly roleArn: string;
  readonly issuedAt: Date;
  readonly sourceIdentity: string;
  readonly tags: ReadonlyMap<string, string>;
  /** What the session may at most do; undefined when that is whatever the role may. */
  readonly policies: readonly IdentityPolicy[] | undefined;
}

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Undefined for a long-lived access key. */
  readonly sessionToken: string | undefined;
  readonly expiresAt: Date | undefined;
  readonly principal: Principal;
}

/** A long-lived access key that is known from the start. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For example `arn:aws:iam::111122223333:user/admin`. */
  readonly arn: string;
  /** Identity policies as IAM's JSON documents. Default is none, and that the user may do everything. */
  readonly policies?: readonly unknown[];
}

/** Every credential that verifies a signature: the given access keys and what CreateSession handed out. */
export class CredentialStore {
  readonly #byId = new Map<string, Credential>();

  constructor(accessKeys: readonly AccessKey[]) {
    for (const { accessKeyId, secretAccessKey, arn } of accessKeys) {
      this.#byId.set(accessKeyId, {
        accessKeyId,
        secretAccessKey,
        sessionToken: undefined,
        expiresAt: undefined,
        principal: { arn, userId: uniqueId("AIDA", arn), session: undefined },
      });
    }
  }

  find(accessKeyId: string): Credential | undefined {
    return this.#byId.get(accessKeyId);
  }

  /** Hands out a session of an assumed role. */
  issueSession(principal: Principal, expiresAt: Date): Credential & { readonly sessionToken: string } {
    const session = {
      accessKeyId: uniqueId("ASIA", randomBytes(16)),
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(120).toString("base64"),
      expiresAt,
      principal,
    };
    this.#byId.set(session.accessKeyId, session);
    return session;
  }
}

/** An identifier of IAM's form, four letters for the kind and sixteen of base 32, made from the seed alone. */
export function uniqueId(prefix: "AIDA" | "AROA" | "ASIA", seed: string | Uint8Array): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const digest = createHash("sha256").update(seed).digest().subarray(0, 16);
  return prefix + Array.from(digest, (octet) => alphabet[octet % 32]).join("");
}
