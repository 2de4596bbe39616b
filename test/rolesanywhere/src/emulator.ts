import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Account, ExpiredCrlMode } from "./account.ts";
import { type AccessKey, CredentialStore } from "./credential-store.ts";
import { unavailable } from "./errors.ts";
import type { HttpRequest } from "./http-request.ts";
import { profileFromSeed, type ProfileSeed, roleFromSeed, type RoleSeed } from "./seed.ts";
import { type Answer, createService } from "./service.ts";

export interface EmulatorOptions {
  /** Default is `eu-central-1`. */
  readonly region?: string;
  /** Twelve digits. Default is `111122223333`. */
  readonly account?: string;
  /** Address to listen at. Default is `127.0.0.1`. */
  readonly host?: string;
  /** Default is 0, any free port. */
  readonly port?: number;
  /** Who may call the control plane from the start. Sessions that CreateSession hands out may as well. */
  readonly accessKeys: readonly AccessKey[];
  /** Default is none. */
  readonly roles?: readonly RoleSeed[];
  /** Default is none. */
  readonly profiles?: readonly ProfileSeed[];
  /** The service's clock: signatures, validity, rates, expiry and the Date header follow it. Default is the system's. */
  readonly now?: () => Date;
  /** Default is `enforce`. */
  readonly expiredCrl?: ExpiredCrlMode;
}

/** One request that was answered. */
export interface RequestRecord {
  /** The operation's name in AWS's model, `CreateSession` or `GetCallerIdentity`; undefined for an unknown path. */
  readonly operation: string | undefined;
  readonly status: number;
  /** The error's name, undefined for success. */
  readonly error: string | undefined;
  /** By the emulator's clock. */
  readonly at: Date;
}

export interface Emulator {
  /** For example `http://127.0.0.1:40123`, for Roles Anywhere and STS alike. */
  readonly endpoint: string;
  /** The ARN of the one role with this name. Throws when there is none. */
  readonly roleArn: (name: string) => string;
  /** The ARN of the first profile with this name. Throws when there is none. */
  readonly profileArn: (name: string) => string;
  /** While false, every request is answered 503 ServiceUnavailableException. */
  readonly setAvailable: (available: boolean) => void;
  /** Everything answered so far, oldest first. */
  readonly requests: () => readonly RequestRecord[];
  /** Closes every connection and frees the port. */
  readonly stop: () => Promise<void>;
}

// Certificates travel in headers: six of RSA-4096 are about 15 KB, Node's default for all headers is 16.
const MAX_HEADER_BYTES = 65_536;

// crlData of 300,000 bytes is 400,000 characters of base64.
const MAX_BODY_BYTES = 1_048_576;

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
  const account = seedAccount(options);
  const answer = createService(account);
  const log: RequestRecord[] = [];
  let available = true;

  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) => {
    respond(incoming, outgoing).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : undefined);
    });
  });

  async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    const outage = available ? undefined : unavailable();
    const { operation, error, response } = answer(request, outage) satisfies Answer;
    log.push({ operation, status: response.status, error: error?.type, at: account.now() });
    // Clients measure their own clock's skew by this header.
    outgoing.setHeader("date", account.now().toUTCString());
    outgoing.writeHead(response.status, response.headers).end(response.body);
  }

  const endpoint = await listen(server, host, port);
  return {
    endpoint,
    roleArn: (name) => named(account.roles.values(), name, "role").arn,
    profileArn: (name) => named(account.profiles.values(), name, "profile").arn,
    setAvailable(value) {
      available = value;
    },
    requests: () => [...log],
    async stop() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

function seedAccount(options: EmulatorOptions): Account {
  const { region = "eu-central-1", account: id = "111122223333", now = () => new Date() } = options;
  const roles = (options.roles ?? []).map((role, index) => roleFromSeed(role, id, `roles[${index}]`));
  const profiles = (options.profiles ?? []).map((profile) => profileFromSeed(profile, { id, region, now }));
  return {
    id,
    region,
    now,
    expiredCrl: options.expiredCrl ?? "enforce",
    trustAnchors: new Map(),
    crls: new Map(),
    profiles: new Map(profiles.map((profile) => [profile.id, profile])),
    roles: new Map(roles.map((role) => [role.arn, role])),
    tags: new Map(),
    subjects: new Map(),
    credentials: new CredentialStore(options.accessKeys),
  };
}

async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new Error("request body too large");
    chunks.push(chunk);
  }
  return {
    method: incoming.method ?? "",
    target: incoming.url ?? "",
    headers: incoming.headersDistinct,
    body: Buffer.concat(chunks),
  };
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { address, port: bound } = server.address() as AddressInfo;
  return `http://${address}:${bound}`;
}

function named<T extends { readonly name: string }>(items: Iterable<T>, name: string, kind: string): T {
  for (const item of items) if (item.name === name) return item;
  throw new Error(`the emulator has no ${kind} named ${name}`);
}
