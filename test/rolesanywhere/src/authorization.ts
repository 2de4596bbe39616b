import { type Account, resourceArn, type ResourceKind } from "./account.ts";
import type { Principal } from "./credential-store.ts";
import { ownerOf } from "./iam.ts";
import type { Access } from "./identity-policy.ts";
import { isRecord } from "./input.ts";
import type { Call, Operation } from "./operation.ts";

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html

export type Context = Access["context"];

/** The resource that an operation makes, by its name. */
const CREATES: Readonly<Record<string, ResourceKind>> = {
  CreateTrustAnchor: "trust-anchor",
  CreateProfile: "profile",
  ImportCrl: "crl",
};

/** The kind of resource in the operation's path. */
const PATHS: readonly (readonly [prefix: string, kind: ResourceKind])[] = [
  ["/trustanchor", "trust-anchor"],
  ["/crl", "crl"],
  ["/profile", "profile"],
  ["/subject", "subject"],
];

/** Operations whose resource is named in the body or the query. */
const BODY_RESOURCES: Readonly<Record<string, (account: Account, given: Readonly<Record<string, unknown>>) => string>> =
  {
    PutNotificationSettings: (account, { trustAnchorId }) =>
      resourceArn(account, "trust-anchor", String(trustAnchorId)),
    ResetNotificationSettings: (account, { trustAnchorId }) =>
      resourceArn(account, "trust-anchor", String(trustAnchorId)),
    TagResource: (_account, given) => String(given["resourceArn"]),
    UntagResource: (_account, given) => String(given["resourceArn"]),
    ListTagsForResource: (_account, given) => String(given["resourceArn"]),
  };

/** Refuses a call that the caller's policies do not allow in every part. @throws {ServiceError} AccessDeniedException */
export function authorize(account: Account, operation: Operation, call: Call): void {
  const given = { ...Object.fromEntries(call.query), ...(isRecord(call.body) ? call.body : {}) };
  for (const access of accesses(account, operation, call, given)) account.iam.require(call.caller, access);
  if (operation.name === "CreateTrustAnchor") account.iam.hasServiceLinkedRole = true;
}

function accesses(
  account: Account,
  operation: Operation,
  call: Call,
  given: Readonly<Record<string, unknown>>,
): readonly Access[] {
  const common = contextOf(account, call.caller);
  const requested = requestTags(given["tags"]);
  const access = (name: string, resource: string, more: Context = new Map()): Access => ({
    action: name.includes(":") ? name : `rolesanywhere:${name}`,
    resource,
    context: new Map([...common, ...resourceTags(account, resource), ...requested, ...more]),
  });
  const needed = resourcesOf(account, operation, call, given).map((resource) => access(operation.name, resource));
  const made = CREATES[operation.name];
  return [
    ...needed,
    ...(made !== undefined && requested.size > 0 ? [access("TagResource", resourceArn(account, made, "*"))] : []),
    ...(operation.name === "CreateTrustAnchor" && !account.iam.hasServiceLinkedRole
      ? [serviceLinkedRoleAccess(account, common)]
      : []),
    ...(operation.name === "CreateProfile" || operation.name === "UpdateProfile"
      ? roleArns(given).map((arn) =>
          access("iam:PassRole", arn, new Map([["iam:passedtoservice", "rolesanywhere.amazonaws.com"]])),
        )
      : []),
  ];
}

function resourcesOf(
  account: Account,
  operation: Operation,
  call: Call,
  given: Readonly<Record<string, unknown>>,
): readonly string[] {
  const named = BODY_RESOURCES[operation.name];
  if (named !== undefined) return [named(account, given)];
  if (operation.name === "ImportCrl") {
    const anchor = String(given["trustAnchorArn"]);
    const crls = resourceArn(account, "crl", "*");
    return { both: [anchor, crls], "trust-anchor": [anchor], crl: [crls] }[account.unknowns.importCrlResource];
  }
  const kind = PATHS.find(([prefix]) => operation.path.startsWith(prefix))?.[1];
  if (call.id !== "" && kind !== undefined) return [resourceArn(account, kind, call.id)];
  // Lists and creations are about no one resource.
  return kind === undefined || account.unknowns.collectionResource === "everything"
    ? ["*"]
    : [resourceArn(account, kind, "*")];
}

/** What policies can look at of every call. */
export function contextOf(account: Account, caller: Principal): Context {
  const now = account.now().toISOString();
  const { session } = caller;
  return new Map([
    ["aws:principalarn", ownerOf(caller)],
    ["aws:principalaccount", account.id],
    ["aws:requestedregion", account.region],
    // The emulator stands for an endpoint that takes nothing but HTTPS.
    ["aws:securetransport", "true"],
    ["aws:userid", caller.userId],
    ["aws:currenttime", now],
    ...(session === undefined
      ? []
      : [
          ["aws:tokenissuetime", session.issuedAt.toISOString()] as const,
          ["aws:sourceidentity", session.sourceIdentity] as const,
          ...Array.from(session.tags, ([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value] as const),
        ]),
  ]);
}

function resourceTags(account: Account, arn: string): Context {
  return new Map(
    Array.from(account.tags.get(arn) ?? [], ([key, value]) => [`aws:resourcetag/${key.toLowerCase()}`, value] as const),
  );
}

function requestTags(value: unknown): Context {
  const tags = (Array.isArray(value) ? value : []).filter(isRecord);
  if (tags.length === 0) return new Map();
  return new Map<string, string | readonly string[]>([
    ["aws:tagkeys", tags.map(({ key }) => String(key))],
    ...tags.map(({ key, value: text }) => [`aws:requesttag/${String(key).toLowerCase()}`, String(text)] as const),
  ]);
}

function roleArns(given: Readonly<Record<string, unknown>>): readonly string[] {
  const arns = given["roleArns"];
  return Array.isArray(arns) ? arns.filter((arn) => typeof arn === "string") : [];
}

/** The right that the first trust anchor of an account takes beside its own. */
export function serviceLinkedRoleAccess(account: Account, common: Context): Access {
  const service = "rolesanywhere.amazonaws.com";
  return {
    action: "iam:CreateServiceLinkedRole",
    resource: `arn:${account.partition}:iam::${account.id}:role/aws-service-role/${service}/AWSServiceRoleForRolesAnywhere`,
    context: new Map([...common, ["iam:awsservicename", service]]),
  };
}
