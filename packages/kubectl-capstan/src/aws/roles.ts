import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  type Role,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import type { Tags } from "@capstan/rolesanywhere";
import { PluginError } from "../exit-code.ts";
import type { Pace } from "./pace.ts";

/** An IAM role as AWS holds it. */
export interface IamRole {
  readonly name: string;
  readonly arn: string;
  /** Parsed JSON. */
  readonly trustPolicy: unknown;
  /** Seconds. */
  readonly maxSessionDuration: number;
  readonly tags: Tags;
}

/**
 * IAM roles of one account: what `aws-setup` makes and `doctor` looks at. Every method rejects with a `PluginError`.
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/
 */
export class Roles {
  readonly #client: IAMClient;
  readonly #pace: Pace;

  constructor(client: IAMClient, pace: Pace) {
    this.#client = client;
    this.#pace = pace;
  }

  async get(name: string): Promise<IamRole | undefined> {
    const found = await this.#pace.find("iam:GetRole", () => this.#client.send(new GetRoleCommand({ RoleName: name })));
    return found === undefined ? undefined : readRole(found.Role);
  }

  /** Names of the policies that stand in the role itself. */
  async inlinePolicyNames(name: string): Promise<readonly string[]> {
    const names: string[] = [];
    for (let Marker: string | undefined; ;) {
      const page = await this.#pace.call("iam:ListRolePolicies", () =>
        this.#client.send(new ListRolePoliciesCommand({ RoleName: name, ...(Marker === undefined ? {} : { Marker }) })),
      );
      names.push(...(page.PolicyNames ?? []));
      if (page.IsTruncated !== true) return names;
      Marker = page.Marker;
    }
  }

  /** ARNs of the managed policies that are attached to it. */
  async attachedPolicyArns(name: string): Promise<readonly string[]> {
    const arns: string[] = [];
    for (let Marker: string | undefined; ;) {
      const page = await this.#pace.call("iam:ListAttachedRolePolicies", () =>
        this.#client.send(
          new ListAttachedRolePoliciesCommand({ RoleName: name, ...(Marker === undefined ? {} : { Marker }) }),
        ),
      );
      arns.push(...(page.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []));
      if (page.IsTruncated !== true) return arns;
      Marker = page.Marker;
    }
  }

  /** An inline policy, parsed. */
  async inlinePolicy(name: string, policyName: string): Promise<unknown> {
    const found = await this.#pace.find("iam:GetRolePolicy", () =>
      this.#client.send(new GetRolePolicyCommand({ RoleName: name, PolicyName: policyName })),
    );
    return found === undefined ? undefined : readDocument("iam:GetRolePolicy", found.PolicyDocument);
  }

  /** @returns its ARN */
  async create(role: {
    readonly name: string;
    readonly description: string;
    readonly trustPolicy: unknown;
    readonly tags: Tags;
  }): Promise<string> {
    const { name, description, trustPolicy, tags } = role;
    const { Role } = await this.#pace.call("iam:CreateRole", () =>
      this.#client.send(
        new CreateRoleCommand({
          RoleName: name,
          Description: description,
          AssumeRolePolicyDocument: JSON.stringify(trustPolicy),
          Tags: tagList(tags),
        }),
      ),
    );
    return readRole(Role).arn;
  }

  async setTrustPolicy(name: string, trustPolicy: unknown): Promise<void> {
    const PolicyDocument = JSON.stringify(trustPolicy);
    await this.#pace.call("iam:UpdateAssumeRolePolicy", () =>
      this.#client.send(new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument })),
    );
  }

  /** Makes or replaces it. */
  async putInlinePolicy(name: string, policyName: string, document: unknown): Promise<void> {
    const PolicyDocument = JSON.stringify(document);
    await this.#pace.call("iam:PutRolePolicy", () =>
      this.#client.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: policyName, PolicyDocument })),
    );
  }

  async tag(name: string, tags: Tags): Promise<void> {
    await this.#pace.call("iam:TagRole", () =>
      this.#client.send(new TagRoleCommand({ RoleName: name, Tags: tagList(tags) })),
    );
  }

  /** That there is none is success. */
  async deleteInlinePolicy(name: string, policyName: string): Promise<void> {
    await this.#pace.find("iam:DeleteRolePolicy", () =>
      this.#client.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: policyName })),
    );
  }

  /** That there is none is success. AWS refuses while it has policies. */
  async delete(name: string): Promise<void> {
    await this.#pace.find("iam:DeleteRole", () => this.#client.send(new DeleteRoleCommand({ RoleName: name })));
  }
}

function readRole(role: Role | undefined): IamRole {
  if (role?.Arn === undefined || role.RoleName === undefined) {
    throw new PluginError("IAM answered without a role: check the endpoint and any proxy before it");
  }
  return {
    name: role.RoleName,
    arn: role.Arn,
    trustPolicy: readDocument("iam:GetRole", role.AssumeRolePolicyDocument),
    maxSessionDuration: role.MaxSessionDuration ?? 3600,
    tags: Object.fromEntries((role.Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
  };
}

/** IAM hands policies out percent-encoded (RFC 3986). */
function readDocument(call: string, text: string | undefined): unknown {
  try {
    return JSON.parse(decodeURIComponent(text ?? ""));
  } catch {
    throw new PluginError(
      `${call}: the answer holds a policy that is no JSON: check the endpoint and any proxy before it`,
    );
  }
}

function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
