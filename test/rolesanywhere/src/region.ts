// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html

/** Regions of the other partitions, by the beginning of their name. */
const PARTITIONS: readonly (readonly [prefix: string, partition: string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
];

/** The second part of an ARN of this region. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";
}

/** The region that a host name of the service carries, in any partition, FIPS and dual-stack included; else undefined. */
export function regionOfHost(host: string): string | undefined {
  return /^rolesanywhere(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.(?:aws|amazonwebservices\.com\.cn))(?::\d+)?$/.exec(
    host,
  )?.[1];
}

/** What the fourth and fifth part of an ARN say. Undefined for what has not six parts. */
export function placeOfArn(arn: string): { readonly region: string; readonly account: string } | undefined {
  const [prefix, , , region, account, resource] = arn.split(":");
  if (prefix !== "arn" || region === undefined || account === undefined || resource === undefined) return undefined;
  return { region, account };
}
