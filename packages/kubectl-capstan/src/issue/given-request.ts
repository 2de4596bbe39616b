import { readFile } from "node:fs/promises";
import { checkCertificationRequest, encodePem, formatViolations, isUsage } from "@capstan/ca-core";
import { PluginError } from "../exit-code.ts";

/** A request that somebody else made, whose key is elsewhere. */
export interface GivenRequest {
  /** PEM. */
  readonly csr: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** In cert-manager's names; undefined when it asks for none. */
  readonly usages: readonly string[] | undefined;
}

const derSequence = 0x30;
/** RFC 7468, 7: the label has two spellings, GnuTLS and Windows write the longer one. Text around it (2) is for people. */
const pemBlock = /-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;

/**
 * Reads a PKCS#10 request as any tool writes it, PEM or DER; `-` is standard input.
 *
 * @throws {PluginError} for what no issuer would take, with every rule that it breaks
 */
export async function readGivenRequest(file: string, readInput: () => Promise<Uint8Array>): Promise<GivenRequest> {
  const bytes = file === "-" ? await readInput() : await readFileOrExplain(file);
  const where = file === "-" ? "the request" : file;
  const csr = bytes[0] === derSequence ? pemOf(bytes) : plainPem(Buffer.from(bytes).toString("utf8"), where);
  const checked = checkCertificationRequest(csr);
  if (!checked.ok) throw new PluginError(`${where}: ${formatViolations(checked.violations)}`);
  const { publicKey, requested } = checked.value;
  const usages = [...(requested.keyUsages ?? []), ...(requested.extendedKeyUsages ?? [])];
  const nameless = usages.filter((usage) => !isUsage(usage));
  if (nameless.length > 0) {
    throw new PluginError(
      `${where}: asks for the usage ${nameless.join(", ")}, which a CertificateRequest has no name for: leave it out`,
    );
  }
  // cert-manager's webhook wants usages that are in both places to be the same.
  return { csr, spki: publicKey.spki, usages: usages.length === 0 ? undefined : usages };
}

/** The one request of a text, as every issuer reads it. What holds none is left as it is, for the check to say so. */
function plainPem(text: string, where: string): string {
  const [first, ...others] = [...text.matchAll(pemBlock)];
  if (others.length > 0) throw new PluginError(`${where}: holds ${others.length + 1} requests: give one of them`);
  return first === undefined ? text : pemOf(Buffer.from(first[2] ?? "", "base64"));
}

function pemOf(der: Uint8Array): string {
  return encodePem("CERTIFICATE REQUEST", der);
}

async function readFileOrExplain(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new PluginError(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? ""}`, { cause });
  }
}
