import { describe, expect, test } from "vitest";

import type { RolesAnywhereControlPlane } from "../src/control-plane.ts";
import { rootA, rootB } from "./certificates.ts";
import { startScriptedServer } from "./scripted-server.ts";
import type { Answer, RecordedRequest } from "./scripted-server.ts";
import {
  anchor,
  anchorArn,
  anchorId,
  controlPlaneAt,
  crl,
  crlId,
  crlPem,
  errorOf,
  wireAnchor,
  wireCrl,
} from "./setup.ts";

const source = (bundlePem: string): unknown => ({
  sourceType: "CERTIFICATE_BUNDLE",
  sourceData: { x509CertificateData: bundlePem },
});
const crlData = Buffer.from(crlPem).toString("base64");

interface WireCase {
  readonly operation: string;
  readonly call: (aws: RolesAnywhereControlPlane) => Promise<unknown>;
  readonly request: { readonly method: string; readonly path: string; readonly body?: unknown };
  readonly answer: Answer;
  readonly result: unknown;
}

const wireCases: readonly WireCase[] = [
  {
    operation: "ListTrustAnchors",
    call: (aws) => aws.listTrustAnchors(),
    request: { method: "GET", path: "/trustanchors" },
    answer: { body: { trustAnchors: [wireAnchor] } },
    result: [anchor],
  },
  {
    operation: "GetTrustAnchor",
    call: (aws) => aws.getTrustAnchor(anchorId),
    request: { method: "GET", path: `/trustanchor/${anchorId}` },
    answer: { body: { trustAnchor: wireAnchor } },
    result: anchor,
  },
  {
    operation: "CreateTrustAnchor",
    call: (aws) => aws.createTrustAnchor({ name: "prod", bundlePem: rootA, tags: { "capstan.dev/ca": "fleet" } }),
    request: {
      method: "POST",
      path: "/trustanchors",
      body: {
        name: "prod",
        source: source(rootA),
        enabled: true,
        tags: [{ key: "capstan.dev/ca", value: "fleet" }],
      },
    },
    answer: { status: 201, body: { trustAnchor: wireAnchor } },
    result: anchor,
  },
  {
    operation: "UpdateTrustAnchor",
    call: (aws) => aws.updateTrustAnchor({ id: anchorId, bundlePem: rootA + rootB }),
    request: { method: "PATCH", path: `/trustanchor/${anchorId}`, body: { source: source(rootA + rootB) } },
    answer: { body: { trustAnchor: { ...wireAnchor, source: source(rootA + rootB) } } },
    result: { ...anchor, bundlePem: rootA + rootB },
  },
  {
    operation: "EnableTrustAnchor",
    call: (aws) => aws.enableTrustAnchor(anchorId),
    request: { method: "POST", path: `/trustanchor/${anchorId}/enable` },
    answer: { body: { trustAnchor: wireAnchor } },
    result: anchor,
  },
  {
    operation: "DisableTrustAnchor",
    call: (aws) => aws.disableTrustAnchor(anchorId),
    request: { method: "POST", path: `/trustanchor/${anchorId}/disable` },
    answer: { body: { trustAnchor: { ...wireAnchor, enabled: false } } },
    result: { ...anchor, enabled: false },
  },
  {
    operation: "DeleteTrustAnchor",
    call: (aws) => aws.deleteTrustAnchor(anchorId),
    request: { method: "DELETE", path: `/trustanchor/${anchorId}` },
    answer: { body: { trustAnchor: wireAnchor } },
    result: undefined,
  },
  {
    operation: "PutNotificationSettings",
    call: (aws) =>
      aws.putNotificationSettings({
        id: anchorId,
        settings: [
          { event: "CA_CERTIFICATE_EXPIRY", enabled: true, thresholdDays: 14 },
          { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false },
        ],
      }),
    request: {
      method: "PATCH",
      path: "/put-notifications-settings",
      body: {
        trustAnchorId: anchorId,
        notificationSettings: [
          { event: "CA_CERTIFICATE_EXPIRY", enabled: true, threshold: 14 },
          { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false },
        ],
      },
    },
    answer: {
      body: {
        trustAnchor: {
          ...wireAnchor,
          notificationSettings: [
            {
              event: "CA_CERTIFICATE_EXPIRY",
              channel: "ALL",
              enabled: true,
              threshold: 14,
              configuredBy: "111122223333",
            },
            { event: "END_ENTITY_CERTIFICATE_EXPIRY", channel: "ALL", enabled: false },
          ],
        },
      },
    },
    result: {
      ...anchor,
      notificationSettings: [
        { event: "CA_CERTIFICATE_EXPIRY", enabled: true, thresholdDays: 14, configuredBy: "111122223333" },
        { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false },
      ],
    },
  },
  {
    operation: "ResetNotificationSettings",
    call: (aws) => aws.resetNotificationSettings({ id: anchorId, events: ["CA_CERTIFICATE_EXPIRY"] }),
    request: {
      method: "PATCH",
      path: "/reset-notifications-settings",
      body: { trustAnchorId: anchorId, notificationSettingKeys: [{ event: "CA_CERTIFICATE_EXPIRY" }] },
    },
    answer: { body: { trustAnchor: wireAnchor } },
    result: anchor,
  },
  {
    operation: "ListCrls",
    call: (aws) => aws.listCrls(),
    request: { method: "GET", path: "/crls" },
    answer: { body: { crls: [wireCrl] } },
    result: [crl],
  },
  {
    operation: "GetCrl",
    call: (aws) => aws.getCrl(crlId),
    request: { method: "GET", path: `/crl/${crlId}` },
    answer: { body: { crl: { ...wireCrl, enabled: false } } },
    result: { ...crl, enabled: false },
  },
  {
    operation: "ImportCrl",
    call: (aws) => aws.importCrl({ name: "fleet 1", trustAnchorArn: anchorArn, crlPem, tags: { team: "sea" } }),
    request: {
      method: "POST",
      path: "/crls",
      body: {
        name: "fleet 1",
        trustAnchorArn: anchorArn,
        crlData,
        enabled: true,
        tags: [{ key: "team", value: "sea" }],
      },
    },
    answer: { status: 201, body: { crl: wireCrl } },
    result: crl,
  },
  {
    operation: "UpdateCrl",
    call: (aws) => aws.updateCrl({ id: crlId, crlPem }),
    request: { method: "PATCH", path: `/crl/${crlId}`, body: { crlData } },
    answer: { body: { crl: wireCrl } },
    result: crl,
  },
  {
    operation: "EnableCrl",
    call: (aws) => aws.enableCrl(crlId),
    request: { method: "POST", path: `/crl/${crlId}/enable` },
    answer: { body: { crl: wireCrl } },
    result: crl,
  },
  {
    operation: "DeleteCrl",
    call: (aws) => aws.deleteCrl(crlId),
    request: { method: "DELETE", path: `/crl/${crlId}` },
    answer: { body: { crl: wireCrl } },
    result: undefined,
  },
];

test.each(wireCases)("$operation: method, path and body go out, the answer comes back in our types", async (row) => {
  await using server = await startScriptedServer(() => row.answer);

  await expect(row.call(controlPlaneAt(server.url))).resolves.toEqual(row.result);

  expect(server.requests.map(readRequest)).toEqual([{ body: undefined, ...row.request }]);
});

test("every request is signed for service and region with the given credentials", async () => {
  await using server = await startScriptedServer(() => ({ body: { trustAnchor: wireAnchor } }));
  const credentials = {
    accessKeyId: "ASIAEXAMPLE",
    secretAccessKey: "not a real key",
    sessionToken: "not a real token",
  };

  await controlPlaneAt(server.url, { credentials }).getTrustAnchor(anchorId);

  expect(server.requests[0]?.headers).toMatchObject({
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE\/\d{8}\/eu-central-1\/rolesanywhere\/aws4_request, /u,
    ),
    "x-amz-security-token": "not a real token",
  });
});

test("tags are left out when none are given", async () => {
  await using server = await startScriptedServer(() => ({ status: 201, body: { crl: wireCrl } }));

  await controlPlaneAt(server.url).importCrl({ name: "fleet 1", trustAnchorArn: anchorArn, crlPem });

  expect(Object.keys(JSON.parse(server.requests[0]?.body ?? "") as object).toSorted()).toEqual([
    "crlData",
    "enabled",
    "name",
    "trustAnchorArn",
  ]);
});

describe("lists", () => {
  test.each([
    {
      path: "/trustanchors",
      list: (aws: RolesAnywhereControlPlane) => aws.listTrustAnchors(),
      page: (name: string) => ({ trustAnchors: [{ ...wireAnchor, name }] }),
    },
    {
      path: "/crls",
      list: (aws: RolesAnywhereControlPlane) => aws.listCrls(),
      page: (name: string) => ({ crls: [{ ...wireCrl, name }] }),
    },
  ])("$path: all pages are read, in order, also an empty one in between", async ({ path, list, page }) => {
    const pages = [{ ...page("first"), nextToken: "a b&c" }, { nextToken: "third" }, page("last")];
    await using server = await startScriptedServer((_request, number) => ({ body: pages[number] }));

    const items = await list(controlPlaneAt(server.url));

    expect(items.map(({ name }) => name)).toEqual(["first", "last"]);
    expect(server.requests.map((request) => request.path)).toEqual([
      path,
      `${path}?nextToken=a%20b%26c`,
      `${path}?nextToken=third`,
    ]);
  });

  test("pages that run in a circle end the call", async () => {
    await using server = await startScriptedServer(() => ({ body: { crls: [wireCrl], nextToken: "again" } }));

    expect(await errorOf(controlPlaneAt(server.url).listCrls())).toMatchObject({
      code: "ERR_AWS_RESPONSE",
      operation: "ListCrls",
    });
    expect(server.requests).toHaveLength(2);
  });
});

describe("trust anchors of other sources", () => {
  test.each([
    {
      sourceType: "AWS_ACM_PCA",
      sourceData: { acmPcaArn: "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/x" },
    },
    { sourceType: "SELF_SIGNED_REPOSITORY" },
    { sourceType: "ADDED_LATER", sourceData: { somethingNew: "x" } },
  ])("$sourceType is reported as it is, without a bundle", async (other) => {
    await using server = await startScriptedServer(() => ({ body: { trustAnchor: { ...wireAnchor, source: other } } }));
    const { bundlePem, ...withoutBundle } = anchor;

    expect(bundlePem).toBeDefined();
    expect(await controlPlaneAt(server.url).getTrustAnchor(anchorId)).toEqual({
      ...withoutBundle,
      sourceType: other.sourceType,
    });
  });
});

describe("an answer without what it must hold is an error, never a half-filled object", () => {
  test.each(["trustAnchorId", "trustAnchorArn", "name", "enabled", "source"])(
    "trust anchor without %s",
    async (member) => {
      const body = { trustAnchor: { ...wireAnchor, [member]: undefined } };
      await using server = await startScriptedServer(() => ({ body }));

      expect(await errorOf(controlPlaneAt(server.url).getTrustAnchor(anchorId))).toMatchObject({
        code: "ERR_AWS_RESPONSE",
      });
    },
  );

  test.each(["crlId", "crlArn", "name", "enabled", "trustAnchorArn", "crlData"])("CRL without %s", async (member) => {
    await using server = await startScriptedServer(() => ({ body: { crl: { ...wireCrl, [member]: undefined } } }));

    expect(await errorOf(controlPlaneAt(server.url).getCrl(crlId))).toMatchObject({ code: "ERR_AWS_RESPONSE" });
  });

  test.each([
    ["nothing at all", {}],
    ["enabled as an object", { trustAnchor: { ...wireAnchor, enabled: {} } }],
    ["another page", "<html><body>Welcome</body></html>"],
  ])("%s", async (_name, body) => {
    await using server = await startScriptedServer(() => ({ body }));

    expect(await errorOf(controlPlaneAt(server.url).getTrustAnchor(anchorId))).toMatchObject({
      code: "ERR_AWS_RESPONSE",
      retryable: true,
    });
  });
});

function readRequest({ method, path, body }: RecordedRequest): unknown {
  return { method, path, body: body === "" ? undefined : JSON.parse(body) };
}
