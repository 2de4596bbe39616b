// The floor of issuing, in a process of its own: see issuer/floor.ts.
// Usage: floor-child-main.ts KUBECONFIG IN-FLIGHT
// Each line it is told is a request's metadata; it writes what that costs at least.
import { createInterface } from "node:readline";
import { issuedCertificateResource } from "@capstan/api";
import { KubeClient, type KubeObject, loadKubeConnection } from "@capstan/kube";
import { floorWork, requestResource } from "./issuer/floor-work.ts";

const [kubeconfig, inFlight = "1"] = process.argv.slice(2);
const client = new KubeClient(loadKubeConnection({ kubeconfig, env: {} }), { userAgent: "bench-floor" });

const waiting: KubeObject["metadata"][] = [];
let writing = 0;
let count = 0;

async function write(): Promise<void> {
  writing += 1;
  for (let metadata = waiting.shift(); metadata !== undefined; metadata = waiting.shift()) {
    count += 1;
    const { record, answer } = floorWork(metadata, count);
    await client.create(issuedCertificateResource, record);
    await client.apply(requestResource, answer, {
      fieldManager: "bench-floor",
      force: true,
      subresource: "status",
      metadataOnly: true,
    });
  }
  writing -= 1;
}

const writers: Promise<void>[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  waiting.push(JSON.parse(line) as KubeObject["metadata"]);
  if (writing < Number(inFlight)) writers.push(write());
}
await Promise.all(writers);
await client.close();
