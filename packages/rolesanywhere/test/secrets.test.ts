import { createPrivateKey, X509Certificate } from "node:crypto";
import { inspect } from "node:util";

import { afterAll, expect, test } from "vitest";

import { OpensslPki } from "../../../test/rolesanywhere/test/openssl-pki.ts";
import { createSession } from "../src/create-session.ts";
import { createRequestHandler } from "../src/request-handler.ts";
import { jumpingClock } from "./jumping-clock.ts";
import { type Answer, type RecordedRequest, startScriptedServer } from "./scripted-server.ts";
import { anchorArn, anchorId, controlPlaneAt, region, wireAnchor } from "./setup.ts";

const pki = new OpensslPki();
const leaf = pki.root().issue();
afterAll(() => pki.dispose());

const secretAccessKey = "wJalrXUtnFEMI/K7MDENG/not-a-real-key";
const sessionToken = "FwoGZXIvYXdzEBYaDN/not-a-real-token";
const proxyPassword = "geheim";

const session: Answer = {
  status: 201,
  body: {
    credentialSet: [
      {
        assumedRoleUser: { arn: "arn:aws:sts::111122223333:assumed-role/publisher/1", assumedRoleId: "AROA:1" },
        credentials: { accessKeyId: "ASIA", secretAccessKey, sessionToken, expiration: "2026-11-22T04:00:00Z" },
        roleArn: "arn:aws:iam::111122223333:role/publisher",
      },
    ],
    subjectArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:subject/x",
  },
};
/** An answer that repeats everything that was sent, as AWS repeats refused input. */
const repeating =
  (status: number, type: string) =>
  (request: RecordedRequest): Answer => ({
    status,
    headers: { "x-amzn-errortype": type, "x-amzn-requestid": JSON.stringify(request.headers).slice(0, 2_000) },
    body: { message: `${JSON.stringify(request.headers)} ${request.body}` },
  });
const { credentialSet } = session.body as { readonly credentialSet: readonly object[] };

const scripts: Readonly<Record<string, (request: RecordedRequest) => Answer>> = {
  "a success": ({ path }) => (path.startsWith("/sessions") ? session : { body: { trustAnchor: wireAnchor } }),
  "a refusal that repeats all": repeating(403, "AccessDeniedException"),
  "a fault that repeats all": repeating(500, "InternalFailure"),
  "a session without an end": () => ({
    status: 201,
    body: { credentialSet: [{ ...credentialSet[0], credentials: { secretAccessKey, sessionToken } }] },
  }),
  "credentials as HTML": () => ({ status: 201, body: `<html>${secretAccessKey} ${sessionToken}</html>` }),
  "a connection that closes": () => "close the connection",
};

test.each(Object.keys(scripts))("neither logs nor errors hold a secret after %s", async (name) => {
  await using server = await startScriptedServer((request) => scripts[name]?.(request) ?? {});
  const said: unknown[] = [];
  const log = { debug: (...line: readonly unknown[]) => void said.push(line) };
  const keep = (error: unknown): void => void said.push(error);
  const requestHandler = createRequestHandler({
    proxy: { httpsProxy: `http://capstan:${proxyPassword}@127.0.0.1:1` },
  });
  const credentials = { accessKeyId: "ASIA", secretAccessKey, sessionToken };
  const aws = controlPlaneAt(server.url, { credentials, log, requestHandler });
  const target = {
    trustAnchorArn: anchorArn,
    profileArn: anchorArn.replace("trust-anchor", "profile"),
    roleArn: "arn:aws:iam::111122223333:role/publisher",
    region,
    clock: jumpingClock(),
    requestHandler,
    log,
  };

  const privateKey = createPrivateKey(leaf.keyPem);
  const mine = { ...target, certificatePem: leaf.certificatePem, privateKey };
  await aws.getTrustAnchor(anchorId).catch(keep);
  await aws.updateTrustAnchor({ id: anchorId, bundlePem: leaf.certificatePem }).catch(keep);
  await createSession({ ...mine, endpoint: server.url }).catch(keep);
  await createSession({ ...mine, endpoint: "https://127.0.0.1:9" }).catch(keep);
  await createSession({ ...mine, endpoint: server.url, certificatePem: leaf.keyPem }).catch(keep);

  expect(said.length).toBeGreaterThanOrEqual(4);
  const text = inspect(said, { depth: Infinity, showHidden: true }) + JSON.stringify(said);
  const keyBytes = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
  const certificate = new X509Certificate(leaf.certificatePem).raw.toString("base64");
  const signature = /Signature=(?<hex>[0-9a-f]{64})/u.exec(JSON.stringify(server.requests))?.groups?.["hex"];
  const secrets = {
    secretAccessKey,
    sessionToken,
    proxyPassword,
    keyBytes: keyBytes.slice(0, 60),
    certificate: certificate.slice(0, 80),
    signature,
  };
  for (const [what, secret] of Object.entries(secrets)) expect(text, what).not.toContain(secret);
  expect(text).not.toMatch(/BEGIN [A-Z ]*(?:PRIVATE|CERTIFICATE)/u);
});
