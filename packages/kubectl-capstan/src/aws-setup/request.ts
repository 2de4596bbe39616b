import { checkNamespace } from "../cluster.ts";
import { UsageError } from "../exit-code.ts";
import type { ConnectionOptions } from "../flags.ts";
import type { WorkloadRole } from "./setup.ts";

export const textFormats = ["cli", "cloudformation", "terraform", "policy"] as const;

export type TextFormat = (typeof textFormats)[number];

/** The flags of `aws-setup` as parsed. */
export interface AwsSetupOptions extends ConnectionOptions {
  readonly output?: TextFormat;
  readonly apply?: boolean;
  readonly delete?: boolean;
  readonly dryRun?: "client";
  readonly writeSpec?: boolean;
  readonly anchor?: string;
  readonly workloadRole?: string;
  readonly commonName?: string;
  readonly namespace?: string;
  readonly filename?: string;
  readonly root?: string;
  readonly yes?: boolean;
  readonly capstanNamespace: string;
}

/** What is asked for, free of contradictions. */
export interface Request {
  readonly task:
    | { readonly do: "print"; readonly format: TextFormat }
    | { readonly do: "apply"; readonly isDryRun: boolean; readonly writesSpec: boolean }
    | { readonly do: "delete"; readonly isDryRun: boolean };
  readonly workload: WorkloadRole | undefined;
}

/**
 * @param isInteractive somebody can be asked
 * @throws {UsageError}
 */
export function parseRequest(
  options: AwsSetupOptions,
  { isInteractive }: { readonly isInteractive: boolean },
): Request {
  const { output, apply = false, writeSpec = false, filename, root, yes = false } = options;
  const tasks = [output !== undefined && "-o", apply && "--apply", options.delete === true && "--delete"];
  const [first, second] = tasks.filter((task) => task !== false);
  if (second !== undefined) throw new UsageError(`${first} and ${second} ask for different things: give one of them`);
  const isDryRun = options.dryRun !== undefined;
  const carriesOut = apply || options.delete === true;
  if (isDryRun && !carriesOut)
    throw new UsageError("--dry-run goes with --apply or --delete: printed text changes nothing");
  if (writeSpec && !apply) throw new UsageError("--write-spec goes with --apply: only then the ARNs are known");
  if (writeSpec && filename !== undefined) {
    throw new UsageError("--write-spec changes the CertificateAuthority in the cluster: leave out --filename");
  }
  if (filename !== undefined && root === undefined && options.delete !== true && output !== "policy") {
    throw new UsageError("--filename does without the cluster, and needs the authority's root: give --root");
  }
  if (carriesOut && !isDryRun && !yes && !isInteractive) {
    throw new UsageError("AWS is to be changed and nobody can be asked here: add --yes, or look first by --dry-run");
  }
  return {
    workload: parseWorkload(options),
    task:
      options.delete === true
        ? { do: "delete", isDryRun }
        : apply
          ? { do: "apply", isDryRun, writesSpec: writeSpec }
          : { do: "print", format: output ?? "cli" },
  };
}

/** IAM takes more characters in a role's name; a profile's name, which repeats it, does not. */
const roleName = /^[A-Za-z0-9_-]{1,64}$/;

/** What AWS maps into session tags, and `*`. @see https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html */
const commonNamePattern = /^[A-Za-z0-9_.:/=+@*-]{1,64}$/;

function parseWorkload({ workloadRole: name, commonName, namespace }: AwsSetupOptions): WorkloadRole | undefined {
  if (name === undefined) {
    if (commonName === undefined && namespace === undefined) return undefined;
    throw new UsageError("--common-name and --namespace say whom --workload-role trusts: name the role");
  }
  if (!roleName.test(name)) {
    throw new UsageError(
      `--workload-role: ${JSON.stringify(name)} must be 1 to 64 letters, digits, hyphens and underscores`,
    );
  }
  if (namespace !== undefined) checkNamespace("--namespace", namespace);
  if (commonName === undefined) {
    if (namespace !== undefined) return { name, commonName: `*.${namespace}` };
    throw new UsageError(
      "--workload-role trusts nobody yet: give --common-name, or --namespace for all of a namespace",
    );
  }
  if (!commonNamePattern.test(commonName)) {
    throw new UsageError(
      `--common-name: ${JSON.stringify(commonName)} holds characters that AWS does not map into session tags: use letters, digits and _.:/=+@-, and * for any characters`,
    );
  }
  if (commonName.endsWith("@capstan")) {
    throw new UsageError("--common-name: names that end in @capstan are Capstan's own, which no workload can have");
  }
  if (/^[*.]*$/.test(commonName)) {
    throw new UsageError("--common-name: * alone trusts every leaf of the authority: name a namespace, as in *.demo");
  }
  if (namespace !== undefined && !commonName.endsWith(`.${namespace}`)) {
    throw new UsageError(
      `--common-name: ${JSON.stringify(commonName)} does not end in .${namespace}: other namespaces could ask for it; correct it, or leave out --namespace if the issuer's policy says otherwise`,
    );
  }
  return { name, commonName };
}
