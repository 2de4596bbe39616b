import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { authorityLabel, crlKeys, type IssuedCertificate, publishedLabel } from "@capstan/api";
import {
  type CaKey,
  createRoot,
  generateCaKey,
  issueLeaf,
  type Leaf,
  type LeafPlan,
  prepareLeaf,
  type Root,
} from "@capstan/ca-core";
import { record } from "./objects.ts";
import { startedAt } from "./run.ts";

// Real certificates of a real authority, as its controllers would have issued them.

const hour = 3_600_000;

export interface TestAuthority {
  readonly name: string;
  readonly key: CaKey;
  readonly root: Root;
}

export interface TestLeaf extends Leaf {
  readonly privateKey: KeyObject;
}

/** Generation 1 of an authority, valid for a year from a month before the tests' moment. */
export async function testAuthority(
  name = "fleet",
  commonName = "Example Fleet CA",
  bornAt = startedAt - 30 * 24 * hour,
): Promise<TestAuthority> {
  const key = await generateCaKey("ECDSA-P256");
  const root = await createRoot({
    subject: { commonName },
    generation: 1,
    notBefore: new Date(bornAt),
    notAfter: new Date(bornAt + 365 * 24 * hour),
    signer: key,
  });
  return { name, key, root };
}

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));

/** A leaf of web.demo, valid from an hour before the tests' moment to a day after it. All leaves have one key. */
export async function testLeaf({ root, key }: TestAuthority, changes: Partial<LeafPlan> = {}): Promise<TestLeaf> {
  const { ticket } = prepareLeaf({
    root,
    subject: [{ type: "CN", value: "web.demo" }],
    subjectAlternativeNames: [],
    publicKeySpki: spki,
    usages: ["digital signature", "client auth"],
    notBefore: new Date(startedAt - hour),
    notAfter: new Date(startedAt + 24 * hour),
    maxLifetimeMs: 7 * 24 * hour,
    ...changes,
  });
  return { ...(await issueLeaf({ ticket, signer: key })), privateKey };
}

/** The ledger's record of a leaf. */
export function recordOf(
  leaf: Leaf,
  spec: Partial<IssuedCertificate["spec"]> = {},
  more: Partial<IssuedCertificate> = {},
): IssuedCertificate {
  const { serial, notBefore, notAfter, pem } = leaf;
  const known = {
    serial,
    subject: "CN=web.demo",
    notBefore: textOf(notBefore),
    notAfter: textOf(notAfter),
    certificate: pem,
    publicKeySha256: createHash("sha256").update(spki).digest("hex"),
    requestKind: "CertificateRequest" as const,
    owner: { kind: "Certificate" as const, name: "web", uid: "uid-of-web" },
  };
  const metadata = { name: `record-${serial}`, namespace: "capstan-system", creationTimestamp: textOf(notBefore) };
  return record({ ...known, ...spec }, { metadata, ...more });
}

/** The ConfigMap that the publisher keeps a generation's CRL and root in. */
export function rootConfigMap({ name, root }: TestAuthority): unknown {
  return {
    metadata: {
      name: `${name}-1`,
      namespace: "capstan-system",
      labels: { [authorityLabel]: name, [publishedLabel]: "crl" },
    },
    data: { [crlKeys.root]: root.pem },
  };
}

function textOf(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
