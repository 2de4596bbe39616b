import { type Clock, type KubeClient, KubeConnectionError, type KubeObject, sleep } from "@capstan/kube";
import { PluginError } from "../exit-code.ts";
import { printable } from "../output/printable.ts";
import { certificateRequestResource } from "../revoke/cert-manager.ts";

/** As much of a cert-manager CertificateRequest as is read here. */
export interface IssueRequestObject extends KubeObject {
  readonly status?: {
    /** Base64 of PEM. */
    readonly certificate?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

export interface FollowRequestOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly wait: { readonly timeout: string; readonly timeoutMs: number };
  /** Told each new fact, without a line break. */
  readonly tell: (line: string) => void;
}

const pollMs = 500;
const never: AbortSignal = new AbortController().signal;

/**
 * Waits until a request is answered.
 *
 * @returns the chain in PEM, the leaf first
 * @throws {PluginError} when it is refused, fails, is deleted, or the time is up: it says what to do
 */
export async function followRequest(
  request: IssueRequestObject,
  { client, clock, wait, tell }: FollowRequestOptions,
): Promise<string> {
  const { namespace, name } = request.metadata;
  const where = `certificaterequest/${name} in namespace ${namespace ?? ""}`;
  const deadline = clock.monotonic() + wait.timeoutMs;
  const told = new Set<string>();
  const tellOnce = (line: string): void => {
    if (!told.has(line)) tell(`${name}: ${printable(line)}`);
    told.add(line);
  };
  let last = request;
  for (;;) {
    const answer = readAnswer(last);
    if (answer.is === "issued") return answer.pem;
    if (answer.is === "refused") throw new PluginError(`${where} is ${answer.because}`);
    tellOnce(answer.because);
    const leftMs = deadline - clock.monotonic();
    if (leftMs <= 0) {
      throw new PluginError(
        `${where} is not answered after ${wait.timeout}: ${answer.because}. Nothing was written, and its key is forgotten: mend that, then run the command again`,
      );
    }
    await sleep(clock, Math.min(pollMs, leftMs), never);
    try {
      const next = await client.getOrUndefined<IssueRequestObject>(certificateRequestResource, { namespace, name });
      if (next === undefined || next.metadata.uid !== request.metadata.uid) {
        throw new PluginError(`${where} was deleted meanwhile`);
      }
      last = next;
    } catch (error) {
      if (!(error instanceof KubeConnectionError)) throw error;
      tellOnce(`${error.message}; trying again`);
    }
  }
}

type Answer =
  | { readonly is: "issued"; readonly pem: string }
  | { readonly is: "refused"; readonly because: string }
  | { readonly is: "waiting"; readonly because: string };

function readAnswer({ status }: IssueRequestObject): Answer {
  const conditions = status?.conditions ?? [];
  const find = (type: string) => conditions.find((condition) => condition.type === type);
  const denied = find("Denied");
  if (denied?.status === "True") {
    return { is: "refused", because: `denied by its approver: ${denied.message ?? denied.reason ?? ""}` };
  }
  const ready = find("Ready");
  if (ready?.status === "True" && status?.certificate !== undefined) {
    return { is: "issued", pem: Buffer.from(status.certificate, "base64").toString("utf8") };
  }
  const said = ready?.message ?? ready?.reason ?? "nobody has looked at it yet";
  if (ready?.reason === "Failed" || ready?.reason === "Denied") return { is: "refused", because: `refused: ${said}` };
  if (find("Approved")?.status !== "True") {
    return { is: "waiting", because: "not approved yet (cert-manager's approver, or approver-policy, decides)" };
  }
  return { is: "waiting", because: said };
}
