import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Cluster, type ManagedProcess, pickFreePort, startProcess } from "@capstan/test-cluster";
import { type ApiCall, readCall } from "./api-call.ts";
import { type FaultProxy, type Moment, startFaultProxy } from "./fault-proxy.ts";
import { readAccount } from "./proxied-account.ts";
import type { Wire } from "./wire.ts";

/** Short, so that a dead leader is followed soon, and long enough for a machine that is busy with other things. */
export const leaseDurationMs = 4_000;
const leaseFlags = [
  `--leader-elect-lease-duration=${leaseDurationMs}ms`,
  "--leader-elect-renew-deadline=3s",
  "--leader-elect-retry-period=500ms",
];

const pollMs = 25;

/** Says what happens to a replica at each of its calls; undefined lets it live on. */
export type Fate = (call: ApiCall) => Moment | undefined;

export const immortal: Fate = () => undefined;

export interface ReplicaOptions {
  readonly cluster: Cluster;
  readonly name: string;
  /** The controller's JavaScript file. */
  readonly program: string;
  /** Sees what it says and hears. */
  readonly wire: Wire;
}

/** One replica of the issuer controller behind a proxy of its own. It can be started again as often as it was ended. */
export class Replica {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #kubeconfig: string;
  readonly #health: string;
  readonly #program: string;
  #proxy: FaultProxy | undefined;
  #process: ManagedProcess | undefined;
  #killed: ManagedProcess | undefined;
  #fate: Fate = immortal;
  #thaw: (() => void) | undefined;
  #starts = 0;
  #kills = 0;

  private constructor({ cluster, name, program }: ReplicaOptions, health: string) {
    this.name = name;
    this.#cluster = cluster;
    this.#kubeconfig = path.join(cluster.directory, `${name}.json`);
    this.#health = health;
    this.#program = program;
  }

  /** Prepares a replica and starts nothing. */
  static async create(options: ReplicaOptions): Promise<Replica> {
    const replica = new Replica(options, `127.0.0.1:${await pickFreePort()}`);
    await replica.#openProxy(options.wire);
    return replica;
  }

  async #openProxy({ onForward, onAnswer }: Wire): Promise<void> {
    const account = await readAccount(this.#cluster, { namespace: "capstan-system", name: "issuer-controller" });
    this.#proxy = await startFaultProxy({
      server: this.#cluster.serverUrl,
      ca: account.ca,
      nameCall: ({ method, target }) => readCall(method, target),
      onCall: (call) => this.#fate(call),
      kill: () => this.kill(),
      freeze: () => this.#freeze(),
      onForward,
      onAnswer,
    });
    await account.writeKubeconfig(this.#kubeconfig, this.#proxy.url);
  }

  /** How often it was killed by us: it may also have ended by itself, when it lost its lease. */
  get kills(): number {
    return this.#kills;
  }

  get starts(): number {
    return this.#starts;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.ending() === undefined;
  }

  /** Starts it; each start writes an audit log of its own. */
  async start(fate: Fate): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    this.#starts += 1;
    this.#fate = fate;
    this.#process = await startProcess({
      name: this.name,
      program: process.execPath,
      environment: {
        PATH: process.env["PATH"],
        HOME: this.#cluster.directory,
        NODE_COMPILE_CACHE: path.join(this.#cluster.directory, "compile-cache"),
      },
      args: [
        "--enable-source-maps",
        this.#program,
        `--kubeconfig=${this.#kubeconfig}`,
        `--health-address=${this.#health}`,
        `--audit-log=${path.join(auditFolder(this.#cluster), `${this.name}-${this.#starts}.log`)}`,
        ...leaseFlags,
      ],
      logFile: path.join(this.#cluster.logs, `${this.name}.log`),
    });
  }

  /** Starts it if it does not run: on a busy machine it may lose its lease, and then it ends by itself. */
  async keepRunning(): Promise<void> {
    if (!this.isRunning) await this.start(immortal);
  }

  /** Changes what will become of it while it runs. */
  setFate(fate: Fate): void {
    this.#fate = fate;
  }

  /** SIGSTOP. Resolves after {@link thaw}, with what lets it go on (SIGCONT). */
  async #freeze(): Promise<() => void> {
    this.#fate = immortal;
    const pid = this.#process?.pid ?? 0;
    if (!this.isRunning) return () => {};
    process.kill(pid, "SIGSTOP");
    await new Promise<void>((resolve) => (this.#thaw = resolve));
    return () => {
      if (this.isRunning) process.kill(pid, "SIGCONT");
    };
  }

  /** Lets the call go on at which it froze, and then itself. Nothing happens when it is not frozen. */
  thaw(): void {
    this.#thaw?.();
    this.#thaw = undefined;
  }

  /** SIGKILL; resolves when it is gone. Nothing happens when it does not run. */
  async kill(): Promise<void> {
    this.#fate = immortal; // What it had sent before its death goes its way.
    const dying = this.#process;
    if (dying === undefined || !this.isRunning) return;
    // A call and the clock may want to kill it at the same time.
    if (this.#killed !== dying) this.#kills += 1;
    this.#killed = dying;
    await dying.kill();
  }

  /** SIGTERM: it hands its lease back. */
  async stop(): Promise<void> {
    if (this.#process === undefined || !this.isRunning) return;
    this.#fate = immortal;
    process.kill(this.#process.pid, "SIGTERM");
    await this.ended();
  }

  /** Resolves when it has ended, however. */
  async ended(signal?: AbortSignal): Promise<void> {
    for (;;) {
      if (!this.isRunning || signal?.aborted === true) return;
      await delay(pollMs);
    }
  }

  /** Its last log lines, for an error. */
  async failure(reason: string): Promise<Error> {
    return (await this.#process?.failure(reason)) ?? new Error(`${this.name}: ${reason}`);
  }

  async close(): Promise<void> {
    this.thaw();
    await this.#process?.kill();
    await this.#proxy?.close();
  }
}

/** Where each start of a replica leaves its audit log. */
export function auditFolder({ directory }: Cluster): string {
  return path.join(directory, "audit");
}
