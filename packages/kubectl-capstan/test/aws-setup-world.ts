import { type KeyObject, X509Certificate } from "node:crypto";
import { IAMClient } from "@aws-sdk/client-iam";
import { RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { apiVersion, type CertificateAuthority } from "@capstan/api";
import { isReservedName } from "@capstan/ca-core";
import { createSession, type Session } from "@capstan/rolesanywhere";
import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { vi } from "vitest";
import { connectAws } from "../src/aws/connect-aws.ts";
import { type FoundAnchor, type FoundProfile, type FoundRole, readSetup } from "../src/aws-setup/read-setup.ts";
import { describeSetup } from "../src/aws-setup/setup.ts";
import { type ApiServer, startApiServer, object, type Route } from "./api-server.ts";
import { type TestAuthority, testAuthority, testLeaf, rootConfigMap } from "./authority.ts";
import { type Ended, jumpingClock, run } from "./run.ts";

/** An administrator's AWS account in the emulator, and a cluster with one authority. */

export const region = "eu-central-1";
export const account = "111122223333";
export const issuerCommonName = "Example Fleet CA";

const administrator = {
  accessKeyId: "AKIAADMINISTRATOR",
  secretAccessKey: "emulator-only/not-a-secret",
  arn: `arn:aws:iam::${account}:user/administrator`,
} as const;

const stranger = {
  accessKeyId: "AKIASOMEBODYELSE",
  secretAccessKey: "emulator-only/not-a-secret",
  arn: `arn:aws:iam::${account}:user/somebody`,
} as const;

type AnchorSpec = NonNullable<CertificateAuthority["spec"]["trustAnchors"]>[number];

type AnchorStatus = NonNullable<NonNullable<CertificateAuthority["status"]>["trustAnchors"]>[number];

export interface World extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly fleet: TestAuthority;
  /** The spec's trust anchors; may be changed. */
  anchors: AnchorSpec[];
  /** The status's trust anchors; may be changed. */
  known: AnchorStatus[];
  /** Of the cluster's API server. */
  readonly routes: Record<string, Route>;
  /** What was put into the cluster. */
  readonly written: CertificateAuthority[];
  /** Runs `kubectl capstan aws-setup fleet …`. */
  readonly setUp: (...argv: readonly string[]) => Promise<Ended>;
  /** The same at a terminal, where this is typed. */
  readonly setUpAnswering: (answer: string, ...argv: readonly string[]) => Promise<Ended>;
  /** Operations that change something, that were answered with success since the last call. */
  readonly writes: () => readonly string[];
  /** Limits the administrator, or not. */
  readonly limit: (policies: readonly unknown[] | undefined) => void;
  /** IAM as somebody else in the account would call it. */
  readonly iam: IAMClient;
  /** Roles Anywhere, likewise. */
  readonly rolesAnywhere: RolesAnywhereClient;
  /** By a leaf of this common name. */
  readonly session: (
    commonName: string,
    target: { readonly trustAnchorArn: string; readonly profileArn: string; readonly roleArn: string },
    authority?: TestAuthority,
  ) => Promise<Session>;
}

export const prod: AnchorSpec = { name: "prod", region, account, create: true };

export async function startWorld(): Promise<World> {
  const many = { perSecond: 1_000, burst: 1_000 };
  const emulator = await startEmulator({
    regions: ["us-east-1"],
    accessKeys: [administrator, stranger],
    quotas: { "trust-anchors": many, crls: many, profiles: many, tagging: many, "create-session": many },
    managedPolicies: { "arn:aws:iam::aws:policy/ReadOnlyAccess": allowAll },
  });
  const fleet = await testAuthority("fleet", issuerCommonName, Date.now() - 60_000);
  const anchors = [prod];
  const written: CertificateAuthority[] = [];
  const path = "/apis/capstan.dev/v1alpha1/certificateauthorities/fleet";
  const routes: Record<string, Route> = {
    [`GET ${path}`]: () => object(authorityOf(fleet, world)),
    [`PUT ${path}`]: ({ body }) => {
      written.push(body as CertificateAuthority);
      world.anchors = [...((body as CertificateAuthority).spec.trustAnchors ?? [])];
      return object(body);
    },
    "GET /api/v1/namespaces/capstan-system/configmaps/fleet-1": object(rootConfigMap(fleet)),
  };
  const server: ApiServer = await startApiServer(routes);
  // AWS's provider chain reads the environment of the process.
  vi.stubEnv("AWS_ACCESS_KEY_ID", administrator.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", administrator.secretAccessKey);
  vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  vi.stubEnv("AWS_PROFILE", undefined);
  const env = { AWS_ENDPOINT_URL: emulator.endpoint };
  const client = { endpoint: emulator.endpoint, region, credentials: stranger };
  let seen = 0;
  const world: World = {
    emulator,
    routes,
    fleet,
    anchors,
    known: [],
    written,
    setUp: (...argv) => run(["aws-setup", "fleet", ...argv], { server, env }),
    setUpAnswering: (answer, ...argv) => run(["aws-setup", "fleet", ...argv], { server, env, answer }),
    writes: () => {
      const done = emulator
        .requests()
        .slice(seen)
        .filter(({ operation = "", error }) => error === undefined && !/^(Get|List|CreateSession)/.test(operation))
        .map(({ operation }) => operation ?? "");
      seen = emulator.requests().length;
      return done;
    },
    iam: new IAMClient({ ...client, maxAttempts: 1 }),
    rolesAnywhere: new RolesAnywhereClient(client),
    limit: (policies) => emulator.setPolicies(administrator.arn, policies),
    session: async (commonName, target, authority = fleet) => {
      const { pem, privateKey } = await leafOf(authority, commonName);
      return createSession({ ...target, region, endpoint: emulator.endpoint, certificatePem: pem, privateKey });
    },
    [Symbol.asyncDispose]: async () => {
      vi.unstubAllEnvs();
      await Promise.all([emulator.stop(), server[Symbol.asyncDispose]()]);
    },
  };
  return world;
}

/** What AWS holds of a setup. */
export interface Held {
  readonly anchor: FoundAnchor;
  readonly identities: readonly { readonly kind: string; readonly role: FoundRole; readonly profile: FoundProfile }[];
}

/** @param options.hasWorkload whether it has the workload role `web` */
export async function held(
  { emulator, fleet, anchors: [spec = prod] }: World,
  { hasWorkload = true }: { readonly hasWorkload?: boolean } = {},
): Promise<Held> {
  const workload = hasWorkload ? { name: "web", commonName: "web.demo" } : undefined;
  const clock = jumpingClock();
  const aws = await connectAws(region, { env: { AWS_ENDPOINT_URL: emulator.endpoint }, clock });
  try {
    const roots = [fleet.root.pem];
    const found = await readSetup(aws, describeSetup({ authority: "fleet", issuerCommonName, spec, roots, workload }));
    const [anchor] = found.anchors;
    if (anchor === undefined) throw new Error("there is no trust anchor");
    return {
      anchor,
      identities: found.identities.map(({ identity: { kind }, role, profiles: [profile] }) => {
        if (role === undefined || profile === undefined) throw new Error(`a part of ${kind} is missing`);
        return { kind, role, profile };
      }),
    };
  } finally {
    aws.close();
  }
}

/** Allows everything. */
export const allowAll = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
} as const;

async function leafOf(
  authority: TestAuthority,
  commonName: string,
): Promise<{ readonly pem: string; readonly privateKey: KeyObject }> {
  const now = Date.now();
  return testLeaf(authority, {
    subject: [{ type: "CN", value: commonName }],
    isOwnLeaf: isReservedName(commonName),
    notBefore: new Date(now - 30_000),
    notAfter: new Date(now + 3_600_000),
  });
}

function authorityOf(
  { root }: TestAuthority,
  { anchors, known }: Pick<World, "anchors" | "known">,
): CertificateAuthority {
  const fingerprint = new X509Certificate(root.pem).fingerprint256.replaceAll(":", "").toLowerCase();
  return {
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name: "fleet", resourceVersion: "1", generation: 1 },
    spec: {
      subject: { commonName: issuerCommonName },
      keyAlgorithm: "ECDSA-P256",
      rootDuration: "8760h",
      maxLeafDuration: "168h",
      issuance: { namespaces: {}, usages: ["client auth"] },
      trustAnchors: anchors,
    },
    status: { generations: [{ number: 1, phase: "Pending", fingerprint }], trustAnchors: known },
  };
}
