import { UsageError } from "../exit-code.ts";

/** What AWS's credential helper needs beside certificate and key. */
export interface AwsProfile {
  /** Of a section in AWS's configuration; undefined for the bare line. */
  readonly name: string | undefined;
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  readonly region: string;
}

interface AwsFlags {
  readonly profileName?: string;
  readonly trustAnchorArn?: string;
  readonly profileArn?: string;
  readonly roleArn?: string;
}

const trustAnchorPattern = /^arn:aws[a-z-]*:rolesanywhere:([a-z0-9-]+):[0-9]{12}:trust-anchor\/[a-f0-9-]{36}$/;
const profilePattern = /^arn:aws[a-z-]*:rolesanywhere:([a-z0-9-]+):[0-9]{12}:profile\/[a-f0-9-]{36}$/;
const rolePattern = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]+$/;

/** All of it, or nothing. @throws {UsageError} naming the flag that is missing or wrong */
export function readAwsProfile(flags: AwsFlags): AwsProfile | undefined {
  const { profileName: name, trustAnchorArn, profileArn, roleArn } = flags;
  if ([name, trustAnchorArn, profileArn, roleArn].every((value) => value === undefined)) return undefined;
  if (trustAnchorArn === undefined || profileArn === undefined || roleArn === undefined) {
    throw new UsageError("AWS's helper needs all of --trust-anchor-arn, --profile-arn and --role-arn");
  }
  const [, region] = trustAnchorPattern.exec(trustAnchorArn) ?? [];
  if (region === undefined) throw new UsageError("--trust-anchor-arn is no ARN of a trust anchor");
  if (profilePattern.exec(profileArn)?.[1] !== region) {
    throw new UsageError("--profile-arn is no ARN of a profile in the region of the trust anchor");
  }
  if (!rolePattern.test(roleArn)) throw new UsageError("--role-arn is no ARN of a role");
  if (name !== undefined && !/^[\w.@+-]{1,64}$/.test(name)) {
    throw new UsageError("--profile-name: use letters, digits and _ . @ + -");
  }
  return { name, trustAnchorArn, profileArn, roleArn, region };
}

/**
 * What goes into AWS's configuration file, so that every SDK gets its credentials by AWS's helper, or the credential_process line
 * alone. AWS SDKs and Tools Reference Guide, "Process credential provider".
 *
 * @param files absolute paths, or for the key what AWS's helper takes as --private-key
 */
export function formatAwsProfile(
  { name, trustAnchorArn, profileArn, roleArn, region }: AwsProfile,
  files: { readonly certificate: string; readonly privateKey: string },
): string {
  const words = [
    "aws_signing_helper",
    "credential-process",
    "--certificate",
    files.certificate,
    "--private-key",
    files.privateKey,
    "--trust-anchor-arn",
    trustAnchorArn,
    "--profile-arn",
    profileArn,
    "--role-arn",
    roleArn,
  ];
  const line = `credential_process = ${words.map(quoted).join(" ")}\n`;
  return name === undefined ? line : `[profile ${name}]\nregion = ${region}\n${line}`;
}

/** What {@link isQuotable} refuses, and what to do. */
export const unquotable =
  "AWS's configuration file cannot hold \", $, ` or a line break in a command: give it another name";

/** Whether a word of the line is read by every SDK as it was written: some of them ask a shell. */
export function isQuotable(word: string): boolean {
  return !/["$`\p{Cc}]/u.test(word);
}

/** SDKs split the line at spaces, and take double quotes off. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word}"`;
}
