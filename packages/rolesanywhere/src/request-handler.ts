import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";

import { RolesAnywhereError } from "./errors.ts";
import { decodePemBlocks } from "./pem.ts";
import type { ProxySettings } from "./proxy.ts";

export interface RequestHandlerOptions {
  /** See `proxyFromEnvironment`. Default is none: every connection is direct. */
  readonly proxy?: ProxySettings;
  /**
   * The only CAs that a server may have its certificate from: PEM, as AWS_CA_BUNDLE names a file of. Default is Node's own list,
   * with those of NODE_EXTRA_CA_CERTS, which is what counts for an https proxy's own certificate, too.
   */
  readonly caBundlePem?: string | undefined;
}

/** Opens the connections of all calls to AWS, with one pool, proxy and trust for all of them. */
export interface RequestHandler {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  /** Ends its connections, also those in use. */
  readonly close: () => void;
}

/**
 * An idle connection is kept for the next calls of a burst only: an old one may be closed by AWS just as it is used again. By Node it
 * is also how long a proxy may take for a tunnel.
 */
const idleMs = 20_000;

/**
 * Makes the one request handler of a process, for every control plane, CreateSession and the provider chain.
 *
 * @throws {RolesAnywhereError} ERR_AWS_CONFIGURATION for a CA bundle without a certificate
 *
 * @example
 * const requestHandler = createRequestHandler({ proxy: proxyFromEnvironment(process.env) });
 * const aws = createControlPlane({ region: "eu-central-1", requestHandler });
 */
export function createRequestHandler(options: RequestHandlerOptions = {}): RequestHandler {
  const { proxy = {}, caBundlePem } = options;
  const shared = {
    keepAlive: true,
    timeout: idleMs,
    proxyEnv: {
      ...(proxy.httpsProxy === undefined ? {} : { HTTPS_PROXY: proxy.httpsProxy }),
      ...(proxy.httpProxy === undefined ? {} : { HTTP_PROXY: proxy.httpProxy }),
      ...(proxy.noProxy === undefined ? {} : { NO_PROXY: withSubdomains(proxy.noProxy) }),
    },
  };
  const httpAgent = new HttpAgent(shared);
  const httpsAgent = new HttpsAgent({
    ...shared,
    minVersion: "TLSv1.2",
    ...(caBundlePem === undefined ? {} : { ca: certificatesOf(caBundlePem) }),
  });
  return {
    httpAgent,
    httpsAgent,
    close: () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

/** To Node a bare name means that host alone; to curl, Go and whoever writes NO_PROXY for a cluster, its subdomains as well. */
function withSubdomains(noProxy: string): string {
  const entries = noProxy.split(",").map((entry) => entry.trim());
  return entries.flatMap((entry) => (/^[a-z][a-z0-9.-]*$/iu.test(entry) ? [entry, `.${entry}`] : [entry])).join(",");
}

function certificatesOf(caBundlePem: string): string {
  const labels = readLabels(caBundlePem);
  // Without one Node would trust nobody, and say so only at the first call.
  if (!labels.includes("CERTIFICATE")) {
    throw new RolesAnywhereError(
      "ERR_AWS_CONFIGURATION",
      "the CA bundle holds no certificate: name a PEM file with CERTIFICATE blocks, for example by AWS_CA_BUNDLE",
      { operation: "createRequestHandler", field: "caBundlePem" },
    );
  }
  return caBundlePem;
}

function readLabels(pem: string): readonly string[] {
  try {
    return decodePemBlocks(pem, "caBundlePem").map(({ label }) => label);
  } catch {
    return [];
  }
}
