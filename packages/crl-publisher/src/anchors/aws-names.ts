/** Name of a trust anchor that Capstan creates. */
export function awsAnchorName(authority: string, anchor: string): string {
  return `capstan-${authority}-${anchor}`;
}

/** Name of a generation's CRL in AWS: authority, number and root, so that a repeated import finds the first one. */
export function awsCrlName(authority: string, number: number, fingerprint: string): string {
  return `capstan-${authority}-${number}-${fingerprint.slice(0, 16)}`;
}

/** What a CRL's name says of its generation; undefined for a name that Capstan does not give. */
export function readAwsCrlName(
  authority: string,
  name: string,
): { readonly number: number; readonly fingerprintStart: string } | undefined {
  const prefix = `capstan-${authority}-`;
  const { number, start } =
    /^(?<number>[1-9]\d{0,8})-(?<start>[0-9a-f]{16})$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "")
      ?.groups ?? {};
  return number === undefined || start === undefined ? undefined : { number: Number(number), fingerprintStart: start };
}
