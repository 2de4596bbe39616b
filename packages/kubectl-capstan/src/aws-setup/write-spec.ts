import { isDeepStrictEqual } from "node:util";
import { type CertificateAuthority, certificateAuthorityResource } from "@capstan/api";
import { isConflict, type KubeClient } from "@capstan/kube";
import { stringify } from "yaml";
import { PluginError } from "../exit-code.ts";
import { printable } from "../output/printable.ts";
import type { Terminal } from "../terminal.ts";
import type { Asks } from "./apply.ts";
import { type AnchorFields, withFields } from "./spec-fields.ts";

/** The trust anchors of a spec, as they stand in a manifest. */
export function formatAnchors(name: string, anchors: CertificateAuthority["spec"]["trustAnchors"]): string {
  return `# spec of CertificateAuthority ${name}\n${stringify({ trustAnchors: anchors }, { lineWidth: 0 })}`;
}

/** Puts the fields into the authority's spec, if it is still as it was read. */
export async function writeSpec(
  client: KubeClient,
  authority: CertificateAuthority,
  options: {
    readonly fields: readonly AnchorFields[];
    readonly terminal: Terminal;
    readonly asks: Asks;
  },
): Promise<void> {
  const { fields, terminal, asks } = options;
  const { name } = authority.metadata;
  const trustAnchors = [...withFields(authority.spec.trustAnchors ?? [], fields)];
  if (isDeepStrictEqual(trustAnchors, authority.spec.trustAnchors)) {
    terminal.err(`The spec of ${name} says so already.\n`);
    return;
  }
  if (!(await asks(`Write this into the spec of CertificateAuthority ${printable(name)}?`))) {
    terminal.err("The spec was not changed.\n");
    return;
  }
  try {
    await client.replace<CertificateAuthority>(certificateAuthorityResource, {
      ...authority,
      spec: { ...authority.spec, trustAnchors },
    });
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new PluginError(`somebody has changed CertificateAuthority ${name} meanwhile: run the command again`, {
      cause: error,
    });
  }
  terminal.err(`Wrote the spec of ${name}. If it is kept elsewhere as well, as for GitOps, change it there too.\n`);
}
