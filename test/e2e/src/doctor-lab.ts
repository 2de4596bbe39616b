import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { IAMClient, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  DisableProfileCommand,
  EnableCrlCommand,
  EnableProfileCommand,
  EnableTrustAnchorCommand,
  ListCrlsCommand,
  RolesAnywhereClient,
  UpdateProfileCommand,
} from "@aws-sdk/client-rolesanywhere";
import { runPlugin } from "@capstan/kubectl-capstan";
import { systemClock } from "@capstan/kube";
import { type Environment, region, startEnvironment } from "./environment.ts";
import { applyExamples, type LeafFiles, mountSecret, trustAnchorArn } from "./workload.ts";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../..");

/** Who looks, and who mends: an administrator of the account in the emulator. */
export const administrator = {
  accessKeyId: "AKIAADMINISTRATOR",
  secretAccessKey: "emulator-only/not-a-secret",
  arn: "arn:aws:iam::111122223333:user/administrator",
} as const;

export const roleName = "demo-web";
export const roleArn = `arn:aws:iam::111122223333:role/${roleName}`;
/** That the profile does not hold. */
export const otherRoleArn = `${roleArn}-other`;
const profileId = "3f0c5f5e-6a2d-4c1b-9d7e-0b8a4e2c9d10";

/** The role's trust policy, with a part of its one statement otherwise. */
export function trustPolicy(change: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "rolesanywhere.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: {
          StringEquals: {
            "aws:PrincipalTag/x509Subject/CN": "web.demo",
            "aws:PrincipalTag/x509Issuer/CN": "Example Fleet CA",
          },
        },
        ...change,
      },
    ],
  };
}

/** What doctor says. */
export interface Diagnosis {
  readonly code: number;
  /** Ids of the causes, the first first. */
  readonly causes: readonly string[];
  /** The first cause's. */
  readonly cure: string;
  /** As a person reads it. */
  readonly text: string;
  /** Checks that could not be made, with the reason. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** A whole Capstan in which all is well, and hands to break it. */
export interface Lab extends AsyncDisposable {
  readonly environment: Environment;
  readonly anchorArn: string;
  readonly profileArn: string;
  readonly leaf: LeafFiles;
  /** What the next diagnoses are asked about, until it is set anew. */
  asked: Asked;
  /** Asks doctor, as an administrator of both cluster and account. */
  readonly diagnose: () => Promise<Diagnosis>;
  /** Runs kubectl as administrator. @throws Error with what it said */
  readonly kubectl: (args: readonly string[], manifest?: unknown) => Promise<string>;
  /** Runs a cure as it was printed, in a shell in the repository's folder. */
  readonly shell: (command: string) => Promise<void>;
  readonly setTrust: (change?: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly setProfile: (change: { readonly roleArns?: string[]; readonly durationSeconds?: number }) => Promise<void>;
  readonly setProfileEnabled: (isEnabled: boolean) => Promise<void>;
  readonly enableTrustAnchor: () => Promise<void>;
  readonly crlArn: () => Promise<string>;
  readonly enableCrl: () => Promise<void>;
}

/** How doctor is called. */
export interface Asked {
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly roleArn?: string;
  readonly profileArn?: string;
  /** Added to the clock of whoever looks. */
  readonly clockMs?: number;
  /** Where AWS is looked for. */
  readonly endpoint?: string;
  /** Who looks; the administrator when left out. */
  readonly kubeconfig?: string;
  /** Whether whoever looks has credentials for AWS; true when left out. */
  readonly hasAws?: boolean;
}

/** Starts it, and resolves when the leaf of deploy/examples is issued and its trust anchor has joined. */
export async function startLab(): Promise<Lab> {
  const many = { perSecond: 1_000, burst: 1_000 };
  const environment = await startEnvironment({
    log: () => {},
    aws: {
      accessKeys: [administrator],
      roles: [roleArn, otherRoleArn].map((arn) => ({ arn, trustPolicy: trustPolicy() })),
      profiles: [{ name: "demo", id: profileId, roleArns: [roleArn] }],
      quotas: { "trust-anchors": many, crls: many, profiles: many, tagging: many, "create-session": many },
    },
  });
  try {
    await applyExamples(environment);
    const leaf = await mountSecret(environment, "demo", "web-tls");
    return labOf(environment, leaf, await trustAnchorArn(environment));
  } catch (error) {
    await environment.stop();
    throw error;
  }
}

function labOf(environment: Environment, leaf: LeafFiles, anchorArn: string): Lab {
  const { cluster, emulator, bin } = environment;
  const profileArn = emulator.profileArn("demo");
  const { accessKeyId, secretAccessKey } = administrator;
  const place = { region, endpoint: emulator.endpoint, credentials: { accessKeyId, secretAccessKey } };
  const iam = new IAMClient(place);
  const rolesAnywhere = new RolesAnywhereClient(place);
  const crlId = async (): Promise<string> => {
    const { crls = [] } = await rolesAnywhere.send(new ListCrlsCommand({}));
    const id = crls[0]?.crlId;
    if (id === undefined) throw new Error("the emulator has no CRL");
    return id;
  };
  const lab: Lab = {
    environment,
    anchorArn,
    profileArn,
    leaf,
    asked: {},
    diagnose: () => diagnose(lab),
    kubectl: async (args, manifest) => {
      const result = await cluster.kubectl(args, manifest === undefined ? {} : { stdin: JSON.stringify(manifest) });
      if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${result.stderr}`);
      return result.stdout;
    },
    shell: async (command) => {
      const env = {
        PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
        KUBECONFIG: cluster.adminKubeconfig,
        HOME: cluster.directory,
      };
      await promisify(execFile)("/bin/sh", ["-c", command], { cwd: root, env });
    },
    setTrust: async (change = {}) => {
      const PolicyDocument = JSON.stringify(trustPolicy(change));
      await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: roleName, PolicyDocument }));
    },
    setProfile: async (change) => void (await rolesAnywhere.send(new UpdateProfileCommand({ profileId, ...change }))),
    setProfileEnabled: async (isEnabled) =>
      void (isEnabled
        ? await rolesAnywhere.send(new EnableProfileCommand({ profileId }))
        : await rolesAnywhere.send(new DisableProfileCommand({ profileId }))),
    enableTrustAnchor: async () =>
      void (await rolesAnywhere.send(new EnableTrustAnchorCommand({ trustAnchorId: anchorArn.split("/")[1] }))),
    crlArn: async () => anchorArn.replace(/trust-anchor\/.*$/, `crl/${await crlId()}`),
    enableCrl: async () => void (await rolesAnywhere.send(new EnableCrlCommand({ crlId: await crlId() }))),
    [Symbol.asyncDispose]: async () => {
      iam.destroy();
      rolesAnywhere.destroy();
      await environment.stop();
    },
  };
  return lab;
}

interface Printed {
  readonly checks: readonly {
    readonly check: string;
    readonly result: string;
    readonly reason?: string;
    readonly findings: readonly {
      readonly id: string;
      readonly cure: string;
      readonly cause: string;
      readonly followsFrom?: string;
    }[];
  }[];
}

async function diagnose({ environment, leaf, profileArn, asked }: Lab): Promise<Diagnosis> {
  const { clockMs = 0 } = asked;
  const argv = [
    "doctor",
    `--kubeconfig=${asked.kubeconfig ?? environment.cluster.adminKubeconfig}`,
    `--certificate=${asked.certificate ?? leaf.certificate}`,
    `--private-key=${asked.privateKey ?? leaf.privateKey}`,
    `--profile-arn=${asked.profileArn ?? profileArn}`,
    `--role-arn=${asked.roleArn ?? roleArn}`,
    "--output=json",
  ];
  let [out, err] = ["", ""];
  const code = await runPlugin(argv, {
    terminal: {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      isInteractive: false,
      hasColor: false,
      ask: () => Promise.resolve(""),
      readInput: () => Promise.resolve(new Uint8Array()),
    },
    // The credentials themselves are read from the process's own environment by AWS's provider chain.
    env: {
      AWS_ENDPOINT_URL: asked.endpoint ?? environment.emulator.endpoint,
      ...(asked.hasAws === false ? {} : { AWS_ACCESS_KEY_ID: administrator.accessKeyId }),
    },
    clock: { ...systemClock, now: () => systemClock.now() + clockMs },
  });
  if (out === "") throw new Error(err);
  const { checks } = JSON.parse(out) as Printed;
  const found = checks.flatMap(({ findings }) => findings);
  const causes = found.filter(({ followsFrom }) => followsFrom === undefined);
  const text = found
    .map(({ id, cause, followsFrom }) => `${id}${followsFrom === undefined ? "" : ` <- ${followsFrom}`}: ${cause}`)
    .join("\n");
  const skipped = Object.fromEntries(
    checks.filter(({ result }) => result === "Skipped").map(({ check, reason = "" }) => [check, reason]),
  );
  return { code, causes: causes.map(({ id }) => id), cure: causes[0]?.cure ?? "", text, skipped };
}
