import type { CapstanClusterIssuer } from "@capstan/api";
import { parseRange, holdsAddress } from "./address-range.ts";
import { oidOfAttribute } from "./attribute-types.ts";
import { matchesPattern, parsePattern, type PlaceholderValues } from "./pattern.ts";
import type { RequestedName } from "./requested-names.ts";

/** `spec` of either issuer kind: CapstanIssuer has the same schema without what speaks of the whole cluster. */
export type IssuerSpec = CapstanClusterIssuer["spec"];
type Policy = IssuerSpec["policy"];

/** One rule of a policy, whichever kind of name it is about. */
export interface NameRule {
  /** Where it stands: "spec.policy.otherNames[1]". */
  readonly path: string;
  readonly place: RequestedName["place"];
  /** Short name of the attribute type ("CN") or kind of alternative name ("DNS") as ca-core has it, or "other" and the OID. */
  readonly kind: string;
  /** For messages: "CN", "DNS name". */
  readonly noun: string;
  readonly required: boolean;
  /** Every value that the profile lets pass, for every namespace. */
  readonly allowAny: boolean;
  /** Whether a whole * also matches a wildcard. */
  readonly wildcards: boolean;
  /** As the administrator wrote it. */
  readonly allow: readonly string[];
  /** Whether a value fits one item of `allow`. An item with a fault fits nothing; validateIssuer tells about it. */
  readonly allows: (value: string, known: PlaceholderValues) => boolean;
}

interface WrittenRule {
  readonly allow?: readonly string[];
  readonly allowAny?: boolean;
  readonly required?: boolean;
  readonly wildcards?: boolean;
}

/** The kinds that have a rule each. */
const singleRules = [
  { rule: "commonName", place: "subject", kind: "CN" },
  { rule: "organization", place: "subject", kind: "O" },
  { rule: "organizationalUnit", place: "subject", kind: "OU" },
  { rule: "country", place: "subject", kind: "C" },
  { rule: "province", place: "subject", kind: "ST" },
  { rule: "locality", place: "subject", kind: "L" },
  { rule: "dnsNames", place: "subjectAltName", kind: "DNS" },
  { rule: "ipAddresses", place: "subjectAltName", kind: "IP" },
  { rule: "emailAddresses", place: "subjectAltName", kind: "Email" },
  { rule: "uris", place: "subjectAltName", kind: "URI" },
] as const satisfies readonly (Pick<NameRule, "place" | "kind"> & { readonly rule: keyof Policy })[];

/** The lists of rules whose entries say by object identifier what they are about. */
const listRules = [
  { rule: "otherSubjectAttributes", place: "subject" },
  { rule: "otherNames", place: "subjectAltName" },
] as const;

/** For an entry that is about every object identifier without an entry of its own. */
export const everyOid = "*";

const compiled = new WeakMap<Policy, readonly NameRule[]>();

/** Every rule of a policy, its patterns read. The same list for the same object: policies are asked far more often than written. */
export function rulesOf(policy: Policy): readonly NameRule[] {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const rules = [
    ...singleRules.flatMap(({ rule, place, kind }): NameRule[] => {
      const written = policy[rule];
      return written === undefined ? [] : [compile(`spec.policy.${rule}`, place, kind, written)];
    }),
    ...listRules.flatMap(({ rule, place }) =>
      (policy[rule] ?? []).map((entry, index) => {
        const oid = "type" in entry ? oidOfAttribute(entry.type) : entry.oid;
        return compile(`spec.policy.${rule}[${index}]`, place, kindOfOid(oid), entry);
      }),
    ),
  ];
  compiled.set(policy, rules);
  return rules;
}

/** The rule about a name: that of its kind, else that of its type, else the one about every type. */
export function ruleFor(rules: readonly NameRule[], name: RequestedName): NameRule | undefined {
  const about = (kind: string | undefined): NameRule | undefined =>
    kind === undefined ? undefined : rules.find((rule) => rule.place === name.place && rule.kind === kind);
  if (singleRules.some(({ place, kind }) => place === name.place && kind === name.kind)) return about(name.kind);
  if (name.oid === undefined) return undefined;
  return about(kindOfOid(name.oid)) ?? about(kindOfOid(everyOid));
}

/** Where a policy could have a rule for the name; undefined for kinds that none can. */
export function pathOfRule(name: Pick<RequestedName, "place" | "kind" | "oid">): string | undefined {
  const single = singleRules.find(({ place, kind }) => place === name.place && kind === name.kind);
  if (single !== undefined) return `spec.policy.${single.rule}`;
  const list = listRules.find(({ place }) => place === name.place);
  return name.oid === undefined || list === undefined ? undefined : `spec.policy.${list.rule}`;
}

function kindOfOid(oid: string): string {
  return `other ${oid}`;
}

function compile(path: string, place: NameRule["place"], kind: string, written: WrittenRule): NameRule {
  const { allow = [], allowAny = false, required = false, wildcards = false } = written;
  const noun = kind.startsWith("other ")
    ? `${place === "subject" ? "attribute" : "otherName"} of type ${kind.slice("other ".length)}`
    : place === "subject"
      ? kind
      : `${kind} name`;
  return { path, place, kind, noun, required, allowAny, wildcards, allow, allows: matcherOf(kind, allow, wildcards) };
}

function matcherOf(kind: string, allow: readonly string[], wildcards: boolean): NameRule["allows"] {
  if (kind === "IP") {
    const ranges = allow.map(parseRange).flatMap((parsed) => (parsed.ok ? [parsed.range] : []));
    return (value) => ranges.some((range) => holdsAddress(range, value));
  }
  const patterns = allow.map(parsePattern).flatMap((parsed) => (parsed.ok ? [parsed.pattern] : []));
  return (value, known) =>
    // A wildcard is a name for every name at its place, and one key for all of them: only where that was said.
    (kind !== "DNS" || wildcards || !value.includes("*")) &&
    patterns.some((pattern) => matchesPattern(pattern, { ...known, value }));
}
