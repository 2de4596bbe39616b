import { checkWrite } from "./invariants.ts";
import type { Run } from "./run.ts";
import { type Anchor, HOUR } from "./world.ts";

/** Whether AWS holds what our own state does not know of. */
export function isVisiblyBehind({ world: { anchors, kube } }: Run): boolean {
  return anchors.some(({ ignore, state }) =>
    state.crls.some(({ generation, number }) => {
      const ours = generation === undefined ? undefined : kube.generations.get(generation);
      return !ignore && ours !== undefined && number > (kube.crlNumbers.get(ours.root.generation) ?? 0n);
    }),
  );
}

/** The operator accepts every root that our state does not know. */
export function orderRecovery({ world }: Run): void {
  const { kube, options } = world;
  const known = new Set([...kube.generations.values()].map(({ root }) => root.fingerprint));
  for (const root of kube.secrets.values()) known.add(root.fingerprint);
  for (const { fingerprint } of [...options.foreign, ...kube.accepted]) known.add(fingerprint);
  const accepted = [...new Set(world.anchors.flatMap(({ state }) => state.bundle))].filter((one) => !known.has(one));
  kube.operations.push({ name: world.id("operation"), kind: "Recover", accepted, startedAt: undefined });
}

const IN_USE: ReadonlySet<string> = new Set(["Pending", "Published", "Active", "Draining"]);

/** What is no generation's goes, and what Capstan asks for is done by hand. */
export function mend(run: Run, anchor: Anchor): void {
  const { world } = run;
  const { kube } = world;
  // Who does not know what was lost with a restore leaves everything as it is.
  if ((!anchor.state.exists && anchor.create) || world.restored) return;
  const wanted = [...kube.generations.values()].filter(({ phase }) => phase !== "Abandoned" && phase !== "Destroyed");
  const ours = new Set(wanted.map(({ root }) => root.fingerprint));
  for (const { fingerprint } of [...world.options.foreign, ...kube.accepted]) ours.add(fingerprint);
  let bundle = anchor.state.bundle.filter((one) => ours.has(one));
  if (bundle.length === 0) {
    const signing = world.activeGeneration() ?? wanted[0];
    bundle = signing === undefined ? [...anchor.state.bundle] : [signing.root.fingerprint];
  }
  const crls = anchor.state.crls.filter(({ generation }) => generation !== undefined);
  world.change(anchor, { exists: true, enabled: true, bundle, crls });
  if (anchor.manage) return;
  const drained = [...world.options.foreign, ...kube.accepted].filter(
    ({ drainUntil }) => world.now > drainUntil + HOUR,
  );
  const rest = anchor.state.bundle.filter((one) => !drained.some(({ fingerprint }) => fingerprint === one));
  if (rest.length > 0) world.change(anchor, { bundle: rest });
  // What Capstan may not write, its owner writes as the status says.
  const { lastPlan } = run;
  if (lastPlan === undefined) return;
  for (const { code, anchor: name, generation } of [lastPlan.reason, ...lastPlan.notes]) {
    if (name !== anchor.name) continue;
    const stored = kube.generations.get(generation ?? 0);
    if (stored === undefined) continue;
    const { fingerprint } = stored.root;
    const rest = anchor.state.bundle.filter((one) => one !== fingerprint);
    // People act on what they were told, perhaps long ago.
    if (code === "AddRootByHand" && (stored.compromised || !IN_USE.has(stored.phase))) world.disturb(anchor);
    if (code === "AddRootByHand") world.change(anchor, { bundle: [...rest, fingerprint] });
    if (code === "RemoveRootByHand" && rest.length > 0) {
      checkWrite(world, anchor, rest);
      world.change(anchor, { bundle: rest });
    }
    if (code === "RemoveCrlByHand")
      world.change(anchor, { crls: anchor.state.crls.filter((crl) => crl.generation !== generation) });
  }
  const imported = wanted
    .filter(({ root }) => anchor.state.bundle.includes(root.fingerprint))
    .map(({ root }) => ({
      id: `crl-${root.generation}`,
      generation: root.generation,
      enabled: true,
      number: kube.crlNumbers.get(root.generation) ?? 1n,
    }));
  for (const { generation } of imported) if (!kube.crlNumbers.has(generation)) kube.crlNumbers.set(generation, 1n);
  const kept = anchor.state.crls.filter((crl) => !imported.some(({ generation }) => generation === crl.generation));
  world.change(anchor, { crls: [...kept, ...imported] });
}
