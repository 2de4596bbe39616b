import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

/** Made by openssl: a CA that nobody here knows. */
export async function strangersRoot(directory: string): Promise<string> {
  const { certificate } = await openssl(directory, "stranger", [
    "-subj",
    "/CN=Stranger",
    "-addext",
    "keyUsage=critical,keyCertSign,cRLSign",
  ]);
  return await readFile(certificate, "utf8");
}

/** A leaf of such a CA, with the right name. */
export async function strangersLeaf(
  directory: string,
): Promise<{ readonly certificate: string; readonly privateKey: string }> {
  const usages = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature"];
  return await openssl(directory, "strangers-leaf", ["-subj", "/CN=web.demo", ...usages]);
}

async function openssl(
  directory: string,
  name: string,
  args: readonly string[],
): Promise<{ readonly certificate: string; readonly privateKey: string }> {
  const [certificate, privateKey] = [path.join(directory, `${name}.pem`), path.join(directory, `${name}.key`)];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", privateKey];
  await promisify(execFile)("openssl", ["req", "-x509", ...key, "-days", "30", "-out", certificate, ...args]);
  return { certificate, privateKey };
}
