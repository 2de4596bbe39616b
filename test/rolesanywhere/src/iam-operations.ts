import type { Account } from "./account.ts";
import { uniqueId } from "./credential-store.ts";
import { notEmulated, ServiceError } from "./errors.ts";
import {
  invalid,
  limitExceeded,
  MAX_INLINE_POLICIES,
  policyName,
  readPolicyJson,
  readTags,
  readTrustPolicy,
  roleName,
  sizeOf,
} from "./iam-parameters.ts";
import { type Form, readMembers, type XmlValue } from "./iam-query.ts";
import { parseIdentityPolicy } from "./identity-policy.ts";
import type { Role } from "./roles.ts";

/** One operation on roles. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html */
export interface IamOperation {
  readonly name: string;
  /** Names of all parameters that it takes here; of a list the part before `.member`. */
  readonly parameters: readonly string[];
  /** Those of `parameters` that must be there, besides RoleName. */
  readonly required?: readonly string[];
  readonly changes: boolean;
  /** @throws {ServiceError} */
  readonly handle: (account: Account, form: Form) => { readonly [name: string]: XmlValue };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_ATTACHED_POLICIES = 10;

const ROLES_ANYWHERE = "rolesanywhere.amazonaws.com";

export const iamOperations: readonly IamOperation[] = [
  {
    name: "CreateRole",
    parameters: ["Path", "RoleName", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Tags"],
    required: ["AssumeRolePolicyDocument"],
    changes: true,
    handle(account, form) {
      const name = roleName(form);
      const path = form.get("Path") ?? "/";
      if (!/^\/([!-~]+\/)?$/.test(path)) throw invalid("The specified value for path is invalid.");
      if (findRole(account, name) !== undefined) {
        throw new ServiceError("EntityAlreadyExists", 409, `Role with name ${name} already exists.`);
      }
      const maxSessionDurationSeconds = Number(form.get("MaxSessionDuration") ?? 3600);
      if (!(maxSessionDurationSeconds >= 3600 && maxSessionDurationSeconds <= 43_200)) {
        throw invalid("MaxSessionDuration must be from 3600 to 43200 seconds.");
      }
      const role: Role = {
        arn: `arn:${account.partition}:iam::${account.id}:role${path}${name}`,
        path,
        name,
        description: form.get("Description"),
        ...readTrustPolicy(form.get("AssumeRolePolicyDocument") ?? ""),
        inlinePolicies: new Map(),
        attachedPolicies: new Set(),
        tags: readTags(form, new Map()),
        maxSessionDurationSeconds,
        createdAt: account.now(),
      };
      store(account, role);
      return { Role: shown(role) };
    },
  },
  {
    name: "GetRole",
    parameters: ["RoleName"],
    changes: false,
    handle: (account, form) => ({ Role: shown(roleOf(account, form)) }),
  },
  {
    name: "UpdateAssumeRolePolicy",
    parameters: ["RoleName", "PolicyDocument"],
    required: ["PolicyDocument"],
    changes: true,
    handle: (account, form) =>
      store(account, { ...roleOf(account, form), ...readTrustPolicy(form.get("PolicyDocument") ?? "") }),
  },
  {
    name: "DeleteRole",
    parameters: ["RoleName"],
    changes: true,
    handle(account, form) {
      const { arn, inlinePolicies, attachedPolicies } = roleOf(account, form);
      if (attachedPolicies.size > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      if (inlinePolicies.size > 0) throw conflict("Cannot delete entity, must delete policies first.");
      account.roles.delete(arn);
      // Sessions that it has go on without any right.
      account.iam.setPolicies(arn, [], "policies");
      return {};
    },
  },
  {
    name: "PutRolePolicy",
    parameters: ["RoleName", "PolicyName", "PolicyDocument"],
    required: ["PolicyName", "PolicyDocument"],
    changes: true,
    handle(account, form) {
      const role = roleOf(account, form);
      const document = form.get("PolicyDocument") ?? "";
      readPolicyJson(document, (policy) => parseIdentityPolicy(policy, "PolicyDocument"));
      const inlinePolicies = new Map([...role.inlinePolicies, [policyName(form), document] as const]);
      const size = [...inlinePolicies.values()].reduce((sum, policy) => sum + sizeOf(policy), 0);
      if (size > MAX_INLINE_POLICIES) {
        throw limitExceeded(`Maximum policy size of ${MAX_INLINE_POLICIES} bytes exceeded for role ${role.name}`);
      }
      return store(account, { ...role, inlinePolicies });
    },
  },
  {
    name: "GetRolePolicy",
    parameters: ["RoleName", "PolicyName"],
    required: ["PolicyName"],
    changes: false,
    handle(account, form) {
      const role = roleOf(account, form);
      const name = policyName(form);
      return { RoleName: role.name, PolicyName: name, PolicyDocument: encoded(inlinePolicyOf(role, name)) };
    },
  },
  {
    name: "DeleteRolePolicy",
    parameters: ["RoleName", "PolicyName"],
    required: ["PolicyName"],
    changes: true,
    handle(account, form) {
      const role = roleOf(account, form);
      const name = policyName(form);
      inlinePolicyOf(role, name);
      return store(account, { ...role, inlinePolicies: without(role.inlinePolicies, [name]) });
    },
  },
  {
    name: "ListRolePolicies",
    parameters: ["RoleName", "MaxItems"],
    changes: false,
    handle: (account, form) => ({
      PolicyNames: [...roleOf(account, form).inlinePolicies.keys()].toSorted(),
      IsTruncated: false,
    }),
  },
  {
    name: "AttachRolePolicy",
    parameters: ["RoleName", "PolicyArn"],
    required: ["PolicyArn"],
    changes: true,
    handle(account, form) {
      const role = roleOf(account, form);
      const arn = form.get("PolicyArn") ?? "";
      if (!account.managedPolicies.has(arn)) throw missing(`Policy ${arn} does not exist or is not attachable.`);
      if (role.attachedPolicies.size >= MAX_ATTACHED_POLICIES) {
        throw limitExceeded(`Cannot exceed quota for PoliciesPerRole: ${MAX_ATTACHED_POLICIES}`);
      }
      return store(account, { ...role, attachedPolicies: new Set([...role.attachedPolicies, arn]) });
    },
  },
  {
    name: "DetachRolePolicy",
    parameters: ["RoleName", "PolicyArn"],
    required: ["PolicyArn"],
    changes: true,
    handle(account, form) {
      const role = roleOf(account, form);
      const arn = form.get("PolicyArn") ?? "";
      if (!role.attachedPolicies.has(arn)) throw missing(`Policy ${arn} was not found.`);
      return store(account, {
        ...role,
        attachedPolicies: new Set([...role.attachedPolicies].filter((each) => each !== arn)),
      });
    },
  },
  {
    name: "ListAttachedRolePolicies",
    parameters: ["RoleName", "MaxItems"],
    changes: false,
    handle: (account, form) => ({
      AttachedPolicies: [...roleOf(account, form).attachedPolicies].map((arn) => ({
        PolicyName: arn.split("/").at(-1) ?? "",
        PolicyArn: arn,
      })),
      IsTruncated: false,
    }),
  },
  {
    name: "TagRole",
    parameters: ["RoleName", "Tags"],
    changes: true,
    handle(account, form) {
      const role = roleOf(account, form);
      return store(account, { ...role, tags: readTags(form, role.tags) });
    },
  },
  {
    name: "UntagRole",
    parameters: ["RoleName", "TagKeys"],
    changes: true,
    handle(account, form) {
      const role = roleOf(account, form);
      const keys = readMembers(form, "TagKeys").map((member) => member[""] ?? "");
      return store(account, { ...role, tags: without(role.tags, keys) });
    },
  },
  {
    name: "ListRoleTags",
    parameters: ["RoleName", "MaxItems"],
    changes: false,
    handle: (account, form) => ({ Tags: shownTags(roleOf(account, form)), IsTruncated: false }),
  },
  {
    // Terraform asks before it deletes a role. There are no instances here, so no role has a profile of theirs.
    name: "ListInstanceProfilesForRole",
    parameters: ["RoleName", "MaxItems"],
    changes: false,
    handle(account, form) {
      roleOf(account, form);
      return { InstanceProfiles: [], IsTruncated: false };
    },
  },
];

/** The one of the account-wide operations that is emulated: it is about no role that can be named. */
export const createServiceLinkedRole: IamOperation = {
  name: "CreateServiceLinkedRole",
  parameters: ["AWSServiceName", "Description"],
  required: ["AWSServiceName"],
  changes: true,
  handle(account, form) {
    if (form.get("AWSServiceName") !== ROLES_ANYWHERE) throw notEmulated("another service's linked role");
    const name = "AWSServiceRoleForRolesAnywhere";
    if (account.iam.hasServiceLinkedRole) {
      throw invalid(
        `Service role name ${name} has been taken in this account, please try a different suffix.`,
        "InvalidInput",
      );
    }
    account.iam.hasServiceLinkedRole = true;
    const path = `/aws-service-role/${ROLES_ANYWHERE}/`;
    const arn = `arn:${account.partition}:iam::${account.id}:role${path}${name}`;
    return {
      Role: { Path: path, RoleName: name, RoleId: uniqueId("AROA", arn), Arn: arn, CreateDate: date(account.now()) },
    };
  },
};

/** Names of roles are told apart without regard to case, whatever their path. */
export function findRole(account: Account, name: string): Role | undefined {
  return [...account.roles.values()].find((role) => role.name.toLowerCase() === name.toLowerCase());
}

/** Stores the role, and lets it do what its inline and attached policies say. */
function store(account: Account, role: Role): { readonly [name: string]: XmlValue } {
  const before = account.roles.get(role.arn);
  account.roles.set(role.arn, role);
  // A seeded role may do everything until somebody changes its policies.
  if (before?.inlinePolicies === role.inlinePolicies && before.attachedPolicies === role.attachedPolicies) return {};
  const inline = Array.from(role.inlinePolicies.values(), (policy): unknown => JSON.parse(policy));
  const attached = [...role.attachedPolicies].map((arn) => account.managedPolicies.get(arn) ?? []);
  account.iam.setPolicies(role.arn, inline, "policies");
  account.iam.setAttached(role.arn, attached);
  return {};
}

function roleOf(account: Account, form: Form): Role {
  const name = roleName(form);
  const role = findRole(account, name);
  if (role === undefined) throw missing(`The role with name ${name} cannot be found.`);
  return role;
}

function inlinePolicyOf(role: Role, name: string): string {
  const policy = role.inlinePolicies.get(name);
  if (policy === undefined) throw missing(`The role policy with name ${name} cannot be found.`);
  return policy;
}

function shown(role: Role): XmlValue {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: uniqueId("AROA", role.arn),
    Arn: role.arn,
    CreateDate: date(role.createdAt),
    AssumeRolePolicyDocument: encoded(role.trustPolicyJson),
    Description: role.description,
    MaxSessionDuration: role.maxSessionDurationSeconds,
    ...(role.tags.size === 0 ? {} : { Tags: shownTags(role) }),
  };
}

function shownTags({ tags }: Role): readonly XmlValue[] {
  return Array.from(tags, ([Key, Value]) => ({ Key, Value }));
}

/** Policies come back percent-encoded (RFC 3986). */
function encoded(policy: string): string {
  return encodeURIComponent(policy);
}

function date(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function without<T>(map: ReadonlyMap<string, T>, keys: readonly string[]): ReadonlyMap<string, T> {
  return new Map([...map].filter(([key]) => !keys.includes(key)));
}

function missing(message: string): ServiceError {
  return new ServiceError("NoSuchEntity", 404, message);
}

function conflict(message: string): ServiceError {
  return new ServiceError("DeleteConflict", 409, message);
}
