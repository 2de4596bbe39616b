import { readdir, readFile } from "node:fs/promises";
import { afterAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { CertificateAuthority } from "@capstan/api";
import { CelEvaluator, validateIssuerFully, type IssuerSpec } from "@capstan/policy";
import { chartWebhooks } from "./webhooks.ts";

const evaluator = new CelEvaluator();
afterAll(async () => await evaluator.close());

interface Example {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
}

const folder = new URL("../../../deploy/examples/", import.meta.url);
const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".yaml"));
const texts = await Promise.all(files.map(async (file) => await readFile(new URL(file, folder), "utf8")));
const examples = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Example));

/** What the API server fills in. */
const authorityDefaults = { rootDuration: "8760h", maxLeafDuration: "168h" };
const issuerDefaults = { profile: "RolesAnywhere", defaultDuration: "24h", overMaximum: "Refuse" };

const issuers = examples.filter(({ kind }) => kind.startsWith("Capstan"));

test("there are examples of both profiles, of attestation and of conditions", () => {
  const specs = issuers.map(({ spec }) => JSON.stringify(spec));
  for (const part of ['"General"', '"ServiceAccount"', '"expression"', '"allowAny"', '"quota"']) {
    expect(
      specs.filter((spec) => spec.includes(part)),
      part,
    ).not.toEqual([]);
  }
});

test.each(issuers.map((example) => [example.metadata.name, example] as const))(
  "nothing is wrong with the example issuer %s",
  async (_name, { kind, spec }) => {
    const issuer = { ...issuerDefaults, ...(spec as object) } as IssuerSpec;
    const authority = examples.find(
      (one) => one.kind === "CertificateAuthority" && one.metadata.name === issuer.caRef.name,
    );
    const question = {
      issuer: { kind: kind as "CapstanIssuer" | "CapstanClusterIssuer", spec: issuer },
      authority: { ...authorityDefaults, ...(authority?.spec as object) } as CertificateAuthority["spec"],
      webhooks: chartWebhooks(),
    };
    expect(await validateIssuerFully(question, evaluator)).toEqual([]);
  },
);
