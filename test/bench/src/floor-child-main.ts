// The floor of issuing, in a process of its own: see issuer/floor.ts.
// Usage: floor-child-main.ts KUBECONFIG IN-FLIGHT
// Told the path of a file with what to write, it writes that and answers with a line.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { issuedCertificateResource } from "@capstan/api";
import { KubeClient, loadKubeConnection } from "@capstan/kube";
import { type FloorWork, requestResource } from "./issuer/floor-work.ts";

const [kubeconfig, inFlight = "1"] = process.argv.slice(2);
const client = new KubeClient(loadKubeConnection({ kubeconfig, env: {} }), { userAgent: "bench-floor" });

for await (const file of createInterface({ input: process.stdin })) {
  const works = JSON.parse(await readFile(file, "utf8")) as FloorWork[];
  console.log("ready");
  const queue = works[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const { record, answer } of queue) {
      await client.create(issuedCertificateResource, record);
      await client.apply(requestResource, answer, {
        fieldManager: "bench-floor",
        force: true,
        subresource: "status",
        metadataOnly: true,
      });
    }
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, work));
  console.log("done");
}
await client.close();
