import { extension } from "../../src/certificate/write-extension.ts";
import { readDer } from "../../src/der/read.ts";
import { objectIdentifier, sequence, tagged, tlv } from "../../src/der/write.ts";
import { lintLeaf } from "../../src/lint/lint-leaf.ts";
import { PROFILES, type ProfileName } from "../../src/index.ts";
import { DAY, type Authority } from "./authority.ts";
import { ascii } from "./bytes.ts";

/** Members of a TBSCertificate by their place: 0 version, 1 serial, 2 signature, 3 issuer, 4 validity, 5 subject, 6 key, 7 extensions. */
export type TbsMember = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** The members of a SEQUENCE, DER each. */
export function membersOf(der: Uint8Array): Uint8Array[] {
  return readDer(der).children.map((child) => Uint8Array.from(child.source.subarray(child.start, child.end)));
}

/** The TBSCertificate with another value in one place. */
export function replaceMember(tbs: Uint8Array, member: TbsMember, value: Uint8Array): Uint8Array {
  const parts = membersOf(tbs);
  parts[member] = value;
  return sequence(...parts);
}

/** Puts an extension in the place of the one with its identifier, or at the end; no value takes it out. */
export function replaceExtension(
  tbs: Uint8Array,
  oid: string,
  value: Uint8Array | undefined,
  critical: boolean,
): Uint8Array {
  const list = readDer(tbs).children[7]?.children[0];
  const old = membersOf(tbs.subarray(list?.start, list?.end));
  const kept = old.filter((one) => !Buffer.from(one).includes(Buffer.from(objectIdentifier(oid))));
  const added = value === undefined ? [] : [extension(oid, critical, value)];
  return replaceMember(tbs, 7, tagged(3, sequence(...kept, ...added)));
}

/** DNS names of about 250 octets each, all different. */
export function longNames(count: number): Uint8Array[] {
  const label = "a".repeat(60);
  return Array.from({ length: count }, (_, i) => tlv(0x82, ascii(`n${i}.${label}.${label}.${label}.${label}`)));
}

export interface LintQuestion {
  readonly from: Authority;
  readonly profile: ProfileName;
  readonly isCa?: boolean;
  readonly isOwnLeaf?: boolean;
}

/** The names of the rules that a TBSCertificate breaks, which may live for seven days. */
export function rulesBrokenBy(tbs: Uint8Array, question: LintQuestion): string[] {
  const { from, profile, isCa = false, isOwnLeaf = false } = question;
  const fixed = { root: from.root, maxLifetimeMs: 7 * DAY, profile: PROFILES[profile], isCa, isOwnLeaf };
  return lintLeaf({ ...fixed, tbs }).findings.map(({ rule }) => rule);
}
