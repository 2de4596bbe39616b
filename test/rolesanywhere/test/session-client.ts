import { createHash, createPrivateKey, sign, X509Certificate } from "node:crypto";
import type { Issued } from "./openssl-pki.ts";

// A client of CreateSession for the tests of refusals: unlike a real one it can be told to send something wrong.

export interface SessionCall {
  readonly endpoint: string;
  readonly leaf: Issued;
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  readonly chain?: readonly Issued[];
  /** Further members of the JSON body. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Where the ARNs travel. Default is `query`. */
  readonly arnsIn?: "query" | "body";
  readonly signedAt?: Date;
  readonly tamper?: Tampering;
}

/** What to spoil. Each happens before signing unless it says otherwise. */
interface Tampering {
  readonly keyPem?: string;
  readonly serial?: string;
  readonly algorithm?: string;
  readonly region?: string;
  readonly service?: string;
  readonly unsigned?: string;
  readonly bodyAfterSigning?: string;
  readonly headersAfterSigning?: Readonly<Record<string, string | undefined>>;
}

export interface SessionResult {
  readonly status: number;
  /** The `x-amzn-errortype`, undefined for success. */
  readonly error: string | undefined;
  readonly message: string | undefined;
  readonly body: SessionBody;
}

interface SessionBody {
  readonly credentialSet: readonly [
    {
      readonly assumedRoleUser: { readonly arn: string; readonly assumedRoleId: string };
      readonly credentials: {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken: string;
        readonly expiration: string;
      };
      readonly packedPolicySize: number;
      readonly roleArn: string;
      readonly sourceIdentity: string;
    },
  ];
  readonly subjectArn: string;
}

export async function callCreateSession(call: SessionCall): Promise<SessionResult> {
  const { endpoint, leaf, tamper = {} } = call;
  const certificate = new X509Certificate(leaf.certificatePem);
  const key = createPrivateKey(tamper.keyPem ?? leaf.keyPem);
  const arns = { profileArn: call.profileArn, roleArn: call.roleArn, trustAnchorArn: call.trustAnchorArn };
  const arnsInBody = call.arnsIn === "body";
  const query = arnsInBody
    ? ""
    : Object.entries(arns)
        .map(([name, arn]) => `${name}=${encodeURIComponent(arn)}`)
        .join("&");
  const body = JSON.stringify({ ...call.body, ...(arnsInBody ? arns : {}) });
  const algorithm =
    tamper.algorithm ??
    (certificate.publicKey.asymmetricKeyType === "rsa" ? "AWS4-X509-RSA-SHA256" : "AWS4-X509-ECDSA-SHA256");
  const timestamp = (call.signedAt ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, "");
  const headers: Record<string, string> = {
    "content-type": "application/json",
    host: new URL(endpoint).host,
    "x-amz-date": timestamp,
    "x-amz-x509": certificate.raw.toString("base64"),
    ...(call.chain === undefined
      ? {}
      : {
          "x-amz-x509-chain": call.chain
            .map((each) => new X509Certificate(each.certificatePem).raw.toString("base64"))
            .join(","),
        }),
  };
  const signedHeaders = Object.keys(headers)
    .filter((name) => name !== tamper.unsigned)
    .sort();
  const canonical = [
    "POST",
    "/sessions",
    query,
    ...signedHeaders.map((name) => `${name}:${headers[name]}`),
    "",
    signedHeaders.join(";"),
    sha256(body),
  ].join("\n");
  const scope = `${timestamp.slice(0, 8)}/${tamper.region ?? "eu-central-1"}/${tamper.service ?? "rolesanywhere"}/aws4_request`;
  const signature = sign("sha256", Buffer.from([algorithm, timestamp, scope, sha256(canonical)].join("\n")), key);
  const serial = tamper.serial ?? BigInt(`0x${certificate.serialNumber}`).toString();
  headers["authorization"] =
    `${algorithm} Credential=${serial}/${scope}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature.toString("hex")}`;
  for (const [name, value] of Object.entries(tamper.headersAfterSigning ?? {})) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  return send(`${endpoint}/sessions${query === "" ? "" : `?${query}`}`, headers, tamper.bodyAfterSigning ?? body);
}

/** Sends a request exactly as given and reads the answer. */
export async function send(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<SessionResult> {
  const response = await fetch(url, { method: "POST", headers, body });
  const parsed = (await response.json()) as SessionBody & { readonly message?: string };
  return {
    status: response.status,
    error: response.headers.get("x-amzn-errortype") ?? undefined,
    message: parsed.message,
    body: parsed,
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
