import { fieldsOf, oidOf } from "../der/fields.ts";
import { contentOf, readDer, type DerNode } from "../der/read.ts";
import { TAG, contextConstructed } from "../der/tag.ts";
import { DerError } from "../errors.ts";
import { fromHex } from "../lib/bytes.ts";
import { parseIp } from "../san/ip-address.ts";
import { isReservedName } from "./reserved-names.ts";

const MAX_URI_LENGTH = 2_048;
const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** RFC 1123, 2.1, in lower case, without a trailing dot; `wildcard` lets the whole first label be `*` (RFC 6125, 6.4.3). */
export function dnsNameFault(value: string, allowed: { readonly wildcard?: boolean } = {}): string | undefined {
  if (value.length === 0 || value.length > 253) return "must have 1 to 253 characters";
  const isWildcard = allowed.wildcard === true && value.startsWith("*.");
  const name = isWildcard ? value.slice(2) : value;
  if (name.includes("*")) {
    return allowed.wildcard === true
      ? "must have a wildcard as the whole first label alone, above at least one other"
      : "is a wildcard, which this profile does not have";
  }
  const labels = name.split(".");
  if (!labels.every((label) => label.length <= 63 && LABEL.test(label))) {
    return "must be labels of 1 to 63 lower-case letters, digits and inner hyphens, parted by single dots";
  }
  return /^\d+$/.test(labels.at(-1) ?? "") ? "looks like an IP address" : undefined;
}

/** The characters of AWS session tags, without space. */
const PATH_SEGMENT = /^[A-Za-z0-9_.:=+@-]+$/;

/** An absolute URI that has one spelling: the form of a SPIFFE ID, with any scheme but http unless that is allowed. */
export function uriFault(
  value: string,
  allowed: { readonly http?: boolean; readonly port?: boolean } = {},
): string | undefined {
  if (value.length > MAX_URI_LENGTH) return `is longer than ${MAX_URI_LENGTH} characters`;
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)((?:\/[^?#]*)?)$/.exec(value);
  if (parts === null)
    return "must be absolute, scheme://host/path, in lower case up to the path, without query or fragment";
  const [, scheme = "", authority = "", path = ""] = parts;
  if (scheme === "http" && allowed.http !== true) return "must not be http, which anyone on the way can answer for";
  const host = allowed.port === true ? withoutPort(authority) : authority;
  if (dnsNameFault(host) !== undefined) {
    return `must have a lower-case DNS name as host, without user${allowed.port === true ? "" : " and port"}`;
  }
  const segments = path === "" ? [] : path.slice(1).split("/");
  const isPlain = segments.every((segment) => PATH_SEGMENT.test(segment) && segment !== "." && segment !== "..");
  return isPlain ? undefined : "must have a path of plain segments: none empty, `.`, `..` or percent-encoded";
}

/** Without a port from 1 to 65535 that has no leading zero. */
function withoutPort(authority: string): string {
  const port = /:([1-9]\d{0,4})$/.exec(authority);
  return port !== null && Number(port[1]) <= 65_535 ? authority.slice(0, port.index) : authority;
}

/** RFC 5280, 4.2.1.6, without quoted local parts. */
export function emailFault(value: string): string | undefined {
  const at = value.indexOf("@");
  const local = value.slice(0, Math.max(at, 0));
  if (!/^[A-Za-z0-9_+=-]+(\.[A-Za-z0-9_+=-]+)*$/.test(local) || local.length > 64) {
    return "must have a plain local part of 1 to 64 characters before @";
  }
  return dnsNameFault(value.slice(at + 1)) === undefined ? undefined : "must have a lower-case DNS name after @";
}

/** Addresses that are no host's own, by their first bits: text of the reason, octets, number of bits. */
const REFUSED_IPS: readonly (readonly [reason: string, prefix: readonly number[], bits: number])[] = [
  ["is of no host (RFC 1122, 3.2.1.3)", [0], 8],
  ["is link-local, as the address of the instance metadata service is (RFC 3927)", [169, 254], 16],
  ["is a multicast or reserved address (RFC 1112)", [224], 3],
  ["is link-local (RFC 4291, 2.5.6)", [0xfe, 0x80], 10],
  ["is a multicast address (RFC 4291, 2.7)", [0xff], 8],
];

export function ipFault(value: string): string | undefined {
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

/**
 * An otherName (RFC 5280, 4.2.1.6), as hex of its DER: a type and one value of any kind, whatever the type says that it
 * is. Text inside, of which we cannot know how its reader takes it, must be valid and without control characters.
 */
export function otherNameFault(value: string): string | undefined {
  try {
    const name = fieldsOf(readDer(fromHex(value)), contextConstructed(0), "otherName");
    oidOf(name.takeAny("type-id"), "type-id");
    const explicit = fieldsOf(name.take(contextConstructed(0), "value"), contextConstructed(0), "value");
    const content = explicit.takeAny("value");
    explicit.end();
    name.end();
    return stringsOf(content)
      .map(textFault)
      .find((fault) => fault !== undefined);
  } catch (error) {
    if (error instanceof DerError) return `is not a type and one value: ${error.message}`;
    throw error;
  }
}

/** Whether an otherName, given as hex of its DER, holds a name of Capstan's own in any encoding of its text. */
export function otherNameIsReserved(value: string): boolean {
  try {
    // Whatever its tag says, and whether its text has one, two or four octets a character.
    return leavesOf(readDer(fromHex(value))).some((node) =>
      isReservedName(Buffer.from(contentOf(node)).toString("latin1").replaceAll("\0", "")),
    );
  } catch (error) {
    if (error instanceof DerError) return false; // refused as no otherName
    throw error;
  }
}

const STRINGS: ReadonlySet<number> = new Set([
  TAG.utf8String,
  TAG.numericString,
  TAG.printableString,
  TAG.ia5String,
  TAG.visibleString,
]);

function stringsOf(node: DerNode): DerNode[] {
  return leavesOf(node).filter(({ tag }) => STRINGS.has(tag));
}

function leavesOf(node: DerNode): DerNode[] {
  return (node.tag & 0x20) === 0 ? [node] : node.children.flatMap(leavesOf);
}

function textFault(node: DerNode): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(contentOf(node));
    if (node.tag !== TAG.utf8String && /[^ -~]/.test(text))
      return "holds text with characters that its type does not have";
    return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) ? "holds text with control or format characters" : undefined;
  } catch {
    return "holds text that is not valid UTF-8";
  }
}
