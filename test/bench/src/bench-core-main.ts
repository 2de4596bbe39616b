// `pnpm bench:core`: the speed of ca-core next to the public-key operations alone, @peculiar/x509 and Go.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { LEAF_KEY_ALGORITHM_NAMES, type KeyAlgorithm } from "@capstan/ca-core";
import { makeAuthority } from "./bench-authority.ts";
import { benchGo } from "./go-program.ts";
import { measureCheck, type CheckResultOfBench } from "./measure-check.ts";
import { measureCrl, type CrlResult } from "./measure-crl.ts";
import { measureHandover, type HandoverResult } from "./measure-handover.ts";
import { measureLeaves, type LeavesResult, type MadeCertificate } from "./measure-leaves.ts";
import { readOptions, USAGE, type Options } from "./options.ts";
import { say } from "@capstan/test-cluster/long-run";
import { formatResults } from "./report.ts";
import { makeRequests } from "./requests.ts";
import type { BenchResults } from "./results.ts";
import { judgeTargets } from "./targets.ts";

const LEAF_ALGORITHMS: readonly KeyAlgorithm[] = ["RSA-2048", "ECDSA-P256"];
const CRL_ALGORITHM: KeyAlgorithm = "RSA-2048";

const options = readOptions(process.argv.slice(2));
if (options === "help") {
  console.log(USAGE);
} else {
  // Only this user may enter: it holds the keys of the CAs that are made for the run.
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-bench-"));
  try {
    const results = await run(options, folder);
    await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
    console.log(formatResults(results));
    console.log(`\n${options.json}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run({ parts, size }: Options, folder: string): Promise<BenchResults> {
  const leaves: LeavesResult[] = [];
  const handover: HandoverResult[] = [];
  const crl: CrlResult[] = [];
  const check: CheckResultOfBench[] = [];
  const certificates: MadeCertificate[] = [];
  const goProgram = await benchGo(say);

  if (parts.includes("leaves")) {
    for (const algorithm of LEAF_ALGORITHMS) {
      say(`leaves, ${algorithm}: making ${size.leafRequests} requests`);
      const requests = await makeRequests(algorithm, size.leafRequests);
      const authority = await makeAuthority(algorithm, folder);
      const measured = await measureLeaves({ authority, requests, goProgram, size });
      leaves.push(...measured.results);
      certificates.push(...measured.certificates);
    }
  }
  if (parts.includes("handover")) {
    say("signatures on the thread pool");
    const { privateKey } = await makeAuthority("RSA-2048", await mkdtemp(path.join(folder, "handover-")));
    handover.push(...(await measureHandover(privateKey, size.handoverSignatures)));
  }
  if (parts.includes("check")) {
    for (const algorithm of LEAF_KEY_ALGORITHM_NAMES) {
      say(`check, ${algorithm}: making ${size.checkRequests} requests`);
      check.push(measureCheck(algorithm, await makeRequests(algorithm, size.checkRequests), size.checkPasses));
    }
  }
  if (parts.includes("crl")) {
    say("CRLs");
    const authority = await makeAuthority(CRL_ALGORITHM, await mkdtemp(path.join(folder, "crl-")));
    crl.push(...(await measureCrl({ folder: authority.folder, goProgram, size })));
  }
  say("done");
  return {
    date: new Date().toISOString(),
    size: size.name,
    machine: { cores: availableParallelism(), node: process.versions.node, openssl: process.versions.openssl },
    leaves,
    handover,
    crl,
    check,
    targets: judgeTargets({ leaves, crl, check }),
    certificates,
  };
}
