import { createRoot, type CaKey, type KeyAlgorithm, type Root } from "@capstan/ca-core";
import type { CertificatePlan } from "./certificate-plan.ts";
import type { Era } from "./eras.ts";
import type { ProfileRow } from "./profile-rows.ts";
import type { Random } from "./random.ts";
import { drawSerial } from "./serial-draws.ts";
import { attribute, taggableValue } from "./subject.ts";

const KEY_CERT_SIGN = 5;
const CRL_SIGN = 6;

export interface RootSpecimen {
  readonly root: Root;
  readonly plan: CertificatePlan;
}

/** The root of one generation, its name as long or short as it may be. `number` keeps the names of two roots apart. */
export async function makeRoot(options: {
  readonly random: Random;
  readonly row: ProfileRow;
  readonly algorithm: KeyAlgorithm;
  readonly era: Era;
  readonly signer: CaKey;
  readonly number: number;
}): Promise<RootSpecimen> {
  const { random, row, algorithm, era, signer, number } = options;
  const commonName = taggableValue(random, 64);
  const organization = random.oneIn(3) ? undefined : taggableValue(random, 64);
  const generation = random.oneIn(3) ? 999_999_999 - number : number + 1;
  const pathLength = random.pick(row.rootPathLengths);
  const { bytes, serial } = drawSerial(random);
  const root = await createRoot({
    subject: { commonName, ...(organization === undefined ? {} : { organization }) },
    generation,
    notBefore: era.root.notBefore,
    notAfter: era.root.notAfter,
    signer,
    profile: row.profile,
    ...(pathLength === undefined ? {} : { pathLength }),
    random: bytes,
  });
  const subject = [
    [attribute("CN", commonName)],
    ...(organization === undefined ? [] : [[attribute("O", organization)]]),
    [attribute("serialNumber", String(generation))],
  ];
  return {
    root,
    plan: {
      serial,
      subject,
      names: [],
      areNamesCritical: false,
      notBefore: era.root.notBefore,
      notAfter: era.root.notAfter,
      spki: signer.publicKeySpki,
      signature: { key: algorithm.startsWith("RSA") ? "RSA" : "EC", hash: row.hashOf(algorithm) },
      keyUsageBits: [KEY_CERT_SIGN, CRL_SIGN],
      purposes: [],
      isCa: true,
      pathLength,
      hasAuthorityKey: false,
    },
  };
}
