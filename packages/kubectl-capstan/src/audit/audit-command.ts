import { createHash } from "node:crypto";
import { defaultNamespace, type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import { decodePem } from "@capstan/ca-core";
import { compareWithLedger, type LedgerLeaf } from "@capstan/kube";
import { checkNamespace, type Cluster, withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { capstanNamespaceFlag, type ConnectionOptions, connectionFlags } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { pages } from "../pages.ts";
import { ledgerRetentionFlag, parseLedgerRetention } from "../ledger-retention.ts";
import { auditColumns, auditRow, issuedAt } from "./audit-row.ts";
import { findingColumns, findingsOf, isAskedAbout } from "./findings.ts";
import { readLog } from "./read-log.ts";
import { readSince } from "./read-since.ts";
import { type AuditFormat, rowWriter } from "./row-writer.ts";

interface AuditOptions extends ConnectionOptions {
  readonly authority?: string;
  readonly since?: string;
  readonly log?: readonly string[];
  readonly ledgerRetention?: string;
  readonly output?: AuditFormat;
  readonly capstanNamespace?: string;
}

interface Asked {
  readonly authority: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  readonly format: AuditFormat;
  readonly capstanNamespace: string;
}

/** `kubectl capstan audit`: every certificate of the ledger, or what of it does not agree with the audit log. */
export const auditCommand: Command<AuditOptions> = {
  name: "audit",
  summary: "Report every certificate issued, or check the ledger against audit logs",
  description:
    "Prints every certificate in the ledger, like AWS Private CA's audit report. Expired ones are there until their records are pruned.\nWith --log it prints instead what does not agree between the audit logs and the ledger, and ends with 1 if there is any: lines changed or missing, signatures that were never released, certificates that no line tells of, other bytes than those signed, serial numbers twice.",
  flags: [
    { long: "authority", value: "CA", description: "only of this CertificateAuthority" },
    {
      long: "since",
      value: "TIME",
      description:
        "only what was issued since this time or this long ago, like 2026-11-01, 2026-11-22T10:00:00Z or 24h",
    },
    {
      long: "log",
      value: "FILE...",
      description:
        "exported audit logs of the controllers, oldest first; .gz is unpacked. Export them before the command reads the ledger",
    },
    ledgerRetentionFlag,
    {
      long: "output",
      short: "o",
      value: "FORMAT",
      description: "how to print",
      choices: ["csv", "json"],
      default: "csv",
    },
    capstanNamespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan audit --since 720h > audit.csv",
    "kubectl capstan audit --authority fleet -o json",
    "kubectl capstan audit --log issuer.log publisher.log",
  ],
  run: audit,
};

async function audit({ options, context }: Invocation<AuditOptions>): Promise<ExitCode> {
  const { authority, log, output = "csv", capstanNamespace = defaultNamespace } = options;
  const { terminal, clock } = context;
  checkNamespace("--capstan-namespace", capstanNamespace);
  const retentionMs = parseLedgerRetention(options.ledgerRetention);
  const since = options.since === undefined ? undefined : readSince(options.since, clock.now());
  const asked: Asked = { authority, since, format: output, capstanNamespace };
  if (log === undefined) return withCluster(options, context, (cluster) => report(cluster, asked, terminal));
  // The log first: whatever is released after that has both halves or is too young to judge.
  const reading = await readLog(log);
  const now = new Date(clock.now());
  return withCluster(options, context, async (cluster) => {
    const leaves: LedgerLeaf[] = [];
    for await (const record of records(cluster, { ...asked, authority: undefined })) leaves.push(leafOf(record));
    const comparison = compareWithLedger({ reading, leaves, now, retentionMs });
    const findings = findingsOf(reading, comparison).filter((finding) => isAskedAbout(finding, asked));
    const writer = rowWriter(output, findingColumns, terminal.out);
    for (const finding of findings) writer.write(finding);
    writer.end();
    const { chains, otherLines } = reading;
    const { matched, pruned, inFlight, beforeLog } = comparison;
    const [from, to] = [
      chains.map((chain) => chain.from).toSorted()[0],
      chains
        .map((chain) => chain.to)
        .toSorted()
        .at(-1),
    ];
    for (const line of [
      `${chains.length} chains of the log, from ${from ?? "?"} to ${to ?? "?"}; ${otherLines} lines of something else`,
      `${leaves.length} records: ${matched} have their line, ${beforeLog} are older than the log, ${inFlight} too young to judge; ${pruned} signatures of records that were pruned`,
      findings.length === 0 ? "Log and ledger agree." : `${findings.length} findings.`,
    ]) {
      terminal.err(`${line}\n`);
    }
    if (chains.length === 0)
      terminal.err(
        "error: no line of an audit log was found: give the files of --audit-log, or standard output as it was collected\n",
      );
    return findings.length === 0 && chains.length > 0 ? exitCode.done : exitCode.failed;
  });
}

async function report(cluster: Cluster, asked: Asked, terminal: Invocation["context"]["terminal"]): Promise<ExitCode> {
  const writer = rowWriter(asked.format, auditColumns, terminal.out);
  for await (const record of records(cluster, asked)) {
    if (asked.since === undefined || Date.parse(issuedAt(record)) >= asked.since) writer.write(auditRow(record));
  }
  writer.end();
  return exitCode.done;
}

/** The ledger's records, a page in memory at a time. */
async function* records(
  { client }: Cluster,
  { authority, capstanNamespace: namespace }: Pick<Asked, "authority" | "capstanNamespace">,
): AsyncGenerator<IssuedCertificate, void, undefined> {
  const fieldSelector = authority === undefined ? undefined : `spec.authority=${authority}`;
  for await (const page of pages<IssuedCertificate>(client, issuedCertificateResource, { namespace, fieldSelector })) {
    yield* page;
  }
}

function leafOf(record: IssuedCertificate): LedgerLeaf {
  const { authority, generation, serial, certificate } = record.spec;
  const { der } = decodePem(certificate, { labels: ["CERTIFICATE"], maxBytes: 16_384 });
  const sha256 = createHash("sha256").update(der).digest("hex");
  return { name: record.metadata.name, authority, generation, serial, sha256, createdAt: new Date(issuedAt(record)) };
}
