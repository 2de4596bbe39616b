import { describeResponse } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import { ClusterError } from "./errors.ts";
import { writeFileAtomically } from "./kubeconfig.ts";

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** A kubelet's own choice for projected tokens. */
const lifetimeSeconds = 3600;

/** When to renew a token, as a kubelet does: at 80 % of its life. In ms from now, never negative. */
export function renewalDelayMs(issuedAtMs: number, expiresAtMs: number, nowMs: number): number {
  return Math.max(0, issuedAtMs + 0.8 * (expiresAtMs - issuedAtMs) - nowMs);
}

/**
 * Writes a service account's token to a file (TokenRequest API), and renews it there until `stop` is called.
 * Resolves when the first token is there.
 *
 * @throws ClusterError ERR_SERVICE_ACCOUNT_MISSING, ERR_SETUP_REFUSED
 */
export async function keepToken(options: {
  readonly api: ApiClient;
  readonly serviceAccount: ServiceAccount;
  readonly tokenFile: string;
  readonly log: (line: string) => void;
  /** Default: the system clock. */
  readonly now?: () => number;
  /** How long to wait after a failed renewal. Default: 10 s. */
  readonly retryMs?: number;
}): Promise<{ readonly stop: () => void }> {
  const { api, serviceAccount, tokenFile, log, now = Date.now, retryMs = 10_000 } = options;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const schedule = (delayMs: number): void => {
    if (isStopped) return;
    timer = setTimeout(() => void renew(), delayMs);
    // A renewal to come is no reason for a program to stay up.
    timer.unref();
  };
  const renew = async (): Promise<void> => {
    try {
      schedule(await requestToken());
    } catch (error) {
      log(`token of ${serviceAccount.namespace}/${serviceAccount.name} not renewed: ${String(error)}`);
      schedule(retryMs);
    }
  };
  const requestToken = async (): Promise<number> => {
    const issuedAtMs = now();
    const { token, expiresAtMs } = await createToken(api, serviceAccount);
    if (!isStopped) await writeFileAtomically(tokenFile, token);
    return renewalDelayMs(issuedAtMs, expiresAtMs, now());
  };

  schedule(await requestToken());
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

async function createToken(
  api: ApiClient,
  { namespace, name }: ServiceAccount,
): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`;
  const response = await api("POST", path, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: lifetimeSeconds },
  });
  if (response.status === 404) {
    throw new ClusterError(
      "ERR_SERVICE_ACCOUNT_MISSING",
      `there is no ServiceAccount ${name} in namespace ${namespace}: apply its manifest first`,
    );
  }
  const status = response.status === 201 ? readStatus(response.body) : undefined;
  if (status === undefined) {
    // The body of a success would hold the token.
    const answer = response.status === 201 ? "an answer without a token" : describeResponse(response);
    throw new ClusterError("ERR_SETUP_REFUSED", `token of ServiceAccount ${namespace}/${name}: ${answer}`);
  }
  return status;
}

function readStatus(body: unknown): { readonly token: string; readonly expiresAtMs: number } | undefined {
  const status = (body as { status?: { token?: unknown; expirationTimestamp?: unknown } } | null)?.status;
  if (typeof status?.token !== "string" || typeof status.expirationTimestamp !== "string") return undefined;
  const expiresAtMs = Date.parse(status.expirationTimestamp);
  return Number.isNaN(expiresAtMs) ? undefined : { token: status.token, expiresAtMs };
}
