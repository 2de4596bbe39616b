import { defaultNamespace, type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import { checkNamespace, withCluster } from "../cluster.ts";
import type { Invocation } from "../invocation.ts";
import { exitCode, type ExitCode, UsageError } from "../exit-code.ts";
import { formatObjects, isObjectFormat } from "../output/objects.ts";
import { renderTable } from "../output/table.ts";
import { parseSerialArgument } from "../serial-argument.ts";
import { certificateColumns } from "./certificate-columns.ts";
import { selectCertificates } from "./select-certificates.ts";

/** `kubectl capstan list`: the ledger, which lies in Capstan's namespace, by the namespace that was issued to. */
export async function list({ options, context }: Invocation): Promise<ExitCode> {
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
