import { RolesAnywhereError } from "./errors.ts";

interface Partition {
  readonly id: string;
  readonly region: RegExp;
  readonly dnsSuffix: string;
  readonly dualStackDnsSuffix: string;
}

/** Of these the service's endpoints are documented. @see https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html */
const partitions: readonly Partition[] = [
  { id: "aws-cn", region: /^cn-/u, dnsSuffix: "amazonaws.com.cn", dualStackDnsSuffix: "api.amazonwebservices.com.cn" },
  { id: "aws-us-gov", region: /^us-gov-/u, dnsSuffix: "amazonaws.com", dualStackDnsSuffix: "api.aws" },
  {
    id: "aws",
    region: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+$/u,
    dnsSuffix: "amazonaws.com",
    dualStackDnsSuffix: "api.aws",
  },
];

/** The partition of a region, as it stands in ARNs; undefined for a region of none that is known here. */
export function partitionOf(region: string): string | undefined {
  return partitions.find((partition) => partition.region.test(region))?.id;
}

/** Which of a region's endpoints is meant. */
export interface EndpointVariant {
  /** Cryptography validated by FIPS 140; only some regions have it. Default is false. */
  readonly useFips?: boolean;
  /** IPv6 as well as IPv4. Default is false. */
  readonly useDualStack?: boolean;
}

/**
 * The service's own endpoint in a region.
 *
 * @throws {RolesAnywhereError} ERR_AWS_CONFIGURATION for a region of a partition that is not known here
 *
 * @example
 * regionalEndpoint("us-gov-west-1", { useFips: true }); // "https://rolesanywhere-fips.us-gov-west-1.amazonaws.com"
 */
export function regionalEndpoint(region: string, { useFips = false, useDualStack = false }: EndpointVariant): string {
  const partition = partitions.find(({ id }) => id === partitionOf(region));
  if (partition === undefined) {
    throw new RolesAnywhereError(
      "ERR_AWS_CONFIGURATION",
      `region ${JSON.stringify(region)} belongs to no partition that is known here (${partitions.map(({ id }) => id).join(", ")}): give its endpoint`,
      { operation: "regionalEndpoint" },
    );
  }
  const suffix = useDualStack ? partition.dualStackDnsSuffix : partition.dnsSuffix;
  return `https://rolesanywhere${useFips ? "-fips" : ""}.${region}.${suffix}`;
}
