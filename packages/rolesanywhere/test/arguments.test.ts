import { X509Certificate } from "node:crypto";

import { describe, expect, test } from "vitest";

import { parseTrustAnchorArn } from "../src/arn.ts";
import { sameCertificates, splitBundle } from "../src/bundle.ts";
import { crlDerOf } from "../src/crl.ts";
import type { NotificationEvent, WantedNotification } from "../src/control-plane.ts";
import { createControlPlane } from "../src/create-control-plane.ts";
import { endpointFromEnvironment } from "../src/endpoint.ts";
import { RolesAnywhereError } from "../src/errors.ts";
import { encodePemBlock } from "../src/pem.ts";
import { rootA, rootB, rootC } from "./certificates.ts";
import { startScriptedServer } from "./scripted-server.ts";
import { anchorArn, anchorId, controlPlaneAt, crlId, crlPem, errorOf, wireAnchor, wireCrl } from "./setup.ts";

const off: WantedNotification = { event: "CA_CERTIFICATE_EXPIRY", enabled: false };
const on = (thresholdDays: number): WantedNotification => ({
  event: "CA_CERTIFICATE_EXPIRY",
  enabled: true,
  thresholdDays,
});
const garbage = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
const key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
const trailing = encodePemBlock("CERTIFICATE", Buffer.concat([new X509Certificate(rootA).raw, new Uint8Array(1)]));

/** Each refusal is one error that names field, rule and cure, and nothing is sent. */
describe("refused before anything is sent", () => {
  test.each([
    ["an empty bundle", "", /^bundlePem holds 0 certificates, 1 to 2 are allowed/u],
    ["three certificates", rootA + rootB + rootC, /^bundlePem holds 3 certificates, 1 to 2 are allowed/u],
    ["8,001 characters", rootA + "\n".repeat(8_001 - rootA.length), /^bundlePem has 8001 characters, at most 8000/u],
    ["text before the armour", `Certificate:\n${rootA}`, /^bundlePem holds text outside its PEM blocks: remove it/u],
    ["text after the armour", `${rootA}# prod`, /^bundlePem holds text outside its PEM blocks: remove it/u],
    ["a CRL in it", rootA + crlPem, /^bundlePem block 2 is labelled "X509 CRL": only CERTIFICATE/u],
    ["a private key in it", rootA + key, /^bundlePem block 2 is labelled "PRIVATE KEY": only CERTIFICATE/u],
    ["the old label", rootA.replaceAll(" CERTIFICATE", " X509 CERTIFICATE"), /is labelled "X509 CERTIFICATE"/u],
    ["DER that is no certificate", rootA + garbage, /^bundlePem block 2 is not an X\.509 certificate/u],
    ["a certificate with a byte after it", trailing, /^bundlePem block 1 is not an X\.509 certificate/u],
    ["newlines written as \\n", rootA.replaceAll("\n", "\\n"), /^bundlePem: block 1 is not base64/u],
    ["an armour without end", rootA.slice(0, -30), /^bundlePem: a BEGIN or END line stands alone/u],
    ["labels that differ", rootA.replace("END CERT", "END X"), /^bundlePem: block 1 begins and ends with different/u],
  ])("trust anchor: %s", async (_name, bundlePem, message) => {
    await using server = await startScriptedServer(() => ({ body: { trustAnchor: wireAnchor } }));
    const aws = controlPlaneAt(server.url);
    const calls = {
      CreateTrustAnchor: () => aws.createTrustAnchor({ name: "prod", bundlePem }),
      UpdateTrustAnchor: () => aws.updateTrustAnchor({ id: anchorId, bundlePem }),
    };

    for (const call of Object.values(calls)) {
      const error = await errorOf(call());
      expect(error).toMatchObject({ code: "ERR_INVALID_ARGUMENT", retryable: false, field: "bundlePem" });
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain("c2VjcmV0");
    }
    expect(server.requests).toEqual([]);
  });

  test.each([
    ["nothing", "", /^crlPem holds 0 PEM blocks, exactly one/u],
    ["two lists", crlPem + crlPem, /^crlPem holds 2 PEM blocks, exactly one/u],
    [
      "another label",
      crlPem.replaceAll("X509 CRL", "CRL"),
      /^crlPem is labelled "CRL": a CRL's PEM label is "X509 CRL"/u,
    ],
    ["text before the armour", `CRL:\n${crlPem}`, /^crlPem holds text outside/u],
    ["300,001 bytes", crlPem + "\n".repeat(300_001 - crlPem.length), /^crlPem has 300001 bytes, at most 300000/u],
    ["what is no base64", crlPem.replace("MAA=", "MAA"), /^crlPem: block 1 is not base64/u],
    ["base64 that is not canonical", crlPem.replace("MAA=", "MAB="), /^crlPem: block 1 is not base64/u],
    ["an empty block", crlPem.replace("MAA=\n", ""), /^crlPem: block 1 is not base64/u],
  ])("CRL: %s", async (_name, bad, message) => {
    await using server = await startScriptedServer(() => ({ body: { crl: wireCrl } }));
    const aws = controlPlaneAt(server.url);
    const calls = {
      ImportCrl: () => aws.importCrl({ name: "fleet 1", trustAnchorArn: anchorArn, crlPem: bad }),
      UpdateCrl: () => aws.updateCrl({ id: crlId, crlPem: bad }),
    };

    for (const call of Object.values(calls)) {
      const error = await errorOf(call());
      expect(error).toMatchObject({ code: "ERR_INVALID_ARGUMENT", retryable: false, field: "crlPem" });
      expect(error.message).toMatch(message);
    }
    expect(server.requests).toEqual([]);
  });

  test.each([
    ["", /^name has 0 characters, 1 to 255/u],
    ["n".repeat(256), /^name has 256 characters, 1 to 255/u],
    ["prod/eu", /^name "prod\/eu" holds characters other than/u],
    ["prød", /other than letters, digits/u],
    ["prod\n", /other than letters, digits/u],
  ])("name %j", async (name, message) => {
    await using server = await startScriptedServer(() => ({}));
    const aws = controlPlaneAt(server.url);

    for (const call of [
      aws.createTrustAnchor({ name, bundlePem: rootA }),
      aws.importCrl({ name, trustAnchorArn: anchorArn, crlPem }),
    ]) {
      const error = await errorOf(call);
      expect(error).toMatchObject({ code: "ERR_INVALID_ARGUMENT", field: "name" });
      expect(error.message).toMatch(message);
    }
    expect(server.requests).toEqual([]);
  });

  test.each(["", "prod", anchorArn, `${anchorId}/enable`, `../crl/${crlId}`, anchorId.toUpperCase()])(
    "id %j",
    async (id) => {
      await using server = await startScriptedServer(() => ({}));
      const aws = controlPlaneAt(server.url);

      for (const call of [
        aws.getTrustAnchor(id),
        aws.updateTrustAnchor({ id, bundlePem: rootA }),
        aws.enableTrustAnchor(id),
        aws.disableTrustAnchor(id),
        aws.deleteTrustAnchor(id),
        aws.putNotificationSettings({ id, settings: [{ event: "CA_CERTIFICATE_EXPIRY", enabled: false }] }),
        aws.resetNotificationSettings({ id, events: ["CA_CERTIFICATE_EXPIRY"] }),
        aws.getCrl(id),
        aws.updateCrl({ id, crlPem }),
        aws.enableCrl(id),
        aws.deleteCrl(id),
      ]) {
        expect(await errorOf(call)).toMatchObject({ code: "ERR_INVALID_ARGUMENT", field: "id" });
      }
      expect(server.requests).toEqual([]);
    },
  );

  test.each<[string, WantedNotification[], RegExp]>([
    ["none", [], /^settings name no event: name at least one$/u],
    ["one twice", [off, off], /^settings name an event twice: name each once$/u],
    ["0 days", [on(0)], /^settings of CA_CERTIFICATE_EXPIRY begin 0 days before, 1 to 360 whole days/u],
    ["361 days", [on(361)], /begin 361 days before/u],
    ["half a day", [on(0.5)], /whole days/u],
    ["no number", [on(Number.NaN)], /whole days/u],
  ])("notification settings: %s", async (_name, settings, message) => {
    await using server = await startScriptedServer(() => ({}));
    const aws = controlPlaneAt(server.url);

    for (const call of [
      aws.putNotificationSettings({ id: anchorId, settings }),
      aws.createTrustAnchor({ name: "prod", bundlePem: rootA, notificationSettings: settings }),
    ]) {
      const error = await errorOf(call);
      expect(error).toMatchObject({ code: "ERR_INVALID_ARGUMENT", field: "settings" });
      expect(error.message).toMatch(message);
    }
    expect(server.requests).toEqual([]);
  });

  test.each<[string, NotificationEvent[]]>([
    ["none", []],
    ["one twice", ["CA_CERTIFICATE_EXPIRY", "CA_CERTIFICATE_EXPIRY"]],
  ])("notifications to reset: %s", async (_name, events) => {
    await using server = await startScriptedServer(() => ({}));

    expect(await errorOf(controlPlaneAt(server.url).resetNotificationSettings({ id: anchorId, events }))).toMatchObject(
      {
        code: "ERR_INVALID_ARGUMENT",
        field: "events",
      },
    );
    expect(server.requests).toEqual([]);
  });

  test("a CRL for an anchor of another region", async () => {
    await using server = await startScriptedServer(() => ({}));
    const trustAnchorArn = anchorArn.replace("eu-central-1", "us-east-1");

    const error = await errorOf(controlPlaneAt(server.url).importCrl({ name: "x", trustAnchorArn, crlPem }));

    expect(error).toMatchObject({ code: "ERR_INVALID_ARGUMENT", field: "trustAnchorArn" });
    expect(error.message).toBe(
      "trustAnchorArn lies in us-east-1, this control plane in eu-central-1: use a control plane of the anchor's region",
    );
  });
});

describe("the largest allowed", () => {
  test("bundle, CRL and name are sent", async () => {
    await using server = await startScriptedServer(({ path }) => ({
      body: path.startsWith("/trust") ? { trustAnchor: wireAnchor } : { crl: wireCrl },
    }));
    const aws = controlPlaneAt(server.url);
    const pair = rootA + rootB;

    await aws.createTrustAnchor({ name: "n".repeat(255), bundlePem: pair + "\n".repeat(8_000 - pair.length) });
    await aws.updateCrl({ id: crlId, crlPem: crlPem + "\n".repeat(300_000 - crlPem.length) });

    expect(server.requests).toHaveLength(2);
  });
});

describe("createControlPlane", () => {
  test.each([
    ["an empty region", { region: "" }],
    ["a region that is a host name", { region: "eu-central-1.example.org" }],
    ["an ARN as region", { region: anchorArn }],
    ["an endpoint without scheme", { region: "eu-central-1", endpoint: "localhost:8080" }],
    ["an endpoint of another scheme", { region: "eu-central-1", endpoint: "file:///etc/passwd" }],
    ["an endpoint with a password", { region: "eu-central-1", endpoint: "https://a:secret@localhost" }],
  ])("refuses %s", (_name, options) => {
    const create = (): unknown => createControlPlane(options);

    expect(create).toThrow(RolesAnywhereError);
    expect(create).toThrow(expect.objectContaining({ code: "ERR_AWS_CONFIGURATION" }));
    expect(create).not.toThrow("secret");
  });
});

describe("parseTrustAnchorArn", () => {
  test.each([
    [anchorArn, { partition: "aws", region: "eu-central-1", account: "111122223333", id: anchorId }],
    [
      `arn:aws-us-gov:rolesanywhere:us-gov-west-1:111122223333:trust-anchor/${anchorId}`,
      { partition: "aws-us-gov", region: "us-gov-west-1", account: "111122223333", id: anchorId },
    ],
    [
      `arn:aws-cn:rolesanywhere:cn-north-1:111122223333:trust-anchor/${anchorId}`,
      { partition: "aws-cn", region: "cn-north-1", account: "111122223333", id: anchorId },
    ],
  ])("reads %s", (arn, parts) => {
    expect(parseTrustAnchorArn(arn)).toEqual(parts);
  });

  test.each([
    "",
    anchorId,
    ` ${anchorArn}`,
    `${anchorArn}\n`,
    `${anchorArn}/x`,
    anchorArn.replace("trust-anchor", "profile"),
    anchorArn.replace("rolesanywhere", "iam"),
    anchorArn.replace("arn:aws:", "arn:awsome:"),
    anchorArn.replace("111122223333", "11112222333"),
    anchorArn.replace("111122223333", ""),
    anchorArn.replace("eu-central-1", ""),
  ])("refuses %j", (arn) => {
    expect(() => parseTrustAnchorArn(arn)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARGUMENT", field: "trustAnchorArn" }),
    );
  });
});

describe("endpointFromEnvironment", () => {
  const [own, general] = ["https://ra.example.org", "https://aws.example.org"];

  test.each([
    ["the service's own variable", { AWS_ENDPOINT_URL_ROLESANYWHERE: own }, own],
    ["the general one", { AWS_ENDPOINT_URL: general }, general],
    [
      "the service's own before the general one",
      { AWS_ENDPOINT_URL_ROLESANYWHERE: own, AWS_ENDPOINT_URL: general },
      own,
    ],
    [
      "the general one when the own is empty",
      { AWS_ENDPOINT_URL_ROLESANYWHERE: "", AWS_ENDPOINT_URL: general },
      general,
    ],
    ["nothing when nothing is set", { AWS_ENDPOINT_URL_STS: general }, undefined],
    [
      "nothing when told to ignore",
      { AWS_ENDPOINT_URL: general, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "TRUE" },
      undefined,
    ],
    [
      "all when told not to ignore",
      { AWS_ENDPOINT_URL: general, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "false" },
      general,
    ],
  ])("takes %s", (_name, env, expected) => {
    expect(endpointFromEnvironment(env)).toBe(expected);
  });
});

describe("crlDerOf", () => {
  const der = new Uint8Array([0x30, 0]);

  test.each([
    ["canonical PEM", crlPem],
    ["CRLF", crlPem.replaceAll("\n", "\r\n")],
    ["no newline at the end", crlPem.trimEnd()],
    ["blank lines", `\n${crlPem}\n\n`],
    ["text around it, as of openssl -text", `Certificate Revocation List (CRL):\n${crlPem}# end\n`],
  ])("reads %s", (_name, pem) => {
    expect(crlDerOf(pem)).toEqual(der);
  });

  test.each([
    ["nothing", ""],
    ["a certificate", rootA],
    ["two lists", crlPem + crlPem],
    ["an armour without end", crlPem.slice(0, -30)],
  ])("refuses %s", (_name, pem) => {
    expect(() => crlDerOf(pem)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARGUMENT", field: "crlPem" }));
  });
});

describe("splitBundle", () => {
  const oneLine = rootA.replaceAll("\n", "").replace("-----MII", "-----\nMII").replace("-----END", "\n-----END");

  test.each([
    ["canonical PEM", rootA + rootB, [rootA, rootB]],
    ["CRLF", (rootA + rootB).replaceAll("\n", "\r\n"), [rootA, rootB]],
    ["no newline at the end", rootA.trimEnd(), [rootA]],
    ["blank lines", `\n\n${rootA}\n\n${rootB}\n`, [rootA, rootB]],
    ["base64 on one line", oneLine, [rootA]],
    ["text around it, as of openssl -text", `Certificate:\n  Data:\n${rootA}# and\n${rootB}`, [rootA, rootB]],
    ["three certificates of somebody else", rootA + rootB + rootC, [rootA, rootB, rootC]],
    ["no certificate", "", []],
  ])("reads %s", (_name, pem, expected) => {
    expect(splitBundle(pem)).toEqual(expected);
  });

  test.each([
    ["a private key", key],
    ["an armour without end", rootA.slice(0, -30)],
    ["an end without armour", rootA.slice(30)],
    ["an armour inside an armour", rootA.replace("MII", `${rootB}MII`)],
    ["base64 with a foreign character", rootA.replace("MII", "M!I")],
  ])("refuses %s", (_name, pem) => {
    expect(() => splitBundle(pem)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARGUMENT", field: "bundle" }));
  });
});

test.each([
  ["line ends do not matter", rootA + rootB, (rootA + rootB).replaceAll("\n", "\r\n").trimEnd(), true],
  ["order does not matter", rootA + rootB, rootB + rootA, true],
  ["one less", rootA + rootB, rootA, false],
  ["another one", rootA + rootB, rootA + rootC, false],
  ["one twice is not two", rootA + rootA, rootA + rootB, false],
  ["one twice is not one", rootA + rootA, rootA, false],
  ["none and one", "", rootA, false],
])("sameCertificates: %s", (_name, a, b, expected) => {
  expect(sameCertificates(a, b)).toBe(expected);
  expect(sameCertificates(b, a)).toBe(expected);
});
