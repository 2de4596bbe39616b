import { randomBytes, randomUUID } from "node:crypto";
import { type CertificateAuthority, generationMarkResource, issuedCertificateResource } from "@capstan/api";
import { createLogger, createMetrics, formatTime } from "@capstan/kube";
import { createControlPlane, createRequestHandler, type RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { trustPolicy } from "../../../../test/rolesanywhere/test/fixture.ts";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { jumpingClock } from "../../../rolesanywhere/test/jumping-clock.ts";
import type { AnchorSpec, GenerationStatus } from "../../src/authority/authority-parts.ts";
import type { FoundGeneration, Generation } from "../../src/authority/generation-store.ts";
import { type AwsAccess, type AwsAccessOptions, createAwsAccess } from "../../src/credentials/aws-access.ts";
import { mintOwnLeaf, type OwnLeaf } from "../../src/credentials/mint-own-leaf.ts";
import { createOwnCredentialsMetrics } from "../../src/metrics/own-credentials-metrics.ts";
import { OwnLeafSessions, type OwnLeafSessionsOptions } from "../../src/credentials/own-leaf-sessions.ts";
import { MemoryAudit } from "../support/audit.ts";
import { newGeneration, wanted } from "../support/generation.ts";
import { after, authority, hour, now, ownNamespace } from "../support/objects.ts";

const region = "eu-central-1";
const roleOf = (name: string): string => `arn:aws:iam::111122223333:role/${name}`;
const onlyFor = (commonName: string): unknown =>
  trustPolicy({ StringEquals: { "aws:PrincipalTag/x509Subject/CN": commonName } });
const admin = { accessKeyId: "AKIAADMIN", secretAccessKey: "secret", arn: "arn:aws:iam::111122223333:user/admin" };
const generations = { 1: await newGeneration(1), 2: await newGeneration(2) } as const;
const signal = new AbortController().signal;

let server: ApiServer;
let audit: MemoryAudit;
let emulator: Emulator;
let administrator: RolesAnywhereControlPlane;
let trustAnchorArn: string;
let anchor: AnchorSpec;
let stored: CertificateAuthority;
let keys: Map<number, Generation>;
let sessions: OwnLeafSessions;
let minted: OwnLeaf[];

beforeEach(async () => {
  server = await ApiServer.start();
  audit = new MemoryAudit();
  emulator = await startEmulator({
    accessKeys: [admin],
    roles: [
      { arn: roleOf("publisher"), trustPolicy: onlyFor("publisher.fleet@capstan") },
      { arn: roleOf("canary"), trustPolicy: onlyFor("canary.fleet@capstan") },
    ],
    profiles: [
      { name: "publisher", roleArns: [roleOf("publisher")] },
      { name: "canary", roleArns: [roleOf("canary")] },
    ],
    now: () => now,
    // On a clock that stands still no bucket fills again.
    quotas: {
      "trust-anchors": { perSecond: 1, burst: 1_000 },
      crls: { perSecond: 1, burst: 1_000 },
      "create-session": { perSecond: 1, burst: 1_000 },
    },
  });
  administrator = controlPlane(() => Promise.resolve(admin));
  trustAnchorArn = (await administrator.createTrustAnchor({ name: "prod", bundlePem: rootPem(1) })).arn;
  anchor = {
    name: "prod",
    region,
    account: "111122223333",
    publisher: { profileArn: emulator.profileArn("publisher"), roleArn: roleOf("publisher") },
    canary: { profileArn: emulator.profileArn("canary"), roleArn: roleOf("canary") },
  };
  stored = withGenerations([1, "Active"]);
  keys = new Map([
    [1, generations[1]],
    [2, generations[2]],
  ]);
  minted = [];
  for (const number of [1, 2]) putMark(number, after(-hour));
  sessions = new OwnLeafSessions(sessionOptions());
});

afterEach(async () => {
  await emulator.stop();
  await server[Symbol.asyncDispose]();
});

function rootPem(...numbers: readonly (1 | 2)[]): string {
  return numbers.map((number) => generations[number].root.pem).join("");
}

function putMark(generation: number, notAfter: Date, isSealed = false): void {
  server.put(generationMarkResource, {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "GenerationMark",
    metadata: { namespace: ownNamespace, name: `fleet-${generation}` },
    spec: { authority: "fleet", generation, notAfter: formatTime(notAfter.getTime()) },
    ...(isSealed ? { status: { sealed: true } } : {}),
  });
}

type Numbered = readonly [number, GenerationStatus["phase"], Partial<GenerationStatus>?];

function withGenerations(...numbered: readonly Numbered[]): CertificateAuthority {
  return authority({
    spec: { trustAnchors: [anchor] },
    status: {
      generations: numbered.map(([number, phase, more]) => ({ number, phase, ...more })),
      trustAnchors: [{ name: "prod", joined: true, arn: trustAnchorArn }],
    },
  });
}

function sessionOptions(): OwnLeafSessionsOptions {
  return {
    authorityOf: (name) => (name === "fleet" ? stored : undefined),
    findGeneration: async (_authority, number): Promise<FoundGeneration> => {
      const generation = keys.get(number);
      return generation === undefined ? { is: "Missing" } : { is: "Present", generation };
    },
    mint: async (leaf) => {
      const made = await mintOwnLeaf({
        ...leaf,
        client: server.client,
        namespace: ownNamespace,
        now,
        random: randomBytes,
        recordName: randomUUID,
        audit: audit.log,
        signal,
      });
      minted.push(made);
      return made;
    },
    endpoint: emulator.endpoint,
    requestHandler: createRequestHandler(),
    providerChainOf: () => () => Promise.reject(new Error("Could not load credentials from any providers")),
    metrics: createOwnCredentialsMetrics(createMetrics(), { list: () => [] }),
    now: () => now,
    log: createLogger({ program: "test", level: "silent" }),
  };
}

function controlPlane(credentials: Parameters<typeof createControlPlane>[0]["credentials"]): RolesAnywhereControlPlane {
  const { endpoint } = emulator;
  return createControlPlane({ region, endpoint, credentials, now: () => now, clock: jumpingClock() });
}

function withoutPublisher(): AnchorSpec {
  const { publisher: _publisher, ...without } = anchor;
  return { ...without, arn: trustAnchorArn };
}

const records = (): unknown => server.all(issuedCertificateResource);

describe("credentials of an anchor", () => {
  test("are a session that the anchor's control plane works by, from a recorded leaf of the generation that signs", async () => {
    const aws = controlPlane(sessions.credentialsOf("fleet", anchor));

    expect(await aws.listTrustAnchors()).toHaveLength(1);
    await aws.listCrls();

    expect(sessions.ownLeaf("fleet", anchor)).toEqual({ generation: 1 });
    expect(minted).toHaveLength(1);
    expect(records()).toMatchObject([
      { spec: { commonName: "publisher.fleet@capstan", purpose: "Publisher", serial: minted[0]?.serial } },
    ]);
    expect(audit.signatures()).toMatchObject([{ purpose: "OwnLeaf", serial: minted[0]?.serial }]);
  });

  test.each<[string, readonly Numbered[], (1 | 2)[], readonly number[]]>([
    [
      "the generation that signs",
      [
        [2, "Published"],
        [1, "Active"],
      ],
      [1, 2],
      [1],
    ],
    [
      "the next, when the anchor does not hold the first any more",
      [
        [1, "Active"],
        [2, "Published"],
      ],
      [2],
      [1, 2],
    ],
    [
      "one that drains, when a stranger reverted the bundle",
      [
        [1, "Draining"],
        [2, "Active"],
      ],
      [1],
      [2, 1],
    ],
    [
      "the next rather than a compromised one",
      [
        [1, "Active", { compromised: true }],
        [2, "Published"],
      ],
      [1, 2],
      [2],
    ],
    [
      "a compromised one, when it is all that the anchor holds",
      [
        [1, "Active", { compromised: true }],
        [2, "Published"],
      ],
      [1],
      [2, 1],
    ],
    [
      "the signing one rather than one given up",
      [
        [2, "Published", { abandoning: true }],
        [1, "Active"],
      ],
      [1, 2],
      [1],
    ],
  ])("come by %s", async (_name, numbered, held, tried) => {
    const id = trustAnchorArn.split("/").at(-1) ?? "";
    await administrator.updateTrustAnchor({ id, bundlePem: rootPem(...held) });
    stored = withGenerations(...numbered);

    await controlPlane(sessions.credentialsOf("fleet", anchor)).listCrls();

    expect(minted.map(({ generation }) => generation)).toEqual(tried);
    expect(sessions.ownLeaf("fleet", anchor)).toEqual({ generation: tried.at(-1) });
  });

  test.each<[string, () => void, RegExp]>([
    ["its key is gone", () => void keys.delete(1), /generation 1: its key is gone/u],
    ["it is sealed for good", () => putMark(1, after(-hour), true), /generation 1: generation 1 of fleet is sealed/u],
    [
      "the anchor holds another root",
      () => void keys.set(1, generations[2]),
      /generation 1: .*Untrusted signing certificate/u,
    ],
    [
      "its phase is over",
      () => void (stored = withGenerations([1, "Retired"])),
      /^ListCrls: no AWS credentials \(provider chain:/u,
    ],
    [
      "no role is configured",
      () =>
        void (stored = authority({
          spec: { trustAnchors: [withoutPublisher()] },
        })),
      /^ListCrls: no AWS credentials \(provider chain:/u,
    ],
    [
      "the anchor was not found yet",
      () =>
        void (stored = authority({
          spec: { trustAnchors: [anchor] },
          status: { generations: [{ number: 1, phase: "Active" }] },
        })),
      /^ListCrls: no AWS credentials \(provider chain:/u,
    ],
  ])(
    "are not there when %s and the provider chain has none: the error says what was tried",
    async (_name, spoil, message) => {
      spoil();
      const aws = controlPlane(sessions.credentialsOf("fleet", anchor));

      await expect(aws.listCrls()).rejects.toMatchObject({
        code: "ERR_AWS_NO_CREDENTIALS",
        message: expect.stringMatching(message),
      });
      expect(sessions.ownLeaf("fleet", anchor)).toBeUndefined();
    },
  );

  test("are not there while AWS is out, which is told as what it is", async () => {
    emulator.setAvailable(false);
    const aws = controlPlane(sessions.credentialsOf("fleet", anchor));

    await expect(aws.getTrustAnchor(trustAnchorArn.split("/").at(-1) ?? "")).rejects.toMatchObject({
      code: "ERR_AWS_UNAVAILABLE",
    });
  });

  test("that a deleted anchor's CreateSession refuses never read as if what was asked for did not exist", async () => {
    const id = trustAnchorArn.split("/").at(-1) ?? "";
    await administrator.deleteTrustAnchor(id);
    const aws = controlPlane(sessions.credentialsOf("fleet", anchor));

    await expect(aws.getTrustAnchor(id)).rejects.toMatchObject({ code: "ERR_AWS_NO_CREDENTIALS" });
  });

  test("are renewed by the generation that is named", async () => {
    const id = trustAnchorArn.split("/").at(-1) ?? "";
    await administrator.updateTrustAnchor({ id, bundlePem: rootPem(1, 2) });
    const aws = controlPlane(sessions.credentialsOf("fleet", anchor));
    await aws.listCrls();

    await sessions.renew("fleet", anchor, generations[2]);

    expect(sessions.ownLeaf("fleet", anchor)).toEqual({ generation: 2 });
    expect(await aws.listCrls()).toEqual([]);
    expect(minted.map(({ generation }) => generation)).toEqual([1, 2]);
  });

  test("are one for each anchor of each authority", () => {
    const same = sessions.credentialsOf("fleet", { ...anchor });
    expect(sessions.credentialsOf("fleet", anchor)).toBe(same);
    expect(sessions.credentialsOf("other", anchor)).not.toBe(same);
    expect(sessions.credentialsOf("fleet", { ...anchor, name: "test" })).not.toBe(same);
  });
});

describe("the canary", () => {
  test("passes with a fresh leaf of the generation under the canary's role", async () => {
    const outcome = await sessions.runCanary("fleet", anchor, generations[1], signal);

    expect(outcome).toEqual({
      passed: true,
      message: expect.stringMatching(/^AWS gave the session arn:aws:sts::111122223333:assumed-role\/canary\//u),
    });
    expect(records()).toMatchObject([{ spec: { commonName: "canary.fleet@capstan", purpose: "Canary" } }]);
    expect(sessions.ownLeaf("fleet", anchor)).toBeUndefined();
  });

  test.each<[string, () => Promise<void> | void, string | RegExp]>([
    [
      "the anchor does not hold the root",
      () => void (generation = generations[2]),
      "CreateSession: AWS answered AccessDeniedException: Untrusted signing certificate",
    ],
    ["the role trusts another name", () => setCanary("publisher"), /Unable to assume role for .*:role\/publisher\.$/u],
    ["AWS is out", () => emulator.setAvailable(false), /^CreateSession: AWS answered ServiceUnavailableException/u],
    ["none is configured", () => setCanary(undefined), "the trust anchor, or its canary's role, is not known yet"],
  ])("does not pass when %s, and says so", async (_name, spoil, message) => {
    generation = generations[1];
    await spoil();

    expect(await sessions.runCanary("fleet", anchor, generation, signal)).toEqual({
      passed: false,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });
  });

  let generation: Generation;

  function setCanary(name: string | undefined): void {
    const { canary: _canary, ...without } = anchor;
    anchor =
      name === undefined
        ? without
        : { ...without, canary: { profileArn: emulator.profileArn(name), roleArn: roleOf(name) } };
    stored = withGenerations([1, "Active"]);
  }

  test("ends with the signal", async () => {
    const aborted = AbortSignal.abort(new Error("shutting down"));

    await expect(sessions.runCanary("fleet", anchor, generations[1], aborted)).rejects.toThrow("shutting down");
  });

  test("cannot be run by a generation that signs no more", async () => {
    putMark(1, after(-hour), true);

    await expect(sessions.runCanary("fleet", anchor, generations[1], signal)).rejects.toMatchObject({
      code: "ERR_GENERATION_SEALED",
    });
  });
});

describe("the proof that AWS acts on a CRL", () => {
  const revoke = async (...serials: readonly string[]): Promise<void> => {
    const { crl } = await wanted(generations[1], 1, serials);
    await administrator.importCrl({ name: "fleet 1", trustAnchorArn, crlPem: crl.pem });
  };
  const newLeaf = (): Promise<OwnLeaf> =>
    mintOwnLeaf({
      client: server.client,
      namespace: ownNamespace,
      authority: "fleet",
      generation: generations[1],
      role: "crl",
      now,
      random: randomBytes,
      recordName: randomUUID,
      audit: audit.log,
      signal,
    });

  test("is that it refuses the leaf as revoked", async () => {
    const leaf = await newLeaf();
    await revoke(leaf.serial);

    expect(await sessions.proveRevoked("fleet", anchor, leaf, signal)).toEqual({
      outcome: "Refused",
      message: "AWS refuses the revoked leaf",
    });
  });

  test.each<[string, (leaf: OwnLeaf) => Promise<void> | void, string | RegExp]>([
    // Its name is not the one that the role trusts, and that is looked at after the CRL.
    ["the leaf is refused for another reason", () => revoke("4f1c"), /Unable to assume role/u],
    ["there is no CRL", () => undefined, /Unable to assume role/u],
    ["AWS is out", () => emulator.setAvailable(false), /ServiceUnavailableException/u],
    [
      "the anchor is gone",
      () => administrator.deleteTrustAnchor(trustAnchorArn.split("/").at(-1) ?? ""),
      /ResourceNotFoundException/u,
    ],
  ])("is missing when %s", async (_name, prepare, message) => {
    const leaf = await newLeaf();
    await prepare(leaf);

    expect(await sessions.proveRevoked("fleet", anchor, leaf, signal)).toEqual({
      outcome: "Unknown",
      message: expect.stringMatching(message),
    });
  });

  test("is missing when AWS still gives sessions", async () => {
    const leaf = await mintOwnLeaf({
      client: server.client,
      namespace: ownNamespace,
      authority: "fleet",
      generation: generations[1],
      role: "canary",
      now,
      random: randomBytes,
      recordName: randomUUID,
      audit: audit.log,
      signal,
    });
    await revoke("4f1c");

    expect(await sessions.proveRevoked("fleet", anchor, leaf, signal)).toEqual({
      outcome: "Accepted",
      message: "AWS still gives sessions to a revoked leaf",
    });
  });

  test("is not asked for where no canary is configured", async () => {
    const { canary: _canary, ...without } = anchor;
    anchor = without;
    stored = withGenerations([1, "Active"]);

    expect(await sessions.proveRevoked("fleet", anchor, await newLeaf(), signal)).toBeUndefined();
  });
});

describe("the publisher's ways to AWS", () => {
  const access = (change: Partial<AwsAccessOptions> = {}): AwsAccess =>
    createAwsAccess({
      ...sessionOptions(),
      onServerDate: () => undefined,
      beforeSend: () => undefined,
      requestTimeoutMs: 20_000,
      ...change,
    });

  test("are one control plane for each trust anchor, with credentials by a leaf of its own", async () => {
    const aws = access();
    const plane = aws.controlPlaneOf("fleet", anchor);

    expect(await plane.listCrls()).toEqual([]);

    expect(aws.sessions.ownLeaf("fleet", anchor)).toEqual({ generation: 1 });
    expect(aws.controlPlaneOf("fleet", { ...anchor })).toBe(plane);
    for (const other of [{ name: "test" }, { region: "us-east-1" }, { account: "444455556666" }]) {
      expect(aws.controlPlaneOf("fleet", { ...anchor, ...other })).not.toBe(plane);
    }
    expect(aws.controlPlaneOf("other", anchor)).not.toBe(plane);
  });

  test("send nothing that changes AWS once the lease is lost, and end with what said so", async () => {
    const lost = new Error("the lease was lost");
    const aws = access({
      beforeSend: () => {
        throw lost;
      },
    });
    const before = emulator.requests().length;

    await expect(
      aws.controlPlaneOf("fleet", anchor).deleteTrustAnchor(trustAnchorArn.split("/").at(-1) ?? ""),
    ).rejects.toBe(lost);

    const sent = emulator.requests().slice(before);
    expect(sent.map(({ operation }) => operation)).toEqual(["CreateSession"]);
  });

  test("tell what time it is for AWS", async () => {
    const heard: number[] = [];
    await access({ onServerDate: ({ at }) => void heard.push(at) })
      .controlPlaneOf("fleet", anchor)
      .listCrls();

    expect(heard).toEqual([now.getTime()]);
  });

  test("prove a CRL by the canary", async () => {
    const aws = access();
    const leaf = await sessionOptions().mint({ authority: "fleet", generation: generations[1], role: "crl" });
    aws.proofs.minted("fleet", leaf);
    const read = { authority: "fleet", anchor, generation: 1, serials: new Set([leaf.serial]) };
    await aws.proofs.ask(read, signal);
    expect(aws.proofs.isDoubtful(read)).toBe(true);

    const { crl } = await wanted(generations[1], 1, [leaf.serial]);
    await administrator.importCrl({ name: "fleet 1", trustAnchorArn, crlPem: crl.pem });
    const later = access();
    later.proofs.minted("fleet", leaf);
    await later.proofs.ask(read, signal);
    expect(later.proofs.isDoubtful(read)).toBe(false);
  });
});
