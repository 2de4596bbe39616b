import { type KeyObject, X509Certificate } from "node:crypto";

import { checkSessionArns, parseTrustAnchorArn } from "./arn.ts";
import { call, type CallOptions } from "./call.ts";
import { type SignableRequest, urlOf } from "./canonical-request.ts";
import { checkPlace, checkTrustAnchorArn } from "./check-arguments.ts";
import { type Clock, monotonicClock } from "./clock.ts";
import type { AwsCredentials } from "./credentials.ts";
import { RolesAnywhereError } from "./errors.ts";
import { sharedPacers } from "./pacer.ts";
import { AnswerReader } from "./parse-answer.ts";
import type { EndpointVariant } from "./partitions.ts";
import { decodePemBlocks } from "./pem.ts";
import { createRequestHandler } from "./request-handler.ts";
import { signX509, x509Algorithm } from "./sign-x509.ts";

/** Which session is wanted, whatever leaf asks for it. */
export interface SessionTarget extends CallOptions, EndpointVariant {
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  /** The trust anchor's. */
  readonly region: string;
  /** An http or https URL without a path; by default the region's own. */
  readonly endpoint?: string | undefined;
  /** 900 to 43,200. Default is what the profile says. */
  readonly durationSeconds?: number;
  /** Of the role session, 2 to 64 of `[A-Za-z0-9_+=,.@-]`. AWS takes one only where the profile accepts it. Default is the leaf's serial number. */
  readonly sessionName?: string;
  /** Times the pacing. Default is the monotonic clock of the process. */
  readonly clock?: Clock;
}

/** Who asks. */
export interface SessionLeaf {
  /** The leaf, then the intermediates between it and the trust anchor's certificate if there are any. */
  readonly certificatePem: string;
  /** RSA or EC. */
  readonly privateKey: KeyObject;
}

export type CreateSessionInput = SessionTarget & SessionLeaf;

export interface Session {
  readonly credentials: AwsCredentials & { readonly sessionToken: string; readonly expiration: Date };
  readonly roleArn: string;
  /** The session as AWS's logs and policies name it. */
  readonly assumedRoleUser: { readonly arn: string; readonly assumedRoleId: string };
  /** The resource that stands for the leaf's subject. */
  readonly subjectArn: string;
}

const operation = "CreateSession";
/** @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html */
const limits = { seconds: { min: 900, max: 43_200 }, intermediates: 5 } as const;

/**
 * Exchanges a leaf for temporary AWS credentials. Sent once; at most ten a second go to one account and region.
 *
 * @throws {RolesAnywhereError} ERR_AWS_ACCESS_DENIED when AWS refuses, with its own words in `awsMessage`, such as `Untrusted
 *   signing certificate` or `Certificate revoked`; ERR_INVALID_ARGUMENT for an argument that AWS would refuse; what the other codes
 *   mean stands in `errors.ts`
 *
 * @example
 * const { credentials } = await createSession({
 *   certificatePem: await readFile("tls.crt", "utf8"),
 *   privateKey: createPrivateKey(await readFile("tls.key")),
 *   trustAnchorArn, profileArn, roleArn,
 *   region: "eu-central-1",
 * });
 */
export async function createSession(input: CreateSessionInput, signal?: AbortSignal): Promise<Session> {
  const { region, clock = monotonicClock, requestTimeoutMs = 30_000, now = () => new Date() } = input;
  const { requestHandler = createRequestHandler() } = input;
  const base = checkPlace(operation, input);
  const { certificates, algorithm, privateKey } = checkLeaf(input);
  const request = sessionRequest(base, input);
  const { account } = parseTrustAnchorArn(input.trustAnchorArn);
  const answer = await call({
    operation,
    request: (carry) => {
      const headers = signX509(request, { algorithm, certificates, privateKey, region, at: now() });
      return carry({ ...request, url: urlOf(request), headers });
    },
    pacer: sharedPacers({ clock, owner: account, region, endpoint: base.origin }).sessions,
    clock,
    options: { ...input, requestHandler, requestTimeoutMs, now },
    signal,
  });
  return readSession(new AnswerReader(operation, answer));
}

/** The request before it is signed; its ARNs travel in the query, as AWS's own helper sends them. */
export function sessionRequest(base: URL, target: SessionTarget): SignableRequest {
  const { trustAnchorArn, profileArn, roleArn, region, durationSeconds, sessionName } = target;
  checkTrustAnchorArn(operation, trustAnchorArn, region);
  checkSessionArns(parseTrustAnchorArn(trustAnchorArn), { profileArn, roleArn });
  const { min, max } = limits.seconds;
  if (
    durationSeconds !== undefined &&
    !(Number.isInteger(durationSeconds) && durationSeconds >= min && durationSeconds <= max)
  ) {
    throw refuse("durationSeconds", `is ${durationSeconds}, ${min} to ${max} whole seconds are allowed: change it`);
  }
  if (sessionName !== undefined && !/^[\w+=,.@-]{2,64}$/u.test(sessionName)) {
    throw refuse("sessionName", "is not 2 to 64 letters, digits and characters of _+=,.@-: change it");
  }
  const body = {
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(sessionName === undefined ? {} : { roleSessionName: sessionName }),
  };
  return {
    method: "POST",
    url: new URL("/sessions", base),
    query: { profileArn, roleArn, trustAnchorArn },
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

function checkLeaf({ certificatePem, privateKey }: SessionLeaf): {
  readonly certificates: readonly [Uint8Array, ...(readonly Uint8Array[])];
  readonly algorithm: string;
  readonly privateKey: KeyObject;
} {
  const blocks = decodePemBlocks(certificatePem, "certificatePem").filter(({ label }) => label === "CERTIFICATE");
  const [leaf, ...chain] = blocks.map(({ der }) => der);
  if (leaf === undefined) throw refuse("certificatePem", "holds no CERTIFICATE block: give the leaf in PEM");
  if (chain.length > limits.intermediates) {
    throw refuse(
      "certificatePem",
      `holds ${chain.length} intermediates, at most ${limits.intermediates} are allowed: leave out what is not between leaf and trust anchor`,
    );
  }
  const algorithm = x509Algorithm(privateKey);
  if (privateKey.type !== "private" || algorithm === undefined) {
    throw refuse("privateKey", "is no private RSA or EC key: only these can sign for CreateSession");
  }
  if (!readCertificate(leaf).checkPrivateKey(privateKey)) {
    throw refuse("privateKey", "does not belong to the certificate: read both anew, they may just have been renewed");
  }
  return { certificates: [leaf, ...chain], algorithm, privateKey };
}

function readCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw refuse("certificatePem", "begins with a block that is no X.509 certificate: export it again from its CA");
  }
}

function readSession(answer: AnswerReader): Session {
  const set = answer.list("credentialSet")[0];
  if (set === undefined) {
    throw new RolesAnywhereError(
      "ERR_AWS_RESPONSE",
      `${operation}: the answer has no credentials: check the endpoint and any proxy before it`,
      { operation },
    );
  }
  const [credentials, user] = [set.object("credentials"), set.object("assumedRoleUser")];
  return {
    credentials: {
      accessKeyId: credentials.text("accessKeyId"),
      secretAccessKey: credentials.text("secretAccessKey"),
      sessionToken: credentials.text("sessionToken"),
      expiration: credentials.date("expiration"),
    },
    roleArn: set.text("roleArn"),
    assumedRoleUser: { arn: user.text("arn"), assumedRoleId: user.text("assumedRoleId") },
    subjectArn: answer.text("subjectArn"),
  };
}

function refuse(field: string, fault: string): RolesAnywhereError {
  return new RolesAnywhereError("ERR_INVALID_ARGUMENT", `${field} ${fault}`, { operation, field });
}
