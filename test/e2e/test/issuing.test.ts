import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { until } from "@capstan/test-cluster";
import { checkCertificationRequest } from "@capstan/ca-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { createRequest, getRequest, makeCsr, readyOf, requestManifest, requestWith } from "../src/requests.ts";
import { assumeRole, callerIdentity, getObject, mountSecret, startDemo } from "../src/workload.ts";

const run = promisify(execFile);

let environment: Environment;

beforeAll(async () => {
  environment = await startDemo();
});

afterAll(async () => {
  await environment?.stop();
});

interface IssuedCertificateObject {
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>> & { readonly serial: string; readonly certificate: string };
}

const recordOf = (uid: string) =>
  getObject<IssuedCertificateObject>(environment, ["issuedcertificates", uid, "-n", "capstan-system"]);
/** What the CRL server serves: it learns of what is published a moment later. */
const published = (file: string): Promise<string> =>
  until(`${file} to be served`, async () => {
    const answer = await fetch(`${environment.crlServer}/${file}`);
    return answer.ok ? answer.text() : undefined;
  });
const programLog = (name: string) => readFile(path.join(environment.cluster.logs, `${name}.log`), "utf8");

describe("a certificate of cert-manager", () => {
  test("is-issued-with-what-was-asked-for-and-nothing-else", async () => {
    const request = await requestWith(environment, "web-1", "Issued");
    const leaf = new X509Certificate(Buffer.from(request.status?.certificate ?? "", "base64"));
    const root = new X509Certificate(Buffer.from(request.status?.ca ?? "", "base64"));
    expect(leaf.subject).toBe("CN=web.demo");
    expect(leaf.issuer).toBe(root.subject);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBe(24 * 3_600_000);
    expect(readyOf(request)).toMatchObject({ status: "True", reason: "Issued", message: "Certificate issued" });
  });

  test("is-in-the-ledger-under-its-requests-uid", async () => {
    const request = await requestWith(environment, "web-1", "Issued");
    const record = await recordOf(request.metadata.uid);
    const leaf = new X509Certificate(Buffer.from(request.status?.certificate ?? "", "base64"));
    expect(record?.spec).toMatchObject({
      serial: leaf.serialNumber.toLowerCase(),
      subject: "CN=web.demo",
      authority: "fleet",
      generation: 1,
      purpose: "Workload",
      requestNamespace: "demo",
      requestName: "web-1",
      requester: "system:serviceaccount:cert-manager:cert-manager",
    });
    expect(new X509Certificate(record?.spec.certificate ?? "").fingerprint256).toBe(leaf.fingerprint256);
  });

  test("raises-its-generations-mark-to-its-end-or-later", async () => {
    const request = await requestWith(environment, "web-1", "Issued");
    const leaf = new X509Certificate(Buffer.from(request.status?.certificate ?? "", "base64"));
    const mark = await getObject<{ readonly spec: { readonly notAfter: string } }>(environment, [
      "generationmarks",
      "fleet-1",
      "-n",
      "capstan-system",
    ]);
    expect(Date.parse(mark?.spec.notAfter ?? "")).toBeGreaterThanOrEqual(Date.parse(leaf.validTo));
  });

  test("passes-openssl-with-the-published-root-and-crl-and-zlint", async () => {
    const { certificate } = await mountSecret(environment, "demo", "web-tls");
    const folder = path.dirname(certificate);
    const [bundle, crl] = [path.join(folder, "bundle.pem"), path.join(folder, "crl.pem")];
    await writeFile(bundle, await published("bundle.pem"));
    await writeFile(crl, await published("crl/fleet-1.pem"));
    const verified = await run("openssl", [
      "verify",
      "-x509_strict",
      "-crl_check",
      "-CAfile",
      bundle,
      "-CRLfile",
      crl,
      certificate,
    ]);
    expect(verified.stdout).toBe(`${certificate}: OK\n`);
    const linted = await run(environment.cluster.tools.zlint, [
      "-includeSources",
      "RFC5280,RFC5480,RFC5891",
      certificate,
    ]);
    const findings = Object.entries(JSON.parse(linted.stdout) as Record<string, { readonly result: string }>);
    expect(findings.filter(([, { result }]) => result === "error" || result === "fatal" || result === "warn")).toEqual(
      [],
    );
  });

  test("becomes-aws-credentials-by-the-real-helper", async () => {
    const credentials = await assumeRole(environment, await mountSecret(environment, "demo", "web-tls"));
    expect(await callerIdentity(environment, credentials)).toMatch(
      /^arn:aws:sts::111122223333:assumed-role\/demo-web\/[0-9a-f]{32}$/,
    );
  });

  test("is-issued-by-a-namespaced-issuer-too", async () => {
    const manifests = `
apiVersion: capstan.dev/v1alpha1
kind: CapstanIssuer
metadata: { name: own, namespace: demo }
spec:
  caRef: { name: fleet }
  policy: { commonName: { allow: ["*.{namespace}"] }, dnsNames: { allow: ["*.{namespace}.svc"] } }
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: own, namespace: demo }
spec:
  secretName: own-tls
  commonName: own.demo
  dnsNames: [own.demo.svc]
  duration: 24h
  privateKey: { algorithm: ECDSA, size: 256 }
  usages: [client auth, digital signature]
  issuerRef: { group: capstan.dev, kind: CapstanIssuer, name: own }
`;
    const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: manifests });
    expect(applied.stderr).toBe("");
    const { certificate } = await mountSecret(environment, "demo", "own-tls");
    const leaf = new X509Certificate(await readFile(certificate));
    expect([leaf.subject, leaf.subjectAltName]).toEqual(["CN=own.demo", "DNS:own.demo.svc"]);
  });
});

describe("a request that breaks a rule", () => {
  const refusals: readonly {
    readonly name: string;
    readonly csr: Parameters<typeof makeCsr>[0];
    readonly duration?: string;
    readonly codes: readonly string[];
  }[] = [
    { name: "extra-ou", csr: { subject: "/CN=web.demo/OU=Payments" }, codes: ["ERR_POLICY_NO_RULE"] },
    { name: "name-of-another-namespace", csr: { subject: "/CN=web.kube-system" }, codes: ["ERR_POLICY_NAME"] },
    {
      name: "duration-over-the-maximum",
      csr: { subject: "/CN=web.demo" },
      duration: "169h",
      codes: ["ERR_POLICY_DURATION"],
    },
    {
      name: "empty-subject",
      csr: { subject: "/", extensions: ["subjectAltName=critical,DNS:web.demo.svc"] },
      codes: ["ERR_NAME_EMPTY", "ERR_POLICY_REQUIRED"],
    },
    { name: "rsa-1024", csr: { subject: "/CN=web.demo", key: "rsa:1024" }, codes: ["ERR_KEY_RSA_SIZE"] },
    {
      name: "several-rules-at-once",
      csr: { subject: "/CN=web.kube-system/OU=Payments", extensions: ["subjectAltName=DNS:web.kube-system.svc"] },
      duration: "169h",
      codes: ["ERR_POLICY_DURATION", "ERR_POLICY_NAME", "ERR_POLICY_NAME", "ERR_POLICY_NO_RULE"],
    },
  ];

  test.each(refusals)(
    "$name-ends-failed-with-every-violation-named-and-nothing-signed",
    async ({ name, csr, duration, codes }) => {
      await createRequest(environment, { name, csr: await makeCsr(csr), duration: duration ?? "24h" });
      const request = await requestWith(environment, name, "Failed");
      const message = readyOf(request)?.message ?? "";
      const named = [...message.matchAll(/\((ERR_[A-Z0-9_]+)\)/g)].map(([, code = ""]) => code);
      expect(new Set(named)).toEqual(new Set(codes));
      expect(request.status?.failureTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(request.status?.certificate).toBeUndefined();
      expect(await recordOf(request.metadata.uid)).toBeUndefined();
      const lines = (await programLog("issuer-controller"))
        .split("\n")
        .filter((line) => line.includes(request.metadata.uid));
      expect(lines.filter((line) => line.includes('"audit":true'))).toEqual([]);
    },
  );
});

describe("approval", () => {
  const binding = "cert-manager-controller-approve:capstan-dev";

  /** How many requests the issuer controller has looked at. */
  async function looks(): Promise<number> {
    const metrics = await (await fetch(`${environment.healthOf("issuer-controller")}/metrics`)).text();
    const counts = [
      ...metrics.matchAll(/^controller_runtime_reconcile_total\{[^}]*controller="certificaterequest"[^}]*\} (\d+)/gm),
    ];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Whether the API server would let cert-manager approve requests for our cluster issuer. */
  async function mayApprove(): Promise<boolean> {
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: "system:serviceaccount:cert-manager:cert-manager",
        resourceAttributes: {
          group: "cert-manager.io",
          resource: "signers",
          verb: "approve",
          name: "capstanclusterissuers.capstan.dev/fleet",
        },
      },
    };
    const wildcard = structuredClone(review);
    wildcard.spec.resourceAttributes.name = "capstanclusterissuers.capstan.dev/*";
    const answers = await Promise.all(
      [review, wildcard].map((one) =>
        environment.cluster.kubectl(["create", "-f", "-", "-o", "json"], { stdin: JSON.stringify(one) }),
      ),
    );
    return answers.some(
      ({ stdout }) => (JSON.parse(stdout) as { readonly status: { readonly allowed: boolean } }).status.allowed,
    );
  }

  test("an-unapproved-request-stays-untouched-and-a-denied-one-is-told-so", async () => {
    const { stdout: saved } = await environment.cluster.kubectl(["get", "clusterrolebinding", binding, "-o", "yaml"]);
    await environment.cluster.kubectl(["delete", "clusterrolebinding", binding]);
    await until("cert-manager to have lost its right to approve", async () =>
      (await mayApprove()) ? undefined : true,
    );
    // cert-manager's webhook remembers an allowed right for one second.
    await delay(2_000);
    try {
      const before = await looks();
      const csr = await makeCsr({ subject: "/CN=waiting.demo" });
      await createRequest(environment, { name: "waiting", csr, duration: "24h" });
      await createRequest(environment, { name: "denied", csr, duration: "24h" });
      await until("both requests to have been looked at", async () =>
        (await looks()) >= before + 2 ? true : undefined,
      );
      const waiting = await getRequest(environment, "waiting");
      expect(readyOf(waiting)).toBeUndefined();
      expect(await recordOf(waiting?.metadata.uid ?? "")).toBeUndefined();

      const denied = await run(environment.cluster.tools.cmctl, [
        "--kubeconfig",
        environment.cluster.adminKubeconfig,
        "deny",
        "denied",
        "-n",
        "demo",
      ]);
      expect(denied.stderr + denied.stdout).toContain("Denied");
      const told = await requestWith(environment, "denied", "Denied");
      expect(readyOf(told)).toMatchObject({
        status: "False",
        message: "The CertificateRequest was denied by an approval controller",
      });
      expect(told.status?.failureTime).toBeDefined();
      expect(await recordOf(told.metadata.uid)).toBeUndefined();
      expect(readyOf(await getRequest(environment, "waiting"))).toBeUndefined();
    } finally {
      await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: saved });
    }
    // With the right to approve, cert-manager approves it and it is issued.
    await requestWith(environment, "waiting", "Issued");
  });
});

describe("what cert-manager's webhook refuses at create", () => {
  test("a-broken-self-signature-and-our-own-check-refuses-the-same-bytes", async () => {
    const pem = Buffer.from(await makeCsr({ subject: "/CN=web.demo" })).toString("latin1");
    const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
    const last = der.length - 1;
    der[last] = (der[last] ?? 0) ^ 1;
    const broken = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE REQUEST-----\n`;
    const csr = Buffer.from(broken, "latin1");
    await expect(createRequest(environment, { name: "broken", csr })).rejects.toThrow(
      /admission webhook .* denied the request/,
    );
    const checked = checkCertificationRequest(csr);
    expect(checked.ok ? [] : checked.violations.map(({ code }) => code)).toEqual(["ERR_SIGNATURE_INVALID"]);
  });

  test("ca-true-that-disagrees-with-the-spec-and-our-own-check-sees-it", async () => {
    const csr = await makeCsr({ subject: "/CN=web.demo", extensions: ["basicConstraints=critical,CA:TRUE"] });
    await expect(createRequest(environment, { name: "ca", csr })).rejects.toThrow(
      /admission webhook .* denied the request/,
    );
    const checked = checkCertificationRequest(csr);
    expect(checked.ok && checked.value.requested.ca).toBe(true);
  });

  test("ca-true-that-agrees-with-the-spec-passes-it-and-is-refused-by-us", async () => {
    const csr = await makeCsr({ subject: "/CN=web.demo", extensions: ["basicConstraints=critical,CA:TRUE"] });
    await createRequest(environment, {
      name: "ca-agreed",
      csr,
      isCA: true,
      duration: "24h",
      usages: ["digital signature", "cert sign"],
    });
    const request = await requestWith(environment, "ca-agreed", "Failed");
    expect(readyOf(request)?.message).toContain("ERR_CA_NOT_ALLOWED");
    expect(await recordOf(request.metadata.uid)).toBeUndefined();
  });
});

describe("a quota", () => {
  test("that-is-used-up-is-so-for-the-next-leader-too", async () => {
    const { cluster } = environment;
    const limited = `
apiVersion: capstan.dev/v1alpha1
kind: CapstanIssuer
metadata: { name: limited, namespace: demo }
spec:
  caRef: { name: fleet }
  policy: { commonName: { allow: ["*.{namespace}"] } }
  quota: { perNamespace: { certificates: 1, per: 24h } }
`;
    expect((await cluster.kubectl(["apply", "-f", "-"], { stdin: limited })).stderr).toBe("");
    const csr = await makeCsr({ subject: "/CN=limited.demo", key: "ec:P-256" });
    const ask = async (name: string): Promise<void> => {
      const manifest = JSON.parse(requestManifest({ name, csr })) as { readonly spec: object };
      const issuerRef = { group: "capstan.dev", kind: "CapstanIssuer", name: "limited" };
      const stdin = JSON.stringify({ ...manifest, spec: { ...manifest.spec, issuerRef } });
      expect((await cluster.kubectl(["create", "-f", "-"], { stdin })).stderr).toBe("");
    };
    await ask("limited-1");
    await requestWith(environment, "limited-1", "Issued");
    await environment.restart("issuer-controller");
    await ask("limited-2");
    // Whoever begins to lead may have other things to wait for first.
    const waiting = await until("limited-2 to wait for its quota", async () => {
      const ready = readyOf(await getRequest(environment, "limited-2"));
      return ready?.reason !== "Pending" || ready.message.includes("quota") ? ready : undefined;
    });
    expect(waiting).toMatchObject({
      reason: "Pending",
      message: expect.stringContaining("1 certificates in 24h for each namespace, is used up"),
    });
  });
});

describe("the programs", () => {
  test("act-as-their-own-service-accounts-alone", async () => {
    // The last line may be half written.
    const lines = (await readFile(environment.cluster.auditLog, "utf8")).split("\n").slice(0, -1);
    const ours = lines
      .map((line) => JSON.parse(line) as { readonly userAgent?: string; readonly user: { readonly username: string } })
      .filter(({ userAgent }) => userAgent?.startsWith("capstan-") === true);
    const pairs = new Set(ours.map(({ userAgent, user }) => `${userAgent?.split("/")[0] ?? ""} as ${user.username}`));
    expect(pairs).toEqual(
      new Set([
        "capstan-crl-publisher as system:serviceaccount:capstan-system:crl-publisher",
        "capstan-crl-server as system:serviceaccount:capstan-system:crl-server",
        "capstan-issuer-controller as system:serviceaccount:capstan-system:issuer-controller",
      ]),
    );
  });

  test("write-no-key-token-or-request-into-their-logs", async () => {
    const secret = await getObject<{ readonly data: Readonly<Record<string, string>> }>(environment, [
      "secret",
      "fleet-1",
      "-n",
      "capstan-system",
    ]);
    const key =
      Buffer.from(secret?.data["tls.key"] ?? "", "base64")
        .toString("utf8")
        .split("\n")[1] ?? "";
    expect(key.length).toBeGreaterThan(40);
    const csr = JSON.parse(requestManifest({ name: "any", csr: await makeCsr({ subject: "/CN=web.demo" }) })) as {
      readonly spec: { readonly request: string };
    };
    for (const name of ["issuer-controller", "crl-publisher", "crl-server"]) {
      const log = await programLog(name);
      expect(log).toContain('"msg"');
      expect(log).not.toContain(key);
      expect(log).not.toMatch(/BEGIN|eyJ[A-Za-z0-9_-]{20}/);
      // The first characters of every CSR in base64.
      expect(log).not.toContain(csr.spec.request.slice(0, 40));
    }
  });

  test.each(["issuer-controller", "crl-publisher", "crl-server"] as const)(
    "%s-serves-health-readiness-and-metrics",
    async (name) => {
      const answers = await Promise.all(
        ["healthz", "readyz", "metrics"].map((page) => fetch(`${environment.healthOf(name)}/${page}`)),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(await answers[2]?.text()).toContain("capstan_reflector_last_activity_seconds");
    },
  );
});
