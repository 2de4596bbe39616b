import { existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { type Clock, systemClock } from "./clock.ts";
import { type KubeconfigContext, KubeconfigError, readKubeconfig, text } from "./kubeconfig.ts";
import { KubeConnectionError } from "./kube-error.ts";
import { isPlainUser, readPlainUser } from "./plain-user.ts";
import { TokenFile } from "./token-file.ts";

/** What a request needs to be let in. Holds secrets: never log it. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
}

export interface TlsSettings {
  readonly ca?: string | Uint8Array | undefined;
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** Which API server to talk to and as whom. */
export interface KubeConnection {
  /** URL without a slash at its end. */
  readonly server: string;
  /** Namespace of the kubeconfig's context, or of the service account. */
  readonly namespace: string | undefined;
  /** http or https proxy from the kubeconfig. */
  readonly proxyUrl: string | undefined;
  /** Read from disk or exec plugin again after at most 30 s. Throws {@link KubeConnectionError}. */
  credentials(): Promise<Credentials>;
  /** After a 401: the next call of `credentials` reads everything anew. */
  refuse(): void;
}

export interface KubeConnectionOptions {
  /** Kubeconfig files joined as in the KUBECONFIG variable (":" on Linux). Wins over everything else but `inCluster`. */
  readonly kubeconfig?: string | undefined;
  /** Context in it; else its current-context. */
  readonly context?: string | undefined;
  /** Take the pod's service account and nothing else. */
  readonly inCluster?: boolean | undefined;
  /** Where KUBECONFIG and KUBERNETES_SERVICE_HOST and …_PORT are looked up. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  /** Folder with token, ca.crt and namespace. */
  readonly serviceAccountFolder?: string;
  readonly clock?: Clock;
}

const credentialsMaxAgeMs = 30_000;
// A server that says 401 to everything must not make every call run an exec plugin.
const refusedMinAgeMs = 2_000;

/**
 * Finds the API server: `inCluster`, else the `kubeconfig` given, else $KUBECONFIG, else ~/.kube/config,
 * else the pod's service account. Throws {@link KubeconfigError} when none is there or the one found is unusable.
 *
 * Bearer token, `tokenFile` (rotated tokens are picked up within 30 s), client certificate, exec plugin and "as" are supported.
 */
export function loadKubeConnection(options: KubeConnectionOptions = {}): KubeConnection {
  const { env = process.env, home = homedir(), clock = systemClock } = options;
  const folder = options.serviceAccountFolder ?? "/var/run/secrets/kubernetes.io/serviceaccount";
  const pod = (): KubeconfigContext => serviceAccountContext(env, folder);
  if (options.inCluster === true) return new KubeconfigConnection(pod, clock);
  const files = kubeconfigFiles(options.kubeconfig ?? env["KUBECONFIG"], home);
  if (files.length > 0) return new KubeconfigConnection(() => readKubeconfig(files, options.context), clock);
  if (options.context === undefined && existsSync(join(folder, "token"))) return new KubeconfigConnection(pod, clock);
  throw new KubeconfigError(
    `no kubeconfig: give one, set KUBECONFIG, or create ${join(home, ".kube", "config")} (no service account is mounted either)`,
  );
}

function kubeconfigFiles(list: string | undefined, home: string): readonly string[] {
  const named = (list ?? "").split(delimiter).filter((file) => file !== "");
  if (named.length === 1) return named;
  // As kubectl: of several, those that are missing are passed over.
  if (named.length > 1) return named.filter((file) => existsSync(file));
  const standard = join(home, ".kube", "config");
  return existsSync(standard) ? [standard] : [];
}

function serviceAccountContext(env: Readonly<Record<string, string | undefined>>, folder: string): KubeconfigContext {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (host === undefined || port === undefined) {
    throw new KubeconfigError("not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  const namespace = join(folder, "namespace");
  return {
    name: "in-cluster",
    namespace: existsSync(namespace) ? readFileSync(namespace, "utf8").trim() : undefined,
    cluster: {
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      "certificate-authority": join(folder, "ca.crt"),
    },
    user: { tokenFile: join(folder, "token") },
  };
}

class KubeconfigConnection implements KubeConnection {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly proxyUrl: string | undefined;
  readonly #load: () => KubeconfigContext;
  readonly #clock: Clock;
  #source: Source | undefined;
  #cached: { readonly at: number; readonly credentials: Promise<Credentials> } | undefined;

  constructor(load: () => KubeconfigContext, clock: Clock) {
    const context = load();
    this.#load = load;
    this.#clock = clock;
    this.server = serverOf(context);
    this.namespace = context.namespace;
    this.proxyUrl = proxyOf(context);
    this.#source = sourceOf(context);
  }

  credentials(): Promise<Credentials> {
    const now = this.#clock.monotonic();
    if (this.#cached !== undefined && now - this.#cached.at < credentialsMaxAgeMs) return this.#cached.credentials;
    const credentials = this.#read();
    const cached = { at: now, credentials };
    this.#cached = cached;
    credentials.catch(() => {
      if (this.#cached === cached) this.#cached = undefined; // the next call tries again
    });
    return credentials;
  }

  refuse(): void {
    if (this.#cached === undefined || this.#clock.monotonic() - this.#cached.at < refusedMinAgeMs) return;
    this.#cached = undefined;
    this.#source = undefined;
  }

  async #read(): Promise<Credentials> {
    try {
      this.#source ??= sourceOf(this.#load());
      return await this.#source();
    } catch (cause) {
      if (cause instanceof KubeConnectionError) throw cause;
      const reason = cause instanceof Error ? cause.message.split("\n")[0] : "unknown";
      throw new KubeConnectionError("ERR_KUBE_CREDENTIALS", `no credentials for ${this.server}: ${reason}`);
    }
  }
}

function serverOf(context: KubeconfigContext): string {
  const server = text(context.cluster, "server");
  if (server === undefined || !/^https?:\/\//.test(server) || !URL.canParse(server)) {
    throw new KubeconfigError(`context "${context.name}": its cluster's server must be an http or https URL`);
  }
  if (server.startsWith("http:") && context.cluster["insecure-skip-tls-verify"] !== true) {
    throw new KubeconfigError(
      `context "${context.name}": its cluster's server is plain http: use https, or set insecure-skip-tls-verify: true`,
    );
  }
  return server.replace(/\/+$/, "");
}

function proxyOf(context: KubeconfigContext): string | undefined {
  const proxy = text(context.cluster, "proxy-url");
  if (proxy !== undefined && !/^https?:\/\//.test(proxy)) {
    throw new KubeconfigError(`context "${context.name}": proxy-url must begin with http:// or https://`);
  }
  return proxy;
}

/** Reads a context's credentials, each time anew. */
type Source = () => Promise<Credentials>;

function sourceOf(context: KubeconfigContext): Source {
  const path = text(context.user, "tokenFile");
  const tokenFile = path === undefined ? undefined : new TokenFile(path);
  if (isPlainUser(context)) return () => readPlainUser(context, tokenFile);
  // Kept: it remembers until when an exec plugin's answer is good.
  let config: Promise<KubeConfig> | undefined;
  return async () => {
    config ??= configOf(context);
    const options: RequestOptions = {};
    await (await config).applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
    if (typeof options.auth === "string") {
      headers["Authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
    }
    if (tokenFile !== undefined) headers["Authorization"] = `Bearer ${await tokenFile.read()}`;
    return { headers, tls: tlsOf(options) };
  };
}

/** Hands the context to client-node, but for `tokenFile`, which it does not know (2.0.1). */
async function configOf(context: KubeconfigContext): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(
    JSON.stringify({
      clusters: [{ name: "cluster", cluster: context.cluster }],
      users: [{ name: "user", user: withExecInfo(context.user) }],
      contexts: [{ name: "context", context: { cluster: "cluster", user: "user" } }],
      "current-context": "context",
    }),
  );
  return kubeConfig;
}

/** Exec plugins read from KUBERNETES_EXEC_INFO which version to answer in; client-node leaves it out. */
function withExecInfo(user: KubeconfigContext["user"]): unknown {
  const exec = user["exec"];
  if (typeof exec !== "object" || exec === null) return user;
  const { apiVersion, env } = exec as { apiVersion?: unknown; env?: unknown };
  const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false } };
  const variables = [...(Array.isArray(env) ? env : []), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }];
  return { ...user, exec: { ...exec, env: variables } };
}

function tlsOf(options: RequestOptions): TlsSettings {
  return {
    ca: bytes(options.ca),
    cert: bytes(options.cert),
    key: bytes(options.key),
    servername: options.servername,
    rejectUnauthorized: options.rejectUnauthorized,
  };
}

function bytes(value: unknown): string | Uint8Array | undefined {
  return typeof value === "string" || value instanceof Uint8Array ? value : undefined;
}
