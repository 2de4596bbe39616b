import { createHash, createPublicKey, generateKeyPair, type KeyObject, randomBytes, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import {
  apiVersion,
  authorityLabel,
  type GenerationMark,
  generationMarkResource,
  generationName,
  type IssuedCertificate,
  issuedCertificateResource,
  notAfterLabel,
} from "@capstan/api";
import { importCaKey, issueLeaf, prepareLeaf, readRoot } from "@capstan/ca-core";
import { formatTime, isConflict, type KubeClient, type KubeObject } from "@capstan/kube";
import { type HeldLeaf, readHeldLeaf } from "../../../soak/src/held-leaf.ts";
import { secrets } from "./lab.ts";

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** A leaf of a workload: the mark is raised, then it is signed, then it is recorded. */
export async function issueAsIssuer(given: {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the authority. */
  readonly name: string;
  readonly generation: number;
  readonly lifetimeMs: number;
  /** Default is a new one. */
  readonly privateKey: KeyObject | undefined;
  readonly time: { readonly now: () => Date };
}): Promise<HeldLeaf> {
  const { client, namespace, name: authority, generation, lifetimeMs, time } = given;
  const ref = { namespace, name: generationName(authority, generation) };
  const { data = {} } = await client.get<Secret>(secrets, ref);
  const [rootPem = "", keyPem = ""] = ["tls.crt", "tls.key"].map((key) =>
    Buffer.from(data[key] ?? "", "base64").toString("utf8"),
  );
  const root = readRoot(rootPem);
  const now = Math.floor(time.now().getTime() / 1000) * 1000;
  const notAfter = new Date(now + lifetimeMs);
  await raiseMark(client, ref, notAfter);
  const privateKey = given.privateKey ?? (await promisify(generateKeyPair)("ec", { namedCurve: "P-256" })).privateKey;
  const publicKeySpki = spkiOf(privateKey);
  const commonName = "web.demo";
  const { ticket } = prepareLeaf({
    root,
    subject: [{ type: "CN", value: commonName }],
    subjectAlternativeNames: [],
    publicKeySpki,
    usages: ["digital signature", "client auth"],
    notBefore: new Date(Math.max(root.notBefore.getTime(), now - 60_000)),
    notAfter,
    maxLifetimeMs: lifetimeMs + 60_000,
    random: randomBytes,
  });
  const leaf = await issueLeaf({ ticket, signer: importCaKey(keyPem) });
  await client.create<IssuedCertificate>(issuedCertificateResource, {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: {
      name: randomUUID(),
      namespace,
      labels: { [authorityLabel]: authority, [notAfterLabel]: String(Math.floor(leaf.notAfter.getTime() / 1000)) },
    },
    spec: {
      serial: leaf.serial,
      subject: `CN=${commonName}`,
      commonName,
      notBefore: formatTime(leaf.notBefore.getTime()),
      notAfter: formatTime(leaf.notAfter.getTime()),
      authority,
      generation,
      purpose: "Workload",
      requestNamespace: "demo",
      publicKeySha256: publicKeySha256Of(privateKey),
      certificate: leaf.pem,
    },
  });
  return readHeldLeaf({ certificatePem: leaf.pem, rootPem, privateKey });
}

function spkiOf(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ type: "spki", format: "der" }));
}

/** As the ledger has it. */
export function publicKeySha256Of(privateKey: KeyObject): string {
  return createHash("sha256").update(spkiOf(privateKey)).digest("hex");
}

async function raiseMark(
  client: KubeClient,
  ref: { readonly namespace: string; readonly name: string },
  notAfter: Date,
): Promise<void> {
  for (;;) {
    const mark = await client.get<GenerationMark>(generationMarkResource, ref);
    if (Date.parse(mark.spec.notAfter) >= notAfter.getTime()) return;
    try {
      await client.replace(generationMarkResource, {
        ...mark,
        spec: { ...mark.spec, notAfter: formatTime(notAfter.getTime()) },
      });
      return;
    } catch (error) {
      // The publisher raised it for a leaf of its own.
      if (!isConflict(error)) throw error;
    }
  }
}
