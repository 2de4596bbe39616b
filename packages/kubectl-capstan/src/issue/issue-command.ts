import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import path from "node:path";
import { apiGroup } from "@capstan/api";
import { CaError, createCertificationRequest } from "@capstan/ca-core";
import {
  isConflict,
  isNotFound,
  KubeApiError,
  type KubeClient,
  KubeConnectionError,
  type NewObject,
} from "@capstan/kube";
import { withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { exitCode, type ExitCode, PluginError, UsageError } from "../exit-code.ts";
import { missingRight } from "../explain-error.ts";
import { connectionFlags, namespaceFlag, timeoutFlag } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { formatLength, formatTime } from "../output/human-time.ts";
import { printable } from "../output/printable.ts";
import { certificateRequestResource } from "../revoke/cert-manager.ts";
import { formatAwsProfile } from "./aws-profile.ts";
import { followRequest, type IssueRequestObject } from "./follow-request.ts";
import { type GivenRequest, readGivenRequest } from "./given-request.ts";
import { type AskedNames, type IssueOptions, type IssueRequest, readIssueRequest } from "./issue-request.ts";
import {
  checkWritable,
  encodePrivateKey,
  type Existing,
  type FileContent,
  leafPaths,
  type LeafPaths,
  readExisting,
  writeTogether,
} from "./leaf-files.ts";
import { generateLocalKey, keyAlgorithmNames } from "./local-key.ts";

/** `kubectl capstan issue FILE`: for people and agents outside the cluster. */
export const issueCommand: Command<IssueOptions> = {
  name: "issue",
  summary: "Get a certificate for a person or an agent outside the cluster",
  description:
    "Makes a key here, asks for a certificate in your own name, waits for it, and writes FILE.crt and FILE.key, which only their owner may read. The key never leaves this machine. With --csr the key is elsewhere, for example in a PKCS#11 token, and FILE.crt alone is written.\nWith the ARNs of AWS it prints what goes into AWS's configuration file. With --renew-before it can run every hour: it does nothing while the certificate is fresh.",
  argument: { notation: "<FILE>", description: "beginning of the files' names, like ./web" },
  flags: [
    namespaceFlag("namespace that the certificate is issued to; else the context's"),
    { long: "cluster-issuer", value: "NAME", description: "CapstanClusterIssuer that is to issue" },
    { long: "issuer", value: "NAME", description: "CapstanIssuer of the namespace that is to issue" },
    { long: "common-name", value: "NAME", description: "common name of the subject" },
    { long: "dns-name", value: "NAME,…", description: "DNS names" },
    { long: "uri", value: "URI,…", description: "URIs, like spiffe://example.org/ns/demo/sa/web" },
    { long: "duration", value: "DURATION", description: "how long it is to be valid; else the issuer's default" },
    {
      long: "usages",
      value: "USAGE,…",
      description: "key usages in cert-manager's names; else those of --csr, else digital signature,client auth",
    },
    {
      long: "key-algorithm",
      value: "ALGORITHM",
      description: "of the key that is made; ECDSA-P256 when not given",
      choices: keyAlgorithmNames,
    },
    {
      long: "csr",
      value: "FILE",
      description: "PKCS#10 request (PEM or DER) of a key that is elsewhere; - reads standard input",
    },
    {
      long: "private-key",
      value: "WHERE",
      description: "with --csr: where AWS's helper finds the key, like pkcs11:token=ci;object=web",
    },
    {
      long: "renew-before",
      value: "DURATION",
      description: "do nothing while FILE.crt is valid for longer than this; else renew it",
    },
    { long: "force", description: "replace FILE.crt and FILE.key whatever they are" },
    timeoutFlag("how long to wait for the certificate", "2m"),
    { long: "trust-anchor-arn", value: "ARN", description: "trust anchor for AWS's helper" },
    { long: "profile-arn", value: "ARN", description: "IAM Roles Anywhere profile for AWS's helper" },
    { long: "role-arn", value: "ARN", description: "role for AWS's helper" },
    { long: "profile-name", value: "NAME", description: "print a [profile NAME] section for AWS's configuration file" },
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan issue ./alice -n people --cluster-issuer fleet --common-name alice.people",
    "kubectl capstan issue ./ci -n ci --cluster-issuer fleet --common-name runner.ci --duration 24h --renew-before 8h",
    "kubectl capstan issue ./ci -n ci --cluster-issuer fleet --csr ci.csr --private-key 'pkcs11:token=ci;object=runner'",
  ],
  run: issue,
};

/** What is asked with. */
interface Own extends GivenRequest {
  /** Undefined when it is elsewhere. */
  readonly privateKey: KeyObject | undefined;
}

const defaultUsages = ["digital signature", "client auth"];

async function issue({ arguments: [file = ""], options, context }: Invocation<IssueOptions>): Promise<ExitCode> {
  const { terminal, clock } = context;
  const request = readIssueRequest(file, options);
  const paths = leafPaths(file, request.source.from === "new key");
  const given =
    request.source.from === "request" ? await readGivenRequest(request.source.file, terminal.readInput) : undefined;
  const existing = await readExisting(paths);
  const differing = existing.is === "pair" ? howItDiffers(existing.certificate, request, given) : undefined;
  const fresh = differing === undefined ? freshFor(request, existing, clock.now()) : undefined;
  if (fresh !== undefined) {
    terminal.err(`${paths.certificate} is fresh: valid for another ${fresh}\n`);
    showProfile();
    return exitCode.done;
  }
  checkReplaceable(request, { existing, differing }, paths);
  checkWritable(paths);
  return withCluster(options, context, async ({ client, namespace }) => {
    const own: Own = given === undefined ? await prepare(request) : { ...given, privateKey: undefined };
    const created = await client.create<IssueRequestObject>(
      certificateRequestResource,
      newRequest(request, own, namespace),
    );
    terminal.err(`certificaterequest.cert-manager.io/${created.metadata.name} created\n`);
    const tell = (line: string): void => terminal.err(`${line}\n`);
    const pem = await followRequest(created, { client, clock, wait: request.wait, tell });
    const leaf = checkAnswer(pem, own);
    writeTogether([...keyFile(paths, own), { file: paths.certificate, content: pem }]);
    const serial = leaf.serialNumber.toLowerCase();
    const until = formatTime(leaf.validToDate.getTime());
    terminal.err(printable(`${paths.certificate}: serial ${serial}, valid until ${until}`) + "\n");
    if (paths.privateKey !== undefined) terminal.err(`${paths.privateKey}: its key; only you may read it\n`);
    showProfile();
    await removeAnswered(client, created, tell);
    return exitCode.done;
  });

  function showProfile(): void {
    if (request.aws === undefined) return;
    const privateKey = paths.privateKey ?? request.privateKey;
    if (privateKey === undefined) {
      terminal.err("note: give --private-key with --csr, so that AWS's helper can be told where the key is\n");
      return;
    }
    terminal.out(formatAwsProfile(request.aws, { certificate: paths.certificate, privateKey }));
  }
}

/** Nobody else would: the ledger's record stays, by which the certificate is found and revoked. What was written is of use all the same. */
async function removeAnswered(
  client: KubeClient,
  { metadata: { namespace, name, uid } }: IssueRequestObject,
  tell: (line: string) => void,
): Promise<void> {
  try {
    await client.delete(certificateRequestResource, { namespace, name }, { uid });
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return;
    if (!(error instanceof KubeApiError || error instanceof KubeConnectionError)) throw error;
    tell(printable(`note: certificaterequest/${name} is left there: ${missingRight(error) ?? error.message}`));
  }
}

/** How long the existing certificate need not be renewed, in words; undefined when it has to be, or nobody asked. */
function freshFor({ renewBeforeMs }: IssueRequest, existing: Existing, now: number): string | undefined {
  if (renewBeforeMs === undefined || existing.is !== "pair") return undefined;
  const leftMs = existing.certificate.validToDate.getTime() - now;
  return leftMs > renewBeforeMs ? formatLength(leftMs) : undefined;
}

/** Why a certificate is no earlier one of what is asked for. */
function howItDiffers(
  certificate: X509Certificate,
  { source }: IssueRequest,
  given: GivenRequest | undefined,
): string | undefined {
  if (source.from === "new key")
    return hasNames(certificate, source.names) ? undefined : "has other names than are asked for";
  return given !== undefined && hasKey(certificate, given.spki) ? undefined : "is of another key than the request";
}

/** Nothing of somebody else's is lost: only a pair is renewed, and only for the names or the key that it has. */
function checkReplaceable(
  { force, renewBeforeMs }: IssueRequest,
  { existing, differing }: { readonly existing: Existing; readonly differing: string | undefined },
  { certificate, privateKey }: LeafPaths,
): void {
  if (force || existing.is === "absent") return;
  if (existing.is === "other") {
    throw new PluginError(
      `${existing.file} exists and is ${existing.because}: give another FILE, or --force to replace it`,
    );
  }
  if (renewBeforeMs === undefined) {
    throw new PluginError(
      `${privateKey ?? certificate} exists: give another FILE, --renew-before to renew it when it is due, or --force to replace it now`,
    );
  }
  if (differing !== undefined) {
    throw new PluginError(`${certificate} ${differing}: give another FILE, or --force to replace it`);
  }
}

function hasKey(certificate: X509Certificate, spki: Uint8Array): boolean {
  return Buffer.compare(spkiOf(certificate.publicKey), spki) === 0;
}

function spkiOf(publicKey: KeyObject): Uint8Array {
  return publicKey.export({ format: "der", type: "spki" });
}

function hasNames({ subject, subjectAltName }: X509Certificate, { commonName, alternatives }: AskedNames): boolean {
  const attributes = ((subject as string | undefined) ?? "").split("\n");
  const names = (subjectAltName ?? "").split(", ");
  return (
    (commonName === undefined || attributes.includes(`CN=${commonName}`)) &&
    alternatives.every(({ kind, value }) => names.includes(`${kind}:${value}`))
  );
}

/** A key of our own, and a request of it. */
async function prepare({ source }: IssueRequest): Promise<Own> {
  if (source.from === "request") throw new TypeError("the request is there already");
  const privateKey = await generateLocalKey(source.algorithm);
  const { commonName, alternatives } = source.names;
  try {
    const subject = commonName === undefined ? [] : [{ type: "CN", value: commonName }];
    const csr = createCertificationRequest({ privateKey, subject, subjectAlternativeNames: alternatives });
    return { csr, spki: spkiOf(createPublicKey(privateKey)), usages: undefined, privateKey };
  } catch (error) {
    if (error instanceof CaError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function newRequest(
  { file, issuer, duration, usages }: IssueRequest,
  { csr, usages: ownUsages }: Own,
  namespace: string,
): NewObject<IssueRequestObject> & { readonly spec: unknown } {
  const base = path
    .basename(file)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { generateName: `${base === "" ? "issue" : base.slice(0, 50)}-`, namespace },
    spec: {
      issuerRef: { group: apiGroup, ...issuer },
      request: Buffer.from(csr).toString("base64"),
      usages: [...(usages ?? ownUsages ?? defaultUsages)],
      ...(duration === undefined ? {} : { duration }),
    },
  };
}

/** To be in place first: a certificate whose key is not there yet is of no use to anybody. */
function keyFile({ privateKey: file }: LeafPaths, { privateKey }: Own): readonly FileContent[] {
  return file === undefined || privateKey === undefined ? [] : [{ file, content: encodePrivateKey(privateKey) }];
}

/** What is written must be of use: a certificate of our own key. */
function checkAnswer(pem: string, { spki }: Own): X509Certificate {
  const leaf = parseLeaf(pem);
  if (hasKey(leaf, spki)) return leaf;
  throw new PluginError("the request was answered with a certificate of another key: nothing was written");
}

function parseLeaf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new PluginError("the request was answered with no certificate: nothing was written", { cause });
  }
}
