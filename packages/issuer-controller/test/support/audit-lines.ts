import { type AuditLog, openAuditLog } from "@capstan/kube";

export interface AuditLine {
  readonly event: string;
  readonly signature?: Readonly<Record<string, unknown>>;
}

/** An audit log in memory, which can be made to fail. */
export interface AuditLines {
  readonly log: AuditLog;
  readonly lines: readonly AuditLine[];
  isFull: boolean;
}

export async function openAuditLines(): Promise<AuditLines> {
  const lines: AuditLine[] = [];
  const write = (text: string): Promise<void> => {
    if (audit?.isFull === true) return Promise.reject(new Error("no space left on device"));
    for (const line of text.trim().split("\n")) lines.push(JSON.parse(line) as AuditLine);
    return Promise.resolve();
  };
  let audit: AuditLines | undefined;
  const openSink = () => Promise.resolve({ write, close: () => Promise.resolve() });
  audit = { log: await openAuditLog({ path: undefined, userAgent: "test/0", openSink }), lines, isFull: false };
  return audit;
}
