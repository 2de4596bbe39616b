import {
  DeleteCrlCommand,
  DeleteTrustAnchorCommand,
  DisableCrlCommand,
  EnableCrlCommand,
  GetCrlCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Fixture, refusal, startFixture } from "./fixture.ts";
import { type Issued, type OpensslCa, OpensslPki } from "./openssl-pki.ts";

const HOUR_MS = 3_600_000;
const pki = new OpensslPki();
let root: OpensslCa;
let stranger: OpensslCa;
let revoked: Issued;
let good: Uint8Array;
let fixture: Fixture;
let trustAnchorArn: string;

beforeAll(() => {
  root = pki.root();
  stranger = pki.root();
  revoked = root.issue();
  good = root.crl({ revoked: [revoked] });
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture();
  trustAnchorArn = await fixture.anchor(root);
});

afterEach(() => fixture.emulator.stop());

const anchorId = (): string => trustAnchorArn.split("/")[1] ?? "";

test("an imported CRL comes back byte for byte, disabled unless enabled is said", async () => {
  const imported = await fixture.client.send(new ImportCrlCommand({ name: "fleet", trustAnchorArn, crlData: good }));
  const { crl } = imported;
  expect(imported.$metadata.httpStatusCode).toBe(201);
  expect(crl).toEqual({
    crlId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    crlArn: `arn:aws:rolesanywhere:eu-central-1:111122223333:crl/${crl?.crlId}`,
    name: "fleet",
    enabled: false,
    crlData: new Uint8Array(good),
    trustAnchorArn,
    createdAt: expect.any(Date),
    updatedAt: crl?.createdAt,
  });
  expect((await fixture.client.send(new GetCrlCommand({ crlId: crl?.crlId }))).crl).toEqual(crl);
  expect((await fixture.client.send(new ListCrlsCommand({}))).crls).toEqual([crl]);
});

test("a CRL is updated, enabled, disabled and deleted by its id", async () => {
  const crlId = await fixture.crl(trustAnchorArn, good);
  const longer = root.crl({ revoked: [revoked, root.issue()] });
  const updated = await fixture.client.send(new UpdateCrlCommand({ crlId, crlData: longer, name: "new" }));
  expect(updated.crl).toMatchObject({ crlId, name: "new", enabled: true, crlData: new Uint8Array(longer) });
  expect((await fixture.client.send(new DisableCrlCommand({ crlId }))).crl?.enabled).toBe(false);
  expect((await fixture.client.send(new EnableCrlCommand({ crlId }))).crl?.enabled).toBe(true);
  expect((await fixture.client.send(new DeleteCrlCommand({ crlId }))).crl?.crlId).toBe(crlId);
  expect(await refusal(fixture.client.send(new GetCrlCommand({ crlId })))).toMatchObject({
    name: "ResourceNotFoundException",
    status: 404,
  });
});

test("a third CRL on one trust anchor is refused, a first on another is not", async () => {
  await fixture.crl(trustAnchorArn, good);
  await fixture.crl(trustAnchorArn, good);
  expect(await refusal(fixture.crl(trustAnchorArn, good))).toEqual({
    name: "ValidationException",
    status: 400,
    message: "A trust anchor can have 2 certificate revocation lists.",
  });
  await fixture.crl(await fixture.anchor(root), good);
});

test("a trust anchor with a CRL cannot be deleted until the CRL is", async () => {
  const crlId = await fixture.crl(trustAnchorArn, good);
  const remove = (): Promise<unknown> =>
    fixture.client.send(new DeleteTrustAnchorCommand({ trustAnchorId: anchorId() }));
  expect(await refusal(remove())).toMatchObject({ name: "ValidationException", status: 400 });
  await fixture.client.send(new DeleteCrlCommand({ crlId }));
  await remove();
});

test("a CRL of the second certificate in the bundle is accepted", async () => {
  const both = await fixture.anchor(root, stranger);
  await fixture.crl(both, stranger.crl({ revoked: [stranger.issue()] }));
});

test("a CRL of a certificate in the bundle that may not sign CRLs is refused", async () => {
  const mute = pki.root({ extensions: ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign"] });
  const arn = await fixture.anchor(mute);
  expect(await refusal(fixture.crl(arn, mute.crl({ revoked: [mute.issue()] })))).toMatchObject({
    message: "The CRL is not signed by a certificate of the trust anchor.",
  });
});

test("an update is checked against the bundle of now", async () => {
  const crlId = await fixture.crl(trustAnchorArn, good);
  const source = {
    sourceType: "CERTIFICATE_BUNDLE",
    sourceData: { x509CertificateData: stranger.certificatePem },
  } as const;
  await fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId: anchorId(), source }));
  expect(await refusal(fixture.client.send(new UpdateCrlCommand({ crlId, crlData: good })))).toMatchObject({
    message: "The CRL is not signed by a certificate of the trust anchor.",
  });
});

describe("a CRL is refused", () => {
  const hours = (count: number): Date => new Date(Date.now() + count * HOUR_MS);
  const NOT_PEM = "The CRL must be in PEM format: one block labelled X509 CRL.";
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

  const cases: readonly { fact: string; data: () => Uint8Array; message: string | RegExp }[] = [
    { fact: "in DER", data: () => root.crl({ revoked: [revoked], form: "DER" }), message: NOT_PEM },
    { fact: "labelled CRL", data: () => bytes(text(good).replaceAll("X509 CRL", "CRL")), message: NOT_PEM },
    { fact: "given twice", data: () => bytes(text(good) + text(good)), message: NOT_PEM },
    { fact: "that is a certificate", data: () => bytes(root.certificatePem), message: NOT_PEM },
    {
      fact: "without an entry",
      data: () => root.crl({ revoked: [] }),
      message: "The CRL is empty: it must revoke at least one certificate.",
    },
    {
      fact: "of a stranger with the same name",
      data: () => stranger.crl({ revoked: [stranger.issue()] }),
      message: "The CRL is not signed by a certificate of the trust anchor.",
    },
    {
      fact: "that names another issuer, though the root's key signed it",
      data: () => root.renamed("/CN=Else").crl({ revoked: [revoked] }),
      message: "The CRL is not signed by a certificate of the trust anchor.",
    },
    {
      fact: "of an intermediate that is not in the bundle",
      data: () => {
        const issuing = root.intermediate();
        return issuing.crl({ revoked: [issuing.issue()] });
      },
      message: "The CRL is not signed by a certificate of the trust anchor.",
    },
    {
      fact: "that has expired",
      data: () => root.crl({ revoked: [revoked], lastUpdate: hours(-2), nextUpdate: hours(-1) }),
      message: "The CRL has expired.",
    },
    {
      fact: "that is not yet valid",
      data: () => root.crl({ revoked: [revoked], lastUpdate: hours(1), nextUpdate: hours(2) }),
      message: "The CRL is not yet valid.",
    },
    {
      fact: "signed with SHA-1",
      data: () => root.crl({ revoked: [revoked], hash: "sha1" }),
      message: /weaker than SHA-256/,
    },
    {
      fact: "that is a delta",
      data: () => root.crl({ revoked: [revoked], extensions: ["2.5.29.27 = critical, ASN1:INTEGER:1"] }),
      message: "The CRL is malformed: CertificateList.crlExtensions: a delta CRL",
    },
    {
      fact: "of one distribution point",
      data: () =>
        root.crl({
          revoked: [revoked],
          extensions: ["issuingDistributionPoint = critical, @idp", "[idp]", "onlyuser = TRUE"],
        }),
      message: "The CRL is malformed: CertificateList.crlExtensions: a partitioned or indirect CRL",
    },
    {
      fact: "with an unknown critical extension",
      data: () => root.crl({ revoked: [revoked], extensions: ["1.3.6.1.4.1.55555.1 = critical, ASN1:NULL"] }),
      message: /unknown critical extension 1\.3\.6\.1\.4\.1\.55555\.1$/,
    },
    {
      fact: "with a changed signature",
      data: () => {
        const der = Buffer.from(root.crl({ revoked: [revoked], form: "DER" }));
        der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
        return bytes(`-----BEGIN X509 CRL-----\n${der.toString("base64")}\n-----END X509 CRL-----\n`);
      },
      message: "The CRL is not signed by a certificate of the trust anchor.",
    },
    {
      fact: "with bytes after its end",
      data: () => {
        const der = Buffer.concat([root.crl({ revoked: [revoked], form: "DER" }), Buffer.from([0])]);
        return bytes(`-----BEGIN X509 CRL-----\n${der.toString("base64")}\n-----END X509 CRL-----\n`);
      },
      message: /^The CRL is malformed: CertificateList: trailing bytes/,
    },
    {
      fact: "of 300,001 bytes",
      data: () => bytes(text(good).padEnd(300_001, "\n")),
      message:
        "1 validation error detected: Value at 'crlData' failed to satisfy constraint: Member must have length less than or equal to 300000",
    },
  ];

  test.each(cases)("$fact", async ({ data, message }) => {
    const crlData = data();
    const expected = {
      name: "ValidationException",
      status: 400,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    };
    expect(await refusal(fixture.crl(trustAnchorArn, crlData))).toEqual(expected);
    const crlId = await fixture.crl(trustAnchorArn, good);
    expect(await refusal(fixture.client.send(new UpdateCrlCommand({ crlId, crlData })))).toEqual(expected);
    const { crl } = await fixture.client.send(new GetCrlCommand({ crlId }));
    expect(crl?.crlData).toEqual(new Uint8Array(good));
  });

  test("for a trust anchor that does not exist", async () => {
    const ghost = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-0000-0000-000000000000";
    expect(await refusal(fixture.crl(ghost, good))).toEqual({
      name: "ValidationException",
      status: 400,
      message: `There is no trust anchor ${ghost}.`,
    });
  });
});
