import { X509Certificate } from "node:crypto";
import type { KeyAlgorithm } from "@capstan/ca-core";
import type { BenchAuthority } from "./bench-authority.ts";
import { goContestant, nodeContestant } from "./child-contestant.ts";
import { CONTESTANT_NAMES, type Contestant, type ContestantName } from "./contestant.ts";
import { say } from "@capstan/test-cluster/long-run";
import { writeRequests } from "./request-file.ts";
import type { BenchRequest } from "./requests.ts";
import type { Size } from "./size.ts";
import { median } from "./statistics.ts";

/** Leaves per second of one key type, for CA and leaf alike. */
export interface LeavesResult {
  readonly algorithm: KeyAlgorithm;
  /** How many leaves are begun before the first is done. */
  readonly inFlight: number;
  /** Medians over the rounds. */
  readonly leavesPerSecond: { readonly [name in ContestantName]: number };
  /** ca-core's rate divided by each other's: medians of the ratios of each round, so that a slow minute hurts both. */
  readonly ratios: { readonly [name in Exclude<ContestantName, "ca-core">]: number };
}

export interface LeavesMeasured {
  readonly results: readonly LeavesResult[];
  readonly certificates: readonly MadeCertificate[];
}

/** The last certificate of a contestant, to show that it made some. PEM both. */
export interface MadeCertificate {
  readonly contestant: ContestantName;
  readonly algorithm: KeyAlgorithm;
  readonly certificate: string;
  readonly root: string;
}

const IN_FLIGHT = [1, 16];

/** Lets the contestants take turns: A B C D E, then E D C B A, and so on. */
export async function measureLeaves(options: {
  readonly authority: BenchAuthority;
  readonly requests: readonly BenchRequest[];
  readonly goProgram: string;
  readonly size: Size;
}): Promise<LeavesMeasured> {
  const { authority, requests, goProgram, size } = options;
  await writeRequests(authority.folder, requests);
  const contestants: readonly Contestant[] = CONTESTANT_NAMES.map((name) =>
    name === "go" ? goContestant(goProgram, authority) : nodeContestant(name, authority),
  );
  try {
    for (const { takeTurn } of contestants) await takeTurn(size.warmUpMs, 16);
    const results: LeavesResult[] = [];
    for (const inFlight of IN_FLIGHT) {
      const rounds: Record<ContestantName, number>[] = [];
      for (let round = 0; round < size.rounds; round += 1) {
        rounds.push(await playRound(round % 2 === 0 ? contestants : contestants.toReversed(), size.turnMs, inFlight));
      }
      results.push(resultOf({ algorithm: authority.algorithm, inFlight, rounds }));
      say(`leaves, ${authority.algorithm}, ${inFlight} in flight: ${size.rounds} rounds done`);
    }
    return { results, certificates: verifiedCertificates(contestants, authority) };
  } finally {
    for (const { stop } of contestants) await stop();
  }
}

async function playRound(
  contestants: readonly Contestant[],
  turnMs: number,
  inFlight: number,
): Promise<Record<ContestantName, number>> {
  const rates: Partial<Record<ContestantName, number>> = {};
  for (const { name, takeTurn } of contestants) {
    const { leaves, elapsedMs } = await takeTurn(turnMs, inFlight);
    rates[name] = (leaves * 1000) / elapsedMs;
  }
  return rates as Record<ContestantName, number>;
}

function resultOf(options: {
  readonly algorithm: KeyAlgorithm;
  readonly inFlight: number;
  readonly rounds: readonly Record<ContestantName, number>[];
}): LeavesResult {
  const { algorithm, inFlight, rounds } = options;
  const perContestant = (valueOf: (name: ContestantName) => number[]): Record<ContestantName, number> =>
    Object.fromEntries(CONTESTANT_NAMES.map((name) => [name, median(valueOf(name))])) as Record<ContestantName, number>;
  const { "ca-core": _, ...ratios } = perContestant((name) => rounds.map((rates) => rates["ca-core"] / rates[name]));
  return {
    algorithm,
    inFlight,
    leavesPerSecond: perContestant((name) => rounds.map((rates) => rates[name])),
    ratios,
  };
}

/** @throws Error when OpenSSL does not find the root's signature on one */
function verifiedCertificates(
  contestants: readonly Contestant[],
  { algorithm, root }: BenchAuthority,
): MadeCertificate[] {
  const rootKey = new X509Certificate(root.der).publicKey;
  return contestants.flatMap(({ name, lastCertificate }) => {
    const der = lastCertificate();
    if (der === undefined) return [];
    const certificate = new X509Certificate(der);
    if (!certificate.verify(rootKey)) throw new Error(`${name} made a certificate that does not verify`);
    return [{ contestant: name, algorithm, certificate: certificate.toString(), root: root.pem }];
  });
}
