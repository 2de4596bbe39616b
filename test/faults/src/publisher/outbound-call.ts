import { isDeepStrictEqual } from "node:util";
import type { CertificateAuthority } from "@capstan/api";
import { readCall } from "../api-call.ts";
import type { CallToName } from "../fault-proxy.ts";

/** One request of a publisher. */
export interface OutboundCall {
  readonly to: "kubernetes" | "aws";
  /** `create secrets 2`, `patch certificateauthorities/status: phases`, `UpdateTrustAnchor eu-central-1`. */
  readonly name: string;
  readonly isWrite: boolean;
  /** Comes again and again, and how often depends on how long something took. */
  readonly isRoutine: boolean;
  /** Of the object, when path or body name one. */
  readonly object: string | undefined;
  /** For Kubernetes: `certificateauthorities/status`. For AWS: the region. */
  readonly resource: string;
}

type AuthorityStatus = NonNullable<CertificateAuthority["status"]>;

/** Parts of an authority's status by which a write of it is called. All else is a report: it may come any number of times. */
const STATUS_PARTS: Readonly<Record<string, (status: AuthorityStatus) => unknown>> = {
  phases: ({ generations = [] }) => generations.map(({ number, phase }) => [number, phase]),
  flags: ({ generations = [] }) =>
    generations.map(({ number, compromised, abandoning, reissueOrderedAt }) => [
      number,
      compromised === true,
      abandoning === true,
      reissueOrderedAt !== undefined,
    ]),
  joined: ({ trustAnchors = [] }) => trustAnchors.map(({ name, joined }) => [name, joined]),
  intent: ({ removalIntent }) => removalIntent?.expiresAt,
  frozen: ({ frozen }) => frozen?.holds,
  operations: ({ operations = [] }) => operations.map(({ name, outcome, startedAt }) => [name, outcome, startedAt]),
};

/** Names calls to the API server. It remembers the authority's status, by which the next write of it is called. */
export class ApiCallNamer {
  #status: AuthorityStatus = {};

  readonly name = ({ method, target, body }: CallToName): OutboundCall => {
    const call = readCall(method, target);
    const [verb = "", resource = ""] = call.name.split(" ");
    const isRead = verb === "get" || verb === "list" || verb === "watch";
    const sent = isRead || body.length === 0 ? undefined : (parse(body) as Sent);
    const object = call.object ?? sent?.metadata?.name;
    const part =
      resource === "certificateauthorities/status" && sent?.status !== undefined
        ? this.#partOf(sent.status)
        : undefined;
    const number = /-(\d+)$/.exec(object ?? "")?.[1];
    return {
      to: "kubernetes",
      resource,
      object,
      isWrite: !isRead,
      isRoutine:
        isRead ||
        part === "report" ||
        resource === "leases" ||
        resource === "events" ||
        resource.endsWith("lists/status"),
      name: `${call.name}${part === undefined ? (number === undefined || !isNumbered(resource) ? "" : ` ${number}`) : `: ${part}`}`,
    };
  };

  #partOf(status: AuthorityStatus): string {
    const changed = Object.entries(STATUS_PARTS)
      .filter(([, part]) => !isDeepStrictEqual(part(status), part(this.#status)))
      .map(([name]) => name);
    this.#status = status;
    return changed.length === 0 ? "report" : changed.join(" and ");
  }
}

function isNumbered(resource: string): boolean {
  return /^(secrets|configmaps|generationmarks|revocationlists)/.test(resource);
}

interface Sent {
  readonly metadata?: { readonly name?: string };
  readonly status?: AuthorityStatus;
}

const AWS_OPERATIONS: readonly (readonly [method: string, path: RegExp, name: string])[] = [
  ["POST", /^\/sessions/, "CreateSession"],
  ["GET", /^\/trustanchors/, "ListTrustAnchors"],
  ["GET", /^\/trustanchor\//, "GetTrustAnchor"],
  ["POST", /^\/trustanchors/, "CreateTrustAnchor"],
  ["PATCH", /^\/trustanchor\//, "UpdateTrustAnchor"],
  ["DELETE", /^\/trustanchor\//, "DeleteTrustAnchor"],
  ["GET", /^\/crls/, "ListCrls"],
  ["GET", /^\/crl\//, "GetCrl"],
  ["POST", /^\/crls/, "ImportCrl"],
  ["PATCH", /^\/crl\//, "UpdateCrl"],
  ["DELETE", /^\/crl\//, "DeleteCrl"],
  ["POST", /^\/crl\/[^/]+\/enable/, "EnableCrl"],
  ["PATCH", /^\/put-notifications-settings/, "PutNotificationSettings"],
];

/** Names a call to AWS by its operation and region. */
export function nameAwsCall({ method, target, headers }: CallToName): OutboundCall {
  const operation = AWS_OPERATIONS.find(([verb, path]) => verb === method && path.test(target))?.[2];
  const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
  const name = operation ?? `${method} ${target.split("?")[0] ?? ""}`;
  const isWrite = method !== "GET" && operation !== "CreateSession";
  return { to: "aws", name: `${name} ${region}`, isWrite, isRoutine: !isWrite, object: undefined, resource: region };
}

function parse(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString("utf8"));
}
