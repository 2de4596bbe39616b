import {
  CreateTrustAnchorCommand,
  DeleteCrlCommand,
  DeleteTrustAnchorCommand,
  DisableCrlCommand,
  DisableTrustAnchorCommand,
  ImportCrlCommand,
  RolesAnywhereClient,
  type Source,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { createControlPlane, parseTrustAnchorArn, type RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { type Emulator, type EmulatorOptions, startEmulator } from "@capstan/test-rolesanywhere";
import { AwsClock } from "../../src/rotation/aws-clock.ts";
import { type JumpingClock, jumpingClock } from "../../../rolesanywhere/test/jumping-clock.ts";
import { now } from "./objects.ts";

const accessKey = {
  accessKeyId: "AKIAPUBLISHER",
  secretAccessKey: "not a real key",
  arn: "arn:aws:iam::111122223333:user/publisher",
};

/**
 * An account in AWS: what the publisher sees of it, and an administrator's hand. It has the clock of the test, on which
 * nobody waits for a turn.
 */
export class Aws implements AsyncDisposable {
  readonly emulator: Emulator;
  readonly controlPlane: RolesAnywhereControlPlane;
  readonly clock: JumpingClock;
  readonly accessKey = accessKey;
  /** What AWS's answers said of the time, as the publisher's clock hears it. */
  readonly awsClock: AwsClock;
  readonly #admin: RolesAnywhereClient;

  private constructor(emulator: Emulator, clock: JumpingClock) {
    this.emulator = emulator;
    this.clock = clock;
    this.awsClock = new AwsClock(() => clock.now());
    this.controlPlane = createControlPlane({
      region: "eu-central-1",
      account: "111122223333",
      endpoint: emulator.endpoint,
      credentials: accessKey,
      clock,
      now: () => this.now,
      onServerDate: ({ at }) => this.awsClock.heard(at),
    });
    this.#admin = new RolesAnywhereClient({
      region: "eu-central-1",
      endpoint: emulator.endpoint,
      credentials: accessKey,
      maxAttempts: 1,
    });
  }

  static async start(options: Partial<EmulatorOptions> = {}): Promise<Aws> {
    const clock = jumpingClock();
    const emulator = await startEmulator({
      ...options,
      accessKeys: [accessKey, ...(options.accessKeys ?? [])],
      now: () => new Date(now.getTime() + clock.now()),
    });
    return new Aws(emulator, clock);
  }

  /** The time for everybody in this test. */
  get now(): Date {
    return new Date(now.getTime() + this.clock.now());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#admin.destroy();
    await this.emulator.stop();
  }

  /** Names of the operations that changed something, since `from` requests were answered. */
  writes(from = 0): readonly string[] {
    const operations = this.emulator.requests().slice(from);
    return operations.flatMap(({ operation = "" }) => (/^(Get|List)/.test(operation) ? [] : [operation]));
  }

  get count(): number {
    return this.emulator.requests().length;
  }

  async createAnchor(name: string, bundlePem: string): Promise<string> {
    const { trustAnchor } = await this.#paced(() =>
      this.#admin.send(new CreateTrustAnchorCommand({ name, source: sourceOf(bundlePem), enabled: true })),
    );
    return trustAnchor?.trustAnchorArn ?? "";
  }

  async replaceBundle(arn: string, bundlePem: string): Promise<void> {
    await this.#paced(() =>
      this.#admin.send(new UpdateTrustAnchorCommand({ trustAnchorId: idOf(arn), source: sourceOf(bundlePem) })),
    );
  }

  async disableAnchor(arn: string): Promise<void> {
    await this.#paced(() => this.#admin.send(new DisableTrustAnchorCommand({ trustAnchorId: idOf(arn) })));
  }

  async deleteAnchor(arn: string): Promise<void> {
    for (const crl of await this.controlPlane.listCrls()) {
      if (crl.trustAnchorArn === arn) await this.deleteCrl(crl.id);
    }
    await this.#paced(() => this.#admin.send(new DeleteTrustAnchorCommand({ trustAnchorId: idOf(arn) })));
  }

  async importCrl(name: string, trustAnchorArn: string, crlPem: string): Promise<string> {
    const { crl } = await this.#paced(() =>
      this.#admin.send(
        new ImportCrlCommand({ name, trustAnchorArn, crlData: new TextEncoder().encode(crlPem), enabled: true }),
      ),
    );
    return crl?.crlId ?? "";
  }

  async updateCrl(crlId: string, crlPem: string): Promise<void> {
    await this.#paced(() =>
      this.#admin.send(new UpdateCrlCommand({ crlId, crlData: new TextEncoder().encode(crlPem) })),
    );
  }

  async disableCrl(crlId: string): Promise<void> {
    await this.#paced(() => this.#admin.send(new DisableCrlCommand({ crlId })));
  }

  async deleteCrl(crlId: string): Promise<void> {
    await this.#paced(() => this.#admin.send(new DeleteCrlCommand({ crlId })));
  }

  /** The administrator waits for his turn too, and whoever comes after him finds it free. */
  async #paced<T>(call: () => Promise<T>): Promise<T> {
    this.clock.advance(2_000);
    this.#admin.config.systemClockOffset = this.now.getTime() - Date.now();
    const answer = await call();
    this.clock.advance(2_000);
    return answer;
  }
}

function sourceOf(bundlePem: string): Source {
  return { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: bundlePem } };
}

function idOf(arn: string): string {
  return parseTrustAnchorArn(arn).id;
}
