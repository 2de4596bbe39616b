import { createHash, randomBytes } from "node:crypto";

/** Who a request comes from, as GetCallerIdentity tells it. */
export interface Principal {
  /** Its fifth part is the account. */
  readonly arn: string;
  readonly userId: string;
}

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Undefined for a long-lived access key. */
  readonly sessionToken: string | undefined;
  readonly expiresAt: Date | undefined;
  readonly principal: Principal;
}

/** A long-lived access key that is known from the start. Its holder may call every operation. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For example `arn:aws:iam::111122223333:user/admin`. */
  readonly arn: string;
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
        principal: { arn, userId: uniqueId("AIDA", arn) },
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
