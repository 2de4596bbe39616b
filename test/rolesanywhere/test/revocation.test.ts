import {
  DisableCrlCommand,
  EnableCrlCommand,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Fixture, startFixture } from "./fixture.ts";
import { type Issued, type OpensslCa, OpensslPki } from "./openssl-pki.ts";

const HOUR_MS = 3_600_000;
const REVOKED = { status: 403, error: "AccessDeniedException", message: "Certificate revoked" };
const pki = new OpensslPki();
let root: OpensslCa;
let second: OpensslCa;
let revoked: Issued;
let spared: Issued;
let fixture: Fixture;
let trustAnchorArn: string;

beforeAll(() => {
  const notAfter = new Date(Date.now() + 96 * HOUR_MS);
  root = pki.root({ notAfter });
  second = pki.root({ subject: "/CN=Second CA", notAfter });
  revoked = root.issue({ serial: "4F1C", notAfter });
  spared = root.issue({ notAfter });
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture();
  trustAnchorArn = await fixture.anchor(root, second);
});

afterEach(() => fixture.emulator.stop());

test("a listed certificate is refused from the next call on, another is not", async () => {
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject({ status: 201 });
  await fixture.crl(trustAnchorArn, root.crl({ revoked: [revoked] }));
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject(REVOKED);
  expect(await fixture.session({ leaf: spared, trustAnchorArn })).toMatchObject({ status: 201 });
});

test("an update revokes too", async () => {
  const crlId = await fixture.crl(trustAnchorArn, root.crl({ revoked: [root.issue()] }));
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject({ status: 201 });
  const crlData = root.crl({ revoked: [spared, revoked] });
  await fixture.client.send(new UpdateCrlCommand({ crlId, crlData }));
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject(REVOKED);
});

test("a disabled CRL revokes nothing until it is enabled again", async () => {
  const crlId = await fixture.crl(trustAnchorArn, root.crl({ revoked: [revoked] }));
  await fixture.client.send(new DisableCrlCommand({ crlId }));
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject({ status: 201 });
  await fixture.client.send(new EnableCrlCommand({ crlId }));
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject(REVOKED);
});

test("one issuer's list does not touch the same serial of another issuer", async () => {
  await fixture.crl(trustAnchorArn, root.crl({ revoked: [revoked] }));
  const namesake = second.issue({ serial: "4F1C" });
  expect(await fixture.session({ leaf: namesake, trustAnchorArn })).toMatchObject({ status: 201 });
});

test("nor of another issuer with the same name", async () => {
  const twin = pki.root();
  const both = await fixture.anchor(root, twin);
  await fixture.crl(both, root.crl({ revoked: [revoked] }));
  expect(await fixture.session({ leaf: revoked, trustAnchorArn: both })).toMatchObject(REVOKED);
  const namesake = twin.issue({ serial: "4F1C" });
  expect(await fixture.session({ leaf: namesake, trustAnchorArn: both })).toMatchObject({ status: 201 });
});

test("two lists of one issuer count together", async () => {
  await fixture.crl(trustAnchorArn, root.crl({ revoked: [revoked] }));
  await fixture.crl(trustAnchorArn, root.crl({ revoked: [spared] }));
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject(REVOKED);
  expect(await fixture.session({ leaf: spared, trustAnchorArn })).toMatchObject(REVOKED);
});

test("a list counts for its own trust anchor alone", async () => {
  const other = await fixture.anchor(root);
  await fixture.crl(other, root.crl({ revoked: [revoked] }));
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject({ status: 201 });
  expect(await fixture.session({ leaf: revoked, trustAnchorArn: other })).toMatchObject(REVOKED);
});

test("a revoked intermediate takes its leaves with it", async () => {
  const issuing = root.intermediate();
  const call = { leaf: issuing.issue(), chain: [issuing], trustAnchorArn };
  expect(await fixture.session(call)).toMatchObject({ status: 201 });
  await fixture.crl(trustAnchorArn, root.crl({ revoked: [issuing] }));
  expect(await fixture.session(call)).toMatchObject(REVOKED);
});

test("a list whose signer left the bundle counts no more, even if the intermediate below has its name and key", async () => {
  await fixture.crl(trustAnchorArn, root.crl({ revoked: [revoked] }));
  const source = {
    sourceType: "CERTIFICATE_BUNDLE",
    sourceData: { x509CertificateData: second.certificatePem },
  } as const;
  const trustAnchorId = trustAnchorArn.split("/")[1];
  await fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId, source }));
  const crossSigned = second.crossSign(root);
  const result = await fixture.session({ leaf: revoked, chain: [crossSigned], trustAnchorArn });
  expect(result).toMatchObject({ status: 201 });
});

test("a list past its nextUpdate goes on refusing what it lists", async () => {
  await fixture.crl(trustAnchorArn, root.crl({ revoked: [revoked] }));
  fixture.clock.advance(48 * HOUR_MS);
  expect(await fixture.session({ leaf: revoked, trustAnchorArn })).toMatchObject(REVOKED);
  expect(await fixture.session({ leaf: spared, trustAnchorArn })).toMatchObject({ status: 201 });
});

test("a list past its nextUpdate refuses every certificate of its issuer where the emulator is told so", async () => {
  const strict = await startFixture({ unknowns: { expiredCrl: "deny-issuer" } });
  try {
    const arn = await strict.anchor(root, second);
    await strict.crl(arn, root.crl({ revoked: [revoked] }));
    expect(await strict.session({ leaf: spared, trustAnchorArn: arn })).toMatchObject({ status: 201 });
    strict.clock.advance(48 * HOUR_MS);
    expect(await strict.session({ leaf: revoked, trustAnchorArn: arn })).toMatchObject(REVOKED);
    expect(await strict.session({ leaf: spared, trustAnchorArn: arn })).toMatchObject({
      status: 403,
      message: "The certificate revocation list of the issuer has expired.",
    });
    const ofSecond = second.issue({ notAfter: new Date(Date.now() + 72 * HOUR_MS) });
    expect(await strict.session({ leaf: ofSecond, trustAnchorArn: arn })).toMatchObject({ status: 201 });
  } finally {
    await strict.emulator.stop();
  }
});
