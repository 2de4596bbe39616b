import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { runCommand } from "./command.ts";
import { ClusterError } from "./errors.ts";

/** A key and its certificate, as PEM files. */
export interface KeyPairFiles {
  readonly key: string;
  readonly certificate: string;
}

/** The control plane's own keys. Its CA signs the server's and the clients' certificates. */
export interface ClusterPki {
  readonly ca: KeyPairFiles;
  readonly server: KeyPairFiles;
  /** In the group system:masters, which RBAC does not hold back. */
  readonly admin: KeyPairFiles;
  readonly controllerManager: KeyPairFiles;
  /** Signs service account tokens, and checks them. */
  readonly serviceAccount: { readonly key: string; readonly publicKey: string };
  /** A CSR to try cert-manager's webhooks with. */
  readonly probeCsr: string;
}

const validDays = "30";
const p256 = ["-pkeyopt", "ec_paramgen_curve:P-256"];
const newKey = ["-newkey", "ec", ...p256, "-nodes"];

/**
 * Makes the control plane's keys and certificates with openssl(1).
 *
 * @throws ClusterError ERR_HOST_PROGRAM_MISSING, ERR_SETUP_REFUSED
 */
export async function createClusterPki(directory: string): Promise<ClusterPki> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = (name: string): string => path.join(directory, name);
  const pair = (name: string): KeyPairFiles => ({ key: file(`${name}.key`), certificate: file(`${name}.crt`) });

  const ca = pair("ca");
  const caName = ["-subj", "/CN=control-plane-ca", "-days", validDays];
  await openssl(["req", "-x509", ...newKey, "-keyout", ca.key, "-out", ca.certificate, ...caName]);

  const sign = async (name: string, subject: string, extensions: string): Promise<KeyPairFiles> => {
    const made = pair(name);
    const csr = file(`${name}.csr`);
    const extensionFile = file(`${name}.ext`);
    await writeFile(extensionFile, extensions);
    await openssl(["req", "-new", ...newKey, "-keyout", made.key, "-out", csr, "-subj", subject]);
    const issuer = ["-CA", ca.certificate, "-CAkey", ca.key, "-set_serial", serials[name] ?? "1", "-days", validDays];
    await openssl(["x509", "-req", "-in", csr, ...issuer, "-extfile", extensionFile, "-out", made.certificate]);
    return made;
  };
  const serviceAccount = { key: file("service-account.key"), publicKey: file("service-account.pub") };
  const [server, admin, controllerManager] = await Promise.all([
    sign(
      "server",
      "/CN=control-plane",
      "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc\nextendedKeyUsage=serverAuth\n",
    ),
    sign("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth\n"),
    sign("controller-manager", "/CN=system:kube-controller-manager", "extendedKeyUsage=clientAuth\n"),
    openssl(["genpkey", "-algorithm", "EC", ...p256, "-out", serviceAccount.key]).then(
      async () => await openssl(["pkey", "-in", serviceAccount.key, "-pubout", "-out", serviceAccount.publicKey]),
    ),
  ]);
  return { ca, server, admin, controllerManager, serviceAccount, probeCsr: file("server.csr") };
}

/** RFC 5280, 4.1.2.2: one CA gives no serial twice. */
const serials: Readonly<Record<string, string>> = { server: "2", admin: "3", "controller-manager": "4" };

async function openssl(args: readonly string[]): Promise<void> {
  const result = await runCommand("openssl", args);
  if (result.exitCode === 0) return;
  throw new ClusterError("ERR_SETUP_REFUSED", `openssl ${args[0] ?? ""} failed: ${result.stderr.trim()}`);
}
