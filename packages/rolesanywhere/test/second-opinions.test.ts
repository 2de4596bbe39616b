import {
  CreateTrustAnchorCommand,
  DeleteCrlCommand,
  DeleteTrustAnchorCommand,
  DisableTrustAnchorCommand,
  EnableCrlCommand,
  EnableTrustAnchorCommand,
  GetCrlCommand,
  GetTrustAnchorCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  ListTrustAnchorsCommand,
  RolesAnywhereClient,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { Hash } from "@smithy/core/serde";
import { SignatureV4 } from "@smithy/signature-v4";
import * as fc from "fast-check";
import { createHmac } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";

import { prepareSignature, type SignableRequest } from "../src/canonical-request.ts";
import type { RolesAnywhereControlPlane } from "../src/control-plane.ts";
import { regionalEndpoint } from "../src/partitions.ts";
import { rootA } from "./certificates.ts";
import { type RecordedRequest, startScriptedServer } from "./scripted-server.ts";
import { anchorArn, anchorId, controlPlaneAt, crlId, crlPem, region, wireAnchor, wireCrl } from "./setup.ts";

// AWS's own client, used by nobody else's hand, says what must leave; its signer what a signature is made over.

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not a real key", sessionToken: "not a real token" };

const source = { sourceType: "CERTIFICATE_BUNDLE" as const, sourceData: { x509CertificateData: rootA } };
const crlData = new TextEncoder().encode(crlPem);
const tags = [{ key: "capstan.dev/ca", value: "fleet" }];

const pairs: readonly [
  string,
  (aws: RolesAnywhereControlPlane) => Promise<unknown>,
  (client: RolesAnywhereClient) => Promise<unknown>,
][] = [
  ["ListTrustAnchors", (aws) => aws.listTrustAnchors(), (client) => client.send(new ListTrustAnchorsCommand({}))],
  [
    "GetTrustAnchor",
    (aws) => aws.getTrustAnchor(anchorId),
    (client) => client.send(new GetTrustAnchorCommand({ trustAnchorId: anchorId })),
  ],
  [
    "CreateTrustAnchor",
    (aws) => aws.createTrustAnchor({ name: "prod", bundlePem: rootA, tags: { "capstan.dev/ca": "fleet" } }),
    (client) => client.send(new CreateTrustAnchorCommand({ name: "prod", source, enabled: true, tags })),
  ],
  [
    "UpdateTrustAnchor",
    (aws) => aws.updateTrustAnchor({ id: anchorId, bundlePem: rootA }),
    (client) => client.send(new UpdateTrustAnchorCommand({ trustAnchorId: anchorId, source })),
  ],
  [
    "EnableTrustAnchor",
    (aws) => aws.enableTrustAnchor(anchorId),
    (client) => client.send(new EnableTrustAnchorCommand({ trustAnchorId: anchorId })),
  ],
  [
    "DisableTrustAnchor",
    (aws) => aws.disableTrustAnchor(anchorId),
    (client) => client.send(new DisableTrustAnchorCommand({ trustAnchorId: anchorId })),
  ],
  [
    "DeleteTrustAnchor",
    (aws) => aws.deleteTrustAnchor(anchorId),
    (client) => client.send(new DeleteTrustAnchorCommand({ trustAnchorId: anchorId })),
  ],
  ["ListCrls", (aws) => aws.listCrls(), (client) => client.send(new ListCrlsCommand({}))],
  ["GetCrl", (aws) => aws.getCrl(crlId), (client) => client.send(new GetCrlCommand({ crlId }))],
  [
    "ImportCrl",
    (aws) => aws.importCrl({ name: "fleet 1", trustAnchorArn: anchorArn, crlPem, tags: { "capstan.dev/ca": "fleet" } }),
    (client) =>
      client.send(new ImportCrlCommand({ name: "fleet 1", trustAnchorArn: anchorArn, crlData, enabled: true, tags })),
  ],
  [
    "UpdateCrl",
    (aws) => aws.updateCrl({ id: crlId, crlPem }),
    (client) => client.send(new UpdateCrlCommand({ crlId, crlData })),
  ],
  ["EnableCrl", (aws) => aws.enableCrl(crlId), (client) => client.send(new EnableCrlCommand({ crlId }))],
  ["DeleteCrl", (aws) => aws.deleteCrl(crlId), (client) => client.send(new DeleteCrlCommand({ crlId }))],
];

test.each(pairs)("%s: AWS's own client sends the same method, path and body", async (_operation, ours, theirs) => {
  await using server = await startScriptedServer(({ path }) => ({
    body: path.startsWith("/trust") ? { trustAnchor: wireAnchor } : { crl: wireCrl },
  }));
  const client = new RolesAnywhereClient({ region, endpoint: server.url, credentials, maxAttempts: 1 });

  await ours(controlPlaneAt(server.url, { credentials }));
  await theirs(client);
  client.destroy();

  const [mine, reference] = server.requests.map(wireOf);
  expect(mine).toEqual(reference);
});

function wireOf({ method, path, headers, body }: RecordedRequest): unknown {
  return {
    method,
    path,
    contentType: headers["content-type"],
    body: body === "" ? undefined : (JSON.parse(body) as unknown),
  };
}

/** A signature by an access key, over the same canonical request that a leaf's key signs for CreateSession. */
function signatureByKey(request: SignableRequest, options: { readonly region: string; readonly at: Date }): string {
  const { scope, stringToSign } = prepareSignature(request, { algorithm: "AWS4-HMAC-SHA256", ...options });
  const hmac = (key: string | Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
  const key = scope.split("/").reduce<string | Uint8Array>(hmac, `AWS4${credentials.secretAccessKey}`);
  return hmac(key, stringToSign).toString("hex");
}

test("whatever is signed, AWS's own signer has the same canonical request", async () => {
  const word = fc.stringMatching(/^[a-z0-9-]{1,12}$/u);
  const requests = fc.record({
    method: fc.constantFrom<SignableRequest["method"]>("GET", "POST", "PATCH", "DELETE"),
    path: fc.array(word, { maxLength: 3 }),
    host: word,
    port: fc.constantFrom("", ":8443"),
    query: fc.dictionary(fc.string({ minLength: 1, unit: "grapheme" }), fc.string({ unit: "grapheme" }), {
      maxKeys: 4,
    }),
    body: fc.string({ unit: "grapheme" }),
    at: fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true }),
    sessionToken: fc.option(word, { nil: undefined }),
    region: fc.constantFrom("eu-central-1", "us-gov-west-1"),
  });
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, path, host, port, query, body, at, sessionToken, region }) => {
      const { accessKeyId, secretAccessKey } = credentials;
      const token = sessionToken === undefined ? undefined : { sessionToken };
      const headers = {
        "content-type": "application/json",
        ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
      };
      const url = new URL(`https://x${host}${port}/${path.join("/")}`);
      const request: SignableRequest = { method, url, query, headers, body };

      const signer = new SignatureV4({
        credentials: { accessKeyId, secretAccessKey, ...token },
        region,
        service: "rolesanywhere",
        sha256: Hash.bind(undefined, "sha256"),
        applyChecksum: false,
      });
      const theirs = await signer.sign(
        {
          method,
          protocol: "https:",
          hostname: url.hostname,
          path: url.pathname,
          query,
          headers: { "content-type": "application/json", host: url.host },
          body,
        },
        { signingDate: at },
      );
      const ours = signatureByKey(request, { region, at });
      expect(theirs.headers["authorization"]).toMatch(new RegExp(`, Signature=${ours}$`, "u"));
    }),
  );
});

describe("endpoints", () => {
  const variants = [false, true].flatMap((useFips) => [false, true].map((useDualStack) => ({ useFips, useDualStack })));
  const regions = [
    "eu-central-1",
    "us-east-1",
    "af-south-1",
    "il-central-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
    "us-gov-east-1",
  ];
  const clients: RolesAnywhereClient[] = [];

  afterAll(() => {
    for (const client of clients) client.destroy();
  });

  test.each(regions.flatMap((region) => variants.map((variant) => ({ region, ...variant }))))(
    "of $region, FIPS $useFips, dual-stack $useDualStack, is where AWS's own client goes",
    async ({ region, useFips, useDualStack }) => {
      const client = new RolesAnywhereClient({
        region,
        useFipsEndpoint: useFips,
        useDualstackEndpoint: useDualStack,
        credentials,
        maxAttempts: 1,
      });
      clients.push(client);
      let asked = "";
      client.middlewareStack.add(
        () => (args) => {
          const { protocol, hostname } = args.request as { readonly protocol: string; readonly hostname: string };
          asked = `${protocol}//${hostname}`;
          return Promise.reject(new Error("far enough"));
        },
        { step: "finalizeRequest" },
      );

      await expect(client.send(new ListCrlsCommand({}))).rejects.toThrow("far enough");

      expect(regionalEndpoint(region, { useFips, useDualStack })).toBe(asked);
    },
  );
});
