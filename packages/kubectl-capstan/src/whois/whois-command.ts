import { defaultNamespace } from "@capstan/api";
import { stringify } from "yaml";
import { checkNamespace, withCluster } from "../cluster.ts";
import type { Command } from "../command.ts";
import { exitCode, type ExitCode, UsageError } from "../exit-code.ts";
import { capstanNamespaceFlag, type ConnectionOptions, connectionFlags } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { ledgerRetentionFlag, parseLedgerRetention } from "../ledger-retention.ts";
import { formatTime } from "../output/human-time.ts";
import { printable } from "../output/printable.ts";
import { type Answer, answerOf } from "./answer.ts";
import { groupJudgements } from "./group-judgements.ts";
import { judge } from "./judge.ts";
import { readClues } from "./read-clues.ts";
import { readKnowledge } from "./read-knowledge.ts";
import { readPublications } from "./read-publication.ts";
import { explainAnswers, renderAnswer, renderAnswers } from "./render-answers.ts";

interface WhoisOptions extends ConnectionOptions {
  readonly filename?: string;
  readonly ledgerRetention?: string;
  readonly output?: string;
  readonly capstanNamespace?: string;
}

/** `kubectl capstan whois`: whose is a serial number, a session in CloudTrail, a certificate? */
export const whoisCommand: Command<WhoisOptions> = {
  name: "whois",
  summary: "Say whose a serial number, an AWS session or a certificate is",
  description:
    "Looks up in the ledger which workload was issued what somebody has found: a serial number, the ARN of a role session, AWS CloudTrail events, a certificate. Says also when it is older than the records, was never issued by Capstan, or contradicts the record that it claims to be.\nEnds with 1 when any of them is forged, signed but not recorded, never issued by Capstan, or not known.",
  argument: {
    notation: "[WHAT...]",
    description:
      "SERIAL (hex, colons, 0x, decimal), arn:aws:sts::…:assumed-role/ROLE/SERIAL, or a file: a certificate (PEM, DER) or CloudTrail's events (JSON, JSON lines, lookup-events, .gz); - is standard input",
  },
  flags: [
    { long: "filename", short: "f", value: "FILE", description: "a file to look into, as WHAT" },
    {
      long: ledgerRetentionFlag.long,
      value: "DURATION",
      description: `${ledgerRetentionFlag.description}; else read from its pods, else taken for 24h`,
    },
    {
      long: "output",
      short: "o",
      value: "FORMAT",
      description: "how to print; when not given, one subject in words and several as a table",
      choices: ["table", "wide", "json", "yaml"],
    },
    capstanNamespaceFlag,
    ...connectionFlags,
  ],
  examples: [
    "kubectl capstan whois 4F:1C:09:AB:55:66:77:88:99:AA:BB:CC:DD:EE:FF:01",
    "kubectl capstan whois arn:aws:sts::111122223333:assumed-role/app/4f1c09ab5566778899aabbccddeeff01",
    "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=CreateSession | kubectl capstan whois -",
    "kubectl capstan whois leaf.pem -o json",
  ],
  run: whois,
};

async function whois({ arguments: targets, options, context }: Invocation<WhoisOptions>): Promise<ExitCode> {
  const { capstanNamespace = defaultNamespace, output } = options;
  const { terminal, clock } = context;
  checkNamespace("--capstan-namespace", capstanNamespace);
  const retentionMs = options.ledgerRetention === undefined ? undefined : parseLedgerRetention(options.ledgerRetention);
  const named = [...targets, ...(options.filename === undefined ? [] : [options.filename])];
  if (named.length === 0) throw new UsageError("name what to look up; - reads CloudTrail's events from standard input");
  const note = (text: string): void => terminal.err(`note: ${printable(text)}\n`);
  const { clues, otherEvents } = await readClues(named, terminal.readInput);
  if (otherEvents > 0) {
    const events = otherEvents === 1 ? "1 event is" : `${otherEvents} events are`;
    note(`${events} of no session of IAM Roles Anywhere, and passed over`);
  }
  if (clues.length === 0) {
    terminal.err("No session of IAM Roles Anywhere found.\n");
    const document: Document = { asOf: formatTime(clock.now()), subjects: [] };
    if (output === "json" || output === "yaml") terminal.out(formatDocument(document, output));
    return exitCode.done;
  }
  return withCluster(options, context, async ({ client }) => {
    const now = clock.now();
    const knowledge = await readKnowledge(clues, { client, capstanNamespace, now, retentionMs, note });
    const subjects = groupJudgements(clues.map((clue) => judge(clue, knowledge)));
    const publications = await readPublications(
      subjects.flatMap(({ record }) => record ?? []),
      {
        client,
        capstanNamespace,
      },
    );
    const answers = subjects.map((subject) => answerOf(subject, publications));
    const recordsSince = formatTime(now - knowledge.retention.milliseconds);
    const document: Document = { asOf: formatTime(now), recordsSince, subjects: answers };
    const [only, ...others] = answers;
    const { hasColor } = terminal;
    if (output === "json" || output === "yaml") terminal.out(formatDocument(document, output));
    else if (output === undefined && only !== undefined && others.length === 0) {
      terminal.out(renderAnswer(only, { now, hasColor }));
    } else {
      terminal.out(renderAnswers(answers, { now, hasColor, isWide: output === "wide" }));
      for (const line of [...explainAnswers(answers), ...countVerdicts(answers)]) terminal.err(`${line}\n`);
    }
    return answers.every(({ verdict }) => verdict === "Issued" || verdict === "OlderThanRecords")
      ? exitCode.done
      : exitCode.failed;
  });
}

interface Document {
  readonly asOf: string;
  /** Absent where no record was looked for. */
  readonly recordsSince?: string;
  readonly subjects: readonly Answer[];
}

function formatDocument(document: Document, output: "json" | "yaml"): string {
  return output === "json" ? `${JSON.stringify(document, undefined, 4)}\n` : stringify(document, { lineWidth: 0 });
}

/** How many of each, the records' reach with it. */
function countVerdicts(answers: readonly Answer[]): readonly string[] {
  const counts = [...Map.groupBy(answers, ({ verdict }) => verdict)].map(
    ([verdict, those]) => `${those.length} ${verdict}`,
  );
  return [`${answers.length} subjects: ${counts.join(", ")}`];
}
