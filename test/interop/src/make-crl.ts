import {
  CrlEntries,
  encodeCrl,
  encodePem,
  parseCrlNumber,
  parseSerial,
  type CaKey,
  type CrlEntry,
  type Leaf,
  type RevocationReason,
  type Root,
} from "@capstan/ca-core";
import type { SignatureKind } from "./certificate-plan.ts";
import type { Random } from "./random.ts";

/** RFC 5280, 5.3.1, with what openssl calls each. 0 stands for no reason, which an entry then does not name. */
export const REASONS: readonly { readonly name: RevocationReason; readonly code: number; readonly openssl: string }[] =
  [
    { name: "unspecified", code: 0, openssl: "" },
    { name: "keyCompromise", code: 1, openssl: "Key Compromise" },
    { name: "superseded", code: 4, openssl: "Superseded" },
    { name: "cessationOfOperation", code: 5, openssl: "Cessation Of Operation" },
    { name: "privilegeWithdrawn", code: 9, openssl: "Privilege Withdrawn" },
  ];

export interface PlannedEntry {
  /** Lower-case hexadecimal without leading zeros. */
  readonly serial: string;
  readonly revokedAt: Date;
  readonly reason: number;
}

export interface CrlSpecimen {
  readonly label: string;
  readonly der: Uint8Array;
  readonly pem: string;
  readonly number: bigint;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Ascending by serial number. */
  readonly entries: readonly PlannedEntry[];
  readonly signature: SignatureKind;
}

const MAX_NUMBER = 2n ** 159n - 1n;
const FIRST_TIME = Date.UTC(2000, 0, 1);

/** A CRL of `now` that names these leaves, and `others` serial numbers of any form. */
export async function makeCrl(options: {
  readonly random: Random;
  readonly label: string;
  readonly root: Root;
  readonly signer: CaKey;
  readonly now: Date;
  readonly leaves: readonly Leaf[];
  readonly others: number;
  /** Serials that it must not name. */
  readonly except: ReadonlySet<string>;
}): Promise<CrlSpecimen> {
  const { random, label, root, signer, now, leaves, others, except } = options;
  const thisUpdate = new Date(now.getTime() - 1000 * random.below(60));
  const nextUpdate = new Date(now.getTime() + 1000 * random.between(1, 30 * 86_400));
  const serials = new Map(leaves.map(({ serial }) => [withoutZeros(serial), BigInt(`0x${serial}`)]));
  while (serials.size < leaves.length + others) {
    const value = anySerial(random);
    if (!except.has(value.toString(16))) serials.set(value.toString(16), value);
  }
  const entries = [...serials.keys()].map((serial) => ({
    serial,
    revokedAt: random.oneIn(5) ? thisUpdate : anyTime(random, thisUpdate),
    reason: random.pick(REASONS),
  }));
  const number = anyNumber(random);
  const given = entries.map(({ serial, revokedAt, reason }) => ({
    serial: parseSerial(serial),
    revokedAt,
    // The two ways to give no reason.
    ...(reason.code === 0 && random.oneIn(2) ? {} : { reason: reason.name }),
  }));
  const crl = await encodeCrl({
    root,
    signer,
    number: parseCrlNumber(String(number)),
    thisUpdate,
    nextUpdate,
    entries: random.oneIn(2) ? given : inSteps(random, given),
  });
  const inOrder = entries
    .toSorted((a, b) => (BigInt(`0x${a.serial}`) < BigInt(`0x${b.serial}`) ? -1 : 1))
    .map(({ serial, revokedAt, reason }) => ({ serial, revokedAt, reason: reason.code }));
  // CRLs have one hash, whatever the profile.
  const signature = { key: signer.algorithm.startsWith("RSA") ? "RSA" : "EC", hash: "sha256" } as const;
  const pem = encodePem("X509 CRL", crl.der);
  return { label, der: crl.der, pem, number, thisUpdate, nextUpdate, entries: inOrder, signature };
}

/** As a publisher goes on: some entries are there, some of them go, and the rest come. */
function inSteps(random: Random, entries: readonly CrlEntry[]): CrlEntries {
  const half = random.below(entries.length + 1);
  const known = new Set(entries.map(({ serial }) => serial));
  const leaving = ["5a5a", "ff5a5a5a"].map((serial) => ({
    serial: parseSerial(serial),
    revokedAt: new Date(FIRST_TIME),
  }));
  return CrlEntries.of([...entries.slice(0, half), ...leaving.filter(({ serial }) => !known.has(serial))])
    .filter(({ serial }) => known.has(serial))
    .plus(entries.slice(half));
}

/** 1 to 20 octets; the INTEGER's sign, its shortest form and its longest are the edges. */
function anySerial(random: Random): bigint {
  const length = random.pick([1, 2, 16, 16, 16, 19, random.between(1, 20)]);
  const octets = random.bytes(length);
  octets[0] = random.pick([0x01, 0x7f, 0x80, 0xff, random.between(1, 255)]);
  return BigInt(`0x${Buffer.from(octets).toString("hex")}`);
}

function anyNumber(random: Random): bigint {
  if (random.oneIn(8)) return random.pick([0n, 1n, 127n, 128n, 255n, 256n, MAX_NUMBER]);
  return BigInt(`0x${Buffer.from(random.bytes(random.between(1, 20))).toString("hex")}`) % (MAX_NUMBER + 1n);
}

/** A whole second before `latest`, often near the year 2050, where the form of times changes. */
function anyTime(random: Random, latest: Date): Date {
  const edge = Date.UTC(2050, 0, 1) + 1000 * random.between(-2, 2);
  if (edge <= latest.getTime() && random.oneIn(3)) return new Date(edge);
  return new Date(FIRST_TIME + 1000 * random.below((latest.getTime() - FIRST_TIME) / 1000));
}

function withoutZeros(serial: string): string {
  return serial.replace(/^0+/, "");
}
