import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  apiVersion,
  type AuthorityOperation,
  authorityOperationResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  generationName,
  parseDuration,
  type Revocation,
  revocationResource,
} from "@capstan/api";
import type { KubeObject } from "@capstan/kube";
import { createSession, RolesAnywhereError } from "@capstan/rolesanywhere";
import type { Unknowns } from "@capstan/test-rolesanywhere";
import { type Anchor, Aws, places, unpaced } from "../../../soak/src/aws.ts";
import type { HeldLeaf } from "../../../soak/src/held-leaf.ts";
import { PLANS } from "../../../soak/src/plan.ts";
import { ScaledTime, timeScaleVariable } from "../../../soak/src/time-scale.ts";
import { authorityManifest, onlyOwn } from "./authority-of-case.ts";
import { issueAsIssuer } from "./issue-as-issuer.ts";
import { type Lab, leases, makeNamespace, secrets } from "./lab.ts";
import { mutantVariable } from "./mutants.ts";
import { Publisher } from "./publisher.ts";
import { strangersRoot } from "./strangers-root.ts";
import { phasesOf, Witness } from "./witness.ts";
import { clockErrorVariable } from "./wrong-clock.ts";

export const minuteMs = 60_000;

/** What the witness holds the authority to. */
const policy = { retentionMs: 10 * minuteMs, skewMs: 10 * minuteMs };

export interface WorldOptions {
  readonly name: string;
  /** Default 1; the second is in another region. */
  readonly anchors?: 1 | 2;
  readonly factor?: number;
  readonly unknowns?: Partial<Unknowns>;
  readonly mutant?: string | undefined;
  /** Of the publisher, beside what every one has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Go durations. Default 10m. */
  readonly maxLeafDuration?: string;
  /** Default 3m. A trust anchor is read three times in it. */
  readonly soak?: string;
}

type AuthoritySpec = CertificateAuthority["spec"];

/** An authority with its namespace, its AWS and its publisher: what one case is tried with. */
export class World implements AsyncDisposable {
  readonly lab: Lab;
  readonly name: string;
  readonly namespace: string;
  readonly time: ScaledTime;
  readonly aws: Aws;
  readonly witness: Witness;
  readonly publisher: Publisher;
  readonly #isMutant: boolean;
  readonly #standby: () => Promise<Publisher>;
  readonly #durations: { readonly maxLeafDuration: string; readonly soak: string };
  readonly #clockFile: string;
  #clockErrorMs = 0;
  readonly #others: Publisher[] = [];
  #anchors: readonly Anchor[] = [];

  private constructor(
    given: Pick<World, "lab" | "name" | "time" | "aws" | "witness" | "publisher"> & {
      readonly clockFile: string;
      readonly isMutant: boolean;
      readonly durations: { readonly maxLeafDuration: string; readonly soak: string };
      readonly standby: () => Promise<Publisher>;
    },
  ) {
    this.lab = given.lab;
    this.name = given.name;
    this.namespace = given.name;
    this.time = given.time;
    this.aws = given.aws;
    this.witness = given.witness;
    this.publisher = given.publisher;
    this.#isMutant = given.isMutant;
    this.#standby = given.standby;
    this.#durations = given.durations;
    this.#clockFile = given.clockFile;
  }

  /** Prepares everything, and starts no publisher yet. */
  static async create(lab: Lab, options: WorldOptions): Promise<World> {
    const { maxLeafDuration = "10m", soak = "3m" } = options;
    const { name, factor = lab.factor, unknowns = {}, mutant = "", environment = {} } = options;
    await makeNamespace(lab, name);
    const time = new ScaledTime(Date.now(), factor);
    const aws = await Aws.start({ ...PLANS.smoke, factor }, time);
    // A busy machine: seconds of it are minutes of the run.
    aws.emulator.setUnknowns({ clockSkew: "15-minutes", ...unknowns });
    let world: World | undefined;
    const witness = new Witness({
      emulator: aws.emulator,
      now: () => time.now().getTime(),
      policy: () => ({
        ...policy,
        soakMs: parseDuration(soak),
        slackMs: 1_000 * factor,
        behindMs: world?.behindMs ?? 0,
        anchors: new Map(world?.anchors.map((anchor) => [anchor.arn, anchor.name])),
      }),
    });
    const clockFile = path.join(lab.cluster.directory, `${name}.clock`);
    await writeFile(clockFile, "0");
    const shared = {
      cluster: lab.cluster,
      namespace: name,
      program: lab.program,
      awsEndpoint: aws.emulator.endpoint,
      witness,
      environment: {
        [timeScaleVariable]: time.format(),
        [mutantVariable]: mutant,
        [clockErrorVariable]: clockFile,
        ...environment,
      },
      redirect: (target: string) => onlyOwn(target, name),
    };
    const publisher = await Publisher.create({ ...shared, name });
    const standby = (): Promise<Publisher> => Publisher.create({ ...shared, name: `${name}-standby` });
    world = new World({
      lab,
      name,
      time,
      aws,
      witness,
      publisher,
      clockFile,
      standby,
      isMutant: mutant !== "",
      durations: { maxLeafDuration, soak },
    });
    return world;
  }

  /** One whose first generation signs, with its root in every trust anchor. */
  static async start(lab: Lab, options: WorldOptions): Promise<World> {
    const world = await World.create(lab, options);
    try {
      await world.settle(options.anchors ?? 1);
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * As an administrator sets an authority up whose publisher has no AWS keys: the trust anchors are there before it, with a root that
   * does not matter, and get the first generation's as soon as there is one. A generation that signs before it has trust anchors would
   * have to drain first.
   */
  async settle(anchors: number): Promise<void> {
    const { client } = this.lab;
    const { emulator } = this.aws;
    const { pem: placeholder } = await strangersRoot();
    this.#anchors = await Promise.all(
      places.slice(0, anchors).map((place) => this.aws.createAnchor({ ...place, name: place.name }, placeholder)),
    );
    await client.create<CertificateAuthority>(certificateAuthorityResource, this.#manifest(this.#anchors));
    await this.publisher.start();
    await this.until("the first generation", ({ status }) => status?.generations?.length === 1);
    const ref = { namespace: this.namespace, name: generationName(this.name, 1) };
    const { data } = await client.get<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(secrets, ref);
    const pem = Buffer.from(data?.["tls.crt"] ?? "", "base64").toString("utf8");
    for (const { arn } of this.#anchors) emulator.interfere({ kind: "replace-bundle", arn, pem });
    this.witness.look();
    await this.until("the first generation to sign", ({ status }) => status?.activeGeneration === 1);
    await this.untilJoined();
  }

  get anchors(): readonly Anchor[] {
    return this.#anchors;
  }

  get now(): number {
    return this.time.now().getTime();
  }

  async untilJoined(): Promise<void> {
    await this.until(
      "every trust anchor to be joined",
      ({ status }) =>
        status?.trustAnchors?.length === this.#anchors.length &&
        status.trustAnchors.every(({ joined }) => joined) &&
        this.says(status, "TrustAnchorsInSync", "True"),
    );
  }

  says(status: CertificateAuthority["status"], type: string, value: string): boolean {
    return status?.conditions?.some((condition) => condition.type === type && condition.status === value) === true;
  }

  async authority(): Promise<CertificateAuthority> {
    return this.lab.client.get<CertificateAuthority>(certificateAuthorityResource, { name: this.name });
  }

  async changeSpec(spec: Partial<AuthoritySpec>): Promise<void> {
    await this.lab.client.request({
      method: "PATCH",
      path: `/apis/${apiVersion}/certificateauthorities/${this.name}`,
      contentType: "application/merge-patch+json",
      body: { spec },
    });
  }

  /**
   * Waits until the authority is as asked for. A publisher that has died is started again meanwhile, as a kubelet would.
   *
   * @throws Error with what its status says
   */
  async until(
    what: string,
    isSo: (authority: CertificateAuthority) => boolean | Promise<boolean>,
    patienceMs: number = this.lab.patienceMs,
  ): Promise<CertificateAuthority> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      await this.keepRunning();
      // It is dead already.
      if (this.#isMutant && this.witness.violations.length > 0) throw new Error("the mutant was seen");
      const authority = await this.authority();
      if (await isSo(authority)) return authority;
      if (performance.now() > deadline) {
        const { status = {} } = authority;
        const said = (status.conditions ?? []).map(
          (one) => `${one.type} ${one.status} ${one.reason}: ${one.message ?? ""}`,
        );
        const operations = (status.operations ?? []).map(({ name, outcome }) => `${name} ${outcome ?? "goes on"}`);
        throw new Error(
          `timed out waiting for ${what} (${phasesOf(status)}; ${operations.join()}); ${said.join("; ")}`,
        );
      }
      await delay(100);
    }
  }

  async keepRunning(): Promise<void> {
    if (!this.publisher.hasDied) return;
    await this.releaseLease();
    await this.publisher.start();
  }

  /** A process that is gone for sure leads no more: nobody need wait for the end of its lease. */
  async releaseLease(): Promise<void> {
    const { client } = this.lab;
    for (;;) {
      const lease = await client.getOrUndefined<KubeObject & { readonly spec?: object }>(leases, {
        namespace: this.namespace,
        name: "crl-publisher",
      });
      if (lease === undefined) return;
      try {
        await client.replace(leases, { ...lease, spec: { ...lease.spec, holderIdentity: "" } } as KubeObject);
        return;
      } catch {
        // A renewal that was on its way.
      }
    }
  }

  /** Nearly as long as a leaf may be. */
  get #leafMs(): number {
    return parseDuration(this.#durations.maxLeafDuration) - minuteMs;
  }

  /** Another replica, which does not run yet. */
  async standby(): Promise<Publisher> {
    const standby = await this.#standby();
    this.#others.push(standby);
    return standby;
  }

  async order(
    spec: Omit<AuthorityOperation["spec"], "authority" | "requestedBy">,
    name: string = spec.kind.toLowerCase(),
  ): Promise<string> {
    await this.lab.client.create<AuthorityOperation>(authorityOperationResource, {
      apiVersion,
      kind: "AuthorityOperation",
      metadata: { name, namespace: this.namespace },
      spec: { authority: this.name, requestedBy: "admin", ...spec },
    });
    return name;
  }

  /** Such as "Done". */
  async outcome(operation: string): Promise<string> {
    const ref = { namespace: this.namespace, name: operation };
    const found = await this.lab.client.get<AuthorityOperation>(authorityOperationResource, ref);
    return found.status?.phase ?? "";
  }

  async untilDone(operation: string): Promise<void> {
    await this.until(`${operation} to be done`, async () => (await this.outcome(operation)) === "Done");
  }

  async revoke(target: Revocation["spec"]["target"], name = "revoke"): Promise<void> {
    await this.lab.client.create<Revocation>(revocationResource, {
      apiVersion,
      kind: "Revocation",
      metadata: { name, namespace: this.namespace },
      spec: { target, reason: "keyCompromise", requestedBy: "admin" },
    });
  }

  /** Deletes a Revocation. */
  async forget(name: string): Promise<void> {
    await this.lab.client.delete(revocationResource, { namespace: this.namespace, name });
  }

  async revocation(name = "revoke"): Promise<Revocation> {
    return this.lab.client.get<Revocation>(revocationResource, { namespace: this.namespace, name });
  }

  /** Of a condition of a Revocation, such as "True Recorded". */
  async said(type: string, name = "revoke"): Promise<string> {
    const condition = (await this.revocation(name)).status?.conditions?.find((one) => one.type === type);
    return condition === undefined ? "" : `${condition.status} ${condition.reason}`;
  }

  async untilPublished(name = "revoke"): Promise<void> {
    await this.until(`${name} to be Published`, async () => (await this.said("Published", name)).startsWith("True"));
  }

  /** Does what the issuer does for one request: mark, signature, ledger. With the key of another leaf if one is given. */
  async issue(generation: number, lifetimeMs: number = this.#leafMs, sameKey?: HeldLeaf): Promise<HeldLeaf> {
    const { name, namespace, time } = this;
    const { privateKey } = sameKey ?? {};
    const leaf = await issueAsIssuer({
      client: this.lab.client,
      name,
      namespace,
      time,
      generation,
      lifetimeMs,
      privateKey,
    });
    this.witness.issued({ serial: leaf.serial, generation, notAfter: leaf.notAfter });
    return leaf;
  }

  /** What AWS says to a leaf under an anchor: `accepted`, or its words. */
  async ask(leaf: HeldLeaf, anchor: Anchor | undefined = this.#anchors[0]): Promise<string> {
    if (anchor === undefined) throw new Error("there is no trust anchor");
    try {
      await createSession({
        certificatePem: leaf.certificatePem,
        privateKey: leaf.privateKey,
        trustAnchorArn: anchor.arn,
        ...anchor.workload,
        region: anchor.region,
        endpoint: this.aws.emulator.endpoint,
        clock: unpaced(),
        now: this.time.now,
      });
      return "accepted";
    } catch (error) {
      if (error instanceof RolesAnywhereError) return error.awsMessage ?? error.message;
      throw error;
    }
  }

  /** Generations whose roots and CRLs AWS stores, by anchor: `1,2 / 1,2`. */
  async stored(): Promise<readonly string[]> {
    const { status } = await this.authority();
    const numberOf = (fingerprint: string): number =>
      status?.generations?.find((one) => one.fingerprint === fingerprint)?.number ?? 0;
    return this.aws.emulator.trustAnchors().map(({ fingerprints, crls }) => {
      const roots = fingerprints.map(numberOf).toSorted((left, right) => left - right);
      const lists = crls.map(({ name }) => Number(name.slice(`capstan-${this.name}-`.length).split("-")[0]));
      return `${roots.join()} / ${lists.toSorted((left, right) => left - right).join()}`;
    });
  }

  /** Generations that have a key. */
  async keys(): Promise<readonly number[]> {
    const { items } = await this.lab.client.listAll(secrets, { namespace: this.namespace });
    const start = `${this.name}-`;
    return items
      .flatMap(({ metadata }) => (metadata.name.startsWith(start) ? [Number(metadata.name.slice(start.length))] : []))
      .toSorted((left, right) => left - right);
  }

  /** How wrong the publisher's clock is from now on, in milliseconds; or that it stands still. */
  /** How far the publisher's clock is behind, up to where it is trusted no more. */
  get behindMs(): number {
    return Math.min(Math.max(0, -this.#clockErrorMs), 5 * minuteMs);
  }

  async setClockError(error: number | "frozen"): Promise<void> {
    this.#clockErrorMs = error === "frozen" ? 0 : error;
    await writeFile(this.#clockFile, String(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.publisher, ...this.#others].map((publisher) => publisher.close()));
    await this.aws.emulator.stop();
  }

  #manifest(anchors: readonly Anchor[]): CertificateAuthority {
    return authorityManifest({ name: this.name, anchors, ...this.#durations });
  }
}
