import type { Principal } from "./credential-store.ts";
import { accessDenied } from "./errors.ts";
import { type Access, evaluate, type IdentityPolicy, parseIdentityPolicy } from "./identity-policy.ts";

/** Something that somebody did or tried to do. */
export interface AccessRecord {
  /** ARN of the user or role; of the role for each of its sessions. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly allowed: boolean;
  /** How often. */
  readonly count: number;
}

/** Who may do what in one account, in all its regions. */
export class Iam {
  readonly #policies = new Map<string, readonly IdentityPolicy[]>();
  /** What attached managed policies add. */
  readonly #attached = new Map<string, readonly IdentityPolicy[]>();
  readonly #records = new Map<string, AccessRecord>();
  /** Does the account have the service-linked role of Roles Anywhere? The first trust anchor brings it. */
  hasServiceLinkedRole = false;

  /**
   * Sets all that a user or role may do, sessions that it already has included. Undefined lets it do everything.
   *
   * @throws {PolicyError}
   */
  setPolicies(arn: string, documents: readonly unknown[] | undefined, at: string): void {
    if (documents === undefined) this.#policies.delete(arn);
    else
      this.#policies.set(
        arn,
        documents.map((document, index) => parseIdentityPolicy(document, `${at}[${index}]`)),
      );
  }

  /** Sets what the managed policies that are attached to a role let it do beyond its own. */
  setAttached(arn: string, policies: readonly IdentityPolicy[]): void {
    this.#attached.set(arn, policies);
  }

  /** @throws {ServiceError} AccessDeniedException, in AWS's words */
  require(principal: Principal, access: Access): void {
    const reason = this.#refusal(principal, access);
    this.#record(principal, access, reason === undefined);
    if (reason === undefined) return;
    throw accessDenied(
      access.action === "iam:CreateServiceLinkedRole"
        ? `Unauthorized ${reason.replace(" the iam", " for the iam")}`
        : `User: ${principal.arn} is not authorized to perform: ${access.action} on resource: ${access.resource} ${reason}`,
    );
  }

  /** Each access once, in the order in which they were first made. */
  records(): readonly AccessRecord[] {
    return [...this.#records.values()];
  }

  #refusal(principal: Principal, access: Access): string | undefined {
    const owner = ownerOf(principal);
    const inline = this.#policies.get(owner);
    const own = inline === undefined ? undefined : [...inline, ...(this.#attached.get(owner) ?? [])];
    const layers = [
      { name: "identity-based", policies: own },
      { name: "session", policies: principal.session?.policies },
    ];
    const verdicts = layers.flatMap(({ name, policies }) =>
      policies === undefined ? [] : [{ name, verdict: evaluate(policies, access) }],
    );
    const denied = verdicts.find(({ verdict }) => verdict === "denied");
    if (denied !== undefined)
      return `with an explicit deny in ${denied.name === "session" ? "a" : "an"} ${denied.name} policy`;
    const silent = verdicts.find(({ verdict }) => verdict === "not-allowed");
    return silent === undefined ? undefined : `because no ${silent.name} policy allows the ${access.action} action`;
  }

  #record(principal: Principal, { action, resource }: Access, allowed: boolean): void {
    const owner = ownerOf(principal);
    const key = JSON.stringify([owner, action, resource, allowed]);
    const count = (this.#records.get(key)?.count ?? 0) + 1;
    this.#records.set(key, { principal: owner, action, resource, allowed, count });
  }
}

/** Whose policies count: the user's, or of a session the role's. */
export function ownerOf(principal: Principal): string {
  return principal.session?.roleArn ?? principal.arn;
}
