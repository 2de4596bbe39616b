import type { Random } from "./random.ts";
import {
  attribute,
  ATTRIBUTES,
  IA5_STRING,
  UTF8_STRING,
  type AttributeName,
  type PlannedAttribute,
} from "./subject.ts";
import type { PlannedSubject } from "./subject.ts";

/** All but &, which zlint takes for the beginning of an HTML entity. */
const ASCII = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index))
  .join("")
  .replace("&", "");

/** Each is in Unicode's normalization form C, whatever stands beside it. */
const ALPHABETS: readonly string[] = [
  "abcXYZ019 '()+,-./:=?",
  ASCII,
  'ab ,+;#=/<>"\\',
  "aäöüßéèñçåøœŁžāσςΩж ",
  "証明書認証局 한국어 עברית العربية",
  "a😀🚀𐍈𝔘 ",
];

/** Upper bounds in characters (RFC 5280, A.1, and X.520 for what it leaves out). */
const MAX_LENGTHS: { readonly [name in AttributeName]?: number } = {
  CN: 64,
  O: 64,
  OU: 64,
  serialNumber: 64,
  L: 128,
  ST: 128,
  street: 128,
  postalCode: 16,
  GN: 16,
  SN: 40,
};
const IA5_NAMES: readonly AttributeName[] = ["DC", "emailAddress"];

/** What a subject of profile General can be: empty, multi-valued, of any types, repeated, in many scripts. */
export function generalSubject(random: Random): PlannedSubject {
  if (random.oneIn(8)) return [];
  return Array.from({ length: random.between(1, 6) }, () => {
    const names = random.some(Object.keys(ATTRIBUTES) as AttributeName[]);
    const count = random.oneIn(4) ? random.between(2, 3) : 1;
    return (names.length === 0 ? (["CN"] as const) : names.slice(0, count)).map((name) => anyAttribute(random, name));
  });
}

function anyAttribute(random: Random, name: AttributeName): PlannedAttribute {
  if (name === "C") return attribute(name, random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2));
  const isIa5 = IA5_NAMES.includes(name);
  const maxLength = MAX_LENGTHS[name] ?? 255;
  const length = random.oneIn(8) ? maxLength : random.between(1, Math.min(40, maxLength));
  const value = withoutLooseSpaces(random.text(isIa5 ? ASCII : random.pick(ALPHABETS), length));
  if (isIa5) return { type: ATTRIBUTES[name], tag: IA5_STRING, value };
  const short = attribute(name, value);
  return random.oneIn(3) ? { ...short, tag: UTF8_STRING } : short;
}

/** Spaces at an end or side by side are refused in every profile. */
function withoutLooseSpaces(text: string): string {
  return text.replaceAll(/^ +| +$| {2,}/g, (run) => "-".repeat(run.length));
}
