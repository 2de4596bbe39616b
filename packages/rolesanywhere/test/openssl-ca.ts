import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface OpensslCa {
  /** The self-signed root. */
  readonly rootPem: string;
  /** A list for one day that names these serials (hexadecimal). */
  readonly signCrl: (serials: readonly string[]) => string;
  readonly remove: () => void;
}

const config = `[ca]
default_ca = ca
[ca]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 1
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid
`;

/** A CA made by the openssl command, in a folder of its own. */
export function createOpensslCa(commonName: string): OpensslCa {
  const folder = mkdtempSync(join(tmpdir(), "capstan-openssl-ca-"));
  const openssl = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  };
  writeFileSync(join(folder, "ca.cnf"), config);
  writeFileSync(join(folder, "crlnumber"), "01\n");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem"];
  const extensions = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  openssl("req", "-x509", ...key, "-days", "30", "-subj", `/CN=${commonName}`, ...extensions, "-out", "root.pem");

  return {
    rootPem: readFileSync(join(folder, "root.pem"), "utf8"),
    signCrl: (serials) => {
      const revoked = serials.map((serial) => `R\t401231000000Z\t260101000000Z\t${serial}\tunknown\t/CN=leaf\n`);
      writeFileSync(join(folder, "index.txt"), revoked.join(""));
      openssl("ca", "-gencrl", "-config", "ca.cnf", "-keyfile", "key.pem", "-cert", "root.pem", "-out", "crl.pem");
      return readFileSync(join(folder, "crl.pem"), "utf8");
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
