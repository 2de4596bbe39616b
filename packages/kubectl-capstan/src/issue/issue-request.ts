import path from "node:path";
import { DurationError, parseDuration } from "@capstan/api";
import { isUsage, type SubjectAlternativeName } from "@capstan/ca-core";
import { UsageError } from "../exit-code.ts";
import { type ConnectionOptions } from "../flags.ts";
import { parseTimeout } from "../timeout.ts";
import { type AwsProfile, isQuotable, readAwsProfile, unquotable } from "./aws-profile.ts";
import { keyAlgorithmNames, type LocalKeyAlgorithm } from "./local-key.ts";

/** The flags of `issue` as parsed. */
export interface IssueOptions extends ConnectionOptions {
  readonly namespace?: string;
  readonly issuer?: string;
  readonly clusterIssuer?: string;
  readonly commonName?: string;
  readonly dnsName?: string;
  readonly uri?: string;
  readonly duration?: string;
  readonly usages?: string;
  readonly keyAlgorithm?: string;
  readonly csr?: string;
  readonly privateKey?: string;
  readonly force?: boolean;
  readonly renewBefore?: string;
  readonly timeout?: string;
  readonly profileName?: string;
  readonly trustAnchorArn?: string;
  readonly profileArn?: string;
  readonly roleArn?: string;
}

/** What is asked for, checked before anything is sent or written. */
export interface IssueRequest {
  /** Path without ending. */
  readonly file: string;
  readonly issuer: { readonly kind: "CapstanIssuer" | "CapstanClusterIssuer"; readonly name: string };
  readonly source:
    | { readonly from: "new key"; readonly algorithm: LocalKeyAlgorithm; readonly names: AskedNames }
    | { readonly from: "request"; readonly file: string };
  /** As in CertificateRequests; undefined takes the issuer's default. */
  readonly duration: string | undefined;
  /** In cert-manager's names; undefined when nobody said. */
  readonly usages: readonly string[] | undefined;
  readonly force: boolean;
  readonly renewBeforeMs: number | undefined;
  readonly wait: { readonly timeout: string; readonly timeoutMs: number };
  readonly aws: AwsProfile | undefined;
  /** Where AWS's helper finds the key, when it is no file that is written here. */
  readonly privateKey: string | undefined;
}

export interface AskedNames {
  readonly commonName: string | undefined;
  readonly alternatives: readonly SubjectAlternativeName[];
}

/** @throws {UsageError} naming the flag at fault */
export function readIssueRequest(file: string, options: IssueOptions): IssueRequest {
  const { timeout = "", csr, privateKey, force = false } = options;
  if (file === "" || file.endsWith("/")) throw new UsageError("FILE is the beginning of a file's name, like ./web");
  const aws = readAwsProfile(options);
  if (aws !== undefined && !isQuotable(path.resolve(file))) throw new UsageError(`FILE: ${unquotable}`);
  return {
    file,
    issuer: readIssuer(options),
    source:
      csr === undefined
        ? { from: "new key", algorithm: readAlgorithm(options.keyAlgorithm), names: readNames(options) }
        : { from: "request", file: checkedCsr(csr, options) },
    duration: options.duration === undefined ? undefined : checkedDuration("--duration", options.duration).text,
    usages: options.usages === undefined ? undefined : readUsages(options.usages),
    force,
    renewBeforeMs:
      options.renewBefore === undefined ? undefined : checkedDuration("--renew-before", options.renewBefore).ms,
    wait: { timeout, timeoutMs: parseTimeout(timeout) },
    aws,
    privateKey: checkedPrivateKey(privateKey, csr),
  };
}

function readIssuer({ issuer, clusterIssuer }: IssueOptions): IssueRequest["issuer"] {
  if (issuer !== undefined && clusterIssuer !== undefined) {
    throw new UsageError("--issuer and --cluster-issuer clash: give one of them");
  }
  const name = issuer ?? clusterIssuer;
  if (name === undefined) throw new UsageError("say who is to issue: --cluster-issuer NAME, or --issuer NAME");
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
    throw new UsageError(`${JSON.stringify(name)} is no issuer's name`);
  }
  return { kind: issuer === undefined ? "CapstanClusterIssuer" : "CapstanIssuer", name };
}

function readNames({ commonName, dnsName, uri }: IssueOptions): AskedNames {
  const alternatives = [
    ...listOf(dnsName).map((value) => ({ kind: "DNS", value }) as const),
    ...listOf(uri).map((value) => ({ kind: "URI", value }) as const),
  ];
  if (commonName === undefined && alternatives.length === 0) {
    throw new UsageError("say whose certificate it is to be: --common-name, --dns-name or --uri");
  }
  if (commonName?.trim() === "") throw new UsageError("--common-name is empty");
  return { commonName, alternatives };
}

/** What the request says itself cannot be said beside it. */
function checkedCsr(csr: string, options: IssueOptions): string {
  const clashing = (["commonName", "dnsName", "uri", "keyAlgorithm"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (clashing === undefined) return csr;
  const flag = clashing.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--csr and --${flag} clash: the request says that itself`);
}

function readAlgorithm(text: string | undefined): LocalKeyAlgorithm {
  return keyAlgorithmNames.find((name) => name === text) ?? "ECDSA-P256";
}

function checkedPrivateKey(privateKey: string | undefined, csr: string | undefined): string | undefined {
  if (privateKey !== undefined && csr === undefined) {
    throw new UsageError("--private-key says where the key of --csr is: give --csr with it");
  }
  if (privateKey !== undefined && !isQuotable(privateKey)) {
    throw new UsageError(`--private-key: ${unquotable}`);
  }
  return privateKey;
}

function readUsages(text: string): readonly string[] {
  const usages = listOf(text);
  const unknown = usages.filter((usage) => !isUsage(usage));
  if (unknown.length > 0) throw new UsageError(`--usages: ${JSON.stringify(unknown.join(", "))} is no usage`);
  if (usages.length === 0) throw new UsageError("--usages is empty");
  return usages;
}

function checkedDuration(flag: string, text: string): { readonly text: string; readonly ms: number } {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return { text, ms };
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UsageError(`${flag}: ${error.message}`, { cause: error });
  }
  throw new UsageError(`${flag}: ${text} is no time: give more than 0s`);
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
}
