import type { RotationAction } from "@capstan/ca-core";
import { trustedTime } from "@capstan/ca-core";
import { type CertificateAuthority, certificateAuthorityResource } from "@capstan/api";
import { parseTrustAnchorArn } from "@capstan/rolesanywhere";
import { notificationSettings } from "../anchors/anchor-settings.ts";
import type { CountedReading } from "../anchors/anchor-memory.ts";
import { awsAnchorName, awsCrlName } from "../anchors/aws-names.ts";
import { planCrlSlot } from "../anchors/plan-crl-slot.ts";
import { type FoundCrl, readAnchor } from "../anchors/read-anchor.ts";
import { statusOfAnchor } from "../anchors/status-of-anchor.ts";
import { AnchorActionImpossible, callAnchor, type NamedAnchor, write, WriteNotSeen } from "./call-anchor.ts";
import type { CarryOut } from "./carry-out.ts";
import { rotationPolicyOf } from "./rotation-policy-of.ts";
import { generationOf } from "./seen.ts";

type ActionOf<K extends RotationAction["do"]> = Extract<RotationAction, { readonly do: K }>;

export function read(carry: CarryOut, { anchor: name }: ActionOf<"ReadAnchor">): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    await readNow(carry, anchor);
    const { unseenWrites } = anchor.memory;
    if (unseenWrites > 0) throw new WriteNotSeen(unseenWrites);
  });
}

/** Reads an anchor and remembers what was found. */
export async function readNow(
  { options, seen, signal }: CarryOut,
  { spec, memory, controlPlane }: NamedAnchor,
): Promise<CountedReading> {
  const {
    metadata,
    spec: { subject },
  } = seen.authority;
  const startedAt = options.now().getTime();
  const knownArn = memory.reading?.arn ?? statusOfAnchor(seen.authority, spec)?.arn;
  const question = { controlPlane, authority: metadata.name, commonName: subject.commonName, spec, knownArn };
  const found = await readAnchor(question, signal);
  return memory.read(found, startedAt, rotationPolicyOf(seen.authority.spec));
}

export function create(carry: CarryOut, { anchor: name, bundle }: ActionOf<"CreateAnchor">): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    const { controlPlane } = anchor;
    const bundlePem = pemOf(carry, anchor, bundle);
    const awsName = awsAnchorName(carry.seen.authority.metadata.name, name);
    await write(carry, anchor, { operation: "CreateTrustAnchor" }, () =>
      controlPlane.createTrustAnchor({ name: awsName, bundlePem, notificationSettings }, carry.signal),
    );
  });
}

export function writeBundle(
  carry: CarryOut,
  { anchor: name, bundle, removes }: ActionOf<"WriteAnchor">,
): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    const { controlPlane } = anchor;
    const id = idOf(anchor);
    const bundlePem = pemOf(carry, anchor, bundle);
    const askedAt = carry.options.now().getTime();
    const intentLeftMs = removes.length === 0 ? Number.POSITIVE_INFINITY : await untilIntentEndsMs(carry, name, bundle);
    // Calls of one account and region wait for each other, so that both are asked once more when it is this one's turn.
    const check = (): void => {
      if (hasPassed(carry, askedAt, intentLeftMs)) {
        throw new AnchorActionImpossible(`the intent to remove SHA-256 ${removes.join(", ")} does not stand any more`);
      }
      const { readAt = Number.NEGATIVE_INFINITY } = anchor.memory.reading ?? {};
      if (hasPassed(carry, readAt, rotationPolicyOf(carry.seen.authority.spec).intentMs)) {
        throw new AnchorActionImpossible(
          `trust anchor ${name} was read too long ago for its bundle to be replaced by what was found`,
        );
      }
    };
    check();
    await write(carry, anchor, { operation: "UpdateTrustAnchor" }, () =>
      controlPlane.updateTrustAnchor({ id, bundlePem, beforeSend: check }, carry.signal),
    );
  });
}

/** By our own clock; one that went back is as bad as one that went on. */
function hasPassed({ options }: CarryOut, since: number, ms: number): boolean {
  return Math.abs(options.now().getTime() - since) >= ms;
}

/** Reads the stored intent once more: for how long it is good, 0 when it is not or does not list exactly what is sent. */
async function untilIntentEndsMs(
  { options, seen, signal }: CarryOut,
  anchor: string,
  bundle: readonly string[],
): Promise<number> {
  const { name } = seen.authority.metadata;
  const { status = {}, metadata } = await options.client.get<CertificateAuthority>(
    certificateAuthorityResource,
    { name },
    { signal },
  );
  const { removalIntent: intent, highWater = "" } = status;
  const { apiServer, aws } = seen.time;
  const time = trustedTime({
    own: options.now().getTime(),
    apiServer: options.client.serverNow(60_000) ?? apiServer,
    aws,
    highWater: Date.parse(highWater) || 0,
  });
  const isStored =
    metadata.uid === seen.authority.metadata.uid &&
    intent?.trustAnchor === anchor &&
    intent.remaining.toSorted().join() === bundle.toSorted().join();
  return isStored && time.ok ? Math.max(0, Date.parse(intent.expiresAt) - time.now) : 0;
}

export function remove(carry: CarryOut, { anchor: name }: ActionOf<"DeleteAnchor">): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    const id = idOf(anchor);
    await write(carry, anchor, { operation: "DeleteTrustAnchor" }, () =>
      anchor.controlPlane.deleteTrustAnchor(id, carry.signal),
    );
  });
}

export function disable(carry: CarryOut, { anchor: name }: ActionOf<"DisableAnchor">): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    const id = idOf(anchor);
    await write(carry, anchor, { operation: "DisableTrustAnchor" }, () =>
      anchor.controlPlane.disableTrustAnchor(id, carry.signal),
    );
  });
}

export function enable(carry: CarryOut, { anchor: name }: ActionOf<"EnableAnchor">): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    const id = idOf(anchor);
    await write(carry, anchor, { operation: "EnableTrustAnchor" }, () =>
      anchor.controlPlane.enableTrustAnchor(id, carry.signal),
    );
  });
}

export function importCrl(carry: CarryOut, { anchor: name, generation }: ActionOf<"ImportCrl">): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    const { options, seen, signal } = carry;
    const { controlPlane } = anchor;
    const authority = seen.authority.metadata.name;
    const { stored, problem } = options.crls.of(authority, generation) ?? {};
    if (stored === undefined) {
      throw new AnchorActionImpossible(
        `generation ${generation} has no CRL yet${problem === undefined ? "" : `: ${problem}`}`,
      );
    }
    const awsName = awsCrlName(authority, generation, generationOf(seen, generation).root.fingerprint);
    const plan = planCrlSlot(await slotsOf(carry, anchor, awsName), awsName, stored.sha256);
    const { arn: trustAnchorArn = "" } = anchor.memory.reading ?? {};
    const sent = { generation, crlNumber: Number(stored.number) };
    switch (plan.do) {
      case "nothing":
        return;
      case "import":
        await write(carry, anchor, { operation: "ImportCrl", ...sent }, () =>
          controlPlane.importCrl({ name: awsName, trustAnchorArn, crlPem: stored.pem }, signal),
        );
        return;
      case "update":
        await write(carry, anchor, { operation: "UpdateCrl", ...sent, crlId: plan.id }, () =>
          controlPlane.updateCrl({ id: plan.id, crlPem: stored.pem }, signal),
        );
        return;
      case "enable":
        await write(carry, anchor, { operation: "EnableCrl", ...sent, crlId: plan.id }, () =>
          controlPlane.enableCrl(plan.id, signal),
        );
        return;
    }
  });
}

/** As last read; before an import they are read once more, since a repeat would take the second of two places. */
async function slotsOf(carry: CarryOut, anchor: NamedAnchor, awsName: string): Promise<readonly FoundCrl[]> {
  const { reading } = anchor.memory;
  if (reading?.crls.some(({ name }) => name === awsName) === true) return reading.crls;
  return (await readNow(carry, anchor)).crls;
}

export function deleteCrl(carry: CarryOut, { anchor: name, generation, id }: ActionOf<"DeleteCrl">): Promise<void> {
  return callAnchor(carry, name, async (anchor) => {
    await write(carry, anchor, { operation: "DeleteCrl", generation, crlId: id }, () =>
      anchor.controlPlane.deleteCrl(id, carry.signal),
    );
  });
}

export function runCanary(carry: CarryOut, { anchor: name, generation }: ActionOf<"RunCanary">): Promise<void> {
  const { options, seen, signal } = carry;
  return callAnchor(carry, name, async ({ spec, memory }) => {
    const { found } = generationOf(seen, generation);
    if (found.is !== "Present") throw new AnchorActionImpossible(`generation ${generation} has no key`);
    const { name: authority } = seen.authority.metadata;
    const { passed, message } = await options.sessions.runCanary(authority, spec, found.generation, signal);
    const at = options.now().getTime();
    memory.canary = { generation, passed, message, at, retryAt: at + 60_000 };
  });
}

export function renewOwnLeaf(carry: CarryOut, { anchor: name, generation }: ActionOf<"RenewOwnLeaf">): Promise<void> {
  const { options, seen, signal } = carry;
  return callAnchor(carry, name, async ({ spec }) => {
    const { found } = generationOf(seen, generation);
    if (found.is !== "Present") throw new AnchorActionImpossible(`generation ${generation} has no key`);
    await options.sessions.renew(seen.authority.metadata.name, spec, found.generation, signal);
  });
}

function idOf({ memory, spec }: NamedAnchor): string {
  const { arn } = memory.reading ?? {};
  if (arn === undefined) throw new AnchorActionImpossible(`trust anchor ${spec.name} was not read`);
  return parseTrustAnchorArn(arn).id;
}

/** Roots of generations, and others as they were read. */
function pemOf({ options, seen }: CarryOut, { memory }: NamedAnchor, bundle: readonly string[]): string {
  const { name } = seen.authority.metadata;
  const blocks = bundle.map((fingerprint) => {
    const read = memory.reading?.certificates.find((certificate) => certificate.fingerprint === fingerprint)?.pem;
    if (read !== undefined) return read;
    const own = seen.generations.find(({ root }) => root.fingerprint === fingerprint);
    const pem =
      own?.found.is === "Present" ? own.found.generation.root.pem : options.crls.of(name, own?.number ?? 0)?.rootPem;
    if (pem === undefined)
      throw new AnchorActionImpossible(`the certificate with SHA-256 ${fingerprint} is nowhere to be had`);
    return pem;
  });
  return blocks.map((pem) => (pem.endsWith("\n") ? pem : `${pem}\n`)).join("");
}
