import { AuditLog, AuditReader, type ReadSignature } from "@capstan/kube";

/** A real audit log whose lines stay in memory. */
export class MemoryAudit {
  readonly log: AuditLog;
  /** As of a full disk. */
  isFull = false;
  #text = "";

  constructor() {
    this.log = new AuditLog({
      path: undefined,
      userAgent: "capstan-crl-publisher/1",
      openSink: () =>
        Promise.resolve({
          write: (text: string) => {
            if (this.isFull) return Promise.reject(new Error("ENOSPC: no space left on device"));
            this.#text += text;
            return Promise.resolve();
          },
          close: () => Promise.resolve(),
        }),
    });
  }

  signatures(): readonly ReadSignature[] {
    const reader = new AuditReader();
    for (const line of this.#text.trimEnd().split("\n")) reader.read(line);
    const { faults, signatures } = reader.finish();
    if (faults.length > 0) throw new Error(faults[0]?.message);
    return signatures;
  }
}
