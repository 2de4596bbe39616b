import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { assumeRole, capstan, examples, getObject, type LeafFiles, mountSecret, startDemo } from "../src/workload.ts";

const run = promisify(execFile);

let environment: Environment;

beforeAll(async () => {
  environment = await startDemo();
});

afterAll(async () => {
  await environment?.stop();
});

interface RevocationObject {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly crlNumber?: number;
    readonly anchors?: readonly {
      readonly name: string;
      readonly published: boolean;
      readonly crlNumber?: number;
      readonly message?: string;
    }[];
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

interface AuthorityObject {
  readonly status?: {
    readonly activeGeneration?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

/** A new leaf for web.demo, which AWS accepts; its Certificate has a name of its own. */
async function issueLeaf(
  name: string,
  namespace = "demo",
): Promise<{ readonly files: LeafFiles; readonly serial: string }> {
  const manifest = `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  secretName: ${name}-tls
  commonName: web.${namespace}
  duration: 24h
  privateKey: { algorithm: ECDSA, size: 256 }
  usages: [client auth, digital signature]
  issuerRef: { group: capstan.dev, kind: CapstanClusterIssuer, name: fleet }
`;
  const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: manifest });
  expect(applied.stderr).toBe("");
  const files = await mountSecret(environment, namespace, `${name}-tls`);
  const { stdout } = await run("openssl", ["x509", "-in", files.certificate, "-noout", "-serial"]);
  return { files, serial: stdout.trim().replace("serial=", "").toLowerCase() };
}

const conditionOf = (object: RevocationObject | AuthorityObject | undefined, type: string) =>
  object?.status?.conditions?.find((one) => one.type === type);

async function revocationWith(
  name: string,
  type: string,
  status: string,
  namespace = "demo",
): Promise<RevocationObject> {
  return until(`Revocation ${name} to be ${type}=${status}`, async () => {
    const revocation = await getObject<RevocationObject>(environment, ["revocations", name, "-n", namespace]);
    return conditionOf(revocation, type)?.status === status ? revocation : undefined;
  });
}

/** Creates a Revocation as administrator. */
async function revoke(name: string, serial: string, namespace = "demo"): Promise<void> {
  const manifest = {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "Revocation",
    metadata: { name, namespace },
    spec: { target: { serial }, requestedBy: "admin" },
  };
  const created = await environment.cluster.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(manifest) });
  expect(created.stderr).toBe("");
}

/** Creates a Revocation of any target as administrator. */
async function revokeTarget(name: string, target: object, namespace = "demo"): Promise<void> {
  const manifest = {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "Revocation",
    metadata: { name, namespace },
    spec: { target, reason: "keyCompromise", requestedBy: "admin" },
  };
  const created = await environment.cluster.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(manifest) });
  expect(created.stderr).toBe("");
}

async function authorityWith(name: string, type: string, status: string, reason?: string): Promise<AuthorityObject> {
  return until(`CertificateAuthority ${name} to be ${type}=${status} ${reason ?? ""}`, async () => {
    const authority = await getObject<AuthorityObject>(environment, ["certificateauthorities", name]);
    const found = conditionOf(authority, type);
    return found?.status === status && (reason === undefined || found.reason === reason) ? authority : undefined;
  });
}

describe("kubectl capstan", () => {
  test("revoke-waits-until-aws-refuses-and-the-same-again-changes-nothing", async () => {
    const { files, serial } = await issueLeaf("leaked");
    await assumeRole(environment, files);
    const listed = await capstan(environment, ["list", "-n", "demo"]);
    expect(listed.stdout).toContain(serial);

    const revoked = await capstan(environment, [
      "revoke",
      "certificate/leaked",
      "-n",
      "demo",
      "--reason",
      "keyCompromise",
      "--yes",
      "--wait",
    ]);
    expect(revoked.stderr).toMatch(/trust anchor prod: CRL \d+ read back/);
    expect(revoked.exitCode).toBe(0);
    await expect(assumeRole(environment, files)).rejects.toThrow("AccessDeniedException: Certificate revoked");

    const again = await capstan(environment, [
      "revoke",
      serial,
      "-n",
      "demo",
      "--reason",
      "keyCompromise",
      "--yes",
      "--wait",
    ]);
    expect([again.stdout.trim().split("\n").at(-1), again.exitCode]).toEqual([expect.stringContaining("unchanged"), 0]);
  });

  test("status-names-authority-generation-and-anchor", async () => {
    const status = await capstan(environment, ["status"]);
    expect(status.stderr).toBe("");
    expect(status.stdout).toMatch(/fleet/);
    expect(status.stdout).toMatch(/Active/);
    expect(status.stdout).toMatch(/prod/);
    expect(status.exitCode).toBe(0);
  });

  test("a-serial-that-nobody-issued-is-refused-with-status-1", async () => {
    const refused = await capstan(environment, ["revoke", "4f1c", "-n", "demo", "--yes", "--wait"]);
    expect(refused.stderr).toContain("4f1c");
    expect(refused.exitCode).toBe(1);
  });
});

describe("a revocation", () => {
  test("reaches-the-crl-server-and-openssl-sees-it", async () => {
    const { files, serial } = await issueLeaf("served");
    await revoke("served", serial);
    await revocationWith("served", "Published", "True");
    const folder = path.dirname(files.certificate);
    const [bundle, crl] = [path.join(folder, "bundle.pem"), path.join(folder, "crl.der")];
    await writeFile(bundle, await (await fetch(`${environment.crlServer}/bundle/fleet.pem`)).text());
    await until("the CRL server to have the new CRL", async () => {
      await writeFile(crl, Buffer.from(await (await fetch(`${environment.crlServer}/crl/fleet-1.crl`)).arrayBuffer()));
      const text = await run("openssl", ["crl", "-inform", "DER", "-in", crl, "-noout", "-text", "-CAfile", bundle]);
      return text.stdout.toLowerCase().includes(serial) ? true : undefined;
    });
    const verified = await run("openssl", [
      "verify",
      "-crl_check",
      "-CAfile",
      bundle,
      "-CRLfile",
      crl,
      files.certificate,
    ]).catch((error: unknown) => error as { readonly stderr: string });
    expect(verified.stderr).toContain("certificate revoked");
    const metrics = await (await fetch(`${environment.healthOf("crl-publisher")}/metrics`)).text();
    expect(metrics).toMatch(
      /^capstan_signatures_total\{authority="fleet",generation="1",purpose="CRL",result="Signed"\} [1-9]/m,
    );
  });

  test("leaves-other-certificates-of-the-same-name-alone", async () => {
    const [one, other] = [await issueLeaf("one"), await issueLeaf("other")];
    await revoke("one", one.serial);
    await revocationWith("one", "Published", "True");
    await expect(assumeRole(environment, one.files)).rejects.toThrow("Certificate revoked");
    await expect(assumeRole(environment, other.files)).resolves.toHaveProperty("AccessKeyId");
  });

  test("from-another-namespace-is-refused-and-told-nothing-and-from-capstans-own-accepted", async () => {
    const { serial } = await issueLeaf("owned");
    await environment.cluster.kubectl(["create", "namespace", "stranger"]);
    await revoke("stolen", serial, "stranger");
    const refused = await revocationWith("stolen", "Accepted", "False", "stranger");
    expect(conditionOf(refused, "Accepted")).toMatchObject({
      reason: "NotYours",
      message: `no certificate with serial ${serial} was issued to namespace stranger`,
    });
    await revoke("by-capstan", serial, "capstan-system");
    await revocationWith("by-capstan", "Published", "True", "capstan-system");
  });

  test("during-an-outage-of-aws-is-accepted-at-once-and-published-when-aws-is-back", async () => {
    const { files, serial } = await issueLeaf("outage");
    environment.emulator.setAvailable(false);
    try {
      await revoke("outage", serial);
      await revocationWith("outage", "Accepted", "True");
      await authorityWith("fleet", "TrustAnchorsInSync", "False");
      const waiting = await revocationWith("outage", "Published", "False");
      expect(waiting.status?.anchors).toMatchObject([{ name: "prod", published: false }]);
      // Issuing goes on: only what has to reach AWS waits.
      await issueLeaf("outage-issued");
    } finally {
      environment.emulator.setAvailable(true);
    }
    await revocationWith("outage", "Published", "True");
    await authorityWith("fleet", "TrustAnchorsInSync", "True");
    await expect(assumeRole(environment, files)).rejects.toThrow("Certificate revoked");
  });

  test("survives-the-publisher-being-killed-and-crl-numbers-only-rise", async () => {
    const { files, serial } = await issueLeaf("killed");
    const numberBefore = await crlNumber();
    await revoke("killed", serial);
    await environment.restart("crl-publisher");
    await revocationWith("killed", "Published", "True");
    expect(await crlNumber()).toBeGreaterThan(numberBefore);
    await expect(assumeRole(environment, files)).rejects.toThrow("Certificate revoked");
  });
});

describe("a revocation by what somebody has in hands", () => {
  test("by-certificate-reaches-a-leaf-whose-record-was-lost", async () => {
    const { files, serial } = await issueLeaf("lost");
    await assumeRole(environment, files);
    const selector = `--field-selector=spec.serial=${serial}`;
    const deleted = await environment.cluster.kubectl(["delete", "icert", "-n", "capstan-system", selector]);
    expect(deleted.stdout).toContain("deleted");
    await revoke("lost-serial", serial, "capstan-system");
    const refused = await revocationWith("lost-serial", "Accepted", "False", "capstan-system");
    expect(conditionOf(refused, "Accepted")?.reason).toBe("UnknownSerial");
    const certificate = (await readFile(files.certificate, "utf8")).replace(/(-----END CERTIFICATE-----\n)[^]*$/, "$1");
    await revokeTarget("lost", { certificate }, "capstan-system");
    await revocationWith("lost", "Published", "True", "capstan-system");
    await expect(assumeRole(environment, files)).rejects.toThrow("Certificate revoked");
  });

  test("by-public-key-is-refused-in-aws-and-no-other-leaf-is-issued-for-it", async () => {
    const { files } = await issueLeaf("keyed");
    const patch = async (spec: object): Promise<void> => {
      const patched = await environment.cluster.kubectl([
        "patch",
        "certificate",
        "keyed",
        "-n",
        "demo",
        "--type=merge",
        "-p",
        JSON.stringify({ spec }),
      ]);
      expect(patched.stderr).toBe("");
    };
    await patch({ privateKey: { rotationPolicy: "Never" } });
    const { publicKey } = new X509Certificate(await readFile(files.certificate));
    const publicKeySha256 = createHash("sha256")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("hex");
    await revokeTarget("keyed", { publicKeySha256 });
    await revocationWith("keyed", "Accepted", "True");
    await until("AWS to refuse the leaf", async () => {
      const answer = await assumeRole(environment, files).catch((error: unknown) => String(error));
      return typeof answer === "string" && answer.includes("Certificate revoked") ? true : undefined;
    });
    // With the same key cert-manager asks again.
    await patch({ duration: "25h" });
    const failed = await until("the next request to fail", async () => {
      const all = await getObject<{ readonly items: readonly RequestObject[] }>(environment, [
        "certificaterequests",
        "-n",
        "demo",
      ]);
      return all?.items
        .filter(({ metadata }) => metadata.name.startsWith("keyed-"))
        .flatMap(({ status }) => status?.conditions ?? [])
        .find(({ type, reason }) => type === "Ready" && reason === "Failed");
    });
    expect(failed.message).toContain(`the key with SHA-256 ${publicKeySha256} is blocked`);
  });
});

interface RequestObject {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

async function crlNumber(): Promise<number> {
  const list = await getObject<{ readonly status?: { readonly published?: { readonly number: number } } }>(
    environment,
    ["revocationlists", "fleet-1", "-n", "capstan-system"],
  );
  return list?.status?.published?.number ?? 0;
}

describe("a new authority", () => {
  test("that-meets-an-outage-of-aws-registers-when-aws-is-back", async () => {
    const manifest = (await readFile(path.join(examples, "02-certificate-authority.yaml"), "utf8")).replaceAll(
      "name: fleet",
      "name: second",
    );
    environment.emulator.setAvailable(false);
    try {
      const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: manifest });
      expect(applied.stderr).toBe("");
      // It is not Ready from the first: before AWS was asked it is registering.
      const waiting = await authorityWith("second", "Ready", "False", "AWSUnavailable");
      expect(waiting.status?.activeGeneration).toBeUndefined();
    } finally {
      environment.emulator.setAvailable(true);
    }
    const ready = await authorityWith("second", "Ready", "True");
    expect(ready.status?.activeGeneration).toBe(1);
    // One anchor, however often registration was tried.
    const creations = environment.emulator
      .requests()
      .filter(({ operation, status }) => operation === "CreateTrustAnchor" && status === 201);
    expect(creations).toHaveLength(2);
  });
});
