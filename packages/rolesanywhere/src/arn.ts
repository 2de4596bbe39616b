import { RolesAnywhereError } from "./errors.ts";

export interface TrustAnchorArn {
  readonly partition: string;
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly id: string;
}

const id = "(?<id>[a-f0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12})";
const regional = "arn:(?<partition>aws(?:-[a-z]+)*):rolesanywhere:(?<region>[a-z0-9-]+):(?<account>[0-9]{12})";
const trustAnchor = new RegExp(`^${regional}:trust-anchor/${id}$`, "u");
const profile = new RegExp(`^${regional}:profile/${id}$`, "u");
/** A role's name may stand behind a path. */
const role = /^arn:(?<partition>aws(?:-[a-z]+)*):iam::(?<account>[0-9]{12}):role\/[\w+=,.@/-]{1,576}$/u;

/**
 * @throws {RolesAnywhereError} ERR_INVALID_ARGUMENT
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html
 *
 * @example
 * parseTrustAnchorArn(anchor.arn).account; // "111122223333"
 */
export function parseTrustAnchorArn(arn: string): TrustAnchorArn {
  const { partition, region, account, id } = trustAnchor.exec(arn)?.groups ?? {};
  if (partition === undefined || region === undefined || account === undefined || id === undefined) {
    throw new RolesAnywhereError(
      "ERR_INVALID_ARGUMENT",
      `trustAnchorArn must have the form arn:aws:rolesanywhere:<region>:<account>:trust-anchor/<id>, not ${shown(arn)}: copy it from the trust anchor's page or from ListTrustAnchors`,
      { operation: "parseTrustAnchorArn", field: "trustAnchorArn" },
    );
  }
  return { partition, region, account, id };
}

/**
 * AWS wants profile and role in the account of the trust anchor, and the profile in its region.
 * @throws {RolesAnywhereError} ERR_INVALID_ARGUMENT
 */
export function checkSessionArns(
  anchor: TrustAnchorArn,
  arns: { readonly profileArn: string; readonly roleArn: string },
): void {
  const { partition, region, account } = anchor;
  const rules = [
    [
      "profileArn",
      profile,
      `arn:${partition}:rolesanywhere:${region}:${account}:profile/<id>`,
      { partition, region, account },
    ],
    ["roleArn", role, `arn:${partition}:iam::${account}:role/<name>`, { partition, account }],
  ] as const;
  for (const [field, pattern, form, expected] of rules) {
    const found = pattern.exec(arns[field])?.groups;
    if (found !== undefined && Object.entries(expected).every(([name, value]) => found[name] === value)) continue;
    throw new RolesAnywhereError(
      "ERR_INVALID_ARGUMENT",
      `${field} must have the form ${form}, since it belongs to the trust anchor's account, not ${shown(arns[field])}: take one of that account`,
      { operation: "CreateSession", field },
    );
  }
}

function shown(arn: string): string {
  return JSON.stringify(arn.slice(0, 120));
}
