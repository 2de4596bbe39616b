import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCertificate } from "../src/certificate.ts";
import { readPem } from "../src/pem.ts";
import { readSessionAttributes, type SessionAttributes } from "../src/session-tags.ts";
import { ACCOUNT, type Fixture, startFixture, trustPolicy, WEB_ROLE } from "./fixture.ts";
import { LEAF_EXTENSIONS, type OpensslCa, OpensslPki, type Profile } from "./openssl-pki.ts";

const pki = new OpensslPki();
let root: OpensslCa;

beforeAll(() => {
  root = pki.root({ subject: "/C=DE/O=Example Corp/CN=Example Fleet CA/serialNumber=3" });
});

afterAll(() => pki.dispose());

function attributesOf(profile: Profile): SessionAttributes {
  const [block] = readPem(readFileSync(root.issue(profile).certificateFile, "utf8")) ?? [];
  if (block === undefined) throw new Error("openssl wrote no certificate");
  return readSessionAttributes(readCertificate(block.der), { sourceIdentity: "wide" });
}

const withNames = (...lines: readonly string[]): readonly string[] => [
  ...LEAF_EXTENSIONS,
  "subjectAltName = @names",
  "[names]",
  ...lines,
];

test("subject, issuer and the first DNS name, URI and directory name become tags", () => {
  const { tags, unmapped } = attributesOf({
    subject: "/O=Example Corp/OU=Security/OU=Engineering/CN=web.demo/UID=17",
    extensions: withNames(
      "DNS.1 = web.demo.svc",
      "DNS.2 = second.demo.svc",
      "URI.1 = spiffe://example.org/ns/demo/sa/web",
      "URI.2 = spiffe://example.org/second",
      "IP.1 = 10.0.0.1",
      "email.1 = web@example.org",
      "dirName.1 = first",
      "dirName.2 = second",
      "[first]",
      "0.OU = One",
      "1.OU = Two",
      "CN = directory",
      "[second]",
      "CN = ignored",
    ),
  });
  expect(Object.fromEntries(tags)).toEqual({
    "x509Subject/O": "Example Corp",
    "x509Subject/OU": "Security/Engineering",
    "x509Subject/CN": "web.demo",
    "x509Subject/UID": "17",
    "x509Issuer/C": "DE",
    "x509Issuer/O": "Example Corp",
    "x509Issuer/CN": "Example Fleet CA",
    "x509Issuer/SERIALNUMBER": "3",
    "x509SAN/DNS": "web.demo.svc",
    "x509SAN/URI": "spiffe://example.org/ns/demo/sa/web",
    "x509SAN/Name/OU": "One/Two",
    "x509SAN/Name/CN": "directory",
  });
  expect(unmapped).toEqual({ issuer: [], subject: [], san: [] });
});

test("what STS does not take as a tag is left out and named", () => {
  const { tags, unmapped } = attributesOf({
    subject: "/O=A & B/CN=web.demo",
    extensions: withNames("URI.1 = spiffe://example.org/a%20(b)"),
  });
  expect([...tags.keys()]).not.toContain("x509Subject/O");
  expect([...tags.keys()]).not.toContain("x509SAN/URI");
  expect(tags.get("x509Subject/CN")).toBe("web.demo");
  expect(unmapped).toEqual({ issuer: [], subject: ["O"], san: ["URI"] });
});

test("a value of 256 characters is taken, one of 257 is not", () => {
  const fits = `spiffe://${"a".repeat(247)}`;
  expect(attributesOf({ extensions: withNames(`URI = ${fits}`) }).tags.get("x509SAN/URI")).toBe(fits);
  expect(attributesOf({ extensions: withNames(`URI = ${fits}a`) }).unmapped.san).toEqual(["URI"]);
});

test("letters of any script and spaces are taken", () => {
  const { tags, sourceIdentity } = attributesOf({ subject: "/O=Müller und Söhne/CN=система" });
  expect(tags.get("x509Subject/O")).toBe("Müller und Söhne");
  expect(sourceIdentity).toBe("CN=система");
});

describe("the source identity", () => {
  test.each([
    ["is CN= and the common name up to 61 characters", { subject: `/CN=${"a".repeat(61)}` }, `CN=${"a".repeat(61)}`],
    ["is the bare common name of 62 characters", { subject: `/CN=${"a".repeat(62)}` }, "a".repeat(62)],
    ["is the bare common name of 64 characters", { subject: `/CN=${"a".repeat(64)}` }, "a".repeat(64)],
    ["is ID= and the padded serial without a common name", { subject: "/O=Example", serial: "0123" }, "ID=0123"],
    ["needs no padding for an even serial", { subject: "/O=Example", serial: "4567" }, "ID=4567"],
    ["has no sign octet", { subject: "/O=Example", serial: "C8" }, "ID=c8"],
    ["joins several common names", { subject: "/CN=a/CN=b" }, "CN=a/b"],
    ["is missing for a common name that STS does not take", { subject: "/CN=a&b" }, undefined],
  ])("%s", (_fact, profile, expected) => {
    expect(attributesOf(profile).sourceIdentity).toBe(expected);
  });
});

describe("a session", () => {
  const NAMED = {
    StringEquals: {
      "aws:PrincipalTag/x509Subject/CN": "web.demo",
      "aws:PrincipalTag/x509Issuer/CN": "Example Fleet CA",
      "aws:PrincipalTag/x509SAN/URI": "spiffe://example.org/ns/demo/sa/web",
      "sts:SourceIdentity": "CN=web.demo",
      "aws:SourceAccount": ACCOUNT,
    },
    ArnLike: { "aws:SourceArn": `arn:aws:rolesanywhere:eu-central-1:${ACCOUNT}:trust-anchor/*` },
  };
  const URI = withNames("URI = spiffe://example.org/ns/demo/sa/web");
  let fixture: Fixture;
  let trustAnchorArn: string;

  beforeAll(async () => {
    fixture = await startFixture({ roles: [{ arn: WEB_ROLE, trustPolicy: trustPolicy(NAMED) }] });
    trustAnchorArn = await fixture.anchor(root);
  });

  afterAll(() => fixture.emulator.stop());

  test("is handed out when the role's policy fits the certificate", async () => {
    const leaf = root.issue({ subject: "/CN=web.demo", extensions: URI });
    expect(await fixture.session({ leaf, trustAnchorArn })).toMatchObject({ status: 201 });
  });

  test.each([
    ["another common name", { subject: "/CN=api.demo", extensions: URI }],
    ["another URI", { subject: "/CN=web.demo", extensions: withNames("URI = spiffe://example.org/other") }],
    ["no URI", { subject: "/CN=web.demo" }],
    [
      "the right URI second",
      {
        subject: "/CN=web.demo",
        extensions: withNames("URI.1 = spiffe://x", `URI.2 = ${NAMED.StringEquals["aws:PrincipalTag/x509SAN/URI"]}`),
      },
    ],
  ])("is refused for %s", async (_fact, profile) => {
    const result = await fixture.session({ leaf: root.issue(profile), trustAnchorArn });
    expect(result).toMatchObject({ status: 403, message: `Unable to assume role for ${WEB_ROLE}.` });
  });

  test("is refused with the attributes that could not be mapped", async () => {
    const leaf = root.issue({ subject: "/O=A & B/CN=web.demo", extensions: withNames("URI = spiffe://a,b") });
    const result = await fixture.session({ leaf, trustAnchorArn });
    expect(result).toMatchObject({
      status: 403,
      error: "AccessDeniedException",
      message:
        "Unable to assume role. Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [ O ]; SAN: [ URI ]",
    });
  });

  test("is handed out in spite of an attribute that could not be mapped, if no condition needs it", async () => {
    const leaf = root.issue({ subject: "/O=A & B/CN=web.demo", extensions: URI });
    expect(await fixture.session({ leaf, trustAnchorArn })).toMatchObject({ status: 201 });
  });
});
