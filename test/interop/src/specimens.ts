import type { KeyObject } from "node:crypto";
import { KEY_ALGORITHM_NAMES, type KeyAlgorithm } from "@capstan/ca-core";
import type { AuthoritySpecimen } from "./authority-specimen.ts";
import type { CertificatePlan } from "./certificate-plan.ts";
import { ERAS, type Era } from "./eras.ts";
import type { GoOpinion } from "./go-opinion.ts";
import { makeKeyPool, type KeyPool } from "./key-pool.ts";
import { makeCrl, type CrlSpecimen } from "./make-crl.ts";
import { madeRequestOf, makeLeaf, requestQuestion, wishLeaf, type LeafSpecimen, type LeafWish } from "./make-leaf.ts";
import { makeRoot } from "./make-root.ts";
import { PROFILE_ROWS, type ProfileRow } from "./profile-rows.ts";
import { randomOf } from "./random.ts";
import type { Settings } from "./settings.ts";

/** A root, its leaves, and two CRLs of it. */
export interface Specimen extends AuthoritySpecimen {
  readonly leaves: readonly LeafSpecimen[];
  /** Names none of the leaves. */
  readonly sparingCrl: CrlSpecimen;
  /** Names `revoked`. */
  readonly revokingCrl: CrlSpecimen;
  readonly revoked: ReadonlySet<LeafSpecimen>;
}

/** Roots and leaves alike: a certificate with what it must say, and whose it is. */
export interface CertificateSpecimen {
  readonly label: string;
  readonly der: Uint8Array;
  readonly pem: string;
  readonly plan: CertificatePlan;
  readonly authority: Specimen;
  /** Of leaves. */
  readonly privateKey?: KeyObject;
}

interface Combination {
  readonly row: ProfileRow;
  readonly algorithm: KeyAlgorithm;
  readonly era: Era;
}

/** Every profile, with every CA key algorithm, in every era. */
const COMBINATIONS: readonly Combination[] = ERAS.flatMap((era) =>
  PROFILE_ROWS.flatMap((row) => KEY_ALGORITHM_NAMES.map((algorithm) => ({ row, algorithm, era }))),
);

/** The leaves are dealt out to the combinations one by one, each with the next key algorithm of its profile. */
export async function makeSpecimens(settings: Settings, askGo: GoOpinion): Promise<Specimen[]> {
  const keys = await makeKeyPool();
  const authorities = await Promise.all(
    COMBINATIONS.map((combination, number) => makeAuthority(settings, keys, combination, number)),
  );
  const wishes = Array.from({ length: settings.leaves }, (_, number) => {
    const authority = authorities[number % authorities.length];
    if (authority === undefined) throw new RangeError("no authority");
    return { authority, number, wish: wishFrom(settings, keys, authority, number) };
  });
  const answers = await askGo(wishes.map(({ wish }) => requestQuestion(wish)));
  const leaves = await Promise.all(
    wishes.map(async ({ authority, number, wish }) => {
      const random = randomOf(`${settings.seed} leaf ${number}`);
      return { authority, specimen: await makeLeaf(random, authority, wish, madeRequestOf(wish, answers[number])) };
    }),
  );
  return await Promise.all(
    authorities.map((authority, number) => {
      const own = leaves.flatMap((one) => (one.authority === authority ? [one.specimen] : []));
      return withCrls(settings, authority, own, number);
    }),
  );
}

export function certificatesOf(specimens: readonly Specimen[]): CertificateSpecimen[] {
  return specimens.flatMap((authority) => [
    { ...authority.root.root, label: authority.label, plan: authority.root.plan, authority },
    ...authority.leaves.map(({ leaf, ...specimen }) => ({ ...leaf, ...specimen, authority })),
  ]);
}

async function makeAuthority(
  settings: Settings,
  keys: KeyPool,
  { row, algorithm, era }: Combination,
  number: number,
): Promise<AuthoritySpecimen> {
  const signer = keys.caKey(algorithm);
  const random = randomOf(`${settings.seed} root ${number}`);
  const root = await makeRoot({ random, row, algorithm, era, signer, number });
  return { label: `${row.profile} root ${number} with ${algorithm}, ${era.name}`, row, algorithm, era, signer, root };
}

function wishFrom(settings: Settings, keys: KeyPool, authority: AuthoritySpecimen, number: number): LeafWish {
  const { leafKeys } = authority.row;
  // The round is in it, so that no root always meets the same leaf key.
  const turn = Math.floor(number / COMBINATIONS.length) + number;
  const keyAlgorithm = leafKeys[turn % leafKeys.length];
  if (keyAlgorithm === undefined) throw new RangeError("a profile without leaf keys");
  const random = randomOf(`${settings.seed} wish ${number}`);
  const privateKey = keys.leafKey(keyAlgorithm, number);
  return wishLeaf({ random, authority, keyAlgorithm, privateKey, number });
}

async function withCrls(
  settings: Settings,
  authority: AuthoritySpecimen,
  leaves: readonly LeafSpecimen[],
  number: number,
): Promise<Specimen> {
  const random = randomOf(`${settings.seed} crls ${number}`);
  const shared = {
    random,
    root: authority.root.root,
    signer: authority.signer,
    now: authority.era.now,
    except: new Set(leaves.map(({ plan }) => plan.serial)),
  };
  const revoked = new Set(leaves.filter(() => random.oneIn(2)));
  return {
    ...authority,
    leaves,
    revoked,
    sparingCrl: await makeCrl({
      ...shared,
      label: `the sparing CRL of ${authority.label}`,
      leaves: [],
      others: random.oneIn(3) ? 0 : random.between(1, 60),
    }),
    revokingCrl: await makeCrl({
      ...shared,
      label: `the revoking CRL of ${authority.label}`,
      leaves: [...revoked].map(({ leaf }) => leaf),
      others: random.oneIn(10) ? 1_000 : random.below(20),
    }),
  };
}
