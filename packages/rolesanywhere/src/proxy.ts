import { RolesAnywhereError } from "./errors.ts";

/** Through which proxies calls go. */
export interface ProxySettings {
  /** Of https endpoints, which are asked for through a tunnel (CONNECT). An http or https URL, with user and password where wanted. */
  readonly httpsProxy?: string;
  /** Of http endpoints. */
  readonly httpProxy?: string;
  /** Hosts that are reached directly, separated by commas: a name with its subdomains, `.suffix`, `*.suffix`, an address, one host and port as `name:port`; `*` is all. */
  readonly noProxy?: string;
}

/**
 * The proxies that the environment names, by the convention of curl and AWS: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, of which the
 * lower-case form wins.
 *
 * @throws {RolesAnywhereError} ERR_AWS_CONFIGURATION for a proxy that is no http or https URL; the message does not repeat it
 *
 * @example
 * createRequestHandler({ proxy: proxyFromEnvironment(process.env) });
 */
export function proxyFromEnvironment(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  const [httpsProxy, httpProxy, noProxy] = [readUrl("HTTPS_PROXY"), readUrl("HTTP_PROXY"), read("NO_PROXY")];
  return {
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  };

  function readUrl(name: string): string | undefined {
    const value = read(name);
    if (value === undefined) return undefined;
    // Like curl, for "proxy.example.org:3128".
    const url = URL.parse(value.includes("://") ? value : `http://${value}`);
    if (url === null || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
      // It may hold a password.
      throw new RolesAnywhereError(
        "ERR_AWS_CONFIGURATION",
        `${name} is not the URL of an http or https proxy: write one such as http://proxy.example.org:3128`,
        { operation: "proxyFromEnvironment" },
      );
    }
    return url.href;
  }
}
