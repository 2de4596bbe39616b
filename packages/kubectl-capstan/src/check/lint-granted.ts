import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { CaError, chooseValidity, prepareLeaf, readRoot, type Root } from "@capstan/ca-core";
import type { GrantedLeaf, PolicyViolation } from "@capstan/policy";

const make = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ publicKey: KeyObject }>;

/** How Node makes a key of each kind that a leaf may have. */
const keyKinds: Readonly<Record<string, readonly [type: string, options: object]>> = {
  "RSA-2048": ["rsa", { modulusLength: 2048 }],
  "RSA-3072": ["rsa", { modulusLength: 3072 }],
  "RSA-4096": ["rsa", { modulusLength: 4096 }],
  "ECDSA-P256": ["ec", { namedCurve: "P-256" }],
  "ECDSA-P384": ["ec", { namedCurve: "P-384" }],
  Ed25519: ["ed25519", {}],
};

/** The key of a leaf that cert-manager has not made yet: one of the same kind. */
export async function standInKey(algorithm: string): Promise<Uint8Array> {
  const [type, options] = keyKinds[algorithm] ?? ["ec", { namedCurve: "P-256" }];
  const { publicKey } = await make(type, options);
  return new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
}

/**
 * Builds what would be signed and lints it, as the issuer does before each signature: the rules of the whole certificate,
 * like its size and its end, which no rule about a single name can tell.
 *
 * @param root that would sign; without one a stand-in, whose name and dates stand in nobody's way
 */
export function lintGranted(
  granted: GrantedLeaf,
  {
    publicKeySpki,
    root = standInRoot(),
    now,
    maxLifetimeMs,
  }: {
    readonly publicKeySpki: Uint8Array;
    readonly root?: Root | undefined;
    readonly now: Date;
    readonly maxLifetimeMs: number;
  },
): readonly PolicyViolation[] {
  const validity = chooseValidity({
    now,
    requestedMs: granted.durationMs,
    maxMs: maxLifetimeMs,
    overMaximum: "Clamp",
    root,
  });
  if (!validity.ok) {
    const rule =
      validity.reason === "too-little-left"
        ? `the root ends at ${root.notAfter.toISOString()}: the request waits for the next generation`
        : validity.reason;
    return [{ code: "ERR_POLICY_DURATION", field: "spec.duration", rule }];
  }
  try {
    prepareLeaf({
      profile: granted.profile,
      root,
      subject: granted.subject,
      // A Certificate has no request yet, and so no bytes of its subject.
      ...(granted.subjectDer.length === 0 ? {} : { subjectDer: granted.subjectDer }),
      subjectAlternativeNames: granted.subjectAlternativeNames,
      publicKeySpki,
      usages: granted.usages,
      isCa: granted.isCa,
      ...(granted.pathLength === undefined ? {} : { pathLength: granted.pathLength }),
      notBefore: validity.notBefore,
      notAfter: validity.notAfter,
      maxLifetimeMs,
    });
    return [];
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    return [{ code: "ERR_POLICY_SETTING", field: "the leaf", rule: error.message }];
  }
}

/** Self-signed; its key is not kept. */
function standInRoot(): Root {
  return readRoot(`-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIQEHMuff7ivEjVsbJJKFRqYDAKBggqhkjOPQQDAjAsMR4w
HAYDVQQDExVOb3Qgc2lnbmVkIGJ5IGFueWJvZHkxCjAIBgNVBAUTATEwIBcNMjAw
MTAxMDAwMDAwWhgPMjA5OTEyMzEwMDAwMDBaMCwxHjAcBgNVBAMTFU5vdCBzaWdu
ZWQgYnkgYW55Ym9keTEKMAgGA1UEBRMBMTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABIkcycLY/YdJthOT88NDClV9KSnVBD+z6N+xylzPv2IPb47Kequ2IV9o8z1Y
gb5uAQBNrjPLy4VSMTmnF6D75bajRTBDMBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYD
VR0PAQH/BAQDAgEGMB0GA1UdDgQWBBTDIghM9Xm55x/SqcmREkngbmig9DAKBggq
hkjOPQQDAgNIADBFAiAn3s0KtIBVhi8iVe4W2txudsGe3+j8KE8WyLqJ9pBshAIh
AKOkI655P08j11cWMcQQWZY4t37DK/Eyko1qIxAWa/HW
-----END CERTIFICATE-----
`);
}
