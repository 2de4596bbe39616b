import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "../../e2e/src/environment.ts";
import { capstan, mountSecret, startDemo } from "../../e2e/src/workload.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

/** A running installation with a Prometheus that has scraped it for a while. */
export interface ScrapedDemo {
  readonly prometheus: Prometheus;
  /** When scraping began and ended, in seconds since 1970. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly stop: () => Promise<void>;
}

const programs = ["issuer-controller", "crl-publisher", "crl-server"] as const;

/**
 * Starts the quickstart's installation, scrapes its three programs, and lets happen what panels show: certificates that are
 * issued, refused and revoked, and fetched CRLs.
 *
 * @param prometheusFolder Debian's package, unpacked
 * @param seconds how long things happen
 */
export async function scrapeDemo(prometheusFolder: string, seconds: number): Promise<ScrapedDemo> {
  const environment = await startDemo();
  let prometheus: Prometheus | undefined;
  const stop = async (): Promise<void> => {
    await prometheus?.stop();
    await environment.stop();
  };
  try {
    const targets = programs.map((name) => ({
      url: environment.healthOf(name),
      labels: { job: `capstan-${name}`, namespace: "capstan-system", pod: `${name}-0` },
    }));
    const fromSeconds = Date.now() / 1000;
    prometheus = await startPrometheus(prometheusFolder, targets);
    await letThingsHappen(environment, fromSeconds + seconds);
    // The last of it is scraped a second later.
    await delay(3_000);
    return { prometheus, fromSeconds, toSeconds: Date.now() / 1000, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function letThingsHappen(environment: Environment, untilSeconds: number): Promise<void> {
  const apply = async (text: string): Promise<void> => {
    const { exitCode, stderr } = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: text });
    if (exitCode !== 0) throw new Error(stderr);
  };
  for (let round = 1; round === 1 || Date.now() / 1000 < untilSeconds; round += 1) {
    // Of three, one asks for a name that the policy gives to nobody in this namespace.
    const names = [`a${round}.demo`, `b${round}.demo`, `c${round}.elsewhere`];
    await apply(names.map(certificate).join("---\n"));
    const secret = `a${round}-demo`;
    await mountSecret(environment, "demo", secret);
    const revoked = await capstan(environment, [
      "revoke",
      `certificate/${secret}`,
      "-n",
      "demo",
      "--reason",
      "superseded",
      "--yes",
    ]);
    if (revoked.exitCode !== 0) throw new Error(revoked.stderr);
    for (const file of ["/bundle.pem", "/crl/fleet-1.crl", "/nothing"]) await fetch(`${environment.crlServer}${file}`);
  }
}

function certificate(commonName: string): string {
  const name = commonName.replaceAll(".", "-");
  return `apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: ${name}, namespace: demo }
spec:
  secretName: ${name}
  commonName: ${commonName}
  privateKey: { algorithm: ECDSA, size: 256 }
  usages: [digital signature, client auth]
  issuerRef: { group: capstan.dev, kind: CapstanClusterIssuer, name: fleet }
`;
}
