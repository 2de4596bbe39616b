import { readTrustedName } from "../name/read-name.ts";
import type { LintRule } from "./rule.ts";

const VALUE = /^[A-Za-z0-9 _.:=+@-]+$/;
const TYPES: ReadonlySet<string> = new Set(["CN", "O", "OU", "C", "ST", "L"]);

export const subject: LintRule = {
  name: "subject_is_not_empty_and_maps_into_tags",
  source: "IAM Roles Anywhere user guide, Trust model; STS API, Tag",
  faultOf: ({ certificate }) => {
    const attributes = readTrustedName(certificate.subject);
    if (attributes.length === 0) return "the subject is empty";
    if (attributes.length !== certificate.subject.children.length) return "two attributes share one RDN";
    if (new Set(attributes.map(({ type }) => type)).size !== attributes.length) return "an attribute appears twice";
    if (!attributes.every(({ type }) => TYPES.has(type))) return "an attribute is none of CN, O, OU, C, ST, L";
    if (attributes.some(({ type, value }) => type === "CN" && value.length > 61))
      return "the CN is longer than 61 characters";
    return attributes.every(({ value }) => VALUE.test(value))
      ? undefined
      : "a value has characters that AWS cannot map";
  },
};
