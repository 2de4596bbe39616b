import { CreateTrustAnchorCommand, ImportCrlCommand, RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { type Emulator, type EmulatorOptions, startEmulator } from "../src/index.ts";
import type { Issued } from "./openssl-pki.ts";
import { callCreateSession, type SessionCall, type SessionResult } from "./session-client.ts";

export const REGION = "eu-central-1";
export const ACCOUNT = "111122223333";
export const ADMIN = {
  accessKeyId: "AKIAADMIN",
  secretAccessKey: "admin-secret",
  arn: `arn:aws:iam::${ACCOUNT}:user/admin`,
} as const;

export const WEB_ROLE = `arn:aws:iam::${ACCOUNT}:role/web`;

/** A trust policy that lets Roles Anywhere in, under this condition if one is given. */
export function trustPolicy(condition: unknown = {}): unknown {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "rolesanywhere.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: condition,
      },
    ],
  };
}

/** What makes this version of AWS's client try once and no more: it counts retries where it says attempts. */
export const ONE_ATTEMPT = 0;

/** A clock that runs with the system's and can be moved ahead. */
export class TestClock {
  #aheadMs = 0;
  #frozenAt: number | undefined;

  readonly now = (): Date => new Date(this.#frozenAt ?? Date.now() + this.#aheadMs);

  /** Lets no time pass any more, whatever happens. */
  freeze(): void {
    this.#frozenAt = this.now().getTime();
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

export interface Fixture {
  readonly emulator: Emulator;
  readonly clock: TestClock;
  readonly client: RolesAnywhereClient;
  /** Makes an enabled anchor and returns its ARN. */
  readonly anchor: (...certificates: readonly Issued[]) => Promise<string>;
  /** Imports an enabled CRL and returns its id. */
  readonly crl: (trustAnchorArn: string, crlData: Uint8Array) => Promise<string>;
  /** Calls CreateSession for the role and profile `web`, at a pace that the rate allows. */
  readonly session: (
    call: Pick<SessionCall, "leaf" | "trustAnchorArn"> & Partial<SessionCall>,
  ) => Promise<SessionResult>;
}

/** An emulator with the role and profile `web`, and a client of AWS's own making. */
export async function startFixture(options: Partial<Omit<EmulatorOptions, "now">> = {}): Promise<Fixture> {
  const clock = new TestClock();
  const emulator = await startEmulator({
    accessKeys: [ADMIN],
    roles: [{ arn: WEB_ROLE, trustPolicy: trustPolicy() }],
    profiles: [{ name: "web", roleArns: [WEB_ROLE] }],
    now: clock.now,
    ...options,
  });
  const client = newClient(emulator, clock);
  return {
    emulator,
    clock,
    client,
    async anchor(...certificates) {
      const created = await client.send(
        new CreateTrustAnchorCommand({
          name: "prod",
          enabled: true,
          source: {
            sourceType: "CERTIFICATE_BUNDLE",
            sourceData: { x509CertificateData: certificates.map((each) => each.certificatePem).join("") },
          },
        }),
      );
      return created.trustAnchor?.trustAnchorArn ?? "";
    },
    async crl(trustAnchorArn, crlData) {
      const imported = await client.send(
        new ImportCrlCommand({ name: "fleet", trustAnchorArn, crlData, enabled: true }),
      );
      return imported.crl?.crlId ?? "";
    },
    session(call) {
      clock.advance(100);
      return callCreateSession({
        endpoint: emulator.endpoint,
        profileArn: emulator.profileArn("web"),
        roleArn: WEB_ROLE,
        signedAt: clock.now(),
        ...call,
      });
    },
  };
}

/**
 * A client that lets a second pass on the emulator's clock before each call, so that rates are kept without waiting; its
 * own clock follows. It never retries: a test sees each refusal itself.
 */
export function newClient(
  emulator: Emulator,
  clock: TestClock,
  credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  } = ADMIN,
): RolesAnywhereClient {
  const client = new RolesAnywhereClient({
    endpoint: emulator.endpoint,
    region: REGION,
    credentials: { ...credentials },
    maxAttempts: ONE_ATTEMPT,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      clock.advance(1000);
      client.config.systemClockOffset = clock.now().getTime() - Date.now();
      return next(args);
    },
    { step: "initialize" },
  );
  return client;
}

/** The service's error of a rejected call: its name, status and message. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; status: number; message: string }> {
  const outcome = await call.then(
    () => new Error("the call was not refused"),
    (error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } }) => error,
  );
  const status = "$metadata" in outcome ? (outcome.$metadata?.httpStatusCode ?? 0) : 0;
  return { name: outcome.name, status, message: outcome.message };
}
