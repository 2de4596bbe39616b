import { auditCommand } from "./audit/audit-command.ts";
import { awsSetupCommand } from "./aws-setup/aws-setup-command.ts";
import { checkCommand } from "./check/check-command.ts";
import type { Command } from "./command.ts";
import { completionCommand } from "./completion/completion-command.ts";
import { doctorCommand } from "./doctor/doctor-command.ts";
import { freezeCommand, unfreezeCommand } from "./freeze/freeze-command.ts";
import { issueCommand } from "./issue/issue-command.ts";
import { listCommand } from "./list/list-command.ts";
import { retryCommand } from "./retry/retry-command.ts";
import { revokeCommand } from "./revoke/revoke-command.ts";
import { abandonCommand } from "./operations/abandon-command.ts";
import { releaseCommand } from "./operations/release-command.ts";
import { recoverCommand } from "./recover/recover-command.ts";
import { rotateCommand } from "./rotate/rotate-command.ts";
import { showCommand } from "./show/show-command.ts";
import { statusCommand } from "./status/status-command.ts";
import { versionCommand } from "./version-command.ts";
import { whoisCommand } from "./whois/whois-command.ts";

/** Every command, in the order of the help: what parses them, --help and completion are all made of this table. */
export const commands: readonly Command[] = [
  statusCommand,
  doctorCommand,
  checkCommand,
  listCommand,
  showCommand,
  revokeCommand,
  whoisCommand,
  auditCommand,
  rotateCommand,
  freezeCommand,
  unfreezeCommand,
  abandonCommand,
  recoverCommand,
  releaseCommand,
  awsSetupCommand,
  retryCommand,
  issueCommand,
  completionCommand,
  versionCommand,
];
