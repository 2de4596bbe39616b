import { applyCertificates, type Moment, scrapeDemo } from "../scraped-demo.ts";
import type { Scraped } from "./run.ts";

const lastSecond = 240;

const moments: readonly Moment[] = [
  {
    seconds: 60,
    what: "60 Certificates are applied at once",
    run: (environment) =>
      applyCertificates(
        environment,
        Array.from({ length: 60 }, (_, index) => `burst${index}.demo`),
      ),
  },
  {
    seconds: 150,
    what: "the issuer controller is killed",
    run: (environment) => environment.restart("issuer-controller"),
  },
];

/** Four minutes of the quickstart's installation, in which certificates are issued, refused and revoked without a pause. */
export async function scrapeIssuing(prometheusFolder: string): Promise<Scraped> {
  return await scrapeDemo(prometheusFolder, lastSecond, moments);
}
