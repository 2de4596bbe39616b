import { expectTag, structureError } from "../der/fields.ts";
import { contentOf, encodingOf, type DerNode } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import { toHex } from "../lib/bytes.ts";
import type { Violation } from "../violation.ts";
import { formatIp } from "./ip-address.ts";
import { SAN_KINDS, type SubjectAlternativeName } from "./subject-alternative-name.ts";

/** The context tags of GeneralName that have primitive encodings. */
const PRIMITIVE_KINDS: ReadonlySet<string> = new Set(["Email", "DNS", "URI", "IP", "registeredID"]);

export interface ReadSan {
  readonly names: readonly SubjectAlternativeName[];
  readonly violations: readonly Violation[];
}

/** Reads GeneralNames, hiding none. @throws DerError when it is not GeneralNames at all */
export function readSan(node: DerNode, field: string): ReadSan {
  expectTag(node, TAG.sequence, "GeneralNames");
  const names: SubjectAlternativeName[] = [];
  const violations: Violation[] = [];
  if (node.children.length === 0) {
    violations.push({ code: "ERR_SAN_EMPTY", field, rule: "the list of names is empty (RFC 5280, 4.2.1.6)" });
  }
  for (const [index, child] of node.children.entries()) {
    const kind = SAN_KINDS[child.tag & 0x1f];
    const isContext = (child.tag & 0xc0) === 0x80;
    const isPrimitive = (child.tag & 0x20) === 0;
    if (!isContext || kind === undefined || isPrimitive !== PRIMITIVE_KINDS.has(kind)) {
      throw structureError(child.start, "GeneralName of an unknown kind or form");
    }
    const value = readValue(kind, child);
    if (typeof value === "string") names.push({ kind, value });
    else violations.push({ ...value, field: `${field}[${index}]` });
  }
  return { names, violations };
}

function readValue(kind: SubjectAlternativeName["kind"], node: DerNode): string | Pick<Violation, "code" | "rule"> {
  const content = contentOf(node);
  if (kind === "DNS" || kind === "URI" || kind === "Email") {
    const text = Buffer.from(content).toString("latin1");
    if (/^[\x20-\x7e]*$/.test(text)) return text;
    return { code: "ERR_SAN_CHARACTER", rule: `a ${kind} name must be printable ASCII (RFC 5280, 4.2.1.6)` };
  }
  if (kind === "IP") {
    const rule = `an IP address must be 4 or 16 octets, not ${content.length} (RFC 5280, 4.2.1.6)`;
    return formatIp(content) ?? { code: "ERR_SAN_IP", rule };
  }
  return toHex(encodingOf(node));
}
