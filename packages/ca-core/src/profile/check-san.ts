import { parseIp } from "../san/ip-address.ts";
import type { SanKind, SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import { quote } from "../lib/quote.ts";
import type { Violation, ViolationCode } from "../violation.ts";
import { isReservedName } from "./reserved-names.ts";

type Rule = { readonly code: ViolationCode; readonly faultOf: (value: string) => string | undefined };

/** The kinds that profile RolesAnywhere has, and what each value must be. */
const RULES: { readonly [kind in SanKind]?: Rule } = {
  DNS: { code: "ERR_SAN_DNS", faultOf: faultOfDnsName },
  URI: { code: "ERR_SAN_URI", faultOf: faultOfUri },
  Email: { code: "ERR_SAN_EMAIL", faultOf: faultOfEmail },
  IP: { code: "ERR_SAN_IP", faultOf: faultOfIp },
};

const MAX_URI_LENGTH = 2_048;

/** The subject alternative names as profile RolesAnywhere has them. Which of them a requester may have is policy. */
export function checkSubjectAlternativeNames(names: readonly SubjectAlternativeName[]): Violation[] {
  const violations: Violation[] = [];
  const seen = new Set<string>();
  for (const [index, { kind, value }] of names.entries()) {
    const field = `spec.request: subjectAltName[${index}]`;
    const rule = RULES[kind];
    if (rule === undefined) {
      const accepted = Object.keys(RULES).join(", ");
      violations.push({
        code: "ERR_SAN_KIND",
        field,
        rule: `names of kind ${kind} are not accepted, only ${accepted}`,
      });
      continue;
    }
    const fault = rule.faultOf(value);
    if (fault !== undefined) violations.push({ code: rule.code, field, rule: `${kind} name ${quote(value)} ${fault}` });
    if (isReservedName(value)) {
      violations.push({
        code: "ERR_NAME_RESERVED",
        field,
        rule: `${quote(value)} is kept for Capstan's own certificates`,
      });
    }
    const key = `${kind}:${value}`;
    if (seen.has(key)) violations.push({ code: "ERR_SAN_DUPLICATE", field, rule: `${quote(value)} appears twice` });
    seen.add(key);
  }
  return violations;
}

const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** RFC 1123, 2.1, in lower case, without a trailing dot or a wildcard. */
function faultOfDnsName(value: string): string | undefined {
  if (value.length === 0 || value.length > 253) return "must have 1 to 253 characters";
  if (value.includes("*")) return "is a wildcard, which this profile does not have";
  const labels = value.split(".");
  if (!labels.every((label) => label.length <= 63 && LABEL.test(label))) {
    return "must be labels of 1 to 63 lower-case letters, digits and inner hyphens, parted by single dots";
  }
  return /^\d+$/.test(labels.at(-1) ?? "") ? "looks like an IP address" : undefined;
}

/** The characters of AWS session tags, without space. */
const PATH_SEGMENT = /^[A-Za-z0-9_.:=+@-]+$/;

/** An absolute URI that has one spelling: the form of a SPIFFE ID, with any scheme but http. */
function faultOfUri(value: string): string | undefined {
  if (value.length > MAX_URI_LENGTH) return `is longer than ${MAX_URI_LENGTH} characters`;
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)((?:\/[^?#]*)?)$/.exec(value);
  if (parts === null)
    return "must be absolute, scheme://host/path, in lower case up to the path, without query or fragment";
  const [, scheme = "", host = "", path = ""] = parts;
  if (scheme === "http") return "must not be http, which anyone on the way can answer for";
  if (faultOfDnsName(host) !== undefined) return "must have a lower-case DNS name as host, without user and port";
  const segments = path === "" ? [] : path.slice(1).split("/");
  const isPlain = segments.every((segment) => PATH_SEGMENT.test(segment) && segment !== "." && segment !== "..");
  return isPlain ? undefined : "must have a path of plain segments: none empty, `.`, `..` or percent-encoded";
}

/** RFC 5280, 4.2.1.6, without quoted local parts. */
function faultOfEmail(value: string): string | undefined {
  const at = value.indexOf("@");
  const local = value.slice(0, Math.max(at, 0));
  if (!/^[A-Za-z0-9_+=-]+(\.[A-Za-z0-9_+=-]+)*$/.test(local) || local.length > 64) {
    return "must have a plain local part of 1 to 64 characters before @";
  }
  return faultOfDnsName(value.slice(at + 1)) === undefined ? undefined : "must have a lower-case DNS name after @";
}

/** Addresses that are no host's own, by their first bits: text of the reason, octets, number of bits. */
const REFUSED_IPS: readonly (readonly [reason: string, prefix: readonly number[], bits: number])[] = [
  ["is of no host (RFC 1122, 3.2.1.3)", [0], 8],
  ["is link-local, as the address of the instance metadata service is (RFC 3927)", [169, 254], 16],
  ["is a multicast or reserved address (RFC 1112)", [224], 3],
  ["is link-local (RFC 4291, 2.5.6)", [0xfe, 0x80], 10],
  ["is a multicast address (RFC 4291, 2.7)", [0xff], 8],
];

function faultOfIp(value: string): string | undefined {
  const octets = parseIp(value);
  if (octets === undefined) return "is not an address in its canonical text (RFC 5952)";
  const isIpv6 = octets.length === 16;
  // ::, IPv4-compatible and IPv4-mapped addresses, but not the loopback address ::1.
  if (isIpv6 && octets.subarray(0, 10).every((octet) => octet === 0) && value !== "::1") {
    return "is unspecified, or an IPv4 address in IPv6 form: give the IPv4 address";
  }
  const refused = REFUSED_IPS.find(
    ([, prefix, bits]) => prefix[0] !== undefined && isIpv6 === prefix[0] >= 0xfe && hasPrefix(octets, prefix, bits),
  );
  return refused?.[0];
}

function hasPrefix(octets: Uint8Array, prefix: readonly number[], bits: number): boolean {
  return prefix.every((octet, index) => {
    const mask = (0xff << Math.max(0, 8 * (index + 1) - bits)) & 0xff;
    return ((octets[index] ?? 0) & mask) === (octet & mask);
  });
}
