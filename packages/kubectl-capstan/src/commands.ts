import { defaultNamespace } from "@capstan/api";
import { listFormats, objectFormats } from "./output/objects.ts";
import { revocationReasonNames } from "./revoke/revocation.ts";

/** One flag. Its name in {@link Options} is the long one in camel case. */
export interface FlagSpec {
  readonly long: string;
  readonly short?: string;
  /** Name of its value in help; a flag without one is a switch. */
  readonly value?: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly default?: string;
}

export type CommandName = "status" | "list" | "revoke" | "completion" | "version";

export interface CommandSpec {
  readonly name: CommandName;
  readonly summary: string;
  readonly description: string;
  readonly argument?: {
    /** In commander's notation: `[CA]` may be left out, `<TARGET...>` is one or more. */
    readonly notation: string;
    readonly description: string;
    readonly choices?: readonly string[];
    /** What completion offers for it. */
    readonly beginnings?: readonly string[];
  };
  readonly flags: readonly FlagSpec[];
  readonly examples: readonly string[];
}

/** Every flag of every command, as parsed. */
export interface Options {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly capstanNamespace?: string;
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output?: string;
  readonly subject?: string;
  readonly serial?: string;
  readonly all?: boolean;
  readonly reason?: string;
  readonly wait?: boolean;
  readonly timeout?: string;
  readonly yes?: boolean;
  readonly dryRun?: string;
}

const connectionFlags: readonly FlagSpec[] = [
  { long: "context", value: "NAME", description: "context of the kubeconfig" },
  { long: "kubeconfig", value: "FILE", description: "kubeconfig; else $KUBECONFIG, else ~/.kube/config" },
];
const namespaceFlag = { long: "namespace", short: "n", value: "NAMESPACE" } as const;
const capstanNamespaceFlag: FlagSpec = {
  long: "capstan-namespace",
  value: "NAMESPACE",
  description: "where Capstan keeps its ledger",
  default: defaultNamespace,
};
const listOutputFlag: FlagSpec = {
  long: "output",
  short: "o",
  value: "FORMAT",
  description: "how to print: json and yaml hold the objects themselves",
  choices: listFormats,
  default: "table",
};

/** Commands and flags, once: what parses them, --help and completion are all made of this table. */
export const commands: readonly CommandSpec[] = [
  {
    name: "status",
    summary: "Show certificate authorities, their trust anchors, issuers and pending revocations",
    description:
      "Shows each certificate authority, its generations and CRLs, its trust anchors as last read back from AWS, the issuers, and revocations that not every trust anchor has yet.\nEnds with 1 when an authority is not Ready.",
    argument: { notation: "[CA]", description: "only this CertificateAuthority and what belongs to it" },
    flags: [listOutputFlag, ...connectionFlags],
    examples: ["kubectl capstan status", "kubectl capstan status fleet -o wide"],
  },
  {
    name: "list",
    summary: "List issued certificates from the ledger, newest first",
    description: "Lists the ledger's record of every certificate issued to a namespace, newest first.",
    flags: [
      { ...namespaceFlag, description: "namespace that the certificates were issued to; else the context's" },
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
  },
  {
    name: "revoke",
    summary: "Revoke certificates, which cannot be undone",
    description:
      "Asks Capstan to revoke certificates. A Revocation in a workload's namespace reaches the certificates issued to that namespace; one in Capstan's own namespace reaches all.\nA certificate that is being revoked already is left as it is, so the command can be repeated, for example with --wait.",
    argument: {
      notation: "<TARGET...>",
      description:
        "SERIAL (hex; colons, 0x and upper case are fine), icert/NAME (ledger record), certificate/NAME (its current certificate) or secret/NAME (its tls.crt)",
      beginnings: ["icert/", "certificate/", "secret/"],
    },
    flags: [
      { ...namespaceFlag, description: "namespace of the certificate, and of the Revocation; else the context's" },
      {
        long: "reason",
        value: "REASON",
        description: "why, as in RFC 5280, 5.3.1; unspecified when not given",
        choices: revocationReasonNames,
      },
      { long: "wait", description: "return when every trust anchor has the CRL; show each one's progress" },
      { long: "timeout", value: "DURATION", description: "how long --wait waits, like 90s or 2m", default: "2m" },
      { long: "yes", short: "y", description: "do not ask; needed where nobody can answer" },
      { long: "dry-run", value: "WHERE", description: "change nothing", choices: ["client", "server"] },
      {
        long: "output",
        short: "o",
        value: "FORMAT",
        description: "print the Revocations instead of one line each",
        choices: objectFormats,
      },
      capstanNamespaceFlag,
      ...connectionFlags,
    ],
    examples: [
      "kubectl capstan revoke certificate/web -n demo --reason keyCompromise --wait",
      "kubectl capstan revoke secret/web-tls -n demo",
      "kubectl capstan revoke 4f:1c:09:ab -n capstan-system --yes",
    ],
  },
  {
    name: "completion",
    summary: "Print the script that lets kubectl complete this plugin's commands",
    description:
      'Prints the script that kubectl runs to complete "kubectl capstan …". Save it on the PATH as kubectl_complete-capstan and make it executable.',
    argument: {
      notation: "<SHELL>",
      description: "kubectl, which serves every shell it has completion for",
      choices: ["kubectl"],
    },
    flags: [],
    examples: [
      "kubectl capstan completion kubectl > ~/.local/bin/kubectl_complete-capstan && chmod +x ~/.local/bin/kubectl_complete-capstan",
    ],
  },
  {
    name: "version",
    summary: "Print the plugin's version",
    description: "Prints the plugin's version.",
    flags: [],
    examples: [],
  },
];
