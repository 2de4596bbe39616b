import { RolesAnywhereError } from "./errors.ts";

export interface TrustAnchorArn {
  readonly partition: string;
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly id: string;
}

const pattern =
  /^arn:(?<partition>aws(?:-[a-z]+)*):rolesanywhere:(?<region>[a-z0-9-]+):(?<account>[0-9]{12}):trust-anchor\/(?<id>[a-f0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12})$/u;

/**
 * @throws {RolesAnywhereError} ERR_INVALID_ARGUMENT
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html
 */
export function parseTrustAnchorArn(arn: string): TrustAnchorArn {
  const { partition, region, account, id } = pattern.exec(arn)?.groups ?? {};
  if (partition === undefined || region === undefined || account === undefined || id === undefined) {
    throw new RolesAnywhereError(
      "ERR_INVALID_ARGUMENT",
      `trustAnchorArn must have the form arn:aws:rolesanywhere:<region>:<account>:trust-anchor/<id>, not ${JSON.stringify(arn.slice(0, 120))}: copy it from the trust anchor's page or from ListTrustAnchors`,
      { operation: "parseTrustAnchorArn", field: "trustAnchorArn" },
    );
  }
  return { partition, region, account, id };
}
