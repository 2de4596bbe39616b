import type { CertificationRequest, NameAttribute, SanKind } from "@capstan/ca-core";
import type { Requester } from "../check-requester.ts";
import { readOtherName } from "../other-name.ts";
import type { CelInput } from "./cel-variables.ts";

/** Attribute types with a member of their own. */
const ownMembers: ReadonlySet<string> = new Set(["CN", "O", "OU", "C", "ST", "L"]);

/** The variables for one question. */
export function celInputOf(question: {
  readonly request: CertificationRequest;
  readonly usages: readonly string[];
  readonly durationMs: number;
  readonly isCa: boolean;
  readonly requester: Requester;
  readonly username: string;
  readonly groups: readonly string[];
}): CelInput {
  const { request, usages, durationMs, isCa, requester, username, groups } = question;
  const { subject, subjectAlternativeNames } = request;
  const attributes = (type: string): string[] =>
    subject.filter((attribute) => attribute.type === type).map(({ value }) => value);
  const names = (kind: SanKind): string[] =>
    subjectAlternativeNames.filter((name) => name.kind === kind).map(({ value }) => value);
  const others = subjectAlternativeNames
    .filter(({ kind }) => kind === "otherName")
    .map(readOtherName)
    .filter((name) => name !== undefined);
  return {
    request: {
      commonName: attributes("CN")[0] ?? "",
      organizations: attributes("O"),
      organizationalUnits: attributes("OU"),
      countries: attributes("C"),
      provinces: attributes("ST"),
      localities: attributes("L"),
      otherAttributes: group(
        subject.filter(({ type }: NameAttribute) => !ownMembers.has(type)).map(({ type, value }) => [type, value]),
      ),
      dnsNames: names("DNS"),
      ipAddresses: names("IP"),
      emailAddresses: names("Email"),
      uris: names("URI"),
      otherNames: group(others.map(({ oid, text = "" }) => [oid, text])),
      usages: [...usages],
      duration: durationMs,
      keyAlgorithm: request.publicKey.algorithm,
      isCA: isCa,
    },
    requester: {
      namespace: requester.namespace ?? "",
      namespaceLabels: { ...requester.namespaceLabels },
      serviceAccount: requester.serviceAccount ?? "",
      podName: requester.podName ?? "",
      username,
      groups: [...groups],
    },
  };
}

function group(pairs: readonly (readonly [key: string, value: string])[]): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const [key, value] of pairs) (groups[key] ??= []).push(value);
  return groups;
}
