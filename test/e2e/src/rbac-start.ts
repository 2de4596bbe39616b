import type { ProgramName } from "./environment.ts";
import { eventually, kinds, type Lab, ownNamespace, statusOf, type Stored } from "./rbac-lab.ts";

/** The programs of which one replica leads. */
export type LeasedProgram = Exclude<ProgramName, "crl-server">;

/** Kills a program if it runs, starts it, and resolves when it is ready. */
export async function start(
  { environment }: Lab,
  signal: AbortSignal,
  program: ProgramName,
  flags: readonly string[] = [],
): Promise<void> {
  await environment.relaunch(program, flags);
  await eventually(signal, async () => {
    const answer = await fetch(`${environment.healthOf(program)}/readyz`).catch(() => undefined);
    return answer?.ok === true ? true : undefined;
  });
}

const leaseOf = (program: LeasedProgram) => ({ namespace: ownNamespace, name: program });

/** As `start`, with nobody leading: resolves when it leads. */
async function startAndLead(
  lab: Lab,
  signal: AbortSignal,
  program: LeasedProgram,
  flags: readonly string[] = [],
): Promise<void> {
  await start(lab, signal, program, flags);
  await eventually(signal, async () => {
    const lease = await lab.admin.getOrUndefined<Stored>(kinds.lease, leaseOf(program));
    return (lease?.spec?.["holderIdentity"] ?? "") === "" ? undefined : true;
  });
}

/** Starts where nobody has led before: the lease is made. */
export async function startFirst(lab: Lab, signal: AbortSignal, program: LeasedProgram): Promise<void> {
  // First: one that runs makes the lease again as soon as it is gone.
  await lab.environment.kill(program);
  await statusOf(lab.admin.delete(kinds.lease, leaseOf(program)));
  await startAndLead(lab, signal, program);
}

/** Starts where another has led before: the lease is taken over. */
export async function takeOver(
  lab: Lab,
  signal: AbortSignal,
  program: LeasedProgram,
  flags: readonly string[] = [],
): Promise<void> {
  await lab.environment.kill(program);
  await giveUpLease(lab, program);
  await startAndLead(lab, signal, program, flags);
}

/** Leaves the lease of a program that does not run as a leader does that stops in order. */
async function giveUpLease({ admin }: Lab, program: LeasedProgram): Promise<void> {
  await statusOf(admin.delete(kinds.lease, leaseOf(program)));
  const spec = { holderIdentity: "", leaseDurationSeconds: 30, leaseTransitions: 1 };
  await admin.create(kinds.lease, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: leaseOf(program),
    spec,
  });
}
