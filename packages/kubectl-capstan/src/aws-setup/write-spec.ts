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

/** The publisher writes status now and then, not all the time. */
const mostTries = 5;

/** Puts the fields into the authority's spec, if it is still as it was read. @throws {PluginError} when it is not */
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
  for (let tries = 1; ; tries += 1) {
    const stored = await client.get<CertificateAuthority>(certificateAuthorityResource, { name });
    if (
      stored.metadata.uid !== authority.metadata.uid ||
      stored.metadata.generation !== authority.metadata.generation
    ) {
      throw new PluginError(`somebody has changed CertificateAuthority ${name} meanwhile: run the command again`);
    }
    try {
      await client.replace<CertificateAuthority>(certificateAuthorityResource, {
        ...stored,
        spec: { ...stored.spec, trustAnchors },
      });
      break;
    } catch (error) {
      // The publisher writes its status at any time, most often while it has no credentials yet: that changes no spec.
      if (!isConflict(error) || tries === mostTries) throw error;
    }
  }
  terminal.err(`Wrote the spec of ${name}. If it is kept elsewhere as well, as for GitOps, change it there too.\n`);
}
