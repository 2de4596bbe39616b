import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Account } from "./account.ts";
import { type Controls, startAdminServer } from "./admin-server.ts";
import { type Cloud, createCloud } from "./cloud.ts";
import type { AccessKey } from "./credential-store.ts";
import { unavailable } from "./errors.ts";
import type { HttpRequest } from "./http-request.ts";
import { listen, readBody, stopServer } from "./http-server.ts";
import type { Quotas } from "./quotas.ts";
import type { AccountSeed, ProfileSeed, RoleSeed } from "./seed.ts";
import { createExchanges, type Outcome } from "./exchange.ts";
import { FaultInjector, type InjectedFault } from "./fault-injector.ts";
import type { FaultRule } from "./faults.ts";
import type { AccessRecord } from "./iam.ts";
import { type TrustAnchorState, trustAnchorStates } from "./inspection.ts";
import { type Interference, interfere } from "./interference.ts";
import type { SessionEvent } from "./trail.ts";
import { readPositions, type Unknowns } from "./unknowns.ts";

export interface EmulatorOptions {
  /** Default is `eu-central-1`. */
  readonly region?: string;
  /** Further regions of the account, of the same partition. Default is none. */
  readonly regions?: readonly string[];
  /** Twelve digits. Default is `111122223333`. */
  readonly account?: string;
  /** Further accounts, each with regions, roles, profiles and quotas of its own. Default is none. */
  readonly accounts?: readonly AccountSeed[];
  /** Address to listen at. Default is `127.0.0.1`. */
  readonly host?: string;
  /** Default is 0, any free port. */
  readonly port?: number;
  /** Where to serve what the emulator can be told over HTTP, for other processes; 0 is any free port. Default is nowhere. */
  readonly adminPort?: number;
  /** Who may call the control plane from the start. Sessions that CreateSession hands out may as well. */
  readonly accessKeys: readonly AccessKey[];
  /** Default is none. */
  readonly roles?: readonly RoleSeed[];
  /** Default is none. */
  readonly profiles?: readonly ProfileSeed[];
  /** The service's clock: signatures, validity, rates, expiry and the Date header follow it. Default is the system's. */
  readonly now?: () => Date;
  /** Managed policies that profiles may name, as IAM's JSON documents by ARN. Default is none. */
  readonly managedPolicies?: Readonly<Record<string, unknown>>;
  /** Quotas that AWS has raised for the account. Default is AWS's own. */
  readonly quotas?: Partial<Quotas>;
  /** Answers to what AWS does not document. Default is the first position of each in `UNKNOWNS`. */
  readonly unknowns?: Partial<Unknowns>;
}

/** One request that was answered. */
export interface RequestRecord {
  /** The operation's name in AWS's model, `CreateSession` or `GetCallerIdentity`; undefined for an unknown path. */
  readonly operation: string | undefined;
  /** 0 when nothing was answered. */
  readonly status: number;
  /** The error's name, undefined for success. */
  readonly error: string | undefined;
  /** By the emulator's clock. */
  readonly at: Date;
  /** What the request claimed; undefined where it claimed nothing that exists. */
  readonly account: string | undefined;
  readonly region: string | undefined;
  /** The kind of the fault that took the answer's place, if one did. */
  readonly fault: string | undefined;
}

/** Where something is. What is left out may be anything. */
export interface Place {
  readonly account?: string;
  readonly region?: string;
}

export interface Emulator {
  /** For example `http://127.0.0.1:40123`, for Roles Anywhere and STS alike. */
  readonly endpoint: string;
  /** Where its controls are served; undefined when no `adminPort` was given. */
  readonly adminEndpoint: string | undefined;
  /** The ARN of the first role with this name, in this account if one is named. Throws when there is none. */
  readonly roleArn: (name: string, place?: Place) => string;
  /** The ARN of the first profile with this name, in this account and region if named. Throws when there is none. */
  readonly profileArn: (name: string, place?: Place) => string;
  /** While false, every request is answered 503 ServiceUnavailableException. */
  readonly setAvailable: (available: boolean) => void;
  /** Lets something go wrong. Throws a `TypeError` for a rule that could never match. @returns an id for `removeFaults` */
  readonly injectFault: (rule: FaultRule) => string;
  /** The faults at work, and how many requests each has matched. */
  readonly faults: () => readonly InjectedFault[];
  /** Ends one fault, or all. */
  readonly removeFaults: (id?: string) => void;
  /** Lets a stranger do something in the account. Throws a `TypeError` when there is nothing it could be done to. */
  readonly interfere: (interference: Interference) => void;
  /** Moves the emulator's clock, ahead or back. */
  readonly shiftClock: (ms: number) => void;
  /** The emulator's clock. */
  readonly now: () => Date;
  /**
   * Sets all that a user or role may do, sessions that it already has included; undefined lets it do everything. Throws a
   * `TypeError` when there is no such user or role.
   * @throws {PolicyError}
   */
  readonly setPolicies: (arn: string, policies: readonly unknown[] | undefined) => void;
  /** What users and roles did or tried to do, each once. */
  readonly accesses: () => readonly AccessRecord[];
  /** What is stored, whatever reads would show, and without using up a rate. */
  readonly trustAnchors: () => readonly TrustAnchorState[];
  /** The last 10,000 calls of CreateSession whose signature was good, oldest first, as CloudTrail would have it. */
  readonly sessionEvents: () => readonly SessionEvent[];
  /** Changes answers to what AWS does not document. @throws {UnknownsError} */
  readonly setUnknowns: (positions: Partial<Unknowns>) => void;
  /** The answers that it gives now. */
  readonly unknowns: () => Unknowns;
  /** Everything answered so far, oldest first. */
  readonly requests: () => readonly RequestRecord[];
  /** Closes every connection and frees the port. */
  readonly stop: () => Promise<void>;
}

// Certificates travel in headers: six of RSA-4096 are about 15 KB, Node's default for all headers is 16.
const MAX_HEADER_BYTES = 65_536;

/**
 * Starts an emulator of AWS IAM Roles Anywhere, with the one operation of STS that shows who holds a credential.
 *
 * @example
 * ```ts
 * const emulator = await startEmulator({
 *   accessKeys: [{ accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret", arn: "arn:aws:iam::111122223333:user/admin" }],
 * });
 * const client = new RolesAnywhereClient({ endpoint: emulator.endpoint, region: "eu-central-1" });
 * ```
 * @throws {SeedError} for a role or profile that is not right
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { host = "127.0.0.1", port = 0 } = options;
  let shiftMs = 0;
  const { now: base = () => new Date() } = options;
  const cloud = seedCloud({ ...options, now: () => new Date(base().getTime() + shiftMs) });
  const faults = new FaultInjector(cloud);
  let available = true;
  const exchange = createExchanges(cloud, faults, () => (available ? undefined : unavailable()));
  const log: RequestRecord[] = [];
  const stopping = new AbortController();

  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) => {
    respond(incoming, outgoing).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : undefined);
    });
  });

  async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    const { delayMs, finish } = exchange(request);
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: stopping.signal });
    const outcome = finish();
    log.push(recordOf(outcome, cloud.now()));
    send(outcome, outgoing);
  }

  const controls: Controls = {
    roleArn: (name, place) =>
      named(
        accountsAt(cloud, place).flatMap(({ roles }) => [...roles.values()]),
        name,
        "role",
      ).arn,
    profileArn: (name, place) =>
      named(
        accountsAt(cloud, place).flatMap(({ profiles }) => [...profiles.values()]),
        name,
        "profile",
      ).arn,
    setAvailable(value) {
      available = value;
    },
    injectFault: (rule) => faults.inject(rule),
    faults: () => faults.list(),
    removeFaults: (id) => faults.remove(id),
    interfere: (interference) => interfere(cloud, interference),
    shiftClock(ms) {
      shiftMs += ms;
    },
    now: cloud.now,
    unknowns: () => ({ ...cloud.unknowns }),
    setUnknowns(positions) {
      Object.assign(cloud.unknowns, readPositions(positions));
    },
    setPolicies(arn, policies) {
      const isKnown =
        options.accessKeys.some((key) => key.arn === arn) || cloud.accounts.some(({ roles }) => roles.has(arn));
      const iam = cloud.iamOf(arn.split(":")[4] ?? "");
      if (!isKnown || iam === undefined) throw new TypeError(`${arn} is no user or role of the emulator`);
      iam.setPolicies(arn, policies, "policies");
    },
    accesses: () => [...new Set(cloud.accounts.map(({ iam }) => iam))].flatMap((iam) => iam.records()),
    trustAnchors: () => trustAnchorStates(cloud),
    sessionEvents: () => [...cloud.sessionEvents],
    requests: () => [...log],
  };

  const { adminPort } = options;
  const admin = adminPort === undefined ? undefined : await startAdminServer(controls, { host, port: adminPort });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([stopServer(server), admin?.stop()]);
  };
  try {
    return { ...controls, endpoint: await listen(server, { host, port }), adminEndpoint: admin?.endpoint, stop };
  } catch (error) {
    await admin?.stop();
    throw error;
  }
}

function recordOf(outcome: Outcome, at: Date): RequestRecord {
  const { operation, account, region, fault, error, response } = outcome;
  const status = typeof response === "string" ? 0 : response.status;
  return { operation, status, error: error?.type, at, account, region, fault };
}

function send({ response, date }: Outcome, outgoing: ServerResponse): void {
  if (response === "none") return;
  if (response === "reset") {
    outgoing.socket?.resetAndDestroy();
    return;
  }
  // Clients measure their own clock's skew by this header.
  outgoing.sendDate = false;
  if (date !== undefined) outgoing.setHeader("date", date.toUTCString());
  outgoing.writeHead(response.status, response.headers).end(response.body);
}

function seedCloud(options: EmulatorOptions): Cloud {
  const { region = "eu-central-1", account: id = "111122223333", regions = [], roles = [], profiles = [] } = options;
  const {
    accounts = [],
    accessKeys,
    now = () => new Date(),
    quotas = {},
    unknowns = {},
    managedPolicies = {},
  } = options;
  const home = { id, regions: [region, ...regions], roles, profiles, quotas };
  return createCloud({ accounts: [home, ...accounts], accessKeys, now, unknowns, managedPolicies });
}

function accountsAt(cloud: Cloud, { account, region }: Place = {}): readonly Account[] {
  return cloud.accounts.filter((each) => (account ?? each.id) === each.id && (region ?? each.region) === each.region);
}

async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  return {
    method: incoming.method ?? "",
    target: incoming.url ?? "",
    headers: incoming.headersDistinct,
    body: await readBody(incoming),
  };
}

function named<T extends { readonly name: string }>(items: Iterable<T>, name: string, kind: string): T {
  for (const item of items) if (item.name === name) return item;
  throw new Error(`the emulator has no ${kind} named ${name}`);
}
