import { readFile } from "node:fs/promises";
import { type CertificateAuthority, certificateAuthorityResource } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { parseAllDocuments } from "yaml";
import { PluginError, UsageError } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";

/** An authority, as far as it is needed here: a file may hold one that no API server has completed. */
export type Authority = Pick<CertificateAuthority, "metadata" | "status"> & {
  readonly spec: Pick<CertificateAuthority["spec"], "subject" | "trustAnchors">;
};

/** From the cluster: the one named, or the only one. @throws {PluginError} */
export async function readFromCluster(client: KubeClient, name: string | undefined): Promise<CertificateAuthority> {
  if (name !== undefined) {
    const found = await client.getOrUndefined<CertificateAuthority>(certificateAuthorityResource, {
      name,
    });
    if (found === undefined) throw new PluginError(`there is no CertificateAuthority ${JSON.stringify(name)}`);
    return found;
  }
  const { items } = await client.listAll<CertificateAuthority>(certificateAuthorityResource);
  return onlyOne(items, "in this cluster");
}

/**
 * From a YAML or JSON file that may hold other objects as well; `-` is standard input.
 *
 * @throws {UsageError}
 */
export async function readFromFile(
  file: string,
  name: string | undefined,
  { readInput }: Pick<Terminal, "readInput">,
): Promise<Authority> {
  const found = parseDocuments(file, await readText(file, readInput))
    .filter((object) => isObject(object) && object["kind"] === "CertificateAuthority")
    .map((object, index) => parseAuthority(object, `--filename: CertificateAuthority ${index + 1} of ${file}`));
  const named = found.filter(({ metadata }) => name === undefined || metadata.name === name);
  return onlyOne(named, `${name === undefined ? "" : `named ${name} `}in ${file}`);
}

function onlyOne<T extends { readonly metadata: { readonly name: string } }>(items: readonly T[], where: string): T {
  const [only, ...others] = items;
  if (only === undefined) throw new PluginError(`there is no CertificateAuthority ${where}`);
  if (others.length === 0) return only;
  throw new UsageError(
    `there are several CertificateAuthorities ${where}: name one of ${items.map(({ metadata }) => metadata.name).join(", ")}`,
  );
}

async function readText(file: string, readInput: Terminal["readInput"]): Promise<string> {
  try {
    return file === "-" ? new TextDecoder().decode(await readInput()) : await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new UsageError(`--filename: ${file} cannot be read (${code})`);
  }
}

function parseDocuments(file: string, text: string): readonly unknown[] {
  const documents = [...parseAllDocuments(text)];
  const [fault] = documents.flatMap(({ errors }) => errors);
  if (fault !== undefined) throw new UsageError(`--filename: ${file} is neither YAML nor JSON: ${fault.message}`);
  return documents.map((document): unknown => document.toJS());
}

/** What the API server checks by the custom resource definition, of the fields that are used. */
const anchorFields: readonly (readonly [name: string, pattern: RegExp, form: string])[] = [
  ["name", /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/, "at most 40 lower-case letters, digits and hyphens"],
  ["region", /^[a-z]{2}(-[a-z]+)+-\d+$/, "an AWS region such as eu-central-1"],
  ["account", /^\d{12}$/, 'twelve digits in quotes, such as "111122223333"'],
];

function parseAuthority(value: unknown, at: string): Authority {
  const refuse = (field: string, form: string): UsageError => new UsageError(`${at}: ${field} must be ${form}`);
  const root = isObject(value) ? value : {};
  const metadata = isObject(root["metadata"]) ? root["metadata"] : {};
  const spec = isObject(root["spec"]) ? root["spec"] : {};
  const subject = isObject(spec["subject"]) ? spec["subject"] : {};
  const name = metadata["name"];
  if (typeof name !== "string" || !/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(name)) {
    throw refuse("metadata.name", "at most 40 lower-case letters, digits and hyphens");
  }
  const commonName = subject["commonName"];
  // The custom resource definition's pattern: no character that a policy would read as more than itself.
  if (typeof commonName !== "string" || !/^[A-Za-z0-9_.:=+@ -]{1,61}$/.test(commonName)) {
    throw refuse("spec.subject.commonName", "1 to 61 letters, digits, spaces and _.:=+@-");
  }
  const anchors = spec["trustAnchors"] ?? [];
  if (!Array.isArray(anchors)) throw refuse("spec.trustAnchors", "a list");
  for (const [index, anchor] of anchors.entries()) {
    for (const [field, pattern, form] of anchorFields) {
      const text: unknown = isObject(anchor) ? anchor[field] : undefined;
      if (typeof text !== "string" || !pattern.test(text)) throw refuse(`spec.trustAnchors[${index}].${field}`, form);
    }
    const arn: unknown = isObject(anchor) ? anchor["arn"] : undefined;
    const arnForm = /^arn:aws(-[a-z]+)*:rolesanywhere:[a-z0-9-]+:\d{12}:trust-anchor\/[a-f0-9-]{36}$/;
    if (arn !== undefined && (typeof arn !== "string" || !arnForm.test(arn))) {
      throw refuse(`spec.trustAnchors[${index}].arn`, "the ARN of a trust anchor");
    }
  }
  return value as Authority;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
