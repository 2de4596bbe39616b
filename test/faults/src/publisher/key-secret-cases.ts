import "reflect-metadata";
import { createPrivateKey, generateKeyPairSync, webcrypto } from "node:crypto";
import { fingerprintAnnotation, generationName } from "@capstan/api";
import type { KubeObject } from "@capstan/kube";
import * as x509 from "@peculiar/x509";
import type { Case } from "./case.ts";
import { secrets } from "./lab.ts";
import { untilSaid } from "./trouble.ts";
import type { World } from "./world.ts";

x509.cryptoProvider.set(webcrypto as Parameters<typeof x509.cryptoProvider.set>[0] & object);

interface KeySecret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

const dayMs = 86_400_000;
const ec = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const rsa = (bits: number) => ({
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: bits,
  publicExponent: new Uint8Array([1, 0, 1]),
});

/** A self-signed certificate that is wrong in one way. */
async function selfSigned(change: {
  readonly from?: number;
  readonly to?: number;
  readonly isCa?: boolean;
  readonly signsCrls?: boolean;
  readonly algorithm?: ReturnType<typeof rsa> | typeof ec;
}): Promise<Pair> {
  const { from = -dayMs, to = 900 * dayMs, isCa = true, signsCrls = true, algorithm = ec } = change;
  // keyCertSign, and cRLSign where it is wanted (RFC 5280, 4.2.1.3).
  const keyUsage = new x509.Extension("2.5.29.15", true, new Uint8Array(signsCrls ? [3, 2, 1, 6] : [3, 2, 2, 4]));
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Soak CA,2.5.4.5=1",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() + from),
    notAfter: new Date(Date.now() + to),
    serialNumber: "4f1c",
    extensions: [new x509.BasicConstraintsExtension(isCa, undefined, true), keyUsage],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return {
    certificate: `${certificate.toString("pem")}\n`,
    key: key.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function otherKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** What a Secret may turn out to hold, and what status says of it. */
const ROWS: readonly {
  readonly id: "C02" | "C05";
  readonly name: string;
  readonly spoil: (right: Pair) => Partial<Pair> | Promise<Partial<Pair>>;
  readonly says: RegExp;
}[] = [
  { id: "C02", name: "empty", spoil: () => ({ certificate: "", key: "" }), says: /cannot be read|has no/ },
  {
    id: "C02",
    name: "truncated",
    spoil: ({ certificate, key }) => ({ certificate: certificate.slice(0, 200), key }),
    says: /cannot be read/,
  },
  {
    id: "C02",
    name: "of another generation",
    spoil: () => selfSigned({}),
    says: /holds the root|cannot be read/,
  },
  {
    id: "C05",
    name: "with the wrong key",
    spoil: ({ certificate }) => ({ certificate, key: otherKey() }),
    says: /a key that is not its root's/,
  },
  {
    id: "C05",
    name: "with an expired certificate",
    spoil: () => selfSigned({ from: -9 * dayMs, to: -dayMs }),
    says: /holds the root|cannot be read/,
  },
  {
    id: "C05",
    name: "with a certificate that is not yet valid",
    spoil: () => selfSigned({ from: 8 * dayMs }),
    says: /holds the root|cannot be read/,
  },
  {
    id: "C05",
    name: "with a certificate that is no CA",
    spoil: () => selfSigned({ isCa: false }),
    says: /cannot be read/,
  },
  {
    id: "C05",
    name: "with a certificate without cRLSign",
    spoil: () => selfSigned({ signsCrls: false }),
    says: /cannot be read/,
  },
  { id: "C05", name: "with RSA-1024", spoil: () => selfSigned({ algorithm: rsa(1024) }), says: /cannot be read/ },
  {
    id: "C05",
    name: "with two certificates",
    spoil: ({ certificate, key }) => ({ certificate: certificate + certificate, key }),
    says: /cannot be read/,
  },
  {
    id: "C05",
    name: "with a duplicate DN and another key",
    spoil: () => selfSigned({}),
    says: /holds the root|cannot be read/,
  },
];

const encode = (text: string): string => Buffer.from(text).toString("base64");
const decode = (text = ""): string => Buffer.from(text, "base64").toString("utf8");

async function replaceSecret(world: World, was: KeySecret, data: Readonly<Record<string, string>>): Promise<void> {
  const { client } = world.lab;
  const { name, labels, annotations } = was.metadata;
  const ref = { namespace: world.namespace, name };
  await client.delete(secrets, ref);
  await client.create(secrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...ref, labels, annotations },
    type: "kubernetes.io/tls",
    immutable: true,
    data,
  } as KubeObject);
}

export const keySecretCases: readonly Case[] = ROWS.map(({ id, name, spoil, says }) => ({
  name: `${id}: a key Secret ${name}`,
  run: async (world) => {
    const ref = { namespace: world.namespace, name: generationName(world.name, 1) };
    const right = await world.lab.client.get<KeySecret>(secrets, ref);
    if (right.metadata.annotations?.[fingerprintAnnotation] === undefined) throw new Error("it has no fingerprint");
    const pair = { certificate: decode(right.data?.["tls.crt"]), key: decode(right.data?.["tls.key"]) };
    const { certificate = "", key = "" } = await spoil(pair);
    await replaceSecret(world, right, { "tls.crt": encode(certificate), "tls.key": encode(key) });
    await world.changeSpec({ rotation: { soak: "4m" } }); // Somebody looks.
    await untilSaid(world, {
      condition: "Ready",
      text: new RegExp(`KeyMissing: Secret ${ref.name} .*(${says.source})`),
    });
    const { status } = await world.authority();
    if (status?.generations?.length !== 1) throw new Error("another generation was made");
    await replaceSecret(world, right, right.data ?? {});
    await world.until("it to sign again", ({ status: now }) => world.says(now, "Ready", "True"));
    return undefined;
  },
}));
