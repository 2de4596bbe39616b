import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "../../e2e/src/environment.ts";
import { capstan, mountSecret, startDemo } from "../../e2e/src/workload.ts";
import type { Scraped } from "./plot/run.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

/** What happens once, beside what happens all the time. */
export interface Moment {
  /** After scraping has begun. */
  readonly seconds: number;
  readonly what: string;
  readonly run: (environment: Environment) => Promise<void>;
}

const programs = ["issuer-controller", "crl-publisher", "crl-server"] as const;

/**
 * Starts the quickstart's installation, scrapes its three programs, and lets happen what panels show: certificates that are
 * issued, refused and revoked, and fetched CRLs.
 *
 * @param prometheusFolder Debian's package, unpacked
 * @param seconds how long things happen
 */
export async function scrapeDemo(
  prometheusFolder: string,
  seconds: number,
  moments: readonly Moment[] = [],
): Promise<Scraped> {
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
    prometheus = await startPrometheus(prometheusFolder, { targets });
    const events: { readonly seconds: number; readonly what: string }[] = [];
    const left = [...moments];
    for (let round = 1; round === 1 || Date.now() / 1000 < fromSeconds + seconds; round += 1) {
      const [next] = left;
      if (next !== undefined && Date.now() / 1000 >= fromSeconds + next.seconds) {
        left.shift();
        events.push({ seconds: Date.now() / 1000, what: next.what });
        await next.run(environment);
      }
      await goOn(environment, round);
    }
    // The last of it is scraped a second later.
    await delay(3_000);
    return { prometheus, fromSeconds, toSeconds: Date.now() / 1000, rateSeconds: 15, events, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Three Certificates, one of which the policy gives to nobody in this namespace; one that is revoked; and fetched CRLs. */
async function goOn(environment: Environment, round: number): Promise<void> {
  await applyCertificates(environment, [`a${round}.demo`, `b${round}.demo`, `c${round}.elsewhere`]);
  const secret = `a${round}-demo`;
  await mountSecret(environment, "demo", secret);
  const target = `certificate/${secret}`;
  const revoked = await capstan(environment, ["revoke", target, "-n", "demo", "--reason", "superseded", "--yes"]);
  if (revoked.exitCode !== 0) throw new Error(revoked.stderr);
  for (const file of ["/bundle.pem", "/crl/fleet-1.crl", "/nothing"]) await fetch(`${environment.crlServer}${file}`);
}

/** Certificates of these common names in namespace `demo`. */
export async function applyCertificates({ cluster }: Environment, commonNames: readonly string[]): Promise<void> {
  await cluster.apply(["-f", "-"], commonNames.map(certificate).join("---\n"));
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
