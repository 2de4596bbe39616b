import {
  CreateTrustAnchorCommand,
  DeleteTrustAnchorCommand,
  ListTagsForResourceCommand,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Fixture, refusal, startFixture } from "./fixture.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";

const pki = new OpensslPki();
let root: OpensslCa;
let fixture: Fixture;

beforeAll(() => {
  root = pki.root();
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture();
});

afterEach(() => fixture.emulator.stop());

async function create(tags: Tag[]): Promise<string> {
  const created = await fixture.client.send(
    new CreateTrustAnchorCommand({
      name: "prod",
      source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: root.certificatePem } },
      tags,
    }),
  );
  return created.trustAnchor?.trustAnchorArn ?? "";
}

async function tagsOf(resourceArn: string): Promise<readonly Tag[] | undefined> {
  return (await fixture.client.send(new ListTagsForResourceCommand({ resourceArn }))).tags;
}

test("tags are given at creation, added, replaced and removed", async () => {
  const resourceArn = await create([{ key: "managed-by", value: "capstan" }]);
  const tagged = await fixture.client.send(
    new TagResourceCommand({
      resourceArn,
      tags: [
        { key: "cluster", value: "a" },
        { key: "managed-by", value: "" },
      ],
    }),
  );
  expect(tagged.$metadata.httpStatusCode).toBe(201);
  expect(await tagsOf(resourceArn)).toEqual([
    { key: "managed-by", value: "" },
    { key: "cluster", value: "a" },
  ]);
  await fixture.client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["managed-by", "absent"] }));
  expect(await tagsOf(resourceArn)).toEqual([{ key: "cluster", value: "a" }]);
});

test("CRLs and profiles have tags too", async () => {
  const trustAnchorArn = await create([]);
  const crlId = await fixture.crl(trustAnchorArn, root.crl({ revoked: [root.issue()] }));
  const crlArn = `arn:aws:rolesanywhere:eu-central-1:111122223333:crl/${crlId}`;
  for (const resourceArn of [crlArn, fixture.emulator.profileArn("web")]) {
    await fixture.client.send(new TagResourceCommand({ resourceArn, tags: [{ key: "a", value: "b" }] }));
    expect(await tagsOf(resourceArn)).toEqual([{ key: "a", value: "b" }]);
  }
});

test("tags go with their resource", async () => {
  const resourceArn = await create([{ key: "a", value: "b" }]);
  await fixture.client.send(new DeleteTrustAnchorCommand({ trustAnchorId: resourceArn.split("/")[1] }));
  expect(await refusal(tagsOf(resourceArn))).toEqual({
    name: "ResourceNotFoundException",
    status: 404,
    message: `Resource not found: ${resourceArn}`,
  });
});

test("a resource that does not exist has no tags to set or remove", async () => {
  const resourceArn = "arn:aws:rolesanywhere:eu-central-1:111122223333:crl/00000000-0000-0000-0000-000000000000";
  const expected = { name: "ResourceNotFoundException", status: 404 };
  const tags = [{ key: "a", value: "b" }];
  expect(await refusal(fixture.client.send(new TagResourceCommand({ resourceArn, tags })))).toMatchObject(expected);
  const untag = fixture.client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["a"] }));
  expect(await refusal(untag)).toMatchObject(expected);
});

test("the 201st tag of a resource is refused", async () => {
  const tags = Array.from({ length: 200 }, (_, index) => ({ key: `k${index}`, value: "" }));
  const resourceArn = await create(tags);
  const add = fixture.client.send(new TagResourceCommand({ resourceArn, tags: [{ key: "one-more", value: "" }] }));
  expect(await refusal(add)).toMatchObject({ name: "TooManyTagsException", status: 400 });
});

test.each([
  { fact: "key of 129 characters", tag: { key: "k".repeat(129), value: "" } },
  { fact: "empty key", tag: { key: "", value: "" } },
  { fact: "value of 257 characters", tag: { key: "k", value: "v".repeat(257) } },
  { fact: "value with an ampersand", tag: { key: "k", value: "a&b" } },
])("a tag with a $fact is refused", async ({ tag }) => {
  expect(await refusal(create([tag]))).toMatchObject({ name: "ValidationException", status: 400 });
});
