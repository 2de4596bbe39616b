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
import { SignatureV4 } from "@smithy/signature-v4";
import * as fc from "fast-check";
import { createHash, createHmac } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";

import type { SignableRequest } from "../src/canonical-request.ts";
import type { RolesAnywhereControlPlane } from "../src/control-plane.ts";
import { regionalEndpoint } from "../src/partitions.ts";
import { signSigV4 } from "../src/sign-sigv4.ts";
import { rootA } from "./certificates.ts";
import { type RecordedRequest, startScriptedServer } from "./scripted-server.ts";
import { anchorArn, anchorId, controlPlaneAt, crlId, crlPem, region, wireAnchor, wireCrl } from "./setup.ts";

// AWS's own client, the last release of it that can be had, says what requests look like; its signer how they are signed.

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

class Sha256 {
  readonly #hash: ReturnType<typeof createHash>;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret instanceof ArrayBuffer ? new Uint8Array(secret) : secret;
    this.#hash =
      key === undefined ? createHash("sha256") : (createHmac("sha256", key as string) as ReturnType<typeof createHash>);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset(): void {
    throw new Error("not used");
  }
}

test("whatever is signed, AWS's own signer signs it the same", async () => {
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
      const keys = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
      const url = new URL(`https://x${host}${port}/${path.join("/")}`);
      const request: SignableRequest = { method, url, query, headers: { "content-type": "application/json" }, body };

      const ours = signSigV4(request, { credentials: keys, region, at });

      const signer = new SignatureV4({
        credentials: keys,
        region,
        service: "rolesanywhere",
        sha256: Sha256,
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
      expect(ours["authorization"]).toBe(theirs.headers["authorization"]);
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
