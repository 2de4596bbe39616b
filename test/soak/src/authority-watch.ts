import { type CertificateAuthority, certificateAuthorityResource } from "@capstan/api";
import type { GenerationPhase } from "@capstan/ca-core";
import { type KubeClient, type Logger, Reflector } from "@capstan/kube";
import { authorityName } from "./places.ts";
import type { ScaledTime } from "./time-scale.ts";

/** When a generation came into a phase, in milliseconds since 1970 of the run's time. */
export interface PhaseChange {
  readonly at: number;
  readonly generation: number;
  readonly phase: GenerationPhase;
}

/** So long nothing happened that the run does not get on. */
const stallHours = 4;

/** What the authority's status says, and when it began to. */
export class AuthorityWatch {
  readonly changes: PhaseChange[] = [];
  readonly #phases = new Map<number, GenerationPhase>();
  readonly #byFingerprint = new Map<string, number>();
  readonly #reflector: Reflector<CertificateAuthority>;
  readonly #stop = new AbortController();
  readonly #time: ScaledTime;
  readonly #listeners: ((change: PhaseChange) => void)[] = [];
  #lastNews: number;

  constructor(options: { readonly client: KubeClient; readonly log: Logger; readonly time: ScaledTime }) {
    this.#time = options.time;
    this.#lastNews = options.time.now().getTime();
    this.#reflector = new Reflector<CertificateAuthority>({ ...options, type: certificateAuthorityResource });
    this.#reflector.onChange((_key, { current }) => {
      if (current?.metadata.name === authorityName) this.#look(current);
    });
    void this.#reflector.run(this.#stop.signal);
  }

  onChange(listener: (change: PhaseChange) => void): void {
    this.#listeners.push(listener);
  }

  get current(): CertificateAuthority | undefined {
    return this.#reflector.store.get(authorityName);
  }

  /** Such as "1 Retired, 2 Draining, 3 Active". Those that are destroyed are not told. */
  get phases(): string {
    return [...this.#phases]
      .filter(([, phase]) => phase !== "Destroyed")
      .map(([number, phase]) => `${number} ${phase}`)
      .join(", ");
  }

  phaseOf(generation: number): GenerationPhase | undefined {
    return this.#phases.get(generation);
  }

  /** @param fingerprint SHA-256 of a root, lower-case hex */
  generationOf(fingerprint: string): number | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  in(...phases: readonly GenerationPhase[]): readonly number[] {
    return [...this.#phases].filter(([, phase]) => phases.includes(phase)).map(([number]) => number);
  }

  /** Generations that were active and are no more, and whose roots are gone. */
  get retired(): number {
    return this.in("Retired", "Destroyed").length;
  }

  /** @throws Error with what the status says, when no generation changed its phase for too long */
  assertGetsOn(): void {
    if (this.#time.now().getTime() - this.#lastNews < stallHours * 3_600_000) return;
    const said = (this.current?.status?.conditions ?? []).map(
      ({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message ?? ""}`,
    );
    throw new Error(
      `no generation has changed its phase for ${stallHours} hours of the run (${this.phases}); ${said.join("; ")}`,
    );
  }

  stop(): void {
    this.#stop.abort();
  }

  #look({ status = {} }: CertificateAuthority): void {
    const at = this.#time.now().getTime();
    for (const { number, phase, fingerprint } of status.generations ?? []) {
      if (fingerprint !== undefined) this.#byFingerprint.set(fingerprint, number);
      if (this.#phases.get(number) === phase) continue;
      this.#phases.set(number, phase);
      this.#lastNews = at;
      const change = { at, generation: number, phase };
      this.changes.push(change);
      for (const listener of this.#listeners) listener(change);
    }
  }
}
