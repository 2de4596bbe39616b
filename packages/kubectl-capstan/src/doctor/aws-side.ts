import { createPrivateKey, type KeyObject } from "node:crypto";
import {
  caBundleFromEnvironment,
  createRequestHandler,
  createSession,
  type Crl,
  endpointVariantFromEnvironment,
  parseTrustAnchorArn,
  proxyFromEnvironment,
  RolesAnywhereError,
  type TrustAnchor,
} from "@capstan/rolesanywhere";
import { type Aws, connectAws, serviceEndpoint } from "../aws/connect-aws.ts";
import type { Profile } from "../aws/profiles.ts";
import type { IamRole } from "../aws/roles.ts";
import { PluginError } from "../exit-code.ts";
import type { PluginContext } from "../invocation.ts";
import { Unreadable } from "./unreadable.ts";

/** Which session a workload asks for. */
export interface SessionTarget {
  readonly profileArn: string;
  readonly roleArn: string;
}

/** A leaf with its key, as a workload holds them. PEM. */
export interface LeafFiles {
  /** Where they are from, for messages. */
  readonly label: string;
  readonly certificatePem: string;
  readonly privateKeyPem?: string;
}

export interface AwsSideOptions {
  /** Whether the caller has AWS credentials to look with. */
  readonly hasCredentials: boolean;
  readonly target?: SessionTarget | undefined;
  readonly leaf?: LeafFiles | undefined;
  readonly context: Pick<PluginContext, "env" | "clock">;
}

/** AWS as far as the checks look at it: by the caller's credentials, and by a leaf. Everything is read once. Close it when done. */
export class AwsSide {
  readonly hasCredentials: boolean;
  readonly target: SessionTarget | undefined;
  readonly leaf: LeafFiles | undefined;
  readonly #context: AwsSideOptions["context"];
  readonly #connections = new Map<string, Promise<Aws>>();
  readonly #known = new Map<string, Promise<unknown>>();

  constructor({ hasCredentials, target, leaf, context }: AwsSideOptions) {
    this.hasCredentials = hasCredentials;
    this.target = target;
    this.leaf = leaf;
    this.#context = context;
  }

  /** The caller's account. @throws {Unreadable} */
  async account(region: string): Promise<string> {
    return await this.#once("account", region, async (aws) => (await aws.caller()).account);
  }

  /** @throws {Unreadable} */
  async anchor(arn: string): Promise<TrustAnchor | undefined> {
    const { region, id } = parseTrustAnchorArn(arn);
    return await this.#once(arn, region, async (aws) =>
      aws.anchors.call("rolesanywhere:GetTrustAnchor", () => aws.controlPlane.getTrustAnchor(id)),
    );
  }

  /** All CRLs of the caller's account there. @throws {Unreadable} */
  async crls(region: string): Promise<readonly Crl[]> {
    return await this.#once(`crls ${region}`, region, async (aws) =>
      aws.anchors.call("rolesanywhere:ListCrls", () => aws.controlPlane.listCrls()),
    );
  }

  /** @throws {Unreadable} */
  async profile(arn: string): Promise<Profile | undefined> {
    const [, , , region = "", , path = ""] = arn.split(":");
    return await this.#once(arn, region, (aws) => aws.profiles.get(path.split("/").at(-1) ?? ""));
  }

  /** IAM is one for all regions; `region` is where the question goes out from. @throws {Unreadable} */
  async role(arn: string, region: string): Promise<IamRole | undefined> {
    return await this.#once(arn, region, (aws) => aws.roles.get(arn.split("/").at(-1) ?? ""));
  }

  /** How far our clock is ahead of AWS's, by the last answer there; undefined before the first. Milliseconds. */
  async skewMs(region: string): Promise<number | undefined> {
    const reading = (await this.#connections.get(region))?.serverDate();
    return reading === undefined ? undefined : reading.received - reading.at;
  }

  /** The leaf's private key. @throws {PluginError} */
  privateKey(): KeyObject | undefined {
    if (this.leaf?.privateKeyPem === undefined) return undefined;
    try {
      return createPrivateKey(this.leaf.privateKeyPem);
    } catch (cause) {
      // What node says may repeat what it was given.
      void cause;
      throw new PluginError(
        `the private key of ${this.leaf.label} cannot be read: give it in PEM, without a passphrase`,
      );
    }
  }

  /** Asks for a session as the workload would; undefined when AWS grants it, else how it refused. */
  async refusal(trustAnchorArn: string, target: SessionTarget): Promise<RolesAnywhereError | undefined> {
    const privateKey = this.privateKey();
    if (this.leaf === undefined || privateKey === undefined) throw new Unreadable("no leaf with its key was given");
    const { env } = this.#context;
    const endpoint = serviceEndpoint(env, "ROLESANYWHERE");
    const requestHandler = createRequestHandler({
      proxy: proxyFromEnvironment(env),
      caBundlePem: await caBundleFromEnvironment(env),
    });
    try {
      await createSession({
        ...target,
        trustAnchorArn,
        region: parseTrustAnchorArn(trustAnchorArn).region,
        certificatePem: this.leaf.certificatePem,
        privateKey,
        requestHandler,
        ...(endpoint === undefined ? endpointVariantFromEnvironment(env) : { endpoint }),
      });
      return undefined;
    } catch (error) {
      if (error instanceof RolesAnywhereError) return error;
      throw error;
    } finally {
      requestHandler.close();
    }
  }

  async close(): Promise<void> {
    const connections = await Promise.allSettled(this.#connections.values());
    for (const connection of connections) if (connection.status === "fulfilled") connection.value.close();
  }

  #once<T>(key: string, region: string, read: (aws: Aws) => Promise<T>): Promise<T> {
    if (!this.hasCredentials) throw new Unreadable(noCredentials);
    const known = this.#known.get(key);
    if (known !== undefined) return known as Promise<T>;
    const reading = this.#connect(region)
      .then(read)
      .catch((error: unknown) => {
        throw error instanceof PluginError ? new Unreadable(error.message, { cause: error.cause }) : error;
      });
    this.#known.set(key, reading);
    return reading;
  }

  #connect(region: string): Promise<Aws> {
    const connection = this.#connections.get(region) ?? connectAws(region, this.#context);
    this.#connections.set(region, connection);
    return connection;
  }
}

const noCredentials =
  "no AWS credentials in the environment: name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/**
 * Whether the environment names credentials. The provider chain would also ask the metadata of a virtual machine, which
 * takes seconds where there is none.
 */
export function namesCredentials(env: Readonly<Record<string, string | undefined>>): boolean {
  const variables = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  ];
  return variables.some((name) => (env[name] ?? "") !== "");
}

/** Whether a call failed because AWS was not reached, or answered that it cannot, or something else answered in its place. */
export function isOutage(error: unknown): boolean {
  if (error instanceof RolesAnywhereError) {
    return ["ERR_AWS_UNAVAILABLE", "ERR_AWS_RESPONSE", "ERR_AWS_CONFIGURATION"].includes(error.code);
  }
  if (!(error instanceof Error)) return false;
  // Errors of AWS's clients: a socket's has a code, an answer's says whose fault it is.
  const { code, $fault } = error as { readonly code?: unknown; readonly $fault?: unknown };
  return typeof code === "string" || $fault === "server" || error.name === "TimeoutError";
}
