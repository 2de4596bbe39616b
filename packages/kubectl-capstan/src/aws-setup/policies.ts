import type { PolicyDocument } from "../aws/policy-document.ts";
import type { Identity, Setup } from "./setup.ts";

const service = "rolesanywhere.amazonaws.com";

/**
 * Who may assume a role: leaves of this authority, under this trust anchor, with one of these common names. Roles Anywhere
 * does all three actions at once. Without the conditions every leaf under every trust anchor of the account could take the role.
 *
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
 */
export function trustPolicy<Value>(
  { issuerCommonName }: Pick<Setup, "issuerCommonName">,
  { commonNames }: Pick<Identity, "commonNames">,
  anchorArn: Value,
): PolicyDocument<Value> {
  const subject = { "aws:PrincipalTag/x509Subject/CN": commonNames };
  const issuer = { "aws:PrincipalTag/x509Issuer/CN": issuerCommonName };
  const hasWildcard = commonNames.some((name) => name.includes("*"));
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: {
          ArnEquals: { "aws:SourceArn": anchorArn },
          ...(hasWildcard
            ? { StringEquals: issuer, StringLike: subject }
            : { StringEquals: { ...subject, ...issuer } }),
        },
      },
    ],
  };
}

/**
 * What a role may do; undefined for nothing. The publisher keeps one trust anchor and its CRLs: AWS has no way to bind a CRL's
 * rights to its trust anchor, so those are on all CRLs of the region.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html
 */
export function rightsPolicy<Value>(
  { partition, region, account, isManaged }: Pick<Setup, "partition" | "region" | "account" | "isManaged">,
  { kind }: Pick<Identity, "kind">,
  anchorArn: Value,
): PolicyDocument<Value> | undefined {
  if (kind !== "publisher") return undefined;
  const crls = `arn:${partition}:rolesanywhere:${region}:${account}:crl/*`;
  const actions = (...names: readonly string[]): readonly string[] => names.map((name) => `rolesanywhere:${name}`);
  const list = {
    Sid: "ListCrls",
    Effect: "Allow" as const,
    Action: actions("ListCrls"),
    Resource: ["*"],
  };
  // One that it only reads holds up the rotation, and is its owner's to write.
  const read = {
    Sid: "TrustAnchor",
    Effect: "Allow" as const,
    Action: actions("GetTrustAnchor"),
    Resource: [anchorArn],
  };
  if (!isManaged) return { Version: "2012-10-17", Statement: [read, list] };
  const manage = ["UpdateTrustAnchor", "EnableTrustAnchor", "DisableTrustAnchor", "DeleteTrustAnchor"];
  return {
    Version: "2012-10-17",
    Statement: [
      { ...read, Action: [...read.Action, ...actions(...manage)] },
      {
        Sid: "ImportCrl",
        Effect: "Allow",
        Action: actions("ImportCrl"),
        Resource: [anchorArn, crls],
      },
      {
        Sid: "Crls",
        Effect: "Allow",
        Action: actions("UpdateCrl", "EnableCrl", "DeleteCrl"),
        Resource: [crls],
      },
      list,
    ],
  };
}

/** What whoever runs `aws-setup` needs, in one account. */
export function administratorPolicy(
  { partition, account }: Pick<Setup, "partition" | "account">,
  { workloadRole }: { readonly workloadRole?: string | undefined } = {},
): PolicyDocument {
  const role = (name: string): string => `arn:${partition}:iam::${account}:role/${name}`;
  const ownRoles = role("capstan-*");
  const roles = [ownRoles, ...(workloadRole === undefined ? [] : [role(workloadRole)])];
  const here = (resource: string): string => `arn:${partition}:rolesanywhere:*:${account}:${resource}/*`;
  const [anchors, profiles] = [here("trust-anchor"), here("profile")];
  const allow = (Sid: string, prefix: string, names: readonly string[], Resource: readonly string[]) => ({
    Sid,
    Effect: "Allow" as const,
    Action: names.map((name) => `${prefix}:${name}`),
    Resource,
  });
  return {
    Version: "2012-10-17",
    Statement: [
      allow("Roles", "iam", ["GetRole", "ListRolePolicies", "ListAttachedRolePolicies"], roles),
      allow("ChangeRoles", "iam", ["CreateRole", "TagRole", "UpdateAssumeRolePolicy", "DeleteRole"], roles),
      allow("RolePolicies", "iam", ["GetRolePolicy", "PutRolePolicy", "DeleteRolePolicy"], [ownRoles]),
      {
        ...allow("PassRoles", "iam", ["PassRole"], roles),
        Condition: { StringEquals: { "iam:PassedToService": service } },
      },
      {
        ...allow(
          "FirstTrustAnchor",
          "iam",
          ["CreateServiceLinkedRole"],
          [role(`aws-service-role/${service}/AWSServiceRoleForRolesAnywhere`)],
        ),
        Condition: { StringEquals: { "iam:AWSServiceName": service } },
      },
      allow(
        "ListAndCreate",
        "rolesanywhere",
        ["ListTrustAnchors", "CreateTrustAnchor", "ListProfiles", "CreateProfile", "ListCrls"],
        ["*"],
      ),
      allow("TrustAnchors", "rolesanywhere", ["GetTrustAnchor", "UpdateTrustAnchor", "DeleteTrustAnchor"], [anchors]),
      allow("Profiles", "rolesanywhere", ["UpdateProfile", "EnableProfile", "DeleteProfile"], [profiles]),
      allow("Tags", "rolesanywhere", ["ListTagsForResource", "TagResource"], [anchors, profiles]),
      allow("Crls", "rolesanywhere", ["DeleteCrl"], [here("crl")]),
    ],
  };
}
