import { printable } from "../output/printable.ts";
import type { Action, Plan, PlanEntry } from "./plan.ts";
import type { Setup } from "./setup.ts";

const marks: Readonly<Record<PlanEntry["change"], string>> = {
  create: "+",
  update: "~",
  unchanged: "=",
  delete: "-",
  keep: " ",
};

/** What becomes of each thing, one line each with its reasons below it. */
export function formatPlan({ anchor, region, account }: Setup, { entries, notes, conflicts }: Plan): string {
  const lines = [
    `Trust anchor ${anchor} (account ${account}, ${region}):`,
    ...entries.flatMap(({ subject, change, details }) => [
      `  ${marks[change]} ${subject}: ${change === "keep" ? "left as it is" : change}`,
      ...details.map((detail) => `      ${detail}`),
    ]),
    ...(entries.length + conflicts.length === 0 ? ["  nothing is there"] : []),
    ...conflicts.map((conflict) => `  conflict: ${conflict}`),
    ...notes.map((note) => `  note: ${note}`),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

type Wording = {
  readonly [Name in Action["do"]]: (action: Extract<Action, { readonly do: Name }>) => string;
};

const wording: Wording = {
  "create-anchor": () => "created the trust anchor",
  "write-bundle": () => "wrote the trust anchor's bundle",
  "create-role": ({ identity }) => `created role ${identity.roleName}`,
  "set-trust-policy": ({ identity }) => `set the trust policy of role ${identity.roleName}`,
  "put-policy": ({ identity }) => `put the inline policy of role ${identity.roleName}`,
  "tag-role": ({ identity }) => `tagged role ${identity.roleName}`,
  "create-profile": ({ identity }) => `created profile ${identity.profileName}`,
  "update-profile": ({ id }) => `updated profile ${id}`,
  "enable-profile": ({ id }) => `enabled profile ${id}`,
  "tag-profile": ({ arn }) => `tagged ${arn}`,
  "delete-profile": ({ id }) => `deleted profile ${id}`,
  "delete-policy": ({ roleName }) => `deleted the inline policy of role ${roleName}`,
  "delete-role": ({ roleName }) => `deleted role ${roleName}`,
  "delete-crl": ({ id }) => `deleted CRL ${id}`,
  "delete-anchor": ({ id }) => `deleted trust anchor ${id}`,
};

/** An action that was done, in words. */
export function describeDone(action: Action): string {
  // The table's type pairs each name with its own action.
  const describe = wording[action.do] as (action: Action) => string;
  return describe(action);
}
