import {
  type CertificateAuthority,
  certificateAuthorityResource,
  defaultNamespace,
  type IssuedCertificate,
} from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { stringify } from "yaml";
import { checkNamespace, withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { exitCode, type ExitCode, PluginError, UsageError } from "../exit-code.ts";
import { missingRight } from "../explain-error.ts";
import { capstanNamespaceFlag, type ConnectionOptions, connectionFlags, namespaceFlag } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { printable } from "../output/printable.ts";
import { type PresentedCertificate, readPresentedCertificate } from "../presented-certificate.ts";
import { namespaceLists } from "../revoke/cluster-objects.ts";
import { findLeaves } from "../revoke/find-leaves.ts";
import type { Leaf } from "../revoke/leaf.ts";
import { readRecordsOf } from "../revoke/read-ledger.ts";
import { parseTarget, type Target } from "../revoke/target.ts";
import { readPublications } from "../whois/read-publication.ts";
import { renderShown } from "./render-shown.ts";
import { shownLeaf } from "./shown-leaf.ts";

interface ShowOptions extends ConnectionOptions {
  readonly namespace?: string;
  readonly capstanNamespace?: string;
  readonly output?: string;
}

/** `kubectl capstan show TARGET`: one leaf, as `openssl x509 -text` for what matters here. */
export const showCommand: Command<ShowOptions> = {
  name: "show",
  summary: "Show one certificate: names, key, request, what AWS makes of it",
  description:
    "Shows one certificate in words: its names, key and usages, what AWS makes of them, who requested it, whether it is revoked, and what each trust anchor makes of it. Who may not read the ledger sees what the object named holds.",
  argument: {
    notation: "<TARGET>",
    description:
      "SERIAL (hex; colons, 0x and upper case are fine), icert/NAME (ledger record), certificate/NAME (its current certificate), certificaterequest/NAME or secret/NAME (its tls.crt)",
    beginnings: ["icert/", "certificate/", "certificaterequest/", "secret/"],
  },
  flags: [
    namespaceFlag("namespace of the Certificate, request or Secret; else the context's"),
    {
      long: "output",
      short: "o",
      value: "FORMAT",
      description: "print the facts instead of words",
      choices: ["json", "yaml"],
    },
    capstanNamespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan show certificate/web -n demo",
    "kubectl capstan show 4f1c09ab5566778899aabbccddeeff01",
    "kubectl capstan show secret/web-tls -n demo -o json | jq .aws.sessionTags",
  ],
  run: show,
};

async function show({ arguments: [text = ""], options, context }: Invocation<ShowOptions>): Promise<ExitCode> {
  const { capstanNamespace = defaultNamespace, output } = options;
  const { terminal, clock } = context;
  checkNamespace("--capstan-namespace", capstanNamespace);
  const target = parseTarget(text);
  if (target.kind === "pod" || target.kind === "serviceAccount") {
    throw new UsageError(
      `${JSON.stringify(text)} may mean several certificates: list shows them, and show one of them`,
    );
  }
  return withCluster(options, context, async ({ client, namespace }) => {
    const now = clock.now();
    const note = (line: string): void => terminal.err(`note: ${printable(line)}\n`);
    const leaf = await findLeaf(target, { client, namespace });
    const records = await readRecordsOf(leaf, { client, capstanNamespace });
    const certificate = readCertificate(leaf, records);
    const record = records?.find((one) => certificateOf(one).sha256 === certificate.sha256);
    if (records !== undefined && record === undefined) {
      note(
        `the ledger of namespace ${capstanNamespace} has no such certificate: Capstan did not issue it, or it expired and was pruned`,
      );
    }
    if ((records?.length ?? 0) > 1) {
      note(
        `${records?.length ?? 0} certificates have this serial number: ${(records ?? []).map(({ metadata }) => `icert/${metadata.name}`).join(", ")}`,
      );
    }
    const authority = record === undefined ? undefined : await readAuthority(client, record.spec.authority);
    const publications = await readPublications(record === undefined ? [] : [record], { client, capstanNamespace });
    const publication = publications.get(record?.metadata.name ?? "");
    const shown = shownLeaf({ certificate, record, authority, publication }, now);
    if (output === "json") terminal.out(`${JSON.stringify(shown, undefined, 4)}\n`);
    else if (output === "yaml") terminal.out(stringify(shown, { lineWidth: 0 }));
    else terminal.out(renderShown(shown, { now, hasColor: terminal.hasColor }));
    return exitCode.done;
  });
}

async function findLeaf(
  target: Target,
  { client, namespace }: { readonly client: KubeClient; readonly namespace: string },
): Promise<Leaf> {
  const lists = namespaceLists(client, namespace);
  // What is worth knowing before a revocation is not asked for here.
  const [leaf] = await findLeaves(target, { client, namespace, lists, note: () => undefined });
  if (leaf === undefined) throw new PluginError("no certificate was found");
  return leaf;
}

/** From the object that was named, else from the ledger. @throws {PluginError} when neither has it */
function readCertificate(leaf: Leaf, records: readonly IssuedCertificate[] | undefined): PresentedCertificate {
  const [record] = records ?? [];
  if (leaf.pem !== undefined) return readPresentedCertificate(leaf.pem, leaf.label);
  if (record !== undefined) return certificateOf(record);
  throw new PluginError(
    records === undefined
      ? `${leaf.label}: you may not read the ledger; name the Certificate, CertificateRequest or Secret that holds it`
      : `${leaf.label} is not in the ledger: Capstan did not issue it, or it expired and was pruned; whois tells more`,
  );
}

function certificateOf({ metadata, spec }: IssuedCertificate): PresentedCertificate {
  return readPresentedCertificate(spec.certificate, `icert/${metadata.name}`);
}

async function readAuthority(client: KubeClient, name: string): Promise<CertificateAuthority | undefined> {
  try {
    return await client.getOrUndefined<CertificateAuthority>(certificateAuthorityResource, { name });
  } catch (error) {
    if (missingRight(error) === undefined) throw error;
    return undefined;
  }
}
