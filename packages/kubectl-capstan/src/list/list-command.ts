import { defaultNamespace, type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import { checkNamespace, withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import type { Invocation } from "../invocation.ts";
import { exitCode, type ExitCode, UsageError } from "../exit-code.ts";
import {
  capstanNamespaceFlag,
  type ConnectionOptions,
  connectionFlags,
  listOutputFlag,
  namespaceFlag,
} from "../flags.ts";
import { formatObjects, isObjectFormat } from "../output/objects.ts";
import { renderTable } from "../output/table.ts";
import { parseSerialArgument } from "../serial-argument.ts";
import { certificateColumns } from "./certificate-columns.ts";
import { selectCertificates } from "./select-certificates.ts";

interface ListOptions extends ConnectionOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly subject?: string;
  readonly serial?: string;
  readonly all?: boolean;
  readonly output?: string;
  readonly capstanNamespace?: string;
}

/** `kubectl capstan list`: the ledger, which lies in Capstan's namespace, by the namespace that was issued to. */
export const listCommand: Command<ListOptions> = {
  name: "list",
  summary: "List issued certificates from the ledger, newest first",
  description: "Lists the ledger's record of every certificate issued to a namespace, newest first.",
  flags: [
    namespaceFlag("namespace that the certificates were issued to; else the context's"),
    { long: "all-namespaces", short: "A", description: "certificates of every namespace" },
    { long: "subject", value: "TEXT", description: "only with this text in the subject, DNS names or URIs" },
    { long: "serial", value: "SERIAL", description: "only with this serial number" },
    { long: "all", description: "also the publisher's own short-lived CRL sentinels (with -A)" },
    listOutputFlag,
    capstanNamespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan list -n demo",
    "kubectl capstan list -A --subject web.demo",
    "kubectl capstan list -A --serial 4f:1c:09:ab -o wide",
  ],
  run: list,
};

async function list({ options, context }: Invocation<ListOptions>): Promise<ExitCode> {
  const { allNamespaces = false, capstanNamespace = defaultNamespace, output } = options;
  if (allNamespaces && options.namespace !== undefined) {
    throw new UsageError("--namespace and --all-namespaces clash: give one of them");
  }
  checkNamespace("--capstan-namespace", capstanNamespace);
  const serial = options.serial === undefined ? undefined : parseSerialArgument(options.serial);
  return withCluster(options, context, async ({ client, namespace }) => {
    const selectors = [
      ...(allNamespaces ? [] : [`spec.requestNamespace=${namespace}`]),
      ...(serial === undefined ? [] : [`spec.serial=${serial}`]),
    ];
    const { items } = await client.listAll<IssuedCertificate>(issuedCertificateResource, {
      namespace: capstanNamespace,
      fieldSelector: selectors.length === 0 ? undefined : selectors.join(","),
    });
    const records = selectCertificates(items, { subject: options.subject, isAll: options.all ?? false });
    const { out, err, hasColor } = context.terminal;
    if (isObjectFormat(output)) {
      out(formatObjects(output, records));
    } else if (records.length === 0) {
      err(`No certificates found${allNamespaces ? "" : ` of namespace ${namespace}; -A looks in all`}.\n`);
    } else {
      out(renderTable(certificateColumns(context.clock.now()), records, { isWide: output === "wide", hasColor }));
    }
    return exitCode.done;
  });
}
