import { setTimeout as delay } from "node:timers/promises";
import type { AuditTail } from "./rbac-audit.ts";
import {
  type ApiCall,
  describeGrant,
  describeRole,
  type Grant,
  needs,
  type PolicyRule,
  type RoleObject,
  rulesWithout,
} from "./rbac-grants.ts";
import type { Lab } from "./rbac-lab.ts";
import type { Actor, Step } from "./rbac-steps.ts";

/** What an actor asked of the API server during a step. */
export interface Usage {
  readonly step: Step;
  readonly calls: readonly ApiCall[];
}

/** Generous: a loaded machine is no error. */
const stepLimitMs = 240_000;

/** Has an actor do its steps once, with all of its rights. */
export async function useEverything(
  lab: Lab,
  tail: AuditTail,
  actor: Pick<Actor, "name" | "user" | "steps">,
): Promise<readonly Usage[]> {
  const usages: Usage[] = [];
  await tail.read();
  for (const step of actor.steps) {
    await step.run(lab, AbortSignal.timeout(stepLimitMs)).catch((error: unknown) => {
      throw new Error(`${actor.name}, with all rights: ${step.name}: ${String(error)}`, { cause: error });
    });
    const calls = await tail.read();
    usages.push({ step, calls: calls.filter(({ user }) => user === actor.user) });
  }
  return usages;
}

/**
 * What was asked for since. A step ends when what it is for is seen, which may be before the call that did it has been answered, and
 * before what the program does next.
 */
export async function readOn(
  usages: readonly Usage[],
  tail: AuditTail,
  actor: Pick<Actor, "user">,
): Promise<readonly Usage[]> {
  const last = usages.at(-1);
  if (last === undefined) return usages;
  const more = (await tail.read()).filter(({ user }) => user === actor.user);
  return [...usages.slice(0, -1), { ...last, calls: [...last.calls, ...more] }];
}

/** The first step that needed the right, or undefined. */
export function firstUse(usages: readonly Usage[], role: RoleObject, grant: Grant): Step | undefined {
  return usages.find(({ calls }) => calls.some((call) => needs(call, role, grant)))?.step;
}

/**
 * Takes one right away, and has the actor do what needed it, then everything else, until it is refused for want of the
 * right. Gives the right back.
 *
 * @returns the name of the step that broke, or undefined when none did: then the right is not needed
 */
export async function takeAway(
  lab: Lab,
  tail: AuditTail,
  trial: {
    readonly actor: Actor;
    readonly role: RoleObject;
    readonly grant: Grant;
    readonly usages: readonly Usage[];
  },
): Promise<string | undefined> {
  const { actor, role, grant, usages } = trial;
  await writeRules(lab, role, rulesWithout(role, grant));
  try {
    await waitUntilLost(lab, trial);
    await tail.read();
    for (const step of orderOf(actor.steps, firstUse(usages, role, grant))) {
      if (await breaks(lab, tail, step, trial)) return step.name;
    }
    return undefined;
  } finally {
    await writeRules(lab, role, role.rules ?? []);
  }
}

/** What needed the right first, after a start that empties caches; then the rest. */
function orderOf(steps: readonly Step[], first: Step | undefined): readonly Step[] {
  if (first === undefined) return steps;
  const restart = steps.find(({ name }) => name === "taking over");
  const before = first.startsProgram === true || restart === undefined ? [first] : [restart, first];
  return [...before, ...steps.filter((step) => !before.includes(step))];
}

async function breaks(
  lab: Lab,
  tail: AuditTail,
  step: Step,
  { actor, role, grant }: { readonly actor: Actor; readonly role: RoleObject; readonly grant: Grant },
): Promise<boolean> {
  const stop = new AbortController();
  const limit = AbortSignal.timeout(stepLimitMs);
  const refused = (async (): Promise<boolean> => {
    for (;;) {
      // Before the log is read: what was refused in the step is in it by then.
      const isLast = stop.signal.aborted;
      const calls = await tail.read();
      if (calls.some((call) => call.user === actor.user && call.code === 403 && needs(call, role, grant))) return true;
      if (isLast) return false;
      await delay(50);
    }
  })();
  const done = step.run(lab, AbortSignal.any([stop.signal, limit])).then(
    () => undefined,
    (error: unknown) => error,
  );
  await Promise.race([refused, done]);
  stop.abort();
  const [isRefused, error] = await Promise.all([refused, done]);
  if (!isRefused && error !== undefined) {
    throw new Error(
      `without ${describeRole(role)}: ${describeGrant(grant)}, ${step.name} broke, but not for want of it`,
      {
        cause: error,
      },
    );
  }
  return isRefused;
}

export async function writeRules({ admin }: Lab, role: RoleObject, rules: readonly PolicyRule[]): Promise<void> {
  const { namespace, name } = role.metadata;
  const place = namespace === undefined ? "clusterroles" : `namespaces/${namespace}/roles`;
  await admin.request({
    method: "PATCH",
    path: `/apis/rbac.authorization.k8s.io/v1/${place}/${name}`,
    contentType: "application/merge-patch+json",
    body: { rules },
  });
}

const forgetLimitMs = 60_000;

/** Until the API server's authorizer has seen the change. */
async function waitUntilLost(
  { admin }: Lab,
  { actor, role, grant }: { readonly actor: Actor; readonly role: RoleObject; readonly grant: Grant },
): Promise<void> {
  const [resource, subresource] = grant.resource.split("/");
  const deadline = performance.now() + forgetLimitMs;
  for (;;) {
    const { status } = await admin.request<{ readonly status: { readonly allowed: boolean } }>({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: actor.user,
          groups: ["system:serviceaccounts", "system:authenticated"],
          resourceAttributes: {
            verb: grant.verb,
            group: grant.group,
            resource,
            subresource,
            name: grant.resourceName,
            namespace: role.metadata.namespace,
          },
        },
      },
    });
    if (!status.allowed) break;
    if (performance.now() > deadline) {
      throw new Error(`${describeRole(role)}: ${describeGrant(grant)} is granted by another rule as well`);
    }
    await delay(20);
  }
  // cert-manager's webhook remembers for a second what it was told.
  if (grant.verb === "approve") await delay(2_000);
}
