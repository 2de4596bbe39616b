import type { GenerationMark } from "@capstan/api";
import type { ApiCall } from "./api-call.ts";
import type { Answer, FaultProxyOptions } from "./fault-proxy.ts";

/**
 * recorded: a replica could know from here on that the ledger holds this certificate. released: a replica hands it out;
 * whether the API server took it, does not matter.
 */
export interface Crossing {
  readonly what: "recorded" | "released";
  /** Name of the record (the request's uid), or namespace/name of the request. */
  readonly of: string;
  /** PEM. */
  readonly certificate: string;
}

/** A replica could know from this moment on that a generation's mark is at `notAfter`. */
export interface Marking {
  readonly at: Date;
  readonly authority: string;
  readonly generation: number;
  readonly notAfter: Date;
}

/** What all replicas said and heard, in the order in which it happened. */
export class Wire implements Pick<FaultProxyOptions, "onForward" | "onAnswer"> {
  readonly #crossings: Crossing[] = [];
  readonly #markings: Marking[] = [];
  readonly #now: () => Date;
  readonly #ended = new Map<string, string>();

  constructor({ now = () => new Date() }: { readonly now?: () => Date } = {}) {
    this.#now = now;
  }

  get crossings(): readonly Crossing[] {
    return this.#crossings;
  }

  get markings(): readonly Marking[] {
    return this.#markings;
  }

  /** Requests with a final answer that the API server took, by namespace/name, with the reason of it. */
  get ended(): ReadonlyMap<string, string> {
    return this.#ended;
  }

  readonly onForward = (call: ApiCall, body: Uint8Array): void => {
    if (call.name !== answering) return;
    const { status } = parse(body) as StatusApply;
    if (status?.certificate === undefined) return;
    this.#crossings.push({
      what: "released",
      of: requestOf(call),
      certificate: Buffer.from(status.certificate, "base64").toString("utf8"),
    });
  };

  readonly onAnswer = (call: ApiCall, body: Uint8Array, answer: Answer): void => {
    if (answer.status >= 300) return;
    if (call.name === answering) {
      const { status } = parse(body) as StatusApply;
      const reason = status?.conditions?.find(({ type }) => type === "Ready")?.reason;
      if (reason !== undefined && finalReasons.has(reason)) this.#ended.set(requestOf(call), reason);
    }
    if (call.name === "create issuedcertificates" || call.name === "get issuedcertificates") {
      const { metadata, spec } = parse(answer.body) as LedgerRecord;
      this.#crossings.push({ what: "recorded", of: metadata.name, certificate: spec.certificate });
    }
    if (call.name === "update generationmarks" || call.name === "get generationmarks") {
      const { authority, generation, notAfter } = (parse(answer.body) as GenerationMark).spec;
      this.#markings.push({ at: this.#now(), authority, generation, notAfter: new Date(notAfter) });
    }
  };
}

const answering = "patch certificaterequests/status";
const finalReasons: ReadonlySet<string> = new Set(["Issued", "Failed", "Denied"]);

interface StatusApply {
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason: string }[];
  };
}

interface LedgerRecord {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly certificate: string };
}

function requestOf({ namespace = "", object = "" }: ApiCall): string {
  return `${namespace}/${object}`;
}

function parse(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString("utf8"));
}
