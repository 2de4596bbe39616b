import { commands } from "@capstan/kubectl-capstan";
import { auditLogPage } from "./audit-log-page.ts";
import { commandsPage } from "./commands-page.ts";
import { conditionsPage } from "./conditions-page.ts";
import { crdsPage } from "./crds-page.ts";

/** The pages of docs/reference that are made, by file name. */
export async function makePages(): Promise<Readonly<Record<string, string>>> {
  return {
    "audit-log.md": await auditLogPage(),
    "commands.md": commandsPage(commands),
    "conditions.md": conditionsPage(),
    "crds.md": await crdsPage(),
  };
}
