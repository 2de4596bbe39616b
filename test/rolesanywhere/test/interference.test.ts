import { GetCrlCommand, GetTrustAnchorCommand, UpdateTrustAnchorCommand } from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Fixture, refusal, startFixture } from "./fixture.ts";
import { type Issued, type OpensslCa, OpensslPki } from "./openssl-pki.ts";
import { signedCall } from "./signed-call.ts";

const pki = new OpensslPki();
let root: OpensslCa;
let next: OpensslCa;
let stranger: OpensslCa;
let revoked: Issued;
let crlPem: string;
let fixture: Fixture;
let anchor: string;

beforeAll(() => {
  root = pki.root();
  next = pki.root();
  stranger = pki.root({ subject: "/CN=Stranger" });
  revoked = root.issue();
  crlPem = new TextDecoder().decode(root.crl({ revoked: [revoked] }));
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture();
  anchor = await fixture.anchor(root, next);
});

afterEach(() => fixture.emulator.stop());

const trustAnchorId = (): string => anchor.split("/")[1] ?? "";

async function bundle(): Promise<string | undefined> {
  const { trustAnchor } = await fixture.client.send(new GetTrustAnchorCommand({ trustAnchorId: trustAnchorId() }));
  return trustAnchor?.source?.sourceData?.x509CertificateData;
}

async function newCrl(): Promise<string> {
  const crlId = await fixture.crl(anchor, new TextEncoder().encode(crlPem));
  return `arn:aws:rolesanywhere:eu-central-1:111122223333:crl/${crlId}`;
}

const session = async (leaf: Issued): Promise<number> =>
  (await fixture.session({ leaf, trustAnchorArn: anchor })).status;

test("a stranger adds a third certificate, which AWS itself would refuse, and it counts", async () => {
  const leaf = stranger.issue();
  expect(await session(leaf)).toBe(403);
  fixture.emulator.interfere({ kind: "add-certificate", arn: anchor, pem: stranger.certificatePem });
  expect(await bundle()).toBe(root.certificatePem + next.certificatePem + stranger.certificatePem);
  expect(await session(leaf)).toBe(201);
});

test("a stranger replaces the bundle, and later reverts it", async () => {
  fixture.emulator.interfere({ kind: "replace-bundle", arn: anchor, pem: stranger.certificatePem });
  expect(await bundle()).toBe(stranger.certificatePem);
  expect(await session(root.issue())).toBe(403);
  fixture.emulator.interfere({ kind: "revert-bundle", arn: anchor, afterMs: 60_000 });
  expect(await bundle()).toBe(stranger.certificatePem);
  fixture.clock.advance(60_000);
  expect(await bundle()).toBe(root.certificatePem + next.certificatePem);
  expect(await session(root.issue())).toBe(201);
});

test("an update is reverted, as Terraform does", async () => {
  const source = {
    sourceType: "CERTIFICATE_BUNDLE",
    sourceData: { x509CertificateData: next.certificatePem },
  } as const;
  await fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId: trustAnchorId(), source }));
  fixture.emulator.interfere({ kind: "revert-bundle", arn: anchor });
  expect(await bundle()).toBe(root.certificatePem + next.certificatePem);
});

test("a bundle that never changed is reverted to itself", async () => {
  fixture.emulator.interfere({ kind: "revert-bundle", arn: anchor });
  expect(await bundle()).toBe(root.certificatePem + next.certificatePem);
});

test("a stranger disables the trust anchor, and enables it", async () => {
  const leaf = root.issue();
  fixture.emulator.interfere({ kind: "disable", arn: anchor });
  expect(await session(leaf)).toBe(403);
  fixture.emulator.interfere({ kind: "enable", arn: anchor });
  expect(await session(leaf)).toBe(201);
});

test("a stranger deletes the trust anchor with its CRL", async () => {
  const crlArn = await newCrl();
  fixture.emulator.interfere({ kind: "delete", arn: anchor });
  expect(await refusal(bundle())).toMatchObject({ name: "ResourceNotFoundException" });
  const read = fixture.client.send(new GetCrlCommand({ crlId: crlArn.split("/")[1] }));
  expect(await refusal(read)).toMatchObject({ name: "ResourceNotFoundException" });
});

test("a stranger changes notifications", async () => {
  const event = "END_ENTITY_CERTIFICATE_EXPIRY";
  fixture.emulator.interfere({ kind: "set-notification", arn: anchor, event, enabled: false });
  const { body } = await signedCall(fixture.client, { method: "GET", path: `/trustanchor/${trustAnchorId()}` });
  expect(body["trustAnchor"]).toMatchObject({ notificationSettings: [{ enabled: true }, { event, enabled: false }] });
});

test("a stranger replaces a CRL by one of nobody's, disables, enables and deletes it", async () => {
  const arn = await newCrl();
  expect(await session(revoked)).toBe(403);
  const pem = new TextDecoder().decode(stranger.crl({ revoked: [stranger.issue()] }));
  fixture.emulator.interfere({ kind: "replace-crl", arn, pem });
  expect(await session(revoked)).toBe(201);
  fixture.emulator.interfere({ kind: "replace-crl", arn, pem: crlPem });
  fixture.emulator.interfere({ kind: "disable", arn });
  expect(await session(revoked)).toBe(201);
  fixture.emulator.interfere({ kind: "enable", arn });
  expect(await session(revoked)).toBe(403);
  fixture.emulator.interfere({ kind: "delete", arn });
  expect(await session(revoked)).toBe(201);
});

test("what is planned happens in the order of its times, and not to what is gone by then", async () => {
  const pem = stranger.certificatePem;
  fixture.emulator.interfere({ kind: "add-certificate", arn: anchor, pem, afterMs: 40_000 });
  fixture.emulator.interfere({ kind: "revert-bundle", arn: anchor, afterMs: 30_000 });
  fixture.emulator.interfere({ kind: "replace-bundle", arn: anchor, pem, afterMs: 20_000 });
  fixture.emulator.interfere({ kind: "delete", arn: anchor, afterMs: 50_000 });
  fixture.emulator.interfere({ kind: "disable", arn: anchor, afterMs: 60_000 });
  fixture.clock.advance(45_000);
  expect(await bundle()).toBe(root.certificatePem + next.certificatePem + pem);
  fixture.clock.advance(60_000);
  expect(await refusal(bundle())).toMatchObject({ name: "ResourceNotFoundException" });
});

describe("nothing happens", () => {
  const ghost = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-0000-0000-000000000000";

  test("to what does not exist", () => {
    expect(() => fixture.emulator.interfere({ kind: "disable", arn: ghost })).toThrow(
      `${ghost} is no trust anchor or CRL`,
    );
  });

  test("to a trust anchor that only happens to a CRL", () => {
    expect(() => fixture.emulator.interfere({ kind: "replace-crl", arn: anchor, pem: crlPem })).toThrow(
      "replace-crl is nothing that can happen to a trust anchor",
    );
  });

  test("to a CRL that only happens to a trust anchor", async () => {
    const arn = await newCrl();
    expect(() => fixture.emulator.interfere({ kind: "revert-bundle", arn })).toThrow(
      "revert-bundle is nothing that can happen to a CRL",
    );
  });

  test.each(["add-certificate", "replace-bundle"] as const)("by %s without a certificate", async (kind) => {
    expect(() => fixture.emulator.interfere({ kind, arn: anchor, pem: crlPem, afterMs: 1000 })).toThrow(
      "Bad certificate data",
    );
    fixture.clock.advance(2000);
    expect(await bundle()).toBe(root.certificatePem + next.certificatePem);
  });
});
