import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository, runnableBlocks } from "../src/doc-blocks.ts";
import type { Environment } from "../src/environment.ts";
import { assumeRole, callerIdentity, capstan, getObject, mountSecret, startDemo } from "../src/workload.ts";

// The commands of docs/operate and of the examples' READMEs, typed by an administrator into a cluster with deploy/examples; and
// what docs/operate/logs.md says of ids that join.

let environment: Environment;

beforeAll(async () => {
  environment = await startDemo();
});

afterAll(async () => {
  await environment?.stop();
});

async function type(script: string): Promise<string> {
  const env = {
    ...process.env,
    PATH: `${environment.bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
    KUBECONFIG: environment.cluster.adminKubeconfig,
  };
  const { stdout } = await promisify(execFile)("sh", ["-euc", script], { env, cwd: repository });
  return stdout;
}

interface LogLine {
  readonly msg?: string;
  readonly uid?: string;
  readonly serial?: string;
  readonly do?: string;
  readonly anchor?: string;
  readonly crlNumber?: number;
  readonly audit?: true;
  readonly chain?: string;
  readonly sequence?: number;
  readonly event?: string;
  readonly of?: string;
  readonly signature?: Readonly<Record<string, unknown>>;
}

async function logOf(program: string): Promise<readonly LogLine[]> {
  const text = await readFile(path.join(environment.cluster.logs, `${program}.log`), "utf8");
  return text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as LogLine);
}

describe("one certificate is followed", () => {
  interface Request {
    readonly metadata: { readonly uid: string; readonly name: string };
  }
  interface Record_ {
    readonly spec: { readonly serial: string; readonly requestNamespace: string; readonly requester: string };
    readonly status?: { readonly revoked?: object };
  }

  let uid: string;
  let record: Record_ | undefined;

  beforeAll(async () => {
    const requests = await getObject<{ readonly items: readonly Request[] }>(environment, [
      "certificaterequests",
      "-n",
      "demo",
    ]);
    uid = requests?.items[0]?.metadata.uid ?? "no request";
    record = await getObject<Record_>(environment, ["issuedcertificates", uid, "-n", "capstan-system"]);
  });

  test("from-its-request-by-uid-to-the-ledger-the-log-and-the-audit-lines", async () => {
    const serial = record?.spec.serial;
    expect(serial).toMatch(/^[0-9a-f]{32}$/);
    const lines = await logOf("issuer-controller");
    const recorded = lines.find((line) => line.uid === uid);
    expect(recorded).toMatchObject({ msg: "recorded a leaf", serial, authority: "fleet", generation: 1 });
    const signing = lines.find(({ signature }) => signature?.["record"] === uid);
    expect(signing).toMatchObject({
      audit: true,
      event: "signing",
      signature: { purpose: "Leaf", serial, request: "demo/web-1", requester: record?.spec.requester },
    });
    expect(lines.find(({ of }) => of === `${signing?.chain}/${signing?.sequence}`)?.event).toBe("signed");
  });

  test("from-the-ledger-by-serial-to-the-session-in-aws", async () => {
    const credentials = await assumeRole(environment, await mountSecret(environment, "demo", "web-tls"));
    expect(await callerIdentity(environment, credentials)).toContain(`/${record?.spec.serial}`);
    expect(JSON.stringify(environment.emulator.sessionEvents().at(-1))).toContain(record?.spec.serial ?? "no serial");
  });

  test("from-its-revocation-by-the-number-of-the-crl-to-the-call-to-aws", async () => {
    const revoked = await capstan(environment, ["revoke", "certificate/web", "-n", "demo", "--yes", "--wait"]);
    expect(revoked).toMatchObject({ exitCode: 0 });
    const [, number] = /CRL (\d+) read back/.exec(revoked.stderr + revoked.stdout) ?? [];
    const lines = await until("the publisher's log to hold the CRL", async () => {
      const found = await logOf("crl-publisher");
      return found.some(({ crlNumber }) => String(crlNumber) === number) ? found : undefined;
    });
    expect(lines.find((line) => String(line.crlNumber) === number)).toMatchObject({ msg: "signed a CRL" });
    expect(lines.some(({ signature }) => String(signature?.["crlNumber"]) === number)).toBe(true);
    const at = lines.findIndex(({ crlNumber }) => String(crlNumber) === number);
    const sent = lines.slice(at).find((line) => line.do === "ImportCrl");
    expect(sent).toMatchObject({ msg: "took a step", anchor: "prod", generation: 1 });
    expect(environment.emulator.requests().some(({ operation }) => operation === "UpdateCrl")).toBe(true);
    const ledger = await getObject<Record_>(environment, ["issuedcertificates", uid, "-n", "capstan-system"]);
    expect(ledger?.status?.revoked).toMatchObject({ reason: expect.any(String) });
  });

  test("and-no-log-holds-a-key-or-a-request", async () => {
    for (const program of ["issuer-controller", "crl-publisher"]) {
      const text = await readFile(path.join(environment.cluster.logs, `${program}.log`), "utf8");
      expect(text).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE REQUEST|LS0tLS1CRUdJTi/);
    }
  });
});

describe("the documentation's commands", () => {
  const blocks = runnableBlocks();

  test("are-there", () => {
    expect(blocks.length).toBeGreaterThanOrEqual(10);
  });

  test.each(blocks)("of-$at-do-what-they-say", async ({ script }) => {
    await type(script);
  });
});
