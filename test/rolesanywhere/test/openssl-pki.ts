import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Every certificate and CRL in these tests is made by the openssl command, so that the emulator is checked against bytes
// that neither it nor Capstan made.

type KeyKind = "P-256" | "P-384" | "RSA-2048";

/** A certificate and its key, in files and as text. */
export interface Issued {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface Profile {
  /** As `openssl req -subj` takes it, for example `/CN=web.demo`. Default is `/CN=web.demo`; `/` is the empty name. */
  readonly subject?: string;
  readonly key?: KeyKind;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Hex. Default is random. */
  readonly serial?: string;
  readonly hash?: "sha256" | "sha384" | "sha1";
  /** Lines of an extension section. Default is a good leaf's or a good CA's. */
  readonly extensions?: readonly string[];
}

export interface CrlProfile {
  readonly revoked: readonly Issued[];
  readonly lastUpdate?: Date;
  readonly nextUpdate?: Date;
  /** Default is `PEM`. */
  readonly form?: "PEM" | "DER";
  readonly hash?: "sha256" | "sha1";
  /** Lines of a CRL extension section. */
  readonly extensions?: readonly string[];
}

const HOUR_MS = 3_600_000;

export const LEAF_EXTENSIONS = [
  "basicConstraints = critical, CA:FALSE",
  "keyUsage = critical, digitalSignature",
  "extendedKeyUsage = clientAuth",
] as const;

export const CA_EXTENSIONS = [
  "basicConstraints = critical, CA:TRUE",
  "keyUsage = critical, keyCertSign, cRLSign",
  "subjectKeyIdentifier = hash",
] as const;

/** A folder of CAs that `dispose` removes. */
export class OpensslPki {
  readonly #dir = mkdtempSync(join(tmpdir(), "capstan-openssl-"));
  #files = 0;

  root(profile: Profile = {}): OpensslCa {
    const request = this.newRequest({ subject: "/CN=Example Fleet CA", extensions: CA_EXTENSIONS, ...profile });
    return new OpensslCa(this, undefined, request);
  }

  dispose(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  newFile(suffix: string, content?: string): string {
    this.#files += 1;
    const file = join(this.#dir, `${this.#files}${suffix}`);
    if (content !== undefined) writeFileSync(file, content);
    return file;
  }

  newFolder(): string {
    const folder = this.newFile(".ca");
    mkdirSync(folder);
    return folder;
  }

  newRequest(profile: Profile, keyFile: string = this.#newKey(profile.key)): CertificateRequest {
    const csrFile = this.newFile(".csr");
    const config = this.newFile(".cnf", "[req]\ndistinguished_name = dn\nutf8 = yes\nstring_mask = utf8only\n[dn]\n");
    const subject = profile.subject ?? "/CN=web.demo";
    openssl("req", "-new", "-utf8", "-config", config, "-key", keyFile, "-subj", subject, "-out", csrFile);
    return { keyFile, csrFile, profile };
  }

  #newKey(kind: KeyKind = "P-256"): string {
    const file = this.newFile(".key");
    const parameters =
      kind === "RSA-2048"
        ? ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        : ["EC", "-pkeyopt", `ec_paramgen_curve:${kind}`];
    openssl("genpkey", "-algorithm", ...parameters, "-out", file);
    return file;
  }
}

interface CertificateRequest {
  readonly keyFile: string;
  readonly csrFile: string;
  readonly profile: Profile;
}

/** A CA with its own database, root or intermediate. */
export class OpensslCa implements Issued {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly #pki: OpensslPki;
  readonly #folder: string;
  readonly #request: CertificateRequest;

  constructor(pki: OpensslPki, issuer: OpensslCa | undefined, request: CertificateRequest) {
    this.#pki = pki;
    this.#request = request;
    this.#folder = pki.newFolder();
    this.keyFile = request.keyFile;
    this.keyPem = readFileSync(request.keyFile, "utf8");
    this.certificateFile = issuer === undefined ? this.#sign(request, ["-selfsign"]) : issuer.#sign(request);
    this.certificatePem = pemOf(this.certificateFile);
  }

  intermediate(profile: Profile = {}): OpensslCa {
    const request = { subject: "/CN=Example Issuing CA", extensions: CA_EXTENSIONS, ...profile };
    return new OpensslCa(this.#pki, this, this.#pki.newRequest(request));
  }

  /** A self-signed certificate for this CA's key under another name. */
  renamed(subject: string): OpensslCa {
    const request = { subject, extensions: CA_EXTENSIONS };
    return new OpensslCa(this.#pki, undefined, this.#pki.newRequest(request, this.keyFile));
  }

  /** A certificate by this CA for the name and key of another one. */
  crossSign(other: OpensslCa): OpensslCa {
    return new OpensslCa(this.#pki, this, other.#request);
  }

  issue(profile: Profile = {}): Issued {
    const request = this.#pki.newRequest({ extensions: LEAF_EXTENSIONS, ...profile });
    const certificateFile = this.#sign(request);
    return {
      certificateFile,
      keyFile: request.keyFile,
      certificatePem: pemOf(certificateFile),
      keyPem: readFileSync(request.keyFile, "utf8"),
    };
  }

  crl(profile: CrlProfile): Uint8Array {
    const config = this.#config({ extensions: profile.extensions ?? ["authorityKeyIdentifier = keyid"] });
    const ca = ["ca", "-config", config, "-keyfile", this.keyFile, "-cert", this.certificateFile];
    for (const { certificateFile } of profile.revoked)
      openssl(...ca, "-revoke", certificateFile, "-crl_reason", "keyCompromise");
    const out = this.#pki.newFile(".crl");
    openssl(
      ...ca,
      "-gencrl",
      "-crlexts",
      "ext",
      "-md",
      profile.hash ?? "sha256",
      "-out",
      out,
      "-crl_lastupdate",
      generalizedTime(profile.lastUpdate ?? new Date(Date.now() - HOUR_MS)),
      "-crl_nextupdate",
      generalizedTime(profile.nextUpdate ?? new Date(Date.now() + 24 * HOUR_MS)),
    );
    if (profile.form !== "DER") return readFileSync(out);
    const der = this.#pki.newFile(".crl.der");
    openssl("crl", "-in", out, "-outform", "DER", "-out", der);
    return readFileSync(der);
  }

  #sign(request: CertificateRequest, flags: readonly string[] = []): string {
    const { profile } = request;
    const config = this.#config({ extensions: profile.extensions ?? [], serial: profile.serial });
    const out = this.#pki.newFile(".crt");
    openssl(
      "ca",
      "-batch",
      "-notext",
      "-utf8",
      "-config",
      config,
      "-extensions",
      "ext",
      ...flags,
      "-keyfile",
      this.keyFile,
      ...(flags.length > 0 ? [] : ["-cert", this.certificateFile]),
      "-in",
      request.csrFile,
      "-out",
      out,
      "-md",
      profile.hash ?? "sha256",
      "-preserveDN",
      "-startdate",
      generalizedTime(profile.notBefore ?? new Date(Date.now() - HOUR_MS)),
      "-enddate",
      generalizedTime(profile.notAfter ?? new Date(Date.now() + 24 * HOUR_MS)),
      ...(profile.serial === undefined ? ["-rand_serial"] : []),
    );
    return out;
  }

  /** Each call gets a database of its own, so that no test sees another's revocations. */
  #config(options: { readonly extensions: readonly string[]; readonly serial?: string | undefined }): string {
    const index = this.#pki.newFile(".index", "");
    writeFileSync(`${index}.attr`, "unique_subject = no\n");
    const serial = this.#pki.newFile(".serial", `${options.serial ?? "01"}\n`);
    const attributes = ["C", "ST", "L", "O", "OU", "CN", "UID", "serialNumber"];
    return this.#pki.newFile(
      ".cnf",
      [
        "[ca]",
        "default_ca = this",
        "[this]",
        `database = ${index}`,
        `serial = ${serial}`,
        `new_certs_dir = ${this.#folder}`,
        "policy = any",
        "default_md = sha256",
        "default_crl_days = 1",
        "string_mask = utf8only",
        "[any]",
        ...attributes.map((attribute) => `${attribute} = optional`),
        "[ext]",
        ...options.extensions,
        "",
      ].join("\n"),
    );
  }
}

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function pemOf(file: string): string {
  return readFileSync(file, "utf8");
}

function generalizedTime(time: Date): string {
  return time.toISOString().replace(/[-:T]|\.\d+/g, "");
}
