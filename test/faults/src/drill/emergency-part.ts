import { setTimeout as delay } from "node:timers/promises";
import { until } from "@capstan/test-cluster";
import {
  type AuthorityOperation,
  authorityOperationResource,
  apiVersion,
  type CertificateAuthority,
  certificateAuthorityResource,
  defaultNamespace,
  type Revocation,
  revocationResource,
} from "@capstan/api";
import type { KubeObject } from "@capstan/kube";
import { SessionAsker } from "../../../soak/src/ask-session.ts";
import { AuthorityWatch } from "../../../soak/src/authority-watch.ts";
import { CertificateLeaves } from "../../../soak/src/certificate-leaves.ts";
import { type Environment, startEnvironment } from "../../../soak/src/environment.ts";
import type { HeldLeaf } from "../../../soak/src/held-leaf.ts";
import { authorityName, workloadNamespace } from "../../../soak/src/places.ts";
import { PLANS } from "../../../soak/src/plan.ts";
import { RequestLeaves } from "../../../soak/src/request-leaves.ts";
import type { Verdict } from "../../../soak/src/session-verdict.ts";
import type { Drill, Part } from "./part.ts";

const patienceMs = 1_200_000;

/**
 * AWS's rates count real seconds, on both sides. All else counts time that runs 30 times as fast, or the anchors would join after
 * twenty minutes: the first generation signs before it has any. Leaves outlast the drill.
 */
const plan = {
  ...PLANS.real,
  factor: 30,
  rootDuration: "400h",
  maxLeafDuration: "24h",
  soak: "5m",
} as const;

interface Scene extends Environment {
  readonly requests: RequestLeaves;
  readonly certificates: CertificateLeaves;
  readonly asker: SessionAsker;
  readonly authority: AuthorityWatch;
}

/** Acts on each of them, so many at a time; the results are in their order. */
async function each<T, R>(
  items: readonly T[],
  atOnce: number,
  act: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, item] = next;
      results[index] = await act(item, index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

const numbered = (count: number, name: string): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${index}`);

const secretResource = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true } as const;

/** Waits until the Secret of a Certificate holds another leaf. */
async function untilReissued({ client }: Scene, name: string, before: HeldLeaf): Promise<void> {
  for (const deadline = performance.now() + patienceMs; ; await delay(200)) {
    const secret = await client.get<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(secretResource, {
      namespace: workloadNamespace,
      name,
    });
    const pem = Buffer.from(secret.data?.["tls.crt"] ?? "", "base64").toString("utf8");
    if (pem !== "" && pem !== before.certificatePem) return;
    if (performance.now() > deadline) throw new Error(`Certificate ${name} was not re-issued`);
  }
}

async function order(
  scene: Scene,
  name: string,
  spec: Pick<AuthorityOperation["spec"], "kind" | "generations">,
): Promise<void> {
  await scene.client.create<AuthorityOperation>(authorityOperationResource, {
    apiVersion,
    kind: "AuthorityOperation",
    metadata: { name, namespace: "capstan-system" },
    spec: { authority: authorityName, requestedBy: "admin", ...spec },
  });
}

/** What AWS makes of a leaf. It answers ten sessions a second in an account: what is throttled is asked again, as AWS's helper does. */
async function verdict(scene: Scene, leaf: HeldLeaf, index: number): Promise<Verdict> {
  const anchor = scene.anchors[index % scene.anchors.length];
  if (anchor === undefined) throw new TypeError("there is no trust anchor");
  for (const deadline = performance.now() + patienceMs; ; await delay(250 + 500 * Math.random())) {
    const { verdict: is } = await scene.asker.ask("drill", anchor, leaf);
    if (is !== "unanswered" || performance.now() > deadline) return is;
  }
}

/** Every workload notices that a new root signs, and asks for a new leaf until it gets sessions by it. */
async function renewAfter(scene: Scene, generation: number, name: string, index: number): Promise<HeldLeaf> {
  const signal = AbortSignal.timeout(patienceMs);
  for (;;) {
    signal.throwIfAborted();
    if ((scene.authority.current?.status?.activeGeneration ?? 0) <= generation) {
      await delay(200);
      continue;
    }
    const leaf = await scene.requests.obtain(name, signal);
    if ((await verdict(scene, leaf, index)) === "accepted") return leaf;
    await delay(500);
  }
}

/** @param begin brings the authority to where it is compromised, once all have their leaves */
async function compromise(
  drill: Drill,
  scene: Scene,
  name: string,
  count: number,
  begin: () => Promise<void> = async () => {},
): Promise<void> {
  const { say } = drill;
  const signal = AbortSignal.timeout(patienceMs);
  const status = async (): Promise<CertificateAuthority["status"]> =>
    (await scene.client.get<CertificateAuthority>(certificateAuthorityResource, { name: authorityName })).status;
  const generation = (await status())?.activeGeneration ?? 0;
  const certificateCount = Math.max(1, Math.round(count / 25));
  const names = numbered(certificateCount, `cert-${name}`);
  const old = await each(numbered(count, "web"), 16, (workload) => scene.requests.obtain(workload, signal));
  const certificates = await each(names, 8, (certificate) => scene.certificates.obtain(certificate, signal));
  const accepted = await each(old, 8, (leaf, index) => verdict(scene, leaf, index));
  drill.rule(
    `${name}: every leaf is good before`,
    accepted.every((one) => one === "accepted"),
    `${accepted.filter((one) => one === "accepted").length} of ${accepted.length} leaves`,
  );
  say(`${name}: ${count} workloads and ${certificateCount} Certificates have leaves of generation ${generation}`);
  await begin();
  const begun = performance.now();
  const since = (): number => Math.round(performance.now() - begun);
  await order(scene, `compromised-${name}`, { kind: "Compromised", generations: [generation] });
  const refusals = scene.anchors.map(async (_anchor, index) => {
    for (const leaf of old.slice(0, 1)) while ((await verdict(scene, leaf, index)) === "accepted") await delay(50);
    return since();
  });
  const renewals = Promise.all(old.map((_, index) => renewAfter(scene, generation, `web-${index}`, index)));
  const reissued = each(certificates, certificateCount, (leaf, index) =>
    untilReissued(scene, names[index] ?? "", leaf),
  );
  const refused = await Promise.all(refusals);
  say(`${name}: an old leaf was refused after ${Math.min(...refused)} ms, everywhere after ${Math.max(...refused)} ms`);
  const fresh = await renewals;
  const renewedMs = since();
  say(`${name}: the last of ${count} workloads had a new leaf and a session by it after ${renewedMs} ms`);
  await reissued;
  const certificatesMs = since();
  say(`${name}: the last of ${certificateCount} Certificates was re-issued after ${certificatesMs} ms`);
  await until("the operation to be done", async () =>
    (await status())?.generations?.find(({ number }) => number === generation)?.phase === "Retired" ? true : undefined,
  );
  const left = await each(old, 8, (leaf, index) => verdict(scene, leaf, index));
  const stillGood = left.filter((one) => one === "accepted").length;
  drill.measured(`emergency, ${name}, ms`, {
    workloads: count,
    firstRefusal: Math.min(...refused),
    refusedEverywhere: Math.max(...refused),
    lastWorkload: renewedMs,
    certificates: certificateCount,
    lastCertificate: certificatesMs,
  });
  drill.rule(`${name}: no old leaf is accepted any more`, stillGood === 0, `${stillGood} of ${count} accepted`);
  drill.rule(`${name}: every workload got a new leaf and a session`, fresh.length === count, `${fresh.length}`);
  const most = Math.max(...scene.holdings.history.map(({ certificates: held }) => held));
  drill.rule(`${name}: never a third certificate`, most <= 2, `at most ${most}`);
}

/** A tenant's Revocations go with the namespace, and what they revoked stays revoked. */
async function deleteNamespace(drill: Drill, scene: Scene): Promise<void> {
  const { client, aws } = scene;
  const signal = AbortSignal.timeout(patienceMs);
  const [leaf, other] = await each(["tenant-1", "tenant-2"], 1, (name) => scene.requests.obtain(name, signal));
  if (leaf === undefined || other === undefined) throw new TypeError("there are no leaves");
  await revoke(scene, workloadNamespace, leaf);
  const namespaces = { group: "", version: "v1", plural: "namespaces", kind: "Namespace", namespaced: false } as const;
  await client.delete(namespaces, { name: workloadNamespace });
  await until("the namespace to be gone", async () =>
    (await client.getOrUndefined(namespaces, { name: workloadNamespace })) === undefined ? true : undefined,
  );
  await revoke(scene, defaultNamespace, other);
  const lists = aws.emulator.trustAnchors().map(({ crls }) => crls.flatMap(({ serials }) => serials));
  const isListed = lists.every((serials) => [leaf, other].every(({ serial }) => serials.includes(serial)));
  drill.rule("a deleted namespace un-revokes nothing", isListed, `${lists.length} trust anchors`);
}

/** Revokes a leaf, and waits until that is published. */
async function revoke({ client }: Scene, namespace: string, { serial }: HeldLeaf): Promise<void> {
  const metadata = { namespace, name: `revoke-${serial}` };
  const spec = { target: { serial }, reason: "superseded", requestedBy: "admin" } as const;
  await client.create<Revocation>(revocationResource, { apiVersion, kind: "Revocation", metadata, spec });
  await until(`revocation of ${serial} to be Published`, async () => {
    const { status } = await client.get<Revocation>(revocationResource, metadata);
    return status?.conditions?.some((one) => one.type === "Published" && one.status === "True") === true
      ? true
      : undefined;
  });
}

/** From Compromised to the last of 500 workloads re-issued, from rest and from a half-done rotation. */
export const emergency: Part = {
  name: "emergency",
  run: async (drill) => {
    const count = drill.smoke ? 20 : 500;
    const environment = await startEnvironment(plan, undefined, drill.say);
    const { client, log, time, aws } = environment;
    const authority = new AuthorityWatch({ client, log, time });
    const scene: Scene = {
      ...environment,
      authority,
      requests: new RequestLeaves({ client, log, duration: plan.maxLeafDuration, areApproved: true }),
      certificates: new CertificateLeaves({ client, log, duration: plan.maxLeafDuration }),
      asker: new SessionAsker({ endpoint: aws.emulator.endpoint, time, authority }),
    };
    try {
      await compromise(drill, scene, "at-rest", count);
      await compromise(drill, scene, "half-done", count, async () => {
        await order(scene, "rotate", { kind: "Rotate" });
        await until("the rotation to be half done", async () =>
          authority.in("Published").length > 0 ? true : undefined,
        );
      });
      await deleteNamespace(drill, scene);
    } finally {
      scene.requests.stop();
      scene.certificates.stop();
      authority.stop();
      scene.asker.close();
      await environment.stop();
    }
  },
};
