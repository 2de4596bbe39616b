import { type Account, findByArn } from "./account.ts";
import { resourceNotFound, tooManyTags } from "./errors.ts";
import { type Field, list, object, readInput, required, text } from "./input.ts";
import type { Operation } from "./operation.ts";

const MAX_TAGS = 200;
const PATTERN = /^[ a-zA-Z0-9_.:/=+@-]*$/;
const KEY = text({ min: 1, max: 128, pattern: PATTERN });
const ARN = text({ min: 1, max: 1011 });

export type TagList = readonly { readonly key: string; readonly value: string }[];

/** The `tags` member of the operations that create something. */
export const TAGS: Field<TagList> = list(
  object({ key: required(KEY), value: required(text({ max: 256, pattern: PATTERN })) }),
  { max: MAX_TAGS },
);

export function setTags(account: Account, arn: string, tags: TagList): void {
  const merged = new Map([...(account.tags.get(arn) ?? []), ...tags.map(({ key, value }) => [key, value] as const)]);
  if (merged.size > MAX_TAGS) throw tooManyTags(`A resource can have ${MAX_TAGS} tags, not ${merged.size}.`);
  account.tags.set(arn, merged);
}

export const tagOperations: readonly Operation[] = [
  {
    name: "TagResource",
    method: "POST",
    path: "/TagResource",
    status: 201,
    quota: "tagging",
    handle(account, { body }) {
      const { resourceArn, tags } = readInput({ resourceArn: required(ARN), tags: required(TAGS) }, body);
      requireResource(account, resourceArn);
      setTags(account, resourceArn, tags);
      return {};
    },
  },
  {
    name: "UntagResource",
    method: "POST",
    path: "/UntagResource",
    status: 200,
    quota: "tagging",
    handle(account, { body }) {
      const { resourceArn, tagKeys } = readInput(
        { resourceArn: required(ARN), tagKeys: required(list(KEY, { max: MAX_TAGS })) },
        body,
      );
      requireResource(account, resourceArn);
      const kept = [...(account.tags.get(resourceArn) ?? [])].filter(([key]) => !tagKeys.includes(key));
      account.tags.set(resourceArn, new Map(kept));
      return {};
    },
  },
  {
    name: "ListTagsForResource",
    method: "GET",
    path: "/ListTagsForResource",
    status: 200,
    quota: "tagging",
    handle(account, { query }) {
      const { resourceArn } = readInput({ resourceArn: required(ARN) }, { resourceArn: query.get("resourceArn") });
      requireResource(account, resourceArn);
      return { tags: Array.from(account.tags.get(resourceArn) ?? [], ([key, value]) => ({ key, value })) };
    },
  },
];

function requireResource(account: Account, arn: string): void {
  const found =
    findByArn(account.trustAnchors, arn) ?? findByArn(account.crls, arn) ?? findByArn(account.profiles, arn);
  if (found === undefined) throw resourceNotFound(`Resource not found: ${arn}`);
}
