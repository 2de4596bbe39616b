import {
  type CreateTrustAnchorCommandInput,
  CreateTrustAnchorCommand,
  DeleteTrustAnchorCommand,
  DisableTrustAnchorCommand,
  EnableTrustAnchorCommand,
  GetTrustAnchorCommand,
  ListTrustAnchorsCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Fixture, refusal, startFixture } from "./fixture.ts";
import { CA_EXTENSIONS, type OpensslCa, OpensslPki } from "./openssl-pki.ts";

const HOUR_MS = 3_600_000;
const pki = new OpensslPki();
let root: OpensslCa;
let next: OpensslCa;
let fixture: Fixture;

beforeAll(() => {
  root = pki.root();
  next = pki.root();
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture();
});

afterEach(() => fixture.emulator.stop());

const source = (x509CertificateData: string): NonNullable<CreateTrustAnchorCommandInput["source"]> => ({
  sourceType: "CERTIFICATE_BUNDLE",
  sourceData: { x509CertificateData },
});

async function create(bundle: string, enabled?: boolean): Promise<string> {
  const input = { name: "prod", source: source(bundle), ...(enabled === undefined ? {} : { enabled }) };
  const created = await fixture.client.send(new CreateTrustAnchorCommand(input));
  return created.trustAnchor?.trustAnchorId ?? "";
}

test("a new trust anchor comes back as sent, disabled unless enabled is said", async () => {
  const created = await fixture.client.send(
    new CreateTrustAnchorCommand({ name: "prod", source: source(root.certificatePem) }),
  );
  const { trustAnchor } = created;
  expect(created.$metadata.httpStatusCode).toBe(201);
  expect(trustAnchor).toEqual({
    trustAnchorId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    trustAnchorArn: `arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/${trustAnchor?.trustAnchorId}`,
    name: "prod",
    source: source(root.certificatePem),
    enabled: false,
    createdAt: expect.any(Date),
    updatedAt: trustAnchor?.createdAt,
  });
  const read = await fixture.client.send(new GetTrustAnchorCommand({ trustAnchorId: trustAnchor?.trustAnchorId }));
  expect(read.trustAnchor).toEqual(trustAnchor);
});

test("an update replaces the whole bundle and keeps the ARN", async () => {
  const trustAnchorId = await create(root.certificatePem, true);
  const both = root.certificatePem + next.certificatePem;
  const updated = await fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId, source: source(both) }));
  expect(updated.trustAnchor).toMatchObject({ trustAnchorId, name: "prod", source: source(both), enabled: true });
  const renamed = await fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId, name: "renamed" }));
  expect(renamed.trustAnchor).toMatchObject({ trustAnchorId, name: "renamed", source: source(both) });
  expect(Number(renamed.trustAnchor?.updatedAt)).toBeGreaterThan(Number(renamed.trustAnchor?.createdAt));
});

test("a trust anchor is enabled and disabled by operations of their own", async () => {
  const trustAnchorId = await create(root.certificatePem);
  const enabled = await fixture.client.send(new EnableTrustAnchorCommand({ trustAnchorId }));
  expect(enabled.trustAnchor?.enabled).toBe(true);
  const disabled = await fixture.client.send(new DisableTrustAnchorCommand({ trustAnchorId }));
  expect(disabled.trustAnchor?.enabled).toBe(false);
});

test("a deleted trust anchor is shown once more and then gone", async () => {
  const trustAnchorId = await create(root.certificatePem);
  const deleted = await fixture.client.send(new DeleteTrustAnchorCommand({ trustAnchorId }));
  expect(deleted.trustAnchor?.trustAnchorId).toBe(trustAnchorId);
  expect(await refusal(fixture.client.send(new GetTrustAnchorCommand({ trustAnchorId })))).toMatchObject({
    name: "ResourceNotFoundException",
    status: 404,
  });
});

test("a list comes in pages until there is no token", async () => {
  for (let i = 0; i < 5; i++) await create(root.certificatePem);
  const sizes: number[] = [];
  const seen = new Set<string>();
  let nextToken: string | undefined;
  do {
    const page = await fixture.client.send(
      new ListTrustAnchorsCommand({ pageSize: 2, ...(nextToken === undefined ? {} : { nextToken }) }),
    );
    sizes.push(page.trustAnchors?.length ?? 0);
    for (const anchor of page.trustAnchors ?? []) seen.add(anchor.trustAnchorId ?? "");
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  expect(sizes).toEqual([2, 2, 1]);
  expect(seen.size).toBe(5);
});

test.each([
  { fact: "page size 0", input: { pageSize: 0 } },
  { fact: "page size 1001", input: { pageSize: 1001 } },
  { fact: "a token of nobody's making", input: { nextToken: "AAAA" } },
])("a list with $fact is refused", async ({ input }) => {
  await create(root.certificatePem);
  expect(await refusal(fixture.client.send(new ListTrustAnchorsCommand(input)))).toMatchObject({
    name: "ValidationException",
  });
});

test("the fifty-first trust anchor is refused", { timeout: 120_000 }, async () => {
  for (let i = 0; i < 50; i++) await create(root.certificatePem);
  expect(await refusal(create(root.certificatePem))).toEqual({
    name: "ValidationException",
    status: 400,
    message: "An account can have 50 trust anchors in a region.",
  });
});

test("an id that is no id and one of nobody's are told apart", async () => {
  expect(await refusal(fixture.client.send(new GetTrustAnchorCommand({ trustAnchorId: "prod" })))).toEqual({
    name: "ValidationException",
    status: 400,
    message:
      "1 validation error detected: Value 'prod' at 'trustAnchorId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-f0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}$",
  });
  const trustAnchorId = "00000000-0000-0000-0000-000000000000";
  expect(await refusal(fixture.client.send(new DeleteTrustAnchorCommand({ trustAnchorId })))).toMatchObject({
    name: "ResourceNotFoundException",
  });
});

describe("a bundle is refused", () => {
  const BASIC = "Incorrect basic constraints for CA certificate.";
  const BAD_DATA = "Error creating TrustAnchor. Bad certificate data";
  const hours = (count: number): Date => new Date(Date.now() + count * HOUR_MS);

  const cases: readonly { fact: string; bundle: () => string; message: string | RegExp }[] = [
    {
      fact: "with three certificates",
      bundle: () => root.certificatePem + next.certificatePem + root.certificatePem,
      message: "A trust anchor can have 2 certificates, not 3.",
    },
    {
      fact: "of 8,001 characters, which the error repeats",
      bundle: () => root.certificatePem.padEnd(8001, "\n"),
      message:
        /^1 validation error detected: Value '-----BEGIN CERTIFICATE-----\n[^']+' at 'source\.sourceData\.x509CertificateData' failed to satisfy constraint: Member must have length less than or equal to 8000$/,
    },
    {
      fact: "whose certificate has expired",
      bundle: () => caPem({ notBefore: hours(-2), notAfter: hours(-1) }),
      message: "The CA certificate has expired.",
    },
    {
      fact: "whose certificate is not yet valid",
      bundle: () => caPem({ notBefore: hours(1) }),
      message: "The CA certificate is not yet valid.",
    },
    { fact: "that is a leaf", bundle: () => root.issue().certificatePem, message: BASIC },
    {
      fact: "without keyCertSign",
      bundle: () => caPem({ extensions: ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, cRLSign"] }),
      message: BASIC,
    },
    {
      fact: "without key usage",
      bundle: () => caPem({ extensions: ["basicConstraints = critical, CA:TRUE"] }),
      message: BASIC,
    },
    { fact: "without basic constraints", bundle: () => caPem({ extensions: [CA_EXTENSIONS[1]] }), message: BASIC },
    { fact: "signed with SHA-1", bundle: () => caPem({ hash: "sha1" }), message: /weaker than SHA-256/ },
    {
      fact: "whose second certificate is bad",
      bundle: () => root.certificatePem + root.issue().certificatePem,
      message: BASIC,
    },
    { fact: "that is no PEM", bundle: () => "certificate", message: BAD_DATA },
    { fact: "that lost its newlines", bundle: () => root.certificatePem.replaceAll("\n", ""), message: BAD_DATA },
    { fact: "that lost its end", bundle: () => root.certificatePem.slice(0, -30), message: BAD_DATA },
    { fact: "that carries a key", bundle: () => root.certificatePem + root.keyPem, message: BAD_DATA },
    {
      fact: "whose certificate was cut short",
      bundle: () => "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
      message: BAD_DATA,
    },
  ];

  test.each(cases)("$fact", async ({ bundle, message }) => {
    const expected = {
      name: "ValidationException",
      status: 400,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    };
    const text = bundle();
    expect(await refusal(create(text))).toEqual(expected);
    const trustAnchorId = await create(root.certificatePem);
    const update = fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId, source: source(text) }));
    expect(await refusal(update)).toEqual(expected);
    const { trustAnchor } = await fixture.client.send(new GetTrustAnchorCommand({ trustAnchorId }));
    expect(trustAnchor?.source).toEqual(source(root.certificatePem));
  });

  function caPem(profile: Parameters<OpensslPki["root"]>[0]): string {
    return pki.root(profile).certificatePem;
  }
});

describe("input is refused", () => {
  test.each([
    {
      fact: "without a name",
      input: { source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: "x" } } },
      message:
        "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
    },
    {
      fact: "with several faults, all of them named",
      input: { name: "a/b", source: { sourceType: "FILE", sourceData: { x509CertificateData: "x" } } },
      message:
        "2 validation errors detected: Value 'a/b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[ a-zA-Z0-9-_]*$; Value 'FILE' at 'source.sourceType' failed to satisfy constraint: Member must satisfy enum value set: [AWS_ACM_PCA, CERTIFICATE_BUNDLE, SELF_SIGNED_REPOSITORY]",
    },
    {
      fact: "with a name of 256 characters",
      input: {
        name: "a".repeat(256),
        source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: "x" } },
      },
      message: /Member must have length less than or equal to 255$/,
    },
  ])("$fact", async ({ input, message }) => {
    const sent = fixture.client.send(new CreateTrustAnchorCommand(input as unknown as CreateTrustAnchorCommandInput));
    expect(await refusal(sent)).toEqual({
      name: "ValidationException",
      status: 400,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });
  });

  test("with a source that is not emulated", async () => {
    const input: CreateTrustAnchorCommandInput = {
      name: "prod",
      source: { sourceType: "AWS_ACM_PCA", sourceData: { acmPcaArn: "arn:aws:acm-pca:eu-central-1:111122223333:x" } },
    };
    expect(await refusal(fixture.client.send(new CreateTrustAnchorCommand(input)))).toEqual({
      name: "NotEmulated",
      status: 501,
      message: "The emulator does not implement sourceType AWS_ACM_PCA.",
    });
  });
});
