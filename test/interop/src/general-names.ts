import type { Random } from "./random.ts";

/** A GeneralName: the number of its context tag (RFC 5280, 4.2.1.6) and its content octets. */
export interface PlannedName {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** An otherName, with what the openssl command and node:crypto print of it. */
export interface PlannedOtherName extends PlannedName {
  readonly shown: { readonly openssl: string; readonly node: string };
}

export function isOtherName(name: PlannedName): name is PlannedOtherName {
  return name.tag === NAME_TAGS.otherName;
}

/** Makes a name of up to so many octets. */
export type NameMaker = (random: Random, maxLength: number) => PlannedName;

export const NAME_TAGS = { otherName: 0, email: 1, dns: 2, uri: 6, ip: 7 } as const;

const LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";
const SEGMENT = "ABCxyz019_.:=+@-";
const SCHEMES: readonly string[] = ["spiffe", "https", "urn", "x-y.z+1", "s3"];

/** Letters, digits and inner hyphens. */
function label(random: Random, length: number): string {
  const inner = random.text(`${LETTERS_AND_DIGITS}-`, Math.max(0, length - 2));
  const text = random.text(LETTERS_AND_DIGITS, 1) + inner + random.text(LETTERS_AND_DIGITS, length > 1 ? 1 : 0);
  // `xn--` begins an internationalised label (RFC 5891), and other such prefixes are reserved.
  return text.replace(/^(..)--/, "$1-x");
}

/** A DNS name of one label or many, up to `maxLength` characters; once in a while exactly that many. */
export function dnsName(random: Random, maxLength: number): string {
  let left = random.oneIn(6) ? maxLength : random.between(1, Math.min(60, maxLength));
  const labels: string[] = [];
  for (; left > 63 || (left > 2 && !random.oneIn(3)); left -= (labels.at(-1)?.length ?? 0) + 1) {
    const longest = Math.min(63, left - 2);
    labels.push(label(random, random.oneIn(4) ? longest : random.between(1, longest)));
  }
  // A last label of digits alone would look like an IP address.
  labels.push(label(random, left).replace(/^\d+$/, (digits) => digits.replace(/.$/, "a")));
  return labels.join(".");
}

function emailAddress(random: Random, maxLength: number): string {
  const atoms = Array.from({ length: random.between(1, 3) }, () => random.text("ABCxyz019_+=-", random.between(1, 20)));
  return `${atoms.join(".")}@${dnsName(random, Math.min(maxLength - 64, 253))}`;
}

function uri(random: Random, maxLength: number, scheme: string = random.pick(SCHEMES), port = ""): string {
  const authority = `${scheme}://${dnsName(random, Math.min(253, maxLength - 20))}${port}`;
  const wanted = random.oneIn(8) ? Math.min(maxLength, 2_048) : Math.min(maxLength, random.between(20, 120));
  const segments: string[] = [];
  while (authority.length + segments.join("/").length + 2 < wanted && !random.oneIn(12)) {
    const left = wanted - authority.length - segments.join("/").length - 2;
    const segment = random.text(SEGMENT, random.oneIn(10) ? left : random.between(1, Math.min(20, left)));
    segments.push(/^\.{1,2}$/.test(segment) ? "x" : segment);
  }
  return segments.length === 0 ? authority : `${authority}/${segments.join("/")}`;
}

/** Addresses of hosts: not unspecified, link-local, multicast, reserved, or an IPv4 address in IPv6's form. */
function ipAddress(random: Random): Uint8Array {
  for (;;) {
    const octets = random.bytes(random.oneIn(2) ? 4 : 16);
    const [first = 0, second = 0] = octets;
    if (octets.length === 16) {
      // Runs of zeros, which the text form shortens.
      const start = random.below(16);
      if (random.oneIn(2)) octets.fill(0, Math.max(1, start), random.between(start, 16));
      if (first !== 0 && first !== 0xff && !(first === 0xfe && (second & 0xc0) === 0x80)) return octets;
    } else if (first !== 0 && first < 224 && !(first === 169 && second === 254)) {
      return octets;
    }
  }
}

/** What every profile has. */
export const NAME_MAKERS: { readonly [kind in "dns" | "email" | "uri" | "ip"]: NameMaker } = {
  dns: (random, maxLength) => textName("dns", dnsName(random, Math.min(253, maxLength))),
  email: (random, maxLength) => textName("email", emailAddress(random, maxLength)),
  uri: (random, maxLength) => textName("uri", uri(random, maxLength)),
  ip: (random) => ({ tag: NAME_TAGS.ip, content: ipAddress(random) }),
};

/** And what profile General has besides. */
export const GENERAL_NAME_MAKERS: readonly NameMaker[] = [
  ...Object.values(NAME_MAKERS),
  (random, maxLength) => textName("dns", `*.${dnsName(random, Math.min(251, maxLength - 2))}`),
  (random, maxLength) => textName("uri", uri(random, maxLength, "http", `:${random.between(1, 65_535)}`)),
  (random) => otherName(random),
];

/** Types of otherName with one text each, as openssl and node:crypto show it, and one that neither can show. */
const UPN = { type: [0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3], openssl: "UPN::", node: "UPN:", tag: 0x0c };
const SRV_NAME = { type: [0x2b, 6, 1, 5, 5, 7, 8, 7], openssl: "SRVName::", node: "SRVName:", tag: 0x16 };

function otherName(random: Random): PlannedOtherName {
  if (random.oneIn(3)) {
    // An INTEGER in a SEQUENCE, under a type of the arc for examples (RFC 5612).
    const value = tlv(0x30, tlv(0x02, [random.between(1, 127)]));
    const type = tlv(0x06, [0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59, 2]);
    return {
      tag: NAME_TAGS.otherName,
      content: Uint8Array.from([...type, ...tlv(0xa0, value)]),
      shown: { openssl: "1.3.6.1.4.1.32473.2::<unsupported>", node: "<unsupported>" },
    };
  }
  const { type, openssl, node, tag } = random.pick([UPN, SRV_NAME]);
  const alphabet = tag === UPN.tag ? "abcXYZ019@.-_äß証😀" : "abc019._-";
  const text = random.text(alphabet, random.between(1, 25));
  const value = tlv(0xa0, tlv(tag, Buffer.from(text, "utf8")));
  return {
    tag: NAME_TAGS.otherName,
    content: Uint8Array.from([...tlv(0x06, type), ...value]),
    shown: { openssl: `${openssl}${text}`, node: `${node}${text}` },
  };
}

/** Fewer than 256 octets of content. */
function tlv(tag: number, content: Iterable<number>): number[] {
  const octets = [...content];
  return [tag, ...(octets.length < 128 ? [] : [0x81]), octets.length, ...octets];
}

function textName(kind: "dns" | "email" | "uri", text: string): PlannedName {
  return { tag: NAME_TAGS[kind], content: new TextEncoder().encode(text) };
}

/** 0 to 20 names of any mixture and order, none twice, of at most `budget` octets together. */
export function planNames(random: Random, budget: number, makers: readonly NameMaker[]): PlannedName[] {
  const wanted = random.oneIn(8) ? 20 : random.pick([0, 1, 1, 2, 3, random.between(4, 20)]);
  const names: PlannedName[] = [];
  const seen = new Set<string>();
  let left = budget;
  while (names.length < wanted && left > 120) {
    const name = random.pick(makers)(random, left - 4);
    const key = `${name.tag} ${Buffer.from(name.content).toString("hex")}`;
    if (seen.has(key)) continue;
    seen.add(key);
    names.push(name);
    left -= name.content.length + 4;
  }
  return names;
}
