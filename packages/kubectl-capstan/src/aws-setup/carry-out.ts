import type { Aws } from "../aws/connect-aws.ts";
import { PluginError } from "../exit-code.ts";
import type { Action } from "./plan.ts";
import { rightsPolicy, trustPolicy } from "./policies.ts";
import { notificationSettings, policyName, sessionSeconds, type Setup } from "./setup.ts";

type ActionOf<Name extends Action["do"]> = Extract<Action, { readonly do: Name }>;

interface Work {
  readonly aws: Aws;
  readonly setup: Setup;
  /** Known from reading, or since it was created. */
  anchorArn: string | undefined;
}

type Handlers = {
  readonly [Name in Action["do"]]: (work: Work, action: ActionOf<Name>) => Promise<void>;
};

const handlers: Handlers = {
  "create-anchor": async (work) => {
    const { aws, setup } = work;
    const { anchorName: name, roots, tags } = setup;
    const bundlePem = roots.map((pem) => `${pem.trimEnd()}\n`).join("");
    const created = await aws.anchors.call("rolesanywhere:CreateTrustAnchor", () =>
      aws.controlPlane.createTrustAnchor({ name, bundlePem, notificationSettings, tags }),
    );
    work.anchorArn = created.arn;
  },
  "write-bundle": async ({ aws }, { id, bundlePem }) => {
    await aws.anchors.call("rolesanywhere:UpdateTrustAnchor", () =>
      aws.controlPlane.updateTrustAnchor({ id, bundlePem }),
    );
  },
  "create-role": async (work, { identity }) => {
    const { aws, setup } = work;
    const { roleName: name, description } = identity;
    const trust = trustPolicy(setup, identity, anchorArnOf(work));
    await aws.roles.create({ name, description, trustPolicy: trust, tags: setup.tags });
  },
  "set-trust-policy": (work, { identity }) =>
    work.aws.roles.setTrustPolicy(identity.roleName, trustPolicy(work.setup, identity, anchorArnOf(work))),
  "put-policy": (work, { identity }) =>
    work.aws.roles.putInlinePolicy(
      identity.roleName,
      policyName,
      rightsPolicy(work.setup, identity, anchorArnOf(work)),
    ),
  "tag-role": ({ aws, setup }, { identity }) => aws.roles.tag(identity.roleName, setup.tags),
  "create-profile": async ({ aws, setup }, { identity, roleArn }) => {
    const { profileName: name } = identity;
    await aws.profiles.create({
      name,
      roleArns: [roleArn],
      durationSeconds: sessionSeconds,
      tags: setup.tags,
    });
  },
  "update-profile": ({ aws }, { id, roleArn }) =>
    aws.profiles.update(id, { roleArns: [roleArn], durationSeconds: sessionSeconds }),
  "enable-profile": ({ aws }, { id }) => aws.profiles.enable(id),
  "tag-profile": ({ aws, setup }, { arn }) => aws.profiles.tag(arn, setup.tags),
  "delete-profile": ({ aws }, { id }) => aws.profiles.delete(id),
  "delete-policy": ({ aws }, { roleName }) => aws.roles.deleteInlinePolicy(roleName, policyName),
  "delete-role": ({ aws }, { roleName }) => aws.roles.delete(roleName),
  "delete-crl": ({ aws }, { id }) => aws.anchors.call("rolesanywhere:DeleteCrl", () => aws.controlPlane.deleteCrl(id)),
  "delete-anchor": ({ aws }, { id }) =>
    aws.anchors.call("rolesanywhere:DeleteTrustAnchor", () => aws.controlPlane.deleteTrustAnchor(id)),
};

/**
 * Does the actions one after another.
 *
 * @param say gets the name of each before it is sent, and again when it is done
 * @throws {PluginError} at the first that fails; the same command, given again, goes on there
 */
export async function carryOut(
  aws: Aws,
  input: {
    readonly setup: Setup;
    readonly anchorArn: string | undefined;
    readonly actions: readonly Action[];
    readonly done: (action: Action) => void;
  },
): Promise<void> {
  const work: Work = { aws, setup: input.setup, anchorArn: input.anchorArn };
  for (const action of input.actions) {
    // The table's type pairs each name with its own action.
    const handle = handlers[action.do] as (work: Work, action: Action) => Promise<void>;
    await handle(work, action);
    input.done(action);
  }
}

function anchorArnOf({ anchorArn, setup }: Work): string {
  if (anchorArn === undefined) throw new PluginError(`the trust anchor ${setup.anchorName} is not there`);
  return anchorArn;
}
