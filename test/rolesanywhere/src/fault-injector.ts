import { randomUUID } from "node:crypto";
import { type Account, copyOf } from "./account.ts";
import type { Cloud } from "./cloud.ts";
import { OPERATION_NAMES } from "./service.ts";
import { FAULTS, type Fault, type FaultRule, type Stage } from "./faults.ts";

/** A rule at work. */
export interface InjectedFault {
  readonly id: string;
  readonly rule: FaultRule;
  /** Requests that it matched, those that it let pass included. */
  readonly matched: number;
}

/** What rules look at in a request. Account and region are those that it claims: no signature is verified yet. */
export interface RequestFacts {
  readonly operation: string | undefined;
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly method: string;
  /** Path, query and body. */
  readonly text: string;
}

/** The fault that strikes a request at each stage, if any. */
export interface Strikes {
  readonly arrival?: Extract<Fault, { kind: "latency" }>;
  readonly answer?: Extract<
    Fault,
    { kind: "throttling" | "server-error" | "access-denied" | "connection-reset" | "no-answer" }
  >;
  readonly state?: Extract<Fault, { kind: "no-effect" | "stale-read" }>;
  readonly date?: Extract<Fault, { kind: "date-header" }>;
  /** The state that stale reads see, of this account; undefined where nothing is stale. */
  readonly past?: (account: Account) => Account;
}

interface ActiveFault extends InjectedFault {
  readonly until: number;
  readonly past: ReadonlyMap<Account, Account>;
}

/** Faults by rule. At each stage of a request the oldest rule that matches and is not used up strikes. */
export class FaultInjector {
  readonly #cloud: Cloud;
  #active: readonly ActiveFault[] = [];

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /**
   * @returns the id to remove it by
   * @throws {TypeError} for a rule that could never match, so that no test passes because of a slip in a name
   */
  inject(rule: FaultRule): string {
    requireMatchable(rule, this.#cloud);
    const id = randomUUID();
    const until = rule.forMs === undefined ? Infinity : this.#cloud.now().getTime() + rule.forMs;
    const past = new Map(
      rule.fault.kind === "stale-read" ? this.#cloud.accounts.map((account) => [account, copyOf(account)]) : [],
    );
    this.#active = [...this.#active, { id, rule, matched: 0, until, past }];
    return id;
  }

  /** Removes one rule, or all. An id that is not there is no error: the rule has ended. */
  remove(id?: string): void {
    this.#active = id === undefined ? [] : this.#active.filter((active) => active.id !== id);
  }

  list(): readonly InjectedFault[] {
    this.#forget();
    return this.#active.map(({ id, rule, matched }) => ({ id, rule, matched }));
  }

  strike(facts: RequestFacts): Strikes {
    this.#forget();
    const struck = new Map<Stage, ActiveFault>();
    this.#active = this.#active.map((active) => {
      const { stage } = FAULTS[active.rule.fault.kind];
      if (struck.has(stage) || !matches(active.rule, facts)) return active;
      const counted = { ...active, matched: active.matched + 1 };
      if (counted.matched > (active.rule.skip ?? 0)) struck.set(stage, counted);
      return counted;
    });
    const past = struck.get("state")?.past;
    return {
      ...(Object.fromEntries([...struck].map(([stage, { rule }]) => [stage, rule.fault])) as Strikes),
      ...(past === undefined || past.size === 0
        ? {}
        : { past: (account: Account) => copyOf(past.get(account) ?? account) }),
    };
  }

  #forget(): void {
    const now = this.#cloud.now().getTime();
    this.#active = this.#active.filter(
      ({ rule, matched, until }) => now < until && matched < (rule.skip ?? 0) + (rule.count ?? Infinity),
    );
  }
}

function requireMatchable({ operation, account, region }: FaultRule, { accounts }: Cloud): void {
  const stranger = [operation ?? []].flat().find((name) => !OPERATION_NAMES.has(name));
  if (stranger !== undefined) throw new TypeError(`the emulator has no operation ${stranger}`);
  const isThere = accounts.some((each) => (account ?? each.id) === each.id && (region ?? each.region) === each.region);
  if (!isThere) throw new TypeError(`the emulator has no account ${account ?? "at all"} in ${region ?? "any region"}`);
}

function matches(rule: FaultRule, facts: RequestFacts): boolean {
  const { operation, account, region, resource } = rule;
  const operations = typeof operation === "string" ? [operation] : operation;
  const { kind } = rule.fault;
  // Only what reads can be stale; a session is decided on an old state only where a rule says so by name.
  if (kind === "stale-read" && facts.method !== "GET" && operations?.includes("CreateSession") !== true) return false;
  return (
    (operations === undefined || (facts.operation !== undefined && operations.includes(facts.operation))) &&
    (account === undefined || account === facts.account) &&
    (region === undefined || region === facts.region) &&
    (resource === undefined || facts.text.includes(resource))
  );
}
