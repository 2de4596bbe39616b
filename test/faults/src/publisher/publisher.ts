import path from "node:path";
import { type Cluster, type ManagedProcess, pickFreePort, startProcess } from "@capstan/test-cluster";
import { type Answer, type FaultProxy, type Moment, startFaultProxy } from "../fault-proxy.ts";
import { readAccount } from "../proxied-account.ts";
import { ApiCallNamer, nameAwsCall, type OutboundCall } from "./outbound-call.ts";
import type { Witness } from "./witness.ts";

/** What happens to a publisher at one of its calls; undefined lets it live on. */
export type Fate = (call: OutboundCall) => Moment | undefined;

export interface PublisherOptions {
  readonly cluster: Cluster;
  readonly name: string;
  readonly namespace: string;
  /** The bundled program. */
  readonly program: string;
  /** Of the emulator. */
  readonly awsEndpoint: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly witness: Witness;
  /** Where a request to the API server goes instead. */
  readonly redirect: (target: string) => string;
}

/** A publisher behind two proxies of its own, one to the API server and one to AWS. It can be started as often as it ended. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #logFile: string;
  #api: FaultProxy | undefined;
  #aws: FaultProxy | undefined;
  #kubeconfig = "";
  #process: ManagedProcess | undefined;
  #thaw: (() => void) | undefined;
  #starts = 0;
  #deliberate = true;
  /** Decides at each call. */
  fate: Fate = () => undefined;
  /** Answers in the API server's place. */
  answerFor: (call: OutboundCall) => Answer | undefined = () => undefined;
  /** Changes how pages of lists are cut: the largest that is asked for. */
  pageSize: number | undefined;
  onCall: (call: OutboundCall) => void = () => {};

  private constructor(options: PublisherOptions) {
    this.#options = options;
    this.#logFile = path.join(options.cluster.logs, `${options.name}.log`);
  }

  static async create(options: PublisherOptions): Promise<Publisher> {
    const publisher = new Publisher(options);
    await publisher.#openProxies();
    return publisher;
  }

  async #openProxies(): Promise<void> {
    const { cluster, name, namespace, awsEndpoint, witness, redirect } = this.#options;
    const account = await readAccount(cluster, { namespace, name: "crl-publisher" });
    const shared = {
      onCall: (call: OutboundCall): Moment | undefined => {
        this.onCall(call);
        return this.fate(call);
      },
      kill: (): Promise<void> => this.kill(),
      freeze: (): Promise<() => void> => this.#freeze(),
    };
    this.#api = await startFaultProxy<OutboundCall>({
      ...shared,
      server: cluster.serverUrl,
      ca: account.ca,
      nameCall: new ApiCallNamer().name,
      redirect: (target) => this.#paged(redirect(target)),
      answerFor: (call) => this.answerFor(call),
      onAnswer: (call, body, answer) => witness.apiAnswered(name, call, body, answer),
    });
    this.#aws = await startFaultProxy<OutboundCall>({
      ...shared,
      server: awsEndpoint,
      ca: undefined,
      nameCall: nameAwsCall,
      onForward: (call) => witness.awsForwarded(name, call),
      onAnswer: (call) => witness.awsAnswered(name, call),
    });
    this.#kubeconfig = path.join(cluster.directory, `${name}.json`);
    await account.writeKubeconfig(this.#kubeconfig, this.#api.url);
  }

  #paged(target: string): string {
    if (this.pageSize === undefined || !target.includes("limit=")) return target;
    return target.replace(/limit=\d+/, `limit=${this.pageSize}`);
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.ending() === undefined;
  }

  get starts(): number {
    return this.#starts;
  }

  /** Whether it should run and does not: it was killed by its fate, or has lost its lease. */
  get hasDied(): boolean {
    return !this.#deliberate && !this.isRunning;
  }

  async start(): Promise<void> {
    const { cluster, name, namespace, program, environment } = this.#options;
    this.#starts += 1;
    this.#deliberate = false;
    this.#process = await startProcess({
      name,
      program: process.execPath,
      // No credentials but those of leaves.
      environment: {
        PATH: process.env["PATH"],
        HOME: cluster.directory,
        NODE_COMPILE_CACHE: path.join(cluster.directory, "compile-cache"),
        AWS_EC2_METADATA_DISABLED: "true",
        ...environment,
      },
      args: [
        "--enable-source-maps",
        program,
        `--kubeconfig=${this.#kubeconfig}`,
        `--namespace=${namespace}`,
        `--health-address=127.0.0.1:${await pickFreePort()}`,
        `--aws-endpoint-url=${this.#aws?.url ?? ""}`,
        `--audit-log=${path.join(cluster.directory, `${name}-${this.#starts}.audit`)}`,
      ],
      logFile: this.#logFile,
    });
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    await this.#process?.kill();
    this.#options.witness.died(this.#options.name);
  }

  /** Ends it for good. */
  async retire(): Promise<void> {
    this.#deliberate = true;
    this.thaw();
    await this.kill();
  }

  /** It may end from now on, and stays so. */
  leave(): void {
    this.#deliberate = true;
  }

  /** SIGSTOP. Resolves after {@link thaw}, with what wakes it. */
  async #freeze(): Promise<() => void> {
    const pid = this.#process?.pid ?? 0;
    if (!this.isRunning) return () => {};
    process.kill(pid, "SIGSTOP");
    await new Promise<void>((resolve) => (this.#thaw = resolve));
    return () => {
      if (this.isRunning) process.kill(pid, "SIGCONT");
    };
  }

  get isFrozen(): boolean {
    return this.#thaw !== undefined;
  }

  /** Lets the call go on at which it froze, and then itself. */
  thaw(): void {
    this.#thaw?.();
    this.#thaw = undefined;
  }

  async close(): Promise<void> {
    await this.retire();
    await this.#api?.close();
    await this.#aws?.close();
  }
}
