import { randomUUID } from "node:crypto";
import type { Account } from "./account.ts";
import { contextOf, serviceLinkedRoleAccess } from "./authorization.ts";
import { parseAuthorization } from "./canonical-request.ts";
import type { Principal } from "./credential-store.ts";
import { notEmulated, ServiceError } from "./errors.ts";
import { header, type HttpRequest } from "./http-request.ts";
import { type HttpResponse, xml } from "./http-response.ts";
import { createServiceLinkedRole, findRole, type IamOperation, iamOperations } from "./iam-operations.ts";
import { type Form, IAM_VERSION, iamErrorXml, iamXml, readForm, readMembers } from "./iam-query.ts";
import type { Access } from "./identity-policy.ts";

// IAM as far as roles for Roles Anywhere need it: https://docs.aws.amazon.com/IAM/latest/APIReference/

const OPERATIONS: ReadonlyMap<string, IamOperation> = new Map(
  [...iamOperations, createServiceLinkedRole].map((operation) => [operation.name, operation]),
);

export const IAM_OPERATION_NAMES: readonly string[] = [...OPERATIONS.keys()];

/** IAM and STS have the same path: the signature's scope tells them apart. */
export function isForIam(request: HttpRequest): boolean {
  return parseAuthorization(header(request, "authorization") ?? "")?.scope.service === "iam";
}

/** The operation's name in AWS's model, undefined for one that there is not. */
export function iamOperationOf(request: HttpRequest): string | undefined {
  return OPERATIONS.get(readForm(request.body).get("Action") ?? "")?.name;
}

/**
 * Checks the caller's rights and the request's form, and says what to do.
 *
 * @throws {ServiceError}
 */
export function prepareIam(request: HttpRequest, account: Account, caller: Principal): () => HttpResponse {
  const form = readForm(request.body);
  const action = form.get("Action") ?? "";
  const operation = OPERATIONS.get(action);
  if (operation === undefined || form.get("Version") !== IAM_VERSION) {
    throw new ServiceError(
      "InvalidAction",
      400,
      `Could not find operation ${action} for version ${form.get("Version") ?? ""}`,
    );
  }
  requireParameters(operation, form);
  for (const access of accesses(operation, account, form, caller)) account.iam.require(caller, access);
  return () => xml(200, iamXml(operation.name, operation.handle(account, form), randomUUID()));
}

export function iamRefusal(error: ServiceError): HttpResponse {
  // The JSON protocols' names end in Exception, the Query protocol's do not.
  const type = error.type.replace(/^(AccessDenied|Throttling)Exception$/, "$1");
  const renamed = new ServiceError(type, error.status, error.message, error.headers);
  return xml(error.status, iamErrorXml(renamed, randomUUID()));
}

function requireParameters(operation: IamOperation, form: Form): void {
  const given = [...form.keys()].filter((name) => name !== "Action" && name !== "Version");
  const known = new Set(operation.parameters);
  const stranger = given.find((name) => !known.has(name.replace(/\.member\..*$/, "")));
  if (stranger !== undefined) throw notEmulated(`the parameter ${stranger} of ${operation.name}`);
  const needed = [...(known.has("RoleName") ? ["RoleName"] : []), ...(operation.required ?? [])];
  const absent = needed.find((name) => (form.get(name) ?? "") === "");
  if (absent !== undefined) {
    throw new ServiceError(
      "ValidationError",
      400,
      `1 validation error detected: Value null at '${absent}' failed to satisfy constraint: Member must not be null`,
    );
  }
}

function accesses(operation: IamOperation, account: Account, form: Form, caller: Principal): readonly Access[] {
  const name = form.get("RoleName") ?? "";
  const role = findRole(account, name);
  if (operation === createServiceLinkedRole) return [serviceLinkedRoleAccess(account, contextOf(account, caller))];
  const resource = role?.arn ?? `arn:${account.partition}:iam::${account.id}:role${form.get("Path") ?? "/"}${name}`;
  const tags = readMembers(form, "Tags").map(({ Key = "", Value = "" }) => [Key, Value] as const);
  const keys = [...tags.map(([key]) => key), ...readMembers(form, "TagKeys").map((member) => member[""] ?? "")];
  const context: Access["context"] = new Map<string, string | readonly string[]>([
    ...contextOf(account, caller),
    ...Array.from(role?.tags ?? [], ([key, value]) => [`aws:resourcetag/${key.toLowerCase()}`, value] as const),
    ...tags.map(([key, value]) => [`aws:requesttag/${key.toLowerCase()}`, value] as const),
    ...(keys.length === 0 ? [] : [["aws:tagkeys", keys] as const]),
  ]);
  const access = (action: string): Access => ({ action: `iam:${action}`, resource, context });
  // Whoever gives tags at creation needs the right to tag as well.
  const isTagging = operation.name === "CreateRole" && tags.length > 0;
  return [access(operation.name), ...(isTagging ? [access("TagRole")] : [])];
}
