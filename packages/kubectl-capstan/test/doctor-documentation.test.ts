import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { approvalCommand } from "../src/doctor/approver.ts";
import { checks } from "../src/doctor/checks.ts";
import { findings } from "../src/doctor/findings.ts";
import { admissionPolicies, policyFile, rightsFile } from "../src/doctor/installation.ts";
import { knownFields } from "../src/doctor/known-fields.ts";
import { programRights } from "../src/doctor/program-rights.ts";
import { definedFields } from "../tools/generate-fields.ts";
import { pageWithFindings } from "../tools/generate-findings.ts";
import { rightsModule } from "../tools/generate-rights.ts";

const source = new URL("../src/doctor/", import.meta.url);
const tool = "node --conditions=@capstan/source packages/kubectl-capstan/tools";

describe("what is generated is up to date", () => {
  test(`the table of findings: ${tool}/generate-findings.ts`, async () => {
    expect(await readFile(new URL("../../../docs/operate/doctor.md", import.meta.url), "utf8")).toBe(
      await pageWithFindings(),
    );
  });

  test(`the fields of Capstan's kinds: ${tool}/generate-fields.ts`, async () => {
    expect(knownFields).toEqual(await definedFields());
  });

  test(`the rights of Capstan's programs: ${tool}/generate-rights.ts`, async () => {
    const module = await readFile(new URL("program-rights.ts", source), "utf8");
    const rows = (text: string): readonly string[] =>
      [...text.matchAll(/\{[^{}]*account:[^{}]*\}/g)].map(([row]) => row.replaceAll(/\s+/g, " ").replace(", }", " }"));
    expect(rows(module).filter((row) => row.includes('"'))).toEqual(
      rows(await rightsModule()).filter((row) => row.includes('"')),
    );
  });
});

test("every admission policy of the manifests is looked for", async () => {
  const folder = new URL("../../../deploy/manifests/", import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml"));
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), "utf8")));
  const names = texts.flatMap((text) => {
    const documents = parseAllDocuments(text);
    const objects = Array.isArray(documents)
      ? documents.map(
          (document) =>
            document.toJS() as { readonly kind?: string; readonly metadata?: { readonly name?: string } } | null,
        )
      : [];
    return objects.flatMap((object) =>
      object?.kind === "ValidatingAdmissionPolicy" ? [object.metadata?.name ?? ""] : [],
    );
  });
  expect([...admissionPolicies]).toEqual(names.toSorted());
});

describe("the files of cures", () => {
  const manifests = new URL("../../../deploy/manifests/", import.meta.url);
  const kindsIn = async (file: string): Promise<readonly (string | undefined)[]> => {
    const documents = parseAllDocuments(await readFile(new URL(file, manifests), "utf8"));
    return (Array.isArray(documents) ? documents : []).map(
      (document) => (document.toJS() as { readonly kind?: string } | null)?.kind,
    );
  };

  test.each([...new Set(programRights.map(({ account }) => account))])("hold %s's rights", async (account) => {
    const kinds = await kindsIn(rightsFile(account));
    expect(kinds).toContain("RoleBinding");
    expect(kinds).not.toContain("Deployment");
  });

  test.each([...admissionPolicies])("hold %s and its binding alone", async (name) => {
    expect(await kindsIn(policyFile(name))).toEqual(["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]);
  });
});

test("the cure of a missing right to approve names the account that approves", async () => {
  const [command = ""] = approvalCommand({ namespace: "pki", name: "an.approver" }).split(" | ");
  const { stdout } = await promisify(execFile)("sh", ["-c", command], { cwd: new URL("../../../", import.meta.url) });
  const documents = parseAllDocuments(stdout);
  const objects = (Array.isArray(documents) ? documents : []).map((document) => document.toJS() as unknown);
  expect(objects).toMatchObject([
    { kind: "ClusterRole", metadata: { name: "cert-manager-controller-approve:capstan-dev" } },
    {
      kind: "ClusterRoleBinding",
      roleRef: { name: "cert-manager-controller-approve:capstan-dev" },
      subjects: [{ kind: "ServiceAccount", namespace: "pki", name: "an.approver" }],
    },
  ]);
});

describe("the table of checks", () => {
  test("ids are unique", () => {
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  });

  test("what a check needs or is explained by comes before it", () => {
    const late = checks.flatMap(({ id, needs = [], after = [] }, index) =>
      [...needs, ...after]
        .filter((other) => !checks.slice(0, index).some((earlier) => earlier.id === other))
        .map((other) => `${id} -> ${other}`),
    );
    expect(late).toEqual([]);
  });

  test("every finding is made somewhere, and has words", async () => {
    const files = (await readdir(source)).filter((file) => file !== "findings.ts");
    const text = (await Promise.all(files.map((file) => readFile(new URL(file, source), "utf8")))).join("\n");
    expect(Object.keys(findings).filter((id) => !text.includes(`"${id}"`))).toEqual([]);
    expect(Object.values(findings).filter(({ means, cure }) => means.length < 10 || cure.length < 5)).toEqual([]);
  });
});
