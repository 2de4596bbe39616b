import { readFileSync } from "node:fs";
import { KubeApiError } from "@capstan/kube";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { missingRight } from "../src/explain-error.ts";

interface RoleManifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const text = readFileSync(new URL("../../../deploy/manifests/user-roles.yaml", import.meta.url), "utf8");
const roles = parseAllDocuments(text).map((document) => document.toJS() as RoleManifest);

function has(role: RoleManifest | undefined, [verb, resource, group]: readonly [string, string, string]): boolean {
  const rules = role?.rules ?? [];
  return rules.some(
    ({ apiGroups, resources, verbs }) =>
      apiGroups.includes(group) && resources.includes(resource) && verbs.includes(verb),
  );
}

const capstan = "capstan.dev";
const admission = "admissionregistration.k8s.io";

// What commands ask for, by the README's table of rights.
const asked: readonly (readonly [verb: string, resource: string, group: string, isCluster?: true])[] = [
  ...["authorityoperations", "capstanissuers", "issuedcertificates", "revocations"].flatMap((resource) => [
    ["get", resource, capstan] as const,
    ["list", resource, capstan] as const,
  ]),
  ...["capstanclusterissuers", "certificateauthorities"].flatMap((resource) => [
    ["get", resource, capstan, true] as const,
    ["list", resource, capstan, true] as const,
  ]),
  ["create", "authorityoperations", capstan],
  ["create", "revocations", capstan],
  ["list", "generationmarks", capstan],
  ["list", "revocationlists", capstan],
  ["get", "configmaps", ""],
  ["list", "configmaps", ""],
  ["list", "namespaces", "", true],
  ["list", "mutatingwebhookconfigurations", admission, true],
  ["list", "validatingwebhookconfigurations", admission, true],
  ["list", "validatingadmissionpolicies", admission, true],
  ["get", "csidrivers", "storage.k8s.io", true],
  ["get", "leases", "coordination.k8s.io"],
  ["create", "subjectaccessreviews", "authorization.k8s.io", true],
];

const rights = asked.map(([verb, resource, group, isCluster = false]) => ({ verb, resource, group, isCluster }));

test.each(rights)(
  "the roles that are named for $verb $resource.$group have it",
  ({ verb, resource, group, isCluster }) => {
    const api = group === "" ? "/api/v1" : `/apis/${group}/v1`;
    const path = `${api}${isCluster ? "" : "/namespaces/demo"}/${resource}${verb === "get" ? "/name" : ""}`;
    const said = missingRight(
      new KubeApiError({
        request: `${verb === "create" ? "POST" : "GET"} ${path}`,
        code: 403,
        reason: "Forbidden",
        message: `User "alice" cannot ${verb} resource "${resource}"`,
      }),
    );
    const named = said?.match(/capstan-[a-z-]+/g) ?? [];
    expect(said).toContain("Granted by");
    expect(named).not.toEqual([]);
    const lacking = named.filter(
      (name) =>
        !has(
          roles.find(({ metadata }) => metadata.name === name),
          [verb, resource, group],
        ),
    );
    expect(lacking).toEqual([]);
  },
);

test("a developer may read what check cannot do without, and nothing more", () => {
  const developer = roles.find(({ metadata }) => metadata.name === "capstan-developer");
  expect(developer?.rules).toEqual([
    { apiGroups: [capstan], resources: ["capstanclusterissuers", "certificateauthorities"], verbs: ["get", "list"] },
  ]);
});
