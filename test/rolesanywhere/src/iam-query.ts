import type { ServiceError } from "./errors.ts";
import { escapeXml } from "./http-response.ts";

// The Query protocol, as IAM speaks it: https://docs.aws.amazon.com/IAM/latest/APIReference/Welcome.html

const NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/";

/** The one version that there is. */
export const IAM_VERSION = "2010-05-08";

/** What an operation answers with: elements by name; a list becomes `member` elements, undefined no element. */
export type XmlValue =
  | string
  | number
  | boolean
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue | undefined };

/** Parameters of a request, each by its name as sent, for example `Tags.member.1.Key`. */
export type Form = ReadonlyMap<string, string>;

export function readForm(body: Uint8Array): Form {
  return new Map(new URLSearchParams(new TextDecoder().decode(body)));
}

/** The members of a list of structures, in their order. */
export function readMembers(form: Form, list: string): readonly Readonly<Record<string, string>>[] {
  const members = new Map<number, Record<string, string>>();
  for (const [name, value] of form) {
    const [, index, key] = new RegExp(`^${list}\\.member\\.(\\d+)(?:\\.(.+))?$`).exec(name) ?? [];
    if (index === undefined) continue;
    members.set(Number(index), { ...members.get(Number(index)), [key ?? ""]: value });
  }
  return [...members].toSorted(([a], [b]) => a - b).map(([, member]) => member);
}

export function iamXml(operation: string, result: { readonly [name: string]: XmlValue }, requestId: string): string {
  const content = Object.keys(result).length === 0 ? "" : element(`${operation}Result`, result);
  return `<${operation}Response xmlns="${NAMESPACE}">${content}${element("ResponseMetadata", { RequestId: requestId })}</${operation}Response>`;
}

export function iamErrorXml({ type, status, message }: ServiceError, requestId: string): string {
  const error = element("Error", { Type: status < 500 ? "Sender" : "Receiver", Code: type, Message: message });
  return `<ErrorResponse xmlns="${NAMESPACE}">${error}${element("RequestId", requestId)}</ErrorResponse>`;
}

function element(name: string, value: XmlValue | undefined): string {
  return value === undefined ? "" : `<${name}>${contentOf(value)}</${name}>`;
}

function contentOf(value: XmlValue): string {
  if (typeof value !== "object") return escapeXml(String(value));
  return isList(value)
    ? value.map((member) => element("member", member)).join("")
    : Object.entries(value)
        .map(([name, member]) => element(name, member))
        .join("");
}

function isList(value: XmlValue): value is readonly XmlValue[] {
  return Array.isArray(value);
}
