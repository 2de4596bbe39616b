import { open } from "node:fs/promises";
import type { ApiCall } from "./rbac-grants.ts";

/** Reads an API server's audit log as it grows: each call is returned once. */
export class AuditTail {
  readonly #file: string;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Every call on a resource since the last time, allowed or not. */
  async read(): Promise<readonly ApiCall[]> {
    const handle = await open(this.#file);
    try {
      const { size } = await handle.stat();
      const bytes = new Uint8Array(size - this.#offset);
      await handle.read(bytes, 0, bytes.length, this.#offset);
      // The last line may be half written.
      const end = bytes.lastIndexOf(0x0a) + 1;
      this.#offset += end;
      const lines = Buffer.from(bytes.subarray(0, end)).toString("utf8").split("\n");
      return lines.flatMap((line) => (line === "" ? [] : readCall(JSON.parse(line) as AuditEvent)));
    } finally {
      await handle.close();
    }
  }
}

/** audit.k8s.io/v1 Event, as far as it is read here. */
interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

function readCall({ verb, user, objectRef, responseStatus }: AuditEvent): readonly ApiCall[] {
  if (objectRef?.resource === undefined) return [];
  const { apiGroup = "", resource, subresource, namespace, name } = objectRef;
  return [
    {
      user: user.username,
      verb,
      group: apiGroup,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      code: responseStatus?.code ?? 0,
    },
  ];
}
