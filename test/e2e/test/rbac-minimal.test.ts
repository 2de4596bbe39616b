import { until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { AuditTail } from "../src/rbac-audit.ts";
import {
  type BindingObject,
  describeGrant,
  describeRole,
  type Grant,
  grantsOf,
  type RoleObject,
  rolesOf,
  rulesWithout,
} from "../src/rbac-grants.ts";
import { type Lab, openLab } from "../src/rbac-lab.ts";
import { mayDo } from "../src/rbac-people.ts";
import { requesterManifests } from "../src/rbac-issuer-steps.ts";
import { actors } from "../src/rbac-steps.ts";
import { firstUse, readOn, takeAway, type Usage, useEverything, writeRules } from "../src/rbac-trial.ts";
import { getObject, startDemo } from "../src/workload.ts";

// Every right that deploy/manifests grants is needed: without it something breaks. CAPSTAN_RBAC=every takes away each
// right of each program in turn, which takes minutes; otherwise each must have been used, and a sample is taken away.

const takesEvery = process.env["CAPSTAN_RBAC"] === "every";
const minute = 60_000;

/** One right of each kind: taken before the program works, read once, written on each request, asked for by admission. */
const sample: ReadonlySet<string> = new Set([
  "watch configmaps",
  "get secrets",
  "create issuedcertificates.capstan.dev",
  "patch certificaterequests.cert-manager.io/status",
  "patch revocations.capstan.dev/status",
  "update leases.coordination.k8s.io crl-publisher",
  "approve signers.cert-manager.io capstanissuers.capstan.dev/*",
]);

/** Used by slow steps alone. */
const usedSlowly: ReadonlySet<string> = new Set(["patch events.events.k8s.io"]);

let environment: Environment;
let lab: Lab;
let tail: AuditTail;
let roles: readonly RoleObject[];
let bindings: readonly BindingObject[];

beforeAll(async () => {
  environment = await startDemo();
  lab = await openLab(environment);
  tail = new AuditTail(environment.cluster.auditLog);
  const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: requesterManifests });
  expect(applied.stderr).toBe("");
  roles = await ownObjects<RoleObject>("clusterroles,roles");
  bindings = await ownObjects<BindingObject>("clusterrolebindings,rolebindings");
});

afterAll(async () => {
  await lab?.close();
  await environment?.stop();
});

async function ownObjects<T>(kinds: string): Promise<readonly T[]> {
  const args = [kinds, "--all-namespaces", "--selector=app.kubernetes.io/part-of=capstan"];
  return (await getObject<{ readonly items: readonly T[] }>(environment, args))?.items ?? [];
}

interface Right {
  readonly role: RoleObject;
  readonly grant: Grant;
}

const rightsOf = (these: readonly RoleObject[]): readonly Right[] =>
  these.flatMap((role) => grantsOf(role).map((grant) => ({ role, grant })));

const describeRight = ({ role, grant }: Right): string => `${describeRole(role)}: ${describeGrant(grant)}`;

describe.each(actors)("$name", (actor) => {
  let usages: readonly Usage[] = [];

  test("does-all-of-its-steps-and-is-refused-nothing", async () => {
    const steps = actor.steps.filter(({ isSlow }) => takesEvery || isSlow !== true);
    usages = await useEverything(lab, tail, { ...actor, steps });
    const refused = usages.flatMap(({ step, calls }) =>
      calls.filter(({ code }) => code === 401 || code === 403).map((call) => ({ step: step.name, ...call })),
    );
    expect(refused).toEqual([]);
  });

  test("uses-every-right-that-its-roles-grant", async () => {
    const rights = rightsOf(rolesOf(actor.user, { roles, bindings }));
    expect(rights).not.toEqual([]);
    const unused = async (): Promise<readonly string[]> => {
      usages = await readOn(usages, tail, actor);
      return rights
        .filter(({ role, grant }) => firstUse(usages, role, grant) === undefined)
        .filter(({ grant }) => takesEvery || !usedSlowly.has(describeGrant(grant)))
        .map(describeRight);
    };
    await expect.poll(unused, { timeout: minute }).toEqual([]);
  });

  test(
    "breaks-without-it",
    async () => {
      const rights = rightsOf(rolesOf(actor.user, { roles, bindings }));
      const broken: string[] = [];
      const taken = rights.filter(({ grant }) => takesEvery || sample.has(describeGrant(grant)));
      expect(taken).not.toEqual([]);
      for (const right of taken) {
        const step = await takeAway(lab, tail, { actor, ...right, usages });
        const row = `${describeRight(right)} → ${step ?? "nothing breaks"}`;
        process.stdout.write(`${row}\n`);
        broken.push(row);
      }
      expect(broken.filter((row) => row.endsWith("nothing breaks"))).toEqual([]);
    },
    60 * minute,
  );
});

describe("people's roles", () => {
  const names = [
    "capstan-developer",
    "capstan-doctor",
    "capstan-operator",
    "capstan-published-reader",
    "capstan-revoker",
    "capstan-tenant-viewer",
    "capstan-viewer",
  ];

  test("are-all-that-no-program-has", () => {
    const programs = actors.flatMap(({ user }) => rolesOf(user, { roles, bindings }));
    const others = roles.filter((role) => !programs.includes(role)).map(({ metadata: { name } }) => name);
    expect(others.toSorted()).toEqual(names);
  });

  test.each(names)("%s-lets-them-do-each-thing-by-one-right-alone", async (name) => {
    const role = roles.find(({ metadata }) => metadata.name === name);
    expect(role).toBeDefined();
    if (role === undefined) return;
    const { namespace } = role.metadata;
    const binding =
      namespace === undefined
        ? ["clusterrolebinding", `rbac-${name}`, `--clusterrole=${name}`]
        : ["rolebinding", `rbac-${name}`, `--role=${name}`, `--namespace=${namespace}`];
    const created = await environment.cluster.kubectl(["create", ...binding, `--user=${name}`]);
    expect(created.stderr).toBe("");
    const person = lab.actAs(name);
    const rights = grantsOf(role);
    for (const grant of rights) {
      await until(`${describeGrant(grant)} to be allowed`, async () =>
        (await mayDo(person, grant, namespace)) ? true : undefined,
      );
    }
    for (const grant of rights) {
      await writeRules(lab, role, rulesWithout(role, grant));
      await until(`${describeGrant(grant)} to be refused`, async () =>
        (await mayDo(person, grant, namespace)) ? undefined : true,
      );
    }
    await writeRules(lab, role, role.rules ?? []);
  });
});
